#include "config.h"

#include <inttypes.h>

#include "fcgi/meter.h"
#include "fcgi/metrics.h"
#include "fcgi/snapshot.h"

#define PREFIX "rill_"

static void
head(struct buf *b, const char *name, const char *type, const char *help)
{
	buf_printf(b,
	    "# HELP " PREFIX "%s %s\n"
	    "# TYPE " PREFIX "%s %s\n",
	    name, help, name, type);
}

static void
counter(struct buf *b, const char *name, uint64_t value, const char *help)
{
	head(b, name, "counter", help);
	buf_printf(b, PREFIX "%s %" PRIu64 "\n", name, value);
}

static void
gauge(struct buf *b, const char *name, int64_t value, const char *help)
{
	head(b, name, "gauge", help);
	buf_printf(b, PREFIX "%s %" PRId64 "\n", name, value);
}

/* Microseconds as seconds. */
static void
seconds(struct buf *b, uint64_t us)
{
	buf_printf(b, "%" PRIu64 ".%06" PRIu64, us / 1000000, us % 1000000);
}

static void
print_requests(struct buf *b, const struct snapshot *s)
{
	enum tally_method m;
	int c;

	head(b, "requests_total", "counter",
	    "Requests answered, by method and class of status.");
	for (m = 0; m < TALLY_METHODS; m++)
		for (c = 0; c < TALLY_CLASSES; c++)
			buf_printf(b,
			    PREFIX "requests_total{method=\"%s\","
				   "status=\"%dxx\"} %" PRIu64 "\n",
			    meter_method_name(m), c + 2,
			    s->sums.requests[m][c]);
}

static void
print_histogram(struct buf *b, const struct snapshot *s, enum tally_timed t)
{
	const char *what = t == TALLY_READ ? "read" : "append";
	const uint64_t *buckets = s->sums.buckets[t];
	uint64_t n = 0;
	size_t i;

	for (i = 0; i < TALLY_LIMITS; i++) {
		n += buckets[i];
		buf_printf(
		    b, PREFIX "request_seconds_bucket{what=\"%s\",le=\"", what);
		seconds(b, tally_limits_us[i]);
		buf_printf(b, "\"} %" PRIu64 "\n", n);
	}
	n += buckets[TALLY_LIMITS];
	buf_printf(b,
	    PREFIX "request_seconds_bucket{what=\"%s\",le=\"+Inf\"} %" PRIu64
		   "\n" PREFIX "request_seconds_count{what=\"%s\"} %" PRIu64
		   "\n" PREFIX "request_seconds_sum{what=\"%s\"} ",
	    what, n, what, n, what);
	seconds(b, s->sums.timed_us[t]);
	buf_add_char(b, '\n');
}

static void
print_counts(struct buf *b, const struct snapshot *s)
{
	const uint64_t *n = s->sums.counts;

	counter(b, "appends_total", n[TALLY_APPENDS],
	    "Requests to append or delete that were granted.");
	counter(b, "events_written_total", n[TALLY_EVENTS],
	    "Events written by this node.");
	counter(b, "event_bytes_total", n[TALLY_EVENT_BYTES],
	    "Bytes of the events in granted appends.");
	counter(b, "commits_total", n[TALLY_COMMITS],
	    "Transactions that appends were committed in.");
	head(b, "commit_seconds_total", "counter",
	    "Time that these transactions took.");
	buf_add_str(b, PREFIX "commit_seconds_total ");
	seconds(b, n[TALLY_COMMIT_US]);
	buf_add_char(b, '\n');
	counter(b, "failed_logins_total", n[TALLY_FAILED_LOGINS],
	    "Requests whose credentials were refused.");
	counter(b, "recoveries_total", n[TALLY_RECOVERIES],
	    "Times that the store was recovered, as at each start.");
}

static void
print_state(struct buf *b, const struct snapshot *s)
{
	enum role_kind kind;

	head(b, "role", "gauge", "1 for what the node is in its cluster.");
	for (kind = ROLE_NONE; kind <= ROLE_MASTER; kind++)
		buf_printf(b, PREFIX "role{role=\"%s\"} %d\n", role_text(kind),
		    s->role.kind == kind);
	gauge(b, "up", s->is_open, "Whether the store is open.");
	gauge(b, "waiting_requests", s->living.gauges[TALLY_WAITING],
	    "Requests that wait for events in a long poll.");
	gauge(b, "queued_appends", s->living.gauges[TALLY_QUEUED],
	    "Appends that wait for the writer.");
}

/* What is known of an open store only. */
static void
print_store(struct buf *b, const struct snapshot *s)
{
	const struct usage *u = &s->usage;

	gauge(b, "next_position", (int64_t)s->end,
	    "Position of the next event in $all.");
	gauge(b, "table_bytes", (int64_t)u->table_bytes,
	    "Bytes of the store's tables.");
	gauge(b, "log_bytes", (int64_t)u->log_bytes,
	    "Bytes of the store's log files.");
	gauge(b, "last_checkpoint_timestamp_seconds", u->checkpoint_s,
	    "When the last checkpoint was written.");
	counter(b, "cache_hits_total", u->cache_hits,
	    "Pages found in the cache since the last recovery.");
	counter(b, "cache_misses_total", u->cache_misses,
	    "Pages that had to be read since the last recovery.");
}

static void
print_machine(struct buf *b, const struct snapshot *s)
{
	gauge(b, "disk_bytes", (int64_t)s->usage.disk_bytes,
	    "Size of the file system with the data folder.");
	gauge(b, "disk_free_bytes", (int64_t)s->usage.disk_free_bytes,
	    "What is free of it.");
	gauge(b, "processes", (int64_t)s->living.npids,
	    "Processes of the node: the agent and the workers.");
	gauge(b, "threads", (int64_t)s->threads, "Their threads.");
	gauge(b, "resident_memory_bytes", (int64_t)s->resident_bytes,
	    "Their resident memory; what they share counts for each.");
	gauge(b, "open_files", (int64_t)s->open_files,
	    "Their open files, as far as they may be counted.");
}

void
metrics_print(struct buf *b, const struct snapshot *s)
{
	print_requests(b, s);
	head(b, "request_seconds", "histogram",
	    "Time from a request's arrival at the worker to its answer.");
	print_histogram(b, s, TALLY_READ);
	print_histogram(b, s, TALLY_APPEND);
	print_counts(b, s);
	print_state(b, s);
	if (s->is_open)
		print_store(b, s);
	print_machine(b, s);
}
