#include "config.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/alloc.h"
#include "store/clock.h"
#include "store/files.h"
#include "store/manifest.h"

#define FORMAT 1

static json_t *
print_tables(const struct manifest *m)
{
	json_t *tables = json_object();
	enum table t;

	for (t = 0; t < TABLES; t++)
		json_object_set_new(tables, env_table_file(t),
		    json_integer((json_int_t)m->tables[t]));
	return tables;
}

int
manifest_write(const struct manifest *m, const char *dir)
{
	char full_at[CLOCK_TEXT_SIZE], at[CLOCK_TEXT_SIZE];
	json_t *o;
	char *text, *line;
	int r;

	clock_print_whole(full_at, m->full_at);
	clock_print_whole(at, m->at);
	o = json_pack("{s:i, s:s, s:s, s:s, s:s, s:i, s:o, s:I, s:I, s:I}",
	    "format", FORMAT, "rill", PACKAGE_VERSION, "store", m->id, "fullAt",
	    full_at, "at", at, "folder", (int)m->folder, "tables",
	    print_tables(m), "firstLog", (json_int_t)m->first_log, "lastLog",
	    (json_int_t)m->last_log, "lastLogBytes", (json_int_t)m->last_bytes);
	text = json_dumps(o, JSON_INDENT(2));
	json_decref(o);
	if (text == NULL)
		return ENOMEM;
	line = xasprintf("%s\n", text);
	r = files_write(dir, MANIFEST_FILE, line);
	free(line);
	free(text);
	return r;
}

static bool
read_number(const json_t *o, const char *name, uint64_t least, uint64_t *out)
{
	const json_t *n = json_object_get(o, name);

	if (!json_is_integer(n) || json_integer_value(n) < 0)
		return false;
	*out = (uint64_t)json_integer_value(n);
	return *out >= least;
}

static bool
read_time(const json_t *o, const char *name, int64_t *out)
{
	const char *text = json_string_value(json_object_get(o, name));

	return text != NULL && clock_parse_whole(out, slice_str(text));
}

static bool
read_files(struct manifest *m, const json_t *o)
{
	const json_t *tables = json_object_get(o, "tables");
	uint64_t folder, first, last;
	enum table t;

	for (t = 0; t < TABLES; t++)
		if (!read_number(tables, env_table_file(t), 1, &m->tables[t]))
			return false;
	if (!read_number(o, "folder", 1, &folder) ||
	    !read_number(o, "firstLog", 1, &first) ||
	    !read_number(o, "lastLog", first, &last) || last > UINT32_MAX ||
	    folder > INT32_MAX ||
	    !read_number(o, "lastLogBytes", 1, &m->last_bytes))
		return false;
	m->folder = (unsigned int)folder;
	m->first_log = (uint32_t)first;
	m->last_log = (uint32_t)last;
	return true;
}

static enum err
read_all(struct manifest *m, const json_t *o, char why[MANIFEST_WHY_SIZE])
{
	const char *id = json_string_value(json_object_get(o, "store"));
	uint64_t format;

	if (!read_number(o, "format", 0, &format) || format != FORMAT) {
		snprintf(why, MANIFEST_WHY_SIZE,
		    MANIFEST_FILE " is that of another version of Rill.");
		return ERR_CORRUPT;
	}
	if (id == NULL || strlen(id) != ENV_ID_SIZE - 1 ||
	    !read_time(o, "fullAt", &m->full_at) ||
	    !read_time(o, "at", &m->at) || !read_files(m, o)) {
		snprintf(why, MANIFEST_WHY_SIZE,
		    MANIFEST_FILE " is damaged: a member is missing or wrong.");
		return ERR_CORRUPT;
	}
	memcpy(m->id, id, ENV_ID_SIZE);
	return ERR_OK;
}

enum err
manifest_read(struct manifest *m, const char *dir, char why[MANIFEST_WHY_SIZE])
{
	char *path = xasprintf("%s/" MANIFEST_FILE, dir);
	enum err e = ERR_OK;
	json_error_t fault;
	json_t *o = NULL;

	*m = (struct manifest){.folder = 0};
	if (access(path, R_OK) != 0 ||
	    ((o = json_load_file(path, JSON_REJECT_DUPLICATES, &fault)) ==
		    NULL &&
		json_error_code(&fault) == json_error_cannot_open_file)) {
		e = errno == ENOENT ? ERR_NO_EVENT : ERR_IO;
		snprintf(why, MANIFEST_WHY_SIZE,
		    MANIFEST_FILE " cannot be read: %s.", strerror(errno));
	} else if (o == NULL) {
		e = ERR_CORRUPT;
		snprintf(why, MANIFEST_WHY_SIZE,
		    MANIFEST_FILE " is damaged: %s.", fault.text);
	}
	if (e == ERR_OK)
		e = read_all(m, o, why);
	json_decref(o);
	free(path);
	return e;
}

char *
manifest_folder(const struct manifest *m, const char *dir)
{
	return xasprintf("%s/" MANIFEST_FOLDER "%u", dir, m->folder);
}
