#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "store/clock.h"
#include "store/conf.h"
#include "store/control.h"
#include "store/ctl_store.h"
#include "store/custody.h"
#include "store/store.h"

#define PATIENCE_MS   10000
#define LOOK_AGAIN_MS 20

bool
ctl_store_has_agent(const struct conf *conf)
{
	struct custody *c;
	bool alive;

	if (custody_open(&c, conf->data) != ERR_OK) {
		fprintf(
		    stderr, "rillctl: %s: %s\n", conf->data, strerror(errno));
		return false;
	}
	alive = custody_agent_alive(c);
	custody_close(&c);
	if (!alive)
		fprintf(stderr, "rillctl: no agent runs on %s: start it\n",
		    conf->data);
	return alive;
}

/* It lets others in a moment before it listens. */
enum err
ctl_store_hold(
    struct control_hold **out, const struct conf *conf, const char *what)
{
	int64_t deadline = clock_mono_ms() + PATIENCE_MS;
	char why[CONTROL_WHY_SIZE];
	enum err e;

	if (!ctl_store_has_agent(conf))
		return ERR_UNAVAILABLE;
	while (
	    (e = control_hold(out, conf->data, what, why)) == ERR_UNAVAILABLE &&
	    clock_mono_ms() < deadline)
		clock_sleep_ms(LOOK_AGAIN_MS);
	if (e != ERR_OK)
		fprintf(stderr, "rillctl: %s\n", why);
	return e;
}

enum err
ctl_store_open(struct store **out, const struct conf *conf)
{
	struct store_options o = {.program = "rillctl",
	    .dir = conf->data,
	    .cache_bytes = (size_t)conf->cache_mb << 20,
	    .sync = conf->durability == CONF_DISK,
	    .patience_ms = PATIENCE_MS,
	    .cluster = conf->cluster};

	return store_open(out, &o);
}
