/*
 * redirect - paths with a slash too many.
 *
 * Layer: fcgi.
 */
#ifndef FCGI_REDIRECT_H
#define FCGI_REDIRECT_H

struct request;

/* To the same path without its last slash (contract 1.6). */
void redirect_without_slash(struct request *);

#endif
