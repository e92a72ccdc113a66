/*
 * fixture_store - a store in a folder of its own, for the tests of store/.
 *
 * Layer: tests.  Either the environment itself, opened by the test alone, or
 * a worker's store under a real agent, see fixture_agent.h; what follows
 * works on both.  A test names event ids by single characters: "abc" are
 * three events.
 */
#ifndef TESTS_UNIT_FIXTURE_STORE_H
#define TESTS_UNIT_FIXTURE_STORE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "store/append.h"
#include "store/err.h"
#include "store/event.h"
#include "store/page.h"
#include "store/stream.h"
#include "store/txn.h"
#include "store/verify.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* A string of ids never has more characters. */
#define FIXTURE_IDS 16384

struct env;
struct store;

struct fixture {
	char dir[64];
	struct env *env; /* one of these two */
	struct store *store;
	int64_t now;      /* with env: ticks for new events; 0: now */
	enum err failure; /* of the last request's whole transaction */
	char ids[FIXTURE_IDS];
};

/* Make and remove the folder alone. */
void fixture_make_dir(struct fixture *);
void fixture_remove_dir(struct fixture *);

/*
 * Setup and teardown, of a test or of a group: the environment itself, which
 * with sync waits for the disk.
 */
int fixture_env_setup(void **state);
int fixture_env_setup_sync(void **state);
int fixture_env_teardown(void **state);

/* Recover and open the environment, which is not open, with sync. */
enum err fixture_env_open(struct fixture *);

/* Run body once in a transaction, without patience if env is open. */
enum err fixture_run(
    struct fixture *, enum txn_kind, txn_body_f *body, void *arg);

/* Carry out a request; what came of it is in it, and returned. */
enum err fixture_write(struct fixture *, struct append *);

/*
 * Append events with these ids to a stream.  In what is returned, outcome is
 * also what the whole transaction failed with, and events is NULL.
 */
struct append fixture_post(
    struct fixture *, const char *stream, int64_t expected, const char *ids);

/* Append this one event, whatever the version is. */
struct append fixture_put(
    struct fixture *, const char *stream, const struct event *);

/* Append a metadata document, with a new id, to $$stream. */
struct append fixture_describe(
    struct fixture *, const char *stream, const char *document);

struct append fixture_delete(
    struct fixture *, const char *stream, enum append_kind, int64_t expected);

/* Append n events of size bytes each in one batch, with random ids. */
struct append fixture_fill(
    struct fixture *, const char *stream, size_t n, size_t size);

/* An id that a character names, and back; '*' for any other. */
struct guid fixture_id(char);
char fixture_id_name(const struct guid *);

/*
 * The ids of all events a stream has, hidden or not, in order of number;
 * borrowed until the next call.
 */
const char *fixture_ids(struct fixture *, const char *stream);

/* The ids in a page; the same. */
const char *fixture_page_ids(struct fixture *, struct page *);

/* Look the stream up and read what it shows of from..to. */
enum err fixture_read(
    struct fixture *, const char *stream, struct stream_range, struct page *);

/* The position of the next event. */
uint64_t fixture_end(struct fixture *);

/* How many faults verification finds; each is printed. */
uint64_t fixture_faults(struct fixture *);

#endif
