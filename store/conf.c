#include "config.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* jansson's kinds have the names of ours; only its functions serve here. */
#define JSON_OBJECT JANSSON_OBJECT
#define JSON_ARRAY  JANSSON_ARRAY
#define JSON_STRING JANSSON_STRING
#define JSON_NULL   JANSSON_NULL
#include <jansson.h>
#undef JSON_OBJECT
#undef JSON_ARRAY
#undef JSON_STRING
#undef JSON_NULL

#include "store/alloc.h"
#include "store/buf.h"
#include "store/conf.h"
#include "store/conf_cluster.h"
#include "store/conf_text.h"
#include "store/json.h"
#include "store/json_string.h"
#include "store/log.h"
#include "store/slice.h"

#define MIB 1048576
#define FOLDER \
	"the path of a folder, of 1 to 1023 bytes without control characters"
#define ADDRESSES "an array of at most 100 IP addresses, as in [\"127.0.0.1\"]"

struct key {
	const char *name;
	bool (*read)(void *field, const struct key *, const json_t *);
	size_t field;     /* offset in struct conf */
	const char *must; /* what it must be; NULL: a number within limits */
	json_int_t min, max;
};

enum key_index {
	KEY_DATA,
	KEY_URL,
	KEY_HOSTS,
	KEY_THREADS,
	KEY_MAX_WAITING,
	KEY_MAX_QUEUED,
	KEY_CACHE_MB,
	KEY_MAX_EVENT_BYTES,
	KEY_MAX_BODY_BYTES,
	KEY_DURABILITY,
	KEY_SCAVENGE_HOURS,
	KEY_BACKUP_LOG_MB,
	KEY_BACKUP_FOLDER,
	KEY_PASSWORD_COST,
	KEY_TRUSTED_AUTH,
	KEY_TRUSTED_PROXIES,
	KEY_STATS,
	KEY_CLUSTER,
	KEYS
};

/* A file while it is read. */
struct reader {
	const char *path;
	struct slice text;
	struct conf *conf;
	char *why;
	size_t line[KEYS]; /* where a key stands; 0: it does not */
};

static enum err __attribute__((format(printf, 3, 4)))
refuse(struct reader *r, size_t line, const char *fmt, ...)
{
	va_list ap;
	int n = snprintf(r->why, CONF_WHY_SIZE, "%s:%zu: ", r->path, line);

	if (n < 0 || n >= CONF_WHY_SIZE)
		return ERR_INVALID;
	va_start(ap, fmt);
	vsnprintf(r->why + n, CONF_WHY_SIZE - (size_t)n, fmt, ap);
	va_end(ap);
	return ERR_INVALID;
}

/* The line, from 1, of the byte at p in the file. */
static size_t
line_of(const struct reader *r, const char *p)
{
	size_t line = 1;
	const char *at;

	for (at = r->text.p; at < p; at++)
		line += *at == '\n';
	return line;
}

/* A string that conf_text_is_plain(), or NULL. */
static const char *
plain_text(const json_t *v)
{
	const char *text = json_string_value(v);

	if (text == NULL ||
	    !conf_text_is_plain(slice(text, json_string_length(v))))
		return NULL;
	return text;
}

static bool
read_path(void *field, const struct key *key, const json_t *v)
{
	const char *path = plain_text(v);

	(void)key;
	if (path == NULL)
		return false;
	*(char **)field = xstrdup(path);
	return true;
}

static bool
read_url(void *field, const struct key *key, const json_t *v)
{
	const char *url = plain_text(v);

	(void)key;
	if (url == NULL || !conf_text_is_url(url))
		return false;
	*(char **)field = xstrdup(url);
	return true;
}

static bool
is_host(const json_t *v)
{
	const char *name = plain_text(v);

	return name != NULL &&
	       (strcmp(name, "*") == 0 || conf_text_is_host(name));
}

static bool
read_hosts(void *field, const struct key *key, const json_t *v)
{
	/* Two fields, so this takes the whole. */
	struct conf *c = field;
	size_t i, n = json_array_size(v);

	if (v == NULL || json_typeof(v) != JANSSON_ARRAY ||
	    n > (size_t)key->max)
		return false;
	c->hosts = xcalloc(n, sizeof(*c->hosts));
	for (i = 0; i < n; i++) {
		if (!is_host(json_array_get(v, i)))
			return false;
		c->hosts[c->nhosts++] =
		    xstrdup(json_string_value(json_array_get(v, i)));
	}
	return true;
}

static bool
is_within(const struct key *key, const json_t *v)
{
	return json_is_integer(v) && json_integer_value(v) >= key->min &&
	       json_integer_value(v) <= key->max;
}

static bool
read_unsigned(void *field, const struct key *key, const json_t *v)
{
	if (!is_within(key, v))
		return false;
	*(unsigned *)field = (unsigned)json_integer_value(v);
	return true;
}

static bool
read_size(void *field, const struct key *key, const json_t *v)
{
	if (!is_within(key, v))
		return false;
	*(size_t *)field = (size_t)json_integer_value(v);
	return true;
}

static bool
read_addresses(void *field, const struct key *key, const json_t *v)
{
	struct address_list *list = field;
	size_t n = json_array_size(v);
	const char *text;

	if (v == NULL || json_typeof(v) != JANSSON_ARRAY ||
	    n > (size_t)key->max)
		return false;
	list->items = xcalloc(n, sizeof(*list->items));
	while (list->n < n) {
		text = plain_text(json_array_get(v, list->n));
		if (text == NULL ||
		    !address_parse(&list->items[list->n], slice_str(text)))
			return false;
		list->n++;
	}
	return true;
}

static bool
read_durability(void *field, const struct key *key, const json_t *v)
{
	const char *text = plain_text(v);

	(void)key;
	if (text == NULL ||
	    (strcmp(text, "disk") != 0 && strcmp(text, "os") != 0))
		return false;
	*(enum conf_durability *)field =
	    strcmp(text, "disk") == 0 ? CONF_DISK : CONF_OS;
	return true;
}

static bool
read_stats(void *field, const struct key *key, const json_t *v)
{
	const char *text = plain_text(v);

	(void)key;
	if (text == NULL ||
	    (strcmp(text, "all") != 0 && strcmp(text, "ops") != 0))
		return false;
	*(bool *)field = strcmp(text, "all") == 0;
	return true;
}

static const struct key keys[KEYS] = {
    [KEY_DATA] = {"data", read_path, offsetof(struct conf, data), FOLDER, 0, 0},
    [KEY_URL] = {"url", read_url, offsetof(struct conf, url),
	"http:// or https://, a host, and if need be a port and a path with "
	"no slash at its end, as in \"http://127.0.0.1:2113\"",
	0, 0},
    [KEY_HOSTS] = {"hosts", read_hosts, 0,
	"an array of at most 100 host names without ports, or [\"*\"]", 0, 100},
    [KEY_THREADS] = {"threads", read_unsigned, offsetof(struct conf, threads),
	NULL, 1, 1024},
    [KEY_MAX_WAITING] = {"max_waiting", read_unsigned,
	offsetof(struct conf, max_waiting), NULL, 0, 65536},
    [KEY_MAX_QUEUED] = {"max_queued", read_unsigned,
	offsetof(struct conf, max_queued), NULL, 0, 65536},
    [KEY_CACHE_MB] = {"cache_mb", read_unsigned,
	offsetof(struct conf, cache_mb), NULL, 4, 65536},
    [KEY_MAX_EVENT_BYTES] = {"max_event_bytes", read_size,
	offsetof(struct conf, max_event_bytes), NULL, 1, 64 * MIB},
    [KEY_MAX_BODY_BYTES] = {"max_body_bytes", read_size,
	offsetof(struct conf, max_body_bytes), NULL, 1, 1024 * MIB},
    [KEY_DURABILITY] = {"durability", read_durability,
	offsetof(struct conf, durability), "\"disk\" or \"os\"", 0, 0},
    [KEY_SCAVENGE_HOURS] = {"scavenge_hours", read_unsigned,
	offsetof(struct conf, scavenge_hours), NULL, 0, 8760},
    [KEY_BACKUP_LOG_MB] = {"backup_log_mb", read_unsigned,
	offsetof(struct conf, backup_log_mb), NULL, 0, 1048576},
    [KEY_BACKUP_FOLDER] = {"backup_folder", read_path,
	offsetof(struct conf, backup_folder), FOLDER, 0, 0},
    [KEY_PASSWORD_COST] = {"password_cost", read_unsigned,
	offsetof(struct conf, password_cost), NULL, 1, 11},
    [KEY_TRUSTED_AUTH] = {"trusted_auth", read_addresses,
	offsetof(struct conf, trusted_auth), ADDRESSES, 0, 100},
    [KEY_TRUSTED_PROXIES] = {"trusted_proxies", read_addresses,
	offsetof(struct conf, trusted_proxies), ADDRESSES, 0, 100},
    [KEY_STATS] = {"stats", read_stats, offsetof(struct conf, stats_public),
	"\"all\" or \"ops\"", 0, 0},
    /* Read by conf_cluster_read(). */
    [KEY_CLUSTER] = {"cluster", NULL, 0, NULL, 0, 0},
};

/* What a string of the file says, for a message. */
static const char *
quote(char out[LOG_QUOTE_SIZE], struct slice text)
{
	struct buf said = {0};

	json_unescape(&said, text);
	log_quote(out, buf_slice(&said));
	buf_fini(&said);
	return out;
}

/* A value of the file, for a message. */
static const char *
describe(char out[LOG_QUOTE_SIZE], struct json_value v)
{
	if (v.kind == JSON_STRING)
		return quote(out, v.text);
	if (v.kind == JSON_ARRAY)
		return "an array";
	if (v.kind == JSON_OBJECT)
		return "an object";
	snprintf(out, LOG_QUOTE_SIZE, "%.*s%s",
	    v.text.n > 40 ? 40 : (int)v.text.n, v.text.p,
	    v.text.n > 40 ? "..." : "");
	return out;
}

static enum err
refuse_value(struct reader *r, const struct key *key, struct json_value v)
{
	size_t line = r->line[key - keys];
	char out[LOG_QUOTE_SIZE];

	if (key->must == NULL)
		return refuse(r, line,
		    "\"%s\" must be a whole number from %lld to %lld, not %s",
		    key->name, (long long)key->min, (long long)key->max,
		    describe(out, v));
	if (v.kind == JSON_ARRAY && key->max > 0)
		return refuse(r, line,
		    "\"%s\" must be %s; one of its elements is none, or there "
		    "are too many",
		    key->name, key->must);
	return refuse(r, line, "\"%s\" must be %s, not %s", key->name,
	    key->must, describe(out, v));
}

static enum err
refuse_name(struct reader *r, size_t line, struct slice text)
{
	char out[LOG_QUOTE_SIZE], known[256] = "";
	size_t i, n = 0;

	for (i = 0; i < KEYS && n < sizeof(known); i++)
		n += (size_t)snprintf(known + n, sizeof(known) - n, "%s%s",
		    i == 0 ? "" : ", ", keys[i].name);
	return refuse(r, line, "%s is not a key of this file; the keys are %s",
	    quote(out, text), known);
}

/* text: a name as it stands in the file, with its quotes. */
static const struct key *
find_key(struct slice text)
{
	struct slice raw = slice(text.p + 1, text.n - 2);
	size_t i;

	for (i = 0; i < KEYS; i++)
		if (json_says(raw, slice_str(keys[i].name)))
			return &keys[i];
	return NULL;
}

static enum err
read_cluster(struct reader *r, struct json_value v)
{
	struct conf_fault fault;
	enum err e = conf_cluster_read(&r->conf->cluster, v, &fault);

	if (e == ERR_OK)
		return ERR_OK;
	return refuse(r, line_of(r, fault.at), "%s", fault.why);
}

static enum err
read_member(struct reader *r, struct slice name, struct json_value v)
{
	struct slice quoted = slice(name.p - 1, name.n + 2);
	const struct key *key = find_key(quoted);
	size_t line = line_of(r, name.p);
	json_t *tree; /* ours; NULL when a number is beyond any type */
	bool ok;

	if (key == NULL)
		return refuse_name(r, line, quoted);
	if (r->line[key - keys] != 0)
		return refuse(r, line,
		    "\"%s\" stands in line %zu already; keep one of them",
		    key->name, r->line[key - keys]);
	r->line[key - keys] = line;
	if (key->read == NULL)
		return read_cluster(r, v);
	tree = json_loadb(v.text.p, v.text.n, JSON_DECODE_ANY, NULL);
	ok = key->read((char *)r->conf + key->field, key, tree);
	json_decref(tree);
	return ok ? ERR_OK : refuse_value(r, key, v);
}

/* What no key can be checked for alone. */
static enum err
check_whole(struct reader *r, size_t last_line)
{
	const struct conf *c = r->conf;
	size_t line = r->line[KEY_MAX_BODY_BYTES];

	if (c->data == NULL)
		return refuse(r, last_line,
		    "\"data\" is missing; it must be %s", keys[KEY_DATA].must);
	if (c->max_body_bytes >= c->max_event_bytes)
		return ERR_OK;
	return refuse(r, line != 0 ? line : r->line[KEY_MAX_EVENT_BYTES],
	    "\"max_body_bytes\" must be at least \"max_event_bytes\", "
	    "which is %zu, not %zu",
	    c->max_event_bytes, c->max_body_bytes);
}

static enum err
read_text(struct reader *r)
{
	struct json_value document, v;
	struct json_fault fault;
	struct json_iter it;
	struct slice name;
	enum err e = ERR_OK;

	if (!json_parse(&document, r->text, &fault))
		return refuse(
		    r, line_of(r, r->text.p + fault.at), "%s", fault.why);
	if (document.kind != JSON_OBJECT)
		return refuse(r, line_of(r, document.text.p),
		    "the file must hold one JSON object");
	json_iter_init(&it, document);
	while (e == ERR_OK && json_iter_member(&it, &name, &v))
		e = read_member(r, name, v);
	if (e != ERR_OK)
		return e;
	return check_whole(r, line_of(r, it.end));
}

/* Make a relative path one below the folder of the file. */
static enum err
place(struct reader *r, char **path)
{
	const char *slash = strrchr(r->path, '/');
	char *folder, *full, *given = *path;

	if (given == NULL || *given == '/')
		return ERR_OK;
	folder = slash == NULL
		     ? xstrdup(".")
		     : xstrndup(r->path, (size_t)(slash - r->path) + 1);
	full = realpath(folder, NULL);
	free(folder);
	if (full == NULL) {
		snprintf(r->why, CONF_WHY_SIZE,
		    "resolving the folder of %s: %m", r->path);
		return ERR_IO;
	}
	*path = xasprintf("%s/%s", strcmp(full, "/") == 0 ? "" : full, given);
	free(given);
	free(full);
	return ERR_OK;
}

/* A backup in the data folder would be lost with it. */
static enum err
place_folders(struct reader *r)
{
	struct conf *c = r->conf;
	size_t n;
	enum err e;

	if ((e = place(r, &c->data)) != ERR_OK ||
	    (e = place(r, &c->backup_folder)) != ERR_OK)
		return e;
	n = strlen(c->data);
	if (c->backup_folder == NULL ||
	    strncmp(c->backup_folder, c->data, n) != 0 ||
	    (c->backup_folder[n] != '/' && c->backup_folder[n] != '\0'))
		return ERR_OK;
	return refuse(r, r->line[KEY_BACKUP_FOLDER],
	    "\"backup_folder\" must not lie in the folder \"data\"");
}

/* bytes has room for one byte more than a file may have. */
static enum err
read_file(struct reader *r, char *bytes)
{
	FILE *f = fopen(r->path, "re");
	enum err e = ERR_OK;

	if (f == NULL) {
		snprintf(r->why, CONF_WHY_SIZE, "opening %s: %m", r->path);
		return ERR_IO;
	}
	r->text = slice(bytes, fread(bytes, 1, CONF_FILE_MAX + 1, f));
	if (ferror(f)) {
		snprintf(r->why, CONF_WHY_SIZE, "reading %s: %m", r->path);
		e = ERR_IO;
	} else if (r->text.n > CONF_FILE_MAX) {
		snprintf(r->why, CONF_WHY_SIZE,
		    "%s: the file must have at most %d bytes", r->path,
		    CONF_FILE_MAX);
		e = ERR_TOO_LARGE;
	}
	fclose(f);
	return e;
}

static void
set_defaults(struct conf *c)
{
	*c = (struct conf){.threads = 32,
	    .max_waiting = 1000,
	    .max_queued = 1000,
	    .cache_mb = 64,
	    .max_event_bytes = 4 * MIB,
	    .max_body_bytes = 16 * MIB,
	    .durability = CONF_DISK,
	    .scavenge_hours = 24,
	    .password_cost = 5,
	    .stats_public = true};
}

/* A node of a cluster has the address that the others know it by. */
static void
set_url(struct conf *c)
{
	if (c->url == NULL && c->cluster != NULL)
		c->url = xstrdup(c->cluster->nodes[c->cluster->self].url);
	if (c->url == NULL)
		c->url = xstrdup("http://127.0.0.1:2113");
}

enum err
conf_read(struct conf **conf, const char *path, char why[CONF_WHY_SIZE])
{
	struct reader r = {.path = path, .why = why};
	char *bytes = xmalloc(CONF_FILE_MAX + 1);
	enum err e;

	r.conf = xmalloc(sizeof(*r.conf));
	set_defaults(r.conf);
	if ((e = read_file(&r, bytes)) != ERR_OK)
		goto out;
	if ((e = read_text(&r)) != ERR_OK)
		goto out;
	if ((e = place_folders(&r)) != ERR_OK)
		goto out;
	set_url(r.conf);
	*conf = r.conf;
	r.conf = NULL;
out:
	conf_free(&r.conf);
	free(bytes);
	return e;
}

void
conf_free(struct conf **conf)
{
	size_t i;

	if (*conf == NULL)
		return;
	free((*conf)->data);
	free((*conf)->url);
	free((*conf)->backup_folder);
	for (i = 0; i < (*conf)->nhosts; i++)
		free((*conf)->hosts[i]);
	free((*conf)->hosts);
	free((*conf)->trusted_auth.items);
	free((*conf)->trusted_proxies.items);
	conf_cluster_free(&(*conf)->cluster);
	free(*conf);
	*conf = NULL;
}

const char *
conf_path(const char *option)
{
	const char *named = getenv("RILL_CONFIG");

	if (option != NULL)
		return option;
	return named != NULL && *named != '\0' ? named : CONF_DEFAULT_PATH;
}
