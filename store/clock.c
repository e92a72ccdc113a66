#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>

#include "store/clock.h"

int64_t
clock_now_ticks(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * CLOCK_TICKS_PER_S + t.tv_nsec / 100;
}

int64_t
clock_mono_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void
clock_sleep_ms(int64_t ms)
{
	struct timespec t = {ms / 1000, ms % 1000 * 1000000};

	while (nanosleep(&t, &t) != 0 && errno == EINTR)
		continue;
}

size_t
clock_print(char out[CLOCK_TEXT_SIZE], int64_t ticks)
{
	time_t s = (time_t)(ticks / CLOCK_TICKS_PER_S);
	int64_t fraction = ticks % CLOCK_TICKS_PER_S;
	struct tm tm;
	int n;

	gmtime_r(&s, &tm);
	n = snprintf(out, CLOCK_TEXT_SIZE, "%04d-%02d-%02dT%02d:%02d:%02d",
	    tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour,
	    tm.tm_min, tm.tm_sec);
	if (fraction > 0) {
		n += snprintf(out + n, CLOCK_TEXT_SIZE - (size_t)n, ".%07d",
		    (int)fraction);
		while (out[n - 1] == '0')
			n--;
	}
	out[n++] = 'Z';
	out[n] = '\0';
	return (size_t)n;
}
