/*
 * ctl_export - rillctl export and import: events as lines of JSON.
 *
 * Layer: store.
 */
#ifndef STORE_CTL_EXPORT_H
#define STORE_CTL_EXPORT_H

struct conf;
struct ctl_args;

/*
 * Write all events, or those of args->stream, to the file that is named, which
 * is there when it is whole, or to standard output.  Returns an exit status.
 */
int ctl_export(const struct conf *, const struct ctl_args *);

/* Write what the file that is named, or standard input, has to the store. */
int ctl_import(const struct conf *, const struct ctl_args *);

#endif
