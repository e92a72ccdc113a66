/*
 * records - an answer as the records of FastCGI.
 *
 * Layer: fcgi.  libfcgi's streams copy what is written to them, and write it
 * on by 8 KiB.  An answer that is there as a whole goes out from where it
 * stands: up to 64 KiB, with its end, by one system call.
 */
#ifndef FCGI_RECORDS_H
#define FCGI_RECORDS_H

#include <fcgiapp.h>
#include <stdbool.h>

#include "fcgi/reply.h"

/*
 * Send it, and that the request is done, on the request's connection.  False:
 * that has failed, or the web server has taken nothing for so many ms, and it
 * must be closed.  libfcgi's streams stay unused: the
 * request ends with FCGX_Free().
 */
bool records_send(const FCGX_Request *, struct answer, int ms);

#endif
