/*
 * h_openapi - /openapi.json: what all these resources are, for programs.
 *
 * The document is fcgi/openapi.json, in the program so that it is there
 * behind any front server.
 */
#include "config.h"

#include "fcgi/request.h"
#include "fcgi/route.h"

static const char document[] = {
#include "fcgi/openapi.inc"
};

static void
openapi(struct request *r)
{
	r->reply.content_type = "application/json; charset=utf-8";
	buf_add(&r->reply.body, document, sizeof(document));
}

const struct resource h_openapi_resources[] = {
    {"/openapi.json", "GET, OPTIONS", {{"GET", NULL, NULL, openapi}}},
    {NULL, NULL, {{NULL, NULL, NULL, NULL}}},
};
