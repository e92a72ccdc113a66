/*
 * ctl_scavenge - rillctl scavenge: have the agent remove what is hidden.
 *
 * Layer: store.
 */
#ifndef STORE_CTL_SCAVENGE_H
#define STORE_CTL_SCAVENGE_H

struct conf;

/*
 * Ask the agent, wait, and print what it freed; on a terminal also how it
 * gets on.  Returns an exit status: 0 when the pass is over, EX_TEMPFAIL when
 * there was one already, EX_UNAVAILABLE when no agent answers.
 */
int ctl_scavenge(const struct conf *);

#endif
