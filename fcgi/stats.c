#include "config.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "fcgi/json_out.h"
#include "fcgi/snapshot.h"
#include "fcgi/stats.h"
#include "store/clock.h"

#define MAX_ENTRIES 64
#define VALUE_SIZE  48

struct entry {
	const char *key;
	const char *title;
	bool is_text;
	char value[VALUE_SIZE];
};

struct entries {
	struct entry all[MAX_ENTRIES];
	size_t n;
};

/* Entries that agree in the first bytes of their keys. */
struct range {
	const struct entries *entries;
	size_t from, to;
	size_t at; /* so many bytes, with the '-' behind them */
};

static struct entry *
add(struct entries *s, const char *key, const char *title)
{
	struct entry *e = &s->all[s->n++];

	assert(s->n <= MAX_ENTRIES);
	*e = (struct entry){.key = key, .title = title};
	return e;
}

static void
add_number(
    struct entries *s, const char *key, const char *title, uint64_t value)
{
	snprintf(add(s, key, title)->value, VALUE_SIZE, "%" PRIu64, value);
}

static void
add_real(struct entries *s, const char *key, const char *title, double value)
{
	snprintf(add(s, key, title)->value, VALUE_SIZE, "%.6g", value);
}

static void
add_text(
    struct entries *s, const char *key, const char *title, const char *value)
{
	struct entry *e = add(s, key, title);

	e->is_text = true;
	snprintf(e->value, VALUE_SIZE, "%s", value);
}

static double
ratio(uint64_t part, uint64_t whole)
{
	return whole == 0 ? 0 : (double)part / (double)whole;
}

static void
add_processes(struct entries *s, const struct snapshot *now)
{
	char started[CLOCK_TEXT_SIZE];

	clock_print(started, now->started);
	add_text(
	    s, "proc-startTime", "Start of the worker that answers", started);
	add_number(s, "proc-id", "Its process id", (uint64_t)now->pid);
	add_number(s, "proc-mem", "Memory of all processes (bytes)",
	    now->resident_bytes);
	add_number(s, "proc-threadsCount", "Their threads", now->threads);
	add_number(s, "proc-openFiles", "Their open files", now->open_files);
}

static void
add_machine(struct entries *s, const struct snapshot *now)
{
	const struct usage *u = &now->usage;
	uint64_t used = u->disk_bytes - u->disk_free_bytes;
	char usage[VALUE_SIZE];

	add_number(
	    s, "sys-freeMem", "Free memory (bytes)", now->free_memory_bytes);
	add_real(s, "sys-loadavg-1m", "Load, 1 minute", now->load[0]);
	add_real(s, "sys-loadavg-5m", "Load, 5 minutes", now->load[1]);
	add_real(s, "sys-loadavg-15m", "Load, 15 minutes", now->load[2]);
	add_number(s, "sys-drive-data-availableBytes", "Free on the disk",
	    u->disk_free_bytes);
	add_number(
	    s, "sys-drive-data-totalBytes", "Size of the disk", u->disk_bytes);
	snprintf(
	    usage, sizeof(usage), "%.0f%%", 100 * ratio(used, u->disk_bytes));
	add_text(s, "sys-drive-data-usage", "Share that is used", usage);
	add_number(s, "sys-drive-data-usedBytes", "Used on the disk", used);
}

static void
add_queues(struct entries *s, const struct snapshot *now)
{
	const uint64_t *n = now->sums.counts;

	add_text(s, "es-queue-writer-queueName", "Name", "writer");
	add_text(s, "es-queue-writer-groupName", "Group", "");
	add_real(s, "es-queue-writer-avgProcessingTime",
	    "Mean time of an append (ms)",
	    ratio(n[TALLY_COMMIT_US], 1000 * n[TALLY_APPENDS]));
	add_number(s, "es-queue-writer-length", "Appends that wait",
	    (uint64_t)now->living.gauges[TALLY_QUEUED]);
	add_number(s, "es-queue-writer-totalItemsProcessed",
	    "Appends carried out", n[TALLY_APPENDS]);
	add_text(s, "es-queue-longPolls-queueName", "Name", "longPolls");
	add_text(s, "es-queue-longPolls-groupName", "Group", "");
	add_number(s, "es-queue-longPolls-length", "Requests that wait",
	    (uint64_t)now->living.gauges[TALLY_WAITING]);
}

static void
add_store(struct entries *s, const struct snapshot *now)
{
	const uint64_t *n = now->sums.counts;

	if (now->is_open)
		add_number(
		    s, "es-checksum", "Position of the next event", now->end);
	add_queues(s, now);
	add_real(s, "es-writer-meanFlushSize", "Mean commit (bytes)",
	    ratio(n[TALLY_EVENT_BYTES], n[TALLY_COMMITS]));
	add_real(s, "es-writer-meanFlushDelayMs", "Mean time of a commit",
	    ratio(n[TALLY_COMMIT_US], 1000 * n[TALLY_COMMITS]));
	add_number(s, "es-writer-queuedFlushMessages", "Appends that wait",
	    (uint64_t)now->living.gauges[TALLY_QUEUED]);
	if (!now->is_open)
		return;
	add_number(s, "es-readIndex-cachedRecord", "Pages found in the cache",
	    now->usage.cache_hits);
	add_number(s, "es-readIndex-notCachedRecord", "Pages read from disk",
	    now->usage.cache_misses);
}

static void
print_text_or_number(struct json_out *o, const struct entry *e)
{
	if (e->is_text)
		json_out_string(o, slice_str(e->value));
	else
		json_out_raw(o, slice_str(e->value));
}

static void
print_value(struct json_out *o, const struct entry *e, bool has_metadata)
{
	if (!has_metadata) {
		print_text_or_number(o, e);
		return;
	}
	json_out_open(o, '{');
	json_out_name(o, "value");
	print_text_or_number(o, e);
	json_out_string_member(
	    o, "category", slice(e->key, strcspn(e->key, "-")));
	json_out_string_member(o, "title", slice_str(e->title));
	json_out_bool_member(o, "drawChart", !e->is_text);
	json_out_close(o, '}');
}

static void
print_flat(struct json_out *o, const struct entries *s, bool has_metadata)
{
	size_t i;

	json_out_open(o, '{');
	for (i = 0; i < s->n; i++) {
		json_out_name(o, s->all[i].key);
		print_value(o, &s->all[i], has_metadata);
	}
	json_out_close(o, '}');
}

/* The part of a key that begins at a byte of it. */
static struct slice
part_at(const struct entry *e, size_t at)
{
	return slice(e->key + at, strcspn(e->key + at, "-"));
}

/* From the entry i on, those whose keys have the same part at its place. */
static struct range
same_part(const struct range *r, size_t i)
{
	const struct entry *all = r->entries->all;
	struct slice part = part_at(&all[i], r->at);
	struct range same = {r->entries, i, i + 1, r->at + part.n + 1};

	while (same.to < r->to && slice_eq(part_at(&all[same.to], r->at), part))
		same.to++;
	return same;
}

static bool
is_leaf(const struct range *r)
{
	return r->at > strlen(r->entries->all[r->from].key);
}

static void
print_group(struct json_out *o, const struct range *r, bool has_metadata)
{
	char name[VALUE_SIZE];
	struct range next;
	size_t i;

	json_out_open(o, '{');
	for (i = r->from; i < r->to; i = next.to) {
		struct slice part = part_at(&r->entries->all[i], r->at);

		next = same_part(r, i);
		snprintf(name, sizeof(name), "%.*s", (int)part.n, part.p);
		json_out_name(o, name);
		if (is_leaf(&next))
			print_value(o, &r->entries->all[i], has_metadata);
		else
			print_group(o, &next, has_metadata);
	}
	json_out_close(o, '}');
}

/* Down to the group of this name. */
static bool
descend(struct range *r, struct slice name)
{
	size_t i = r->from;

	while (
	    i < r->to && !slice_eq(part_at(&r->entries->all[i], r->at), name))
		i++;
	if (i == r->to)
		return false;
	*r = same_part(r, i);
	return !is_leaf(r);
}

bool
stats_print(
    struct buf *b, const struct snapshot *now, const struct stats_form *form)
{
	struct entries s = {.n = 0};
	struct json_out o = {.buf = b};
	struct range r = {.entries = &s};
	size_t i;

	add_processes(&s, now);
	add_machine(&s, now);
	add_store(&s, now);
	r.to = s.n;
	for (i = 0; i < form->depth; i++)
		if (!descend(&r, form->path[i]))
			return false;
	if (form->is_flat)
		print_flat(&o, &s, form->has_metadata);
	else
		print_group(&o, &r, form->has_metadata);
	return true;
}
