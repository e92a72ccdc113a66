/*
 * user_doc - the documents that the users API answers with (contract 4).
 *
 * Layer: fcgi.  Members stand in the reference's order.  In XML they are
 * elements of the same names below one that is named for the result, as
 * xml_out_json() makes them.
 */
#ifndef FCGI_USER_DOC_H
#define FCGI_USER_DOC_H

#include <stdbool.h>

#include "fcgi/json_out.h"
#include "store/buf.h"
#include "store/slice.h"

struct account;

/* Starts as {.base = ...}; one of the documents is made, then printed. */
struct user_doc {
	struct slice base; /* what links begin with */
	struct json_out out;
	struct buf json;
	const char *root; /* of the XML */
};

/* What became of a command; error is "Success", or says why not. */
void user_doc_update(struct user_doc *, struct slice login, const char *error);

/* One account, with the links by which it is changed. */
void user_doc_details(struct user_doc *, const struct account *);

/* The account of who asks: without links, but with its time. */
void user_doc_current(struct user_doc *, const struct account *);

/* Why there is no account to show. */
void user_doc_failure(struct user_doc *, const char *error);

/* All accounts: begin, each of them, end. */
void user_doc_list_begin(struct user_doc *);
void user_doc_list_add(void *user_doc, const struct account *);
void user_doc_list_end(struct user_doc *);

/* Add it to out; whether memory lasted, that knows. */
void user_doc_print(struct user_doc *, struct buf *out, bool as_xml);

void user_doc_fini(struct user_doc *);

#endif
