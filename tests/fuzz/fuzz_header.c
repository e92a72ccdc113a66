#include "config.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

#include "fcgi/base_url.h"
#include "fcgi/etag.h"
#include "fcgi/header.h"
#include "fcgi/host.h"
#include "store/buf.h"
#include "store/conf.h"
#include "store/guid.h"
#include "store/json.h"
#include "store/link.h"
#include "store/name.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* What strtoll makes of all of it, blanks around it aside. */
static bool
is_integer(struct slice s, long long *out)
{
	char text[64], *end;

	s = header_trim(s);
	if (s.n == 0 || s.n >= sizeof(text) || isspace((unsigned char)s.p[0]))
		return false;
	memcpy(text, s.p, s.n);
	text[s.n] = '\0';
	errno = 0;
	*out = strtoll(text, &end, 10);
	return errno == 0 && end == text + s.n;
}

static void
check_integer(struct slice s)
{
	long long expected;
	int64_t v = 0;

	if (header_int64(s, &v)) {
		assert(
		    s.n >= 64 || (is_integer(s, &expected) && v == expected));
		assert(header_version(s, &v) == (v >= -4));
		assert(header_seconds(s, &v) == (v >= 1));
	} else {
		assert(!is_integer(s, &expected));
		assert(!header_number(s, &v) && !header_seconds(s, &v));
	}
	assert(!header_positive(s, &v) || (header_number(s, &v) && v > 0));
}

/* What is printed can stand in a header and in JSON, unescaped. */
static void
check_base_url(const struct base_url_in *in)
{
	struct buf out = {0}, quoted = {0};
	size_t i;

	base_url_print(&out, in);
	for (i = 0; i < out.n; i++)
		assert(out.p[i] > ' ' && out.p[i] <= '~' && out.p[i] != '<' &&
		       out.p[i] != '>');
	assert(out.n == 0 || header_starts(buf_slice(&out), "http"));
	json_escape(&quoted, buf_slice(&out));
	assert(slice_eq(buf_slice(&out), buf_slice(&quoted)));
	buf_fini(&out);
	buf_fini(&quoted);
}

static void
check_base_urls(struct slice s)
{
	struct slice half = slice(s.p, s.n / 2), rest = slice_from(s, s.n / 2);

	check_base_url(&(struct base_url_in){.host = s});
	check_base_url(&(struct base_url_in){.configured = s});
	check_base_url(
	    &(struct base_url_in){.host = half, .forwarded_host = rest});
	check_base_url(&(struct base_url_in){.host = slice_str("a"),
	    .forwarded_port = half,
	    .forwarded_prefix = rest});
	check_base_url(&(struct base_url_in){.host = slice_str("a"),
	    .forwarded_proto = half,
	    .forwarded_prefix = s});
}

/* A GUID that was read is printed as one that reads as the same. */
static void
check_guid(struct slice s)
{
	char text[GUID_TEXT_LEN + 1];
	struct guid g, again;

	if (!guid_parse(&g, s))
		return;
	guid_print(text, &g);
	assert(guid_parse(&again, slice_str(text)));
	assert(guid_cmp(&g, &again) == 0);
}

static void
check_link(struct slice s)
{
	struct event ev = {.type = slice_str(LINK_TYPE), .data = s};
	struct slice stream;
	const char *why = NULL;
	int64_t number;

	if (!link_parse(&ev, &number, &stream))
		return;
	assert(number >= 0 && name_check(stream, &why));
	assert(stream.p + stream.n == s.p + s.n);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct slice s = slice(n == 0 ? "" : (const char *)data, n);
	char url[] = "http://node.example:2113";
	const struct conf conf = {.url = url};
	bool b;

	check_integer(s);
	check_base_urls(s);
	check_guid(s);
	check_link(s);
	header_bool(s, &b);
	host_is_known(&conf, s);
	etag_matches(s, 7, (struct media_choice){MEDIA_JSON, false});
	return 0;
}
