/*
 * gathering - who else is there while a group comes to be.
 *
 * Layer: cluster-agent.  A node that is let in has its place in the group from
 * that moment, and copies the store after it.  When it dies in between, and
 * often enough, it comes back with nothing (5.3.28: what __rep_reset_init
 * remembers of the group outlives one start), and has to be let in again,
 * which only a master can do.  Once this has befallen half of the nodes or
 * more, those that are left cannot elect one: each waits for the others.
 *
 * And who is elected without having heard of a node that was let in by another
 * puts it out of the group, where the library leaves it for good.
 *
 * So nodes that wait, and have nothing, tell the others: a datagram to the
 * address where the agents listen, again and again.  Who is left alone in the
 * group and hears that from all others makes itself master.  Who was put out
 * joins again.
 *
 * All others without their stores, that can also be disks that were not
 * mounted, and then what is left need not have all that was acknowledged.  So
 * it is done only until all nodes have stood together for a while; from then
 * on the group counts as settled, and who is put out was forgotten by its
 * operator.
 */
#ifndef CLUSTER_AGENT_GATHERING_H
#define CLUSTER_AGENT_GATHERING_H

#include <stdbool.h>
#include <stdint.h>

#include "store/conf_cluster.h"

/* What a node says counts for so long. */
#define GATHERING_HEARD_MS 2000

/* All others have said it for so long; more than that, so that what lay in
 * the socket unread does not do. */
#define GATHERING_SURE_MS 2500

/* All have stood together for so long. */
#define GATHERING_SETTLED_MS 60000

struct gathering;
struct group_members;
struct group_state;

/* Whether some other node takes part already: only those listen. */
bool gathering_others_take_part(const struct conf_cluster *);

/* Whether this node has to make the group: the first, and new to it, and
 * nobody takes part. */
bool gathering_makes_group(const struct conf_cluster *, const char *data);

/* Whether the folder holds a store that joining would replace; then logged. */
bool gathering_has_own_store(const char *data);

/* This node waits to be let in.  When it has no store: tell all others. */
void gathering_call(const struct conf_cluster *, const char *data);

/*
 * Hear who calls.  Both arguments must stay.  When the address cannot be had,
 * which is logged, nothing is heard.
 */
struct gathering *gathering_new(const struct conf_cluster *, const char *data);
void gathering_free(struct gathering **);

/* Who is a member now, and whether this node knows a master, or is it. */
void gathering_note(struct gathering *, const struct group_members *,
    bool knows_master, int64_t now_ms);

/* Hear what came until now, and say what is to be done; to be asked often. */
enum gathering_advice {
	GATHERING_GO_ON,
	GATHERING_RULE, /* all others are lost: become master */
	GATHERING_JOIN  /* the group has lost this node: join it again */
};
enum gathering_advice gathering_advise(
    struct gathering *, const struct group_state *, int64_t now_ms);

#endif
