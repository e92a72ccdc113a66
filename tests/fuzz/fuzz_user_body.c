#include "config.h"

#include <assert.h>
#include <stdint.h>

#include "fcgi/user_body.h"
#include "fcgi/xml_parse.h"
#include "store/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static bool
is_within(struct slice s, const struct buf *b)
{
	return s.p == NULL || (s.p >= b->p && s.p + s.n <= b->p + b->n);
}

static void
check_text(const struct user_body *b, struct slice s)
{
	assert(is_within(s, &b->text));
	assert(json_utf8_valid(s));
}

/* All it says stands in its own memory, and is within what may be. */
static void
check_members(const struct user_body *b)
{
	size_t i;

	check_text(b, b->login);
	check_text(b, b->full_name);
	check_text(b, b->password);
	check_text(b, b->current_password);
	check_text(b, b->new_password);
	assert(b->ngroups <= USERS_MAX_GROUPS);
	assert(b->has_groups || b->ngroups == 0);
	for (i = 0; i < b->ngroups; i++)
		check_text(b, b->groups[i]);
}

static void
check(struct slice text, bool is_xml)
{
	struct user_body b = {.ngroups = 0};
	struct json_value v;
	enum err e = user_body_read(&b, text, is_xml);

	assert(e == ERR_OK || e == ERR_INVALID);
	if (e == ERR_OK)
		check_members(&b);
	else
		assert(b.why[0] != 0 && strchr(b.why, 10) == NULL);
	if (!is_xml && !json_parse(&v, text, NULL))
		assert(e == ERR_INVALID);
	user_body_fini(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct slice text = slice(data, n);

	xml_parse_init();
	check(text, false);
	check(text, true);
	return 0;
}
