#include "config.h"

#include "fcgi/reply.h"
#include "fcgi/uri.h"
#include "fcgi/user_doc.h"
#include "fcgi/xml_out.h"
#include "store/account.h"
#include "store/clock.h"

/* Counters of the reference; clients ignore them. */
#define ID_UPDATE  50
#define ID_DETAILS 51
#define ID_LIST    52

static void
begin(struct user_doc *d, const char *root)
{
	d->root = root;
	d->json.limit = REPLY_MAX_BODY;
	d->out.buf = &d->json;
	json_out_open(&d->out, '{');
}

static void
end(struct user_doc *d, const char *error, int64_t id)
{
	struct slice text = slice_str(error);

	json_out_bool_member(&d->out, "success", slice_is(text, "Success"));
	json_out_string_member(&d->out, "error", text);
	json_out_int_member(&d->out, "msgTypeId", id);
	json_out_close(&d->out, '}');
}

void
user_doc_update(struct user_doc *d, struct slice login, const char *error)
{
	begin(d, "UpdateResult");
	if (login.p != NULL)
		json_out_string_member(&d->out, "loginName", login);
	end(d, error, ID_UPDATE);
}

static void
add_link(struct user_doc *d, struct slice login, const char *path,
    const char *relation)
{
	struct buf url = {0};

	buf_add_slice(&url, d->base);
	buf_add_str(&url, "/users/");
	uri_escape(&url, login);
	buf_add_str(&url, path);
	json_out_item(&d->out);
	json_out_open(&d->out, '{');
	json_out_string_member(&d->out, "href", buf_slice(&url));
	json_out_string_member(&d->out, "rel", slice_str(relation));
	json_out_close(&d->out, '}');
	buf_fini_part(&url, d->out.buf);
}

static void
add_links(struct user_doc *d, const struct account *a)
{
	json_out_name(&d->out, "links");
	json_out_open(&d->out, '[');
	add_link(d, a->login, "/command/reset-password", "reset-password");
	add_link(d, a->login, "/command/change-password", "change-password");
	add_link(d, a->login, "", "edit");
	add_link(d, a->login, "", "delete");
	if (a->is_disabled)
		add_link(d, a->login, "/command/enable", "enable");
	else
		add_link(d, a->login, "/command/disable", "disable");
	json_out_close(&d->out, ']');
}

static void
add_groups(struct user_doc *d, const struct account *a)
{
	size_t i;

	if (a->groups == NULL)
		return;
	json_out_name(&d->out, "groups");
	json_out_open(&d->out, '[');
	for (i = 0; i < a->ngroups; i++) {
		json_out_item(&d->out);
		json_out_string(&d->out, a->groups[i]);
	}
	json_out_close(&d->out, ']');
}

static void
add_names(struct user_doc *d, const struct account *a)
{
	json_out_open(&d->out, '{');
	json_out_string_member(&d->out, "loginName", a->login);
	if (a->full_name.p != NULL)
		json_out_string_member(&d->out, "fullName", a->full_name);
	add_groups(d, a);
}

static void
add_account(struct user_doc *d, const struct account *a)
{
	add_names(d, a);
	json_out_bool_member(&d->out, "disabled", a->is_disabled);
	add_links(d, a);
	json_out_close(&d->out, '}');
}

void
user_doc_details(struct user_doc *d, const struct account *a)
{
	begin(d, "UserDetailsResult");
	json_out_name(&d->out, "data");
	add_account(d, a);
	end(d, "Success", ID_DETAILS);
}

/* 2018-08-23T09:08:40.499762+00:00, where others have a Z. */
static void
add_time(struct user_doc *d, int64_t ticks)
{
	char text[CLOCK_TEXT_SIZE];
	struct buf time = {0};

	buf_add(&time, text, clock_print(text, ticks) - 1);
	buf_add_str(&time, "+00:00");
	json_out_string_member(&d->out, "dateLastUpdated", buf_slice(&time));
	buf_fini_part(&time, d->out.buf);
}

void
user_doc_current(struct user_doc *d, const struct account *a)
{
	begin(d, "UserDetailsResult");
	json_out_name(&d->out, "data");
	add_names(d, a);
	add_time(d, a->mark.updated);
	json_out_bool_member(&d->out, "disabled", a->is_disabled);
	json_out_close(&d->out, '}');
	end(d, "Success", ID_DETAILS);
}

void
user_doc_failure(struct user_doc *d, const char *error)
{
	begin(d, "UserDetailsResult");
	end(d, error, ID_DETAILS);
}

void
user_doc_list_begin(struct user_doc *d)
{
	begin(d, "AllUserDetailsResult");
	json_out_name(&d->out, "data");
	json_out_open(&d->out, '[');
}

void
user_doc_list_add(void *arg, const struct account *a)
{
	struct user_doc *d = arg;

	json_out_item(&d->out);
	add_account(d, a);
}

void
user_doc_list_end(struct user_doc *d)
{
	json_out_close(&d->out, ']');
	end(d, "Success", ID_LIST);
}

void
user_doc_print(struct user_doc *d, struct buf *out, bool as_xml)
{
	buf_fail_with(out, &d->json);
	if (buf_failed(&d->json))
		return;
	if (!as_xml) {
		buf_add_slice(out, buf_slice(&d->json));
		return;
	}
	buf_add_str(out, XML_OUT_DECLARATION);
	xml_out_json(out, d->root, "", buf_slice(&d->json));
}

void
user_doc_fini(struct user_doc *d)
{
	buf_fini(&d->json);
}
