/*
 * ctl_backup - rillctl backup and restore.
 *
 * Layer: store.
 */
#ifndef STORE_CTL_BACKUP_H
#define STORE_CTL_BACKUP_H

struct conf;
struct ctl_args;

/*
 * Back the running store up to the folder that is named.  Returns an exit
 * status: EX_CANTCREAT when only a full backup would do.
 */
int ctl_backup(const struct conf *, const struct ctl_args *);

/*
 * Restore the backup in the folder that is named, to args->to or else the
 * configured data folder.  EX_DATAERR: it is damaged.
 */
int ctl_restore(const struct conf *, const struct ctl_args *);

#endif
