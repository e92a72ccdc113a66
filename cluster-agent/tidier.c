#include "config.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "cluster-agent/tidier.h"
#include "store/alloc.h"
#include "store/clock.h"
#include "store/log.h"

#define FILE_NAME     "tidied"
#define STEP_MS       5000
#define NOTE_EVERY_MS 10000
#define IDLE_STEPS    5 /* until files are made smaller */

struct tidier {
	char *path;
	struct tidy tidy;
	uint64_t noted; /* the position in the file */
	int64_t noted_ms;
	unsigned int idle_steps;
	enum err outcome; /* of the last step */
};

static void
read_note(struct tidier *td)
{
	json_t *line = json_load_file(td->path, 0, NULL);
	json_int_t position = 0, pages = 0;

	if (line != NULL &&
	    json_unpack(line, "{s:I, s:I}", "position", &position, "pages",
		&pages) == 0 &&
	    position >= 0 && pages >= 0) {
		td->tidy.position = td->noted = (uint64_t)position;
		td->tidy.pages = (uint64_t)pages;
	}
	json_decref(line);
}

static void
write_note(struct tidier *td)
{
	json_t *line = json_pack("{s:I, s:I}", "position",
	    (json_int_t)td->tidy.position, "pages", (json_int_t)td->tidy.pages);

	if (json_dump_file(line, td->path, JSON_COMPACT) != 0)
		log_warn("tidy", "writing %s: %s", td->path, strerror(errno));
	json_decref(line);
	td->noted = td->tidy.position;
	td->noted_ms = clock_mono_ms();
}

struct tidier *
tidier_new(const char *dir, tidy_go_on_f *go_on, void *arg)
{
	struct tidier *td = xcalloc(1, sizeof(*td));

	td->path = xasprintf("%s/" FILE_NAME, dir);
	td->tidy.go_on = go_on;
	td->tidy.arg = arg;
	td->noted_ms = clock_mono_ms();
	read_note(td);
	return td;
}

void
tidier_free(struct tidier **tdp)
{
	struct tidier *td = *tdp;

	if (td->tidy.position != td->noted)
		write_note(td);
	free(td->path);
	free(td);
	*tdp = NULL;
}

/* Not each second the same. */
static void
report(struct tidier *td, enum err e)
{
	bool is_known = e == td->outcome;

	td->outcome = e;
	/* The agent stops, or somebody else says so. */
	if (!is_known && e != ERR_OK && e != ERR_UNAVAILABLE &&
	    e != ERR_RECOVERY && e != ERR_DISK_FULL && e != ERR_BUSY &&
	    e != ERR_STALE)
		log_warn("tidy", "broken off: %s", err_text(e));
}

static void
shrink(struct tidier *td, struct env *env)
{
	uint64_t pages = td->tidy.pages;
	enum err e = tidy_shrink(env, &td->tidy);

	report(td, e);
	log_debug("tidy", "empty pages=%llu given back: %s",
	    (unsigned long long)pages, err_text(e));
	write_note(td);
}

/* For as long as a step may take. */
static enum err
tidy_on(struct tidier *td, struct env *env)
{
	int64_t end = clock_mono_ms() + STEP_MS;
	bool is_tidy = false;
	enum err e = ERR_OK;

	while (e == ERR_OK && !is_tidy && clock_mono_ms() < end)
		e = tidy_run(env, &td->tidy, &is_tidy);
	report(td, e);
	return e;
}

void
tidier_step(struct tidier *td, struct env *env)
{
	uint64_t before = td->tidy.position;
	enum err e = tidy_on(td, env);

	td->idle_steps = td->tidy.position == before ? td->idle_steps + 1 : 0;
	if (e == ERR_OK && td->idle_steps >= IDLE_STEPS &&
	    tidy_may_shrink(env, &td->tidy)) {
		shrink(td, env);
		td->idle_steps = 0;
	}
	if (td->tidy.position != td->noted &&
	    (td->idle_steps > 0 ||
		clock_mono_ms() >= td->noted_ms + NOTE_EVERY_MS))
		write_note(td);
}
