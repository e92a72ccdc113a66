#include "config.h"

#include "fcgi/json_out.h"
#include "fcgi/settings.h"
#include "store/address.h"
#include "store/conf.h"
#include "store/conf_cluster.h"

/* Of a setting, but for its value. */
struct about {
	const char *name, *group, *text;
};

#define ABOUT(name, group, text) ((struct about){name, group, text})

/* An option up to its value; more may follow before it is closed. */
static void
begin(struct json_out *o, struct about a, struct slice value)
{
	json_out_item(o);
	json_out_open(o, '{');
	json_out_string_member(o, "name", slice_str(a.name));
	json_out_string_member(o, "description", slice_str(a.text));
	json_out_string_member(o, "group", slice_str(a.group));
	json_out_string_member(o, "value", value);
}

static void
string(struct json_out *o, struct about a, struct slice value)
{
	begin(o, a, value);
	json_out_close(o, '}');
}

static void
text(struct json_out *o, struct about a, const char *value)
{
	string(o, a, slice_str(value == NULL ? "" : value));
}

static void
number(struct json_out *o, struct about a, size_t value)
{
	struct buf b = {0};

	buf_add_int(&b, (int64_t)value);
	string(o, a, buf_slice(&b));
	buf_fini_part(&b, o->buf);
}

static void
choice(struct json_out *o, struct about a, const char *const both[2], bool is)
{
	begin(o, a, slice_str(both[is ? 0 : 1]));
	json_out_name(o, "possibleValues");
	json_out_open(o, '[');
	json_out_item(o);
	json_out_string(o, slice_str(both[0]));
	json_out_item(o);
	json_out_string(o, slice_str(both[1]));
	json_out_close(o, ']');
	json_out_close(o, '}');
}

static void
add_to_list(struct buf *b, const char *item)
{
	if (b->n > 0)
		buf_add_char(b, ',');
	buf_add_str(b, item);
}

static void
addresses(struct json_out *o, struct about a, const struct address_list *all)
{
	char item[ADDRESS_TEXT_SIZE];
	struct buf b = {0};
	size_t i;

	for (i = 0; i < all->n; i++) {
		address_print(item, &all->items[i]);
		add_to_list(&b, item);
	}
	string(o, a, buf_slice(&b));
	buf_fini_part(&b, o->buf);
}

static void
print_clients(struct json_out *o, const struct conf *c)
{
	struct buf hosts = {0};
	size_t i;

	for (i = 0; i < c->nhosts; i++)
		add_to_list(&hosts, c->hosts[i]);
	text(o, ABOUT("url", "http", "What clients see."), c->url);
	string(o, ABOUT("hosts", "http", "Further names of the node."),
	    buf_slice(&hosts));
	buf_fini_part(&hosts, o->buf);
	number(o, ABOUT("threads", "http", "Requests in hand."), c->threads);
	number(
	    o, ABOUT("max_queued", "http", "Requests in line."), c->max_queued);
	number(o, ABOUT("max_waiting", "http", "Long polls."), c->max_waiting);
	number(o, ABOUT("max_event_bytes", "http", "An event."),
	    c->max_event_bytes);
	number(
	    o, ABOUT("max_body_bytes", "http", "A body."), c->max_body_bytes);
}

static void
print_store(struct json_out *o, const struct conf *c)
{
	static const char *const durabilities[] = {"disk", "os"};

	text(o, ABOUT("data", "store", "The store's folder."), c->data);
	number(
	    o, ABOUT("cache_mb", "store", "Berkeley DB's cache."), c->cache_mb);
	number(o,
	    ABOUT("scavenge_hours", "store",
		"Hours between removals of hidden events; 0: when asked."),
	    c->scavenge_hours);
	number(o,
	    ABOUT(
		"backup_log_mb", "store", "Log kept for incremental backups."),
	    c->backup_log_mb);
	text(o,
	    ABOUT("backup_folder", "store", "Where a backup over HTTP goes."),
	    c->backup_folder);
	choice(o, ABOUT("durability", "store", "When an append is on disk."),
	    durabilities, c->durability == CONF_DISK);
}

static void
print_access(struct json_out *o, const struct conf *c)
{
	static const char *const readers[] = {"all", "ops"};

	number(o, ABOUT("password_cost", "access", "Of hashing, crypt(5)."),
	    c->password_cost);
	addresses(o,
	    ABOUT(
		"trusted_auth", "access", "Whose ES-TrustedAuth is believed."),
	    &c->trusted_auth);
	addresses(o,
	    ABOUT("trusted_proxies", "access",
		"Whose X-Forwarded-For is believed."),
	    &c->trusted_proxies);
	choice(o, ABOUT("stats", "access", "Who may read the statistics."),
	    readers, c->stats_public);
}

static void
print_cluster(struct json_out *o, const struct conf_cluster *c)
{
	struct buf nodes = {0};
	size_t i;

	for (i = 0; c != NULL && i < c->nnodes; i++)
		add_to_list(&nodes, c->nodes[i].listen);
	string(o, ABOUT("cluster", "cluster", "Its nodes; none: alone."),
	    buf_slice(&nodes));
	buf_fini_part(&nodes, o->buf);
}

void
settings_print(struct buf *b, const struct conf *c)
{
	struct json_out o = {.buf = b};

	json_out_open(&o, '[');
	print_store(&o, c);
	print_clients(&o, c);
	print_access(&o, c);
	print_cluster(&o, c->cluster);
	json_out_close(&o, ']');
}
