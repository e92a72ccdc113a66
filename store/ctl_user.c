#include "config.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "store/account.h"
#include "store/bootstrap.h"
#include "store/conf.h"
#include "store/ctl_args.h"
#include "store/ctl_password.h"
#include "store/ctl_store.h"
#include "store/ctl_user.h"
#include "store/store.h"
#include "store/user_list.h"
#include "store/users.h"

/* One run of the program. */
struct work {
	const struct conf *conf;
	const struct ctl_args *args;
	struct users users;
	struct slice login;
	struct slice password; /* of those that want one */
};

static enum err
add(struct work *w)
{
	struct user_wish wish = {.login = w->login,
	    .groups = w->args->ngroups > 0 ? w->args->groups : NULL,
	    .ngroups = w->args->ngroups,
	    .password = w->password};

	if (w->args->full_name != NULL)
		wish.full_name = slice_str(w->args->full_name);
	return users_create(&w->users, &wish);
}

static enum err
passwd(struct work *w)
{
	return users_reset_password(&w->users, w->login, w->password);
}

static enum err
disable(struct work *w)
{
	return users_disable(&w->users, w->login);
}

static enum err
enable(struct work *w)
{
	return users_enable(&w->users, w->login);
}

static enum err
delete_account(struct work *w)
{
	return users_delete(&w->users, w->login);
}

/* Whoever may write accounts may not write to the terminal with them. */
static void
print(struct slice text)
{
	size_t i;

	for (i = 0; i < text.n; i++)
		putchar((unsigned char)text.p[i] < ' ' || text.p[i] == '\x7f'
			    ? '?'
			    : text.p[i]);
}

static void
print_account(void *arg, const struct account *a)
{
	size_t i;

	(void)arg;
	print(a->login);
	fputs(a->is_disabled ? "\tdisabled\t" : "\tenabled\t", stdout);
	for (i = 0; i < a->ngroups; i++) {
		if (i > 0)
			putchar(',');
		print(a->groups[i]);
	}
	putchar('\t');
	print(a->full_name);
	putchar('\n');
}

static enum err
list(struct work *w)
{
	return user_list_read(w->users.store, print_account, NULL);
}

static const struct action {
	const char *name;
	size_t nwords; /* its name among them */
	bool wants_password;
	enum err (*run)(struct work *);
} actions[] = {
    {"add", 2, true, add},
    {"passwd", 2, true, passwd},
    {"list", 1, false, list},
    {"disable", 2, false, disable},
    {"enable", 2, false, enable},
    {"delete", 2, false, delete_account},
};

static const struct action *
find_action(const struct ctl_args *args)
{
	const size_t n = sizeof(actions) / sizeof(actions[0]);
	bool has_details = args->full_name != NULL || args->ngroups > 0;
	size_t i;

	for (i = 0; i < n && args->nwords > 0; i++)
		if (strcmp(actions[i].name, args->words[0]) == 0 &&
		    actions[i].nwords == args->nwords &&
		    (!has_details || actions[i].run == add))
			return &actions[i];
	return NULL;
}

/* An account's details must be right before a password is asked for. */
static bool
fits(const struct work *w, const struct action *a)
{
	struct user_wish wish = {.login = w->login,
	    .groups = w->args->groups,
	    .ngroups = w->args->ngroups};
	char why[USERS_WHY_SIZE];

	if (w->args->full_name != NULL)
		wish.full_name = slice_str(w->args->full_name);
	if (a->run != add ||
	    (users_login_fits(w->login, why) && users_details_fit(&wish, why)))
		return true;
	fprintf(stderr, "rillctl: %s\n", why);
	return false;
}

static int
report(const struct work *w, enum err e)
{
	const int n = (int)w->login.n;

	if (e == ERR_OK)
		return fflush(stdout) == 0 ? EX_OK : EX_IOERR;
	if (e == ERR_NO_STREAM) {
		fprintf(stderr, "rillctl: there is no account %.*s\n", n,
		    w->login.p);
		return EX_NOUSER;
	}
	if (e == ERR_TAKEN) {
		fprintf(stderr,
		    "rillctl: there is an account %.*s already, with another "
		    "password\n",
		    n, w->login.p);
		return EX_CANTCREAT;
	}
	fprintf(stderr, "rillctl: %s\n", err_text(e));
	return EX_UNAVAILABLE;
}

/* As a worker does; and like the first one, if there was none yet. */
static int
run_on_store(struct work *w, const struct action *a)
{
	const struct conf *conf = w->conf;
	enum err e;

	if ((e = ctl_store_open(&w->users.store, conf)) != ERR_OK)
		return report(w, e);
	w->users.cost = conf->password_cost;
	if ((e = bootstrap_run(w->users.store, w->users.cost)) == ERR_OK)
		e = a->run(w);
	store_close(&w->users.store);
	return report(w, e);
}

int
ctl_user(const struct conf *conf, const struct ctl_args *args)
{
	char password[CTL_PASSWORD_SIZE] = "";
	const struct action *a = find_action(args);
	struct work w = {.conf = conf, .args = args};
	int status = EX_DATAERR;

	if (a == NULL)
		return EX_USAGE;
	if (args->nwords > 1)
		w.login = slice_str(args->words[1]);
	if (!fits(&w, a))
		return EX_DATAERR;
	if (!ctl_store_has_agent(conf))
		return EX_UNAVAILABLE;
	if (!a->wants_password || ctl_password_read(password)) {
		w.password = slice_str(password);
		status = run_on_store(&w, a);
	}
	explicit_bzero(password, sizeof(password));
	return status;
}
