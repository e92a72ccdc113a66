/*
 * conf_text - what the strings of rill.json may look like.
 *
 * Layer: store, for conf and conf_cluster.
 */
#ifndef STORE_CONF_TEXT_H
#define STORE_CONF_TEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "store/slice.h"

#define CONF_TEXT_MAX 1023 /* bytes of a path, a URL, an address */

/* 1 to CONF_TEXT_MAX bytes without control characters. */
bool conf_text_is_plain(struct slice);

/*
 * http:// or https://, a host, and if need be a port and a path of RFC 3986
 * that does not end in a slash.
 */
bool conf_text_is_url(const char *);

/* A host name, an IPv4 address, or an IPv6 address in brackets. */
bool conf_text_is_host(const char *);

/*
 * HOST:PORT, as in "10.0.0.1:7001" or "[fd00::1]:7001".  *host gets the
 * bytes of the host in text, without brackets.
 */
bool conf_text_is_address(const char *text, struct slice *host, uint16_t *port);

#endif
