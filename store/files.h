/*
 * files - copying files, so that the copy is on the disk.
 *
 * Layer: store; knows files, nothing of Berkeley DB.  What returns an int
 * returns 0 or an errno.
 */
#ifndef STORE_FILES_H
#define STORE_FILES_H

#include <stdbool.h>
#include <stdint.h>

/* n bytes more are done.  False: stop, with ECANCELED. */
typedef bool files_step_f(void *arg, uint64_t n);

/* Some bytes of a file, and the same ones of another. */
struct files_part {
	const char *from, *to;
	uint64_t at, end;
	files_step_f *step; /* or NULL */
	void *arg;
};

/*
 * Copy them and flush the copy, which is made with mode 0600 if need be.
 * ENODATA: the file ends before them.
 */
int files_copy(const struct files_part *);

/* Whether both files have them, and they are the same. */
bool files_are_same(const struct files_part *);

/* ENOENT: it is not there. */
int files_size(const char *path, uint64_t *n);

/* Put this text into a file in place of what is there, all or nothing. */
int files_write(const char *dir, const char *name, const char *text);

/* Make the names in a folder as durable as the files. */
int files_flush_names(const char *dir);

/* Make a folder of mode 0700 that may be there already. */
int files_make_dir(const char *dir);

/*
 * Remove a folder, and the files in it whose names may be; one with another
 * file in it stays: ENOTEMPTY.  There need not be such a folder.
 */
typedef bool files_filter_f(const char *name);
int files_remove_dir(const char *dir, files_filter_f *may_go);

/* Told of each name but . and .. in a folder; false ends the walk. */
typedef bool files_each_f(void *arg, const char *name);
int files_each(const char *dir, files_each_f *, void *arg);

#endif
