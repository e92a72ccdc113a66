/*
 * settings - what rill.json says, in the reference's form (contract 6).
 *
 * Layer: fcgi, without FastCGI.  An array of name, description, group and
 * value, with possibleValues where there are few; values are strings.  There
 * is no secret among them.
 */
#ifndef FCGI_SETTINGS_H
#define FCGI_SETTINGS_H

struct buf;
struct conf;

/* As JSON; what is not set has its default. */
void settings_print(struct buf *, const struct conf *);

#endif
