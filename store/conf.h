/*
 * conf - rill.json, the settings all three programs share.
 *
 * Layer: store.  Every field of a struct conf that conf_read() made is
 * within the limits given here, whether the file says it or not.
 */
#ifndef STORE_CONF_H
#define STORE_CONF_H

#include <stddef.h>

#include "store/address.h"
#include "store/conf_text.h"
#include "store/err.h"

#define CONF_DEFAULT_PATH RILL_SYSCONFDIR "/rill.json"
#define CONF_FILE_MAX     65536 /* bytes of the file */
#define CONF_WHY_SIZE     1024

/* When an append is answered. */
enum conf_durability {
	CONF_DISK, /* after fdatasync */
	CONF_OS    /* after write; the system writes back when it likes */
};

struct conf_cluster;

struct conf {
	char *data;   /* folder of the store; absolute; required */
	char *url;    /* what clients see: scheme, host, port, path; no slash
			 at the end; "http://127.0.0.1:2113" */
	char **hosts; /* names besides that of url that clients may use */
	size_t nhosts;
	unsigned threads;                /* 1 to 1024; 32 */
	unsigned max_waiting;            /* 0 to 65536; 1000 */
	unsigned max_queued;             /* 0 to 65536; 1000 */
	unsigned cache_mb;               /* 4 to 65536; 64 */
	size_t max_event_bytes;          /* 1 to 64 MiB; 4 MiB */
	size_t max_body_bytes;           /* max_event_bytes to 1 GiB; 16 MiB */
	enum conf_durability durability; /* "disk" or "os"; "disk" */
	unsigned scavenge_hours;         /* 0 to 8760; 24; 0: when asked */
	unsigned backup_log_mb;          /* 0 to 1048576; 0; see rill.json(5) */
	char *backup_folder;    /* absolute, outside of data; NULL: none */
	unsigned password_cost; /* 1 to 11, see crypt(5); 5 */
	/* Whose ES-TrustedAuth, and whose X-Forwarded-For, is believed; of
	 * these at most 100 each, and none if the file does not say. */
	struct address_list trusted_auth;
	struct address_list trusted_proxies;
	bool stats_public; /* "stats" is "all", the default, not "ops" */
	struct conf_cluster *cluster; /* NULL: a lone node */
};

/*
 * The file to read: option, the value of --config, unless NULL; else
 * $RILL_CONFIG, unless empty; else the installed one.  Borrowed.
 */
const char *conf_path(const char *option);

/*
 * Read the file at path.  A relative "data" or "backup_folder" is taken from
 * the folder the file is in.  The caller frees *conf.  When it is not ERR_OK,
 * *conf is untouched and why says, in a line for the operator, what is wrong
 * and what would be right, with the file, the line and the key. ERR_IO: the
 * file or its folder cannot be read. ERR_TOO_LARGE: the file is longer than
 * CONF_FILE_MAX. ERR_INVALID: not JSON, not an object, a key that is unknown,
 * repeated or missing, or a value of a wrong type or out of range.
 */
enum err conf_read(
    struct conf **conf, const char *path, char why[CONF_WHY_SIZE]);

/* Clears the pointer; accepts NULL inside. */
void conf_free(struct conf **);

#endif
