/*
 * gcc 12's ThreadSanitizer does not know pthread_rwlock_clockwrlock(), by
 * which shut_gate() waits, and would see no lock there, nor
 * pthread_clockjoin_np(), by which a worker waits for its threads.  These are
 * made of the calls without a clock, which it knows.
 */
#include "config.h"

#include <pthread.h>
#include <time.h>

static const long long second = 1000000000;

static long long
to_ns(const struct timespec *t)
{
	return t->tv_sec * second + t->tv_nsec;
}

static struct timespec
to_wall(clockid_t clock, const struct timespec *until)
{
	struct timespec now, wall;
	long long at;

	clock_gettime(clock, &now);
	clock_gettime(CLOCK_REALTIME, &wall);
	at = to_ns(&wall) + to_ns(until) - to_ns(&now);
	return (struct timespec){at / second, at % second};
}

int
pthread_rwlock_clockwrlock(
    pthread_rwlock_t *lock, clockid_t clock, const struct timespec *until)
{
	struct timespec wall = to_wall(clock, until);

	return pthread_rwlock_timedwrlock(lock, &wall);
}

int
pthread_clockjoin_np(pthread_t thread, void **result, clockid_t clock,
    const struct timespec *until)
{
	struct timespec wall = to_wall(clock, until);

	return pthread_timedjoin_np(thread, result, &wall);
}
