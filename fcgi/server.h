/*
 * server - what all threads of a worker share.
 *
 * Layer: fcgi.
 */
#ifndef FCGI_SERVER_H
#define FCGI_SERVER_H

#include <stdatomic.h>
#include <stdint.h>

struct appends;
struct auth;
struct conf;
struct connections;
struct refusals;
struct store;
struct waiting;

struct server {
	const struct conf *conf;
	struct store *store;
	struct auth *auth;
	atomic_bool stopping;     /* finish what is in hand */
	atomic_bool has_accounts; /* bootstrap_run() is through */
	_Atomic uint64_t next_id; /* of a request that has none */
	struct waiting *waiting;  /* requests in a long poll */
	struct appends *appends;  /* those that wait for the disk */
	struct connections *connections;
	struct refusals *refusals;
};

#endif
