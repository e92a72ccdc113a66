#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>

#include "fcgi/secret.h"
#include "store/log.h"

void *
secret_new(size_t n)
{
	void *p = mmap(NULL, n, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED || madvise(p, n, MADV_DONTDUMP) != 0 ||
	    madvise(p, n, MADV_WIPEONFORK) != 0) {
		log_error("auth", "memory for secrets: %s", strerror(errno));
		abort();
	}
	if (mlock(p, n) != 0)
		log_info("auth", "passwords may be swapped out: %s",
		    strerror(errno));
	return p;
}

void
secret_free(void *p, size_t n)
{
	if (p == NULL)
		return;
	explicit_bzero(p, n);
	munmap(p, n);
}

void
secret_random(void *p, size_t n)
{
	/* Up to 256 bytes come at once, or not at all. */
	if (getrandom(p, n, 0) == (ssize_t)n)
		return;
	log_error("auth", "random bytes: %s", strerror(errno));
	abort();
}
