/*
 * user_list - all accounts there are.
 *
 * Layer: store.  $users has an event for each login that ever was; whether
 * it still is one, its account says.
 */
#ifndef STORE_USER_LIST_H
#define STORE_USER_LIST_H

#include "store/err.h"

#define USER_LIST_MAX 100000 /* events of $users */

struct account;
struct store;

/*
 * Call each with every account, in the order of the logins' bytes; logins
 * whose account is deleted or damaged are left out.  Accounts are read one
 * after the other, not all on one snapshot.  ERR_TOO_LARGE: $users has more
 * than USER_LIST_MAX events.  Else what stream_run() returns.
 */
typedef void user_list_each_f(void *arg, const struct account *);
enum err user_list_read(struct store *, user_list_each_f *each, void *arg);

#endif
