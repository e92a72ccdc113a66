/*
 * empty - a FastCGI responder that does nothing: what the web server, the
 * library and the kernel cost by themselves.  Behind the same lighttpd, with
 * as many threads, it is the measure for rill.fcgi.
 *
 *   empty BYTES THREADS    on the socket at descriptor 0
 */
#include "config.h"

#include <fcgiapp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char *answer;

static void *
serve(void *arg)
{
	static const char head[] = "Content-Type: application/json\r\n\r\n";
	FCGX_Request r;
	char body[65536];

	(void)arg;
	FCGX_InitRequest(&r, STDIN_FILENO, 0);
	while (FCGX_Accept_r(&r) == 0) {
		while (FCGX_GetStr(body, sizeof(body), r.in) > 0)
			continue;
		FCGX_PutStr(head, sizeof(head) - 1, r.out);
		FCGX_PutStr(answer, (int)strlen(answer), r.out);
		FCGX_Finish_r(&r);
	}
	return NULL;
}

int
main(int argc, char **argv)
{
	size_t bytes, threads;
	pthread_t t;

	if (argc != 3) {
		fputs("usage: empty BYTES THREADS\n", stderr);
		return 2;
	}
	bytes = strtoul(argv[1], NULL, 10);
	threads = strtoul(argv[2], NULL, 10);
	if ((answer = calloc(1, bytes + 1)) == NULL || FCGX_Init() != 0)
		return 1;
	memset(answer, 'x', bytes);
	while (--threads > 0)
		if (pthread_create(&t, NULL, serve, NULL) != 0)
			return 1;
	serve(NULL);
	return 0;
}
