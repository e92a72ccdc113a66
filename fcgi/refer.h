/*
 * refer - sending a client to the master.
 *
 * Layer: fcgi.
 */
#ifndef FCGI_REFER_H
#define FCGI_REFER_H

struct request;

/*
 * Answer that the master must be asked: 307 to the same path and query, as
 * they were sent, at the master's URL (contract 1.2); or 503 while nobody is
 * known to be master, and in the moment in which this node becomes it.
 */
void refer_to_master(struct request *);

#endif
