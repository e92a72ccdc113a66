#include "config.h"

#include <errno.h>
#include <string.h>

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

int64_t
clock_mono_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

struct timespec
clock_mono_time(int64_t ms)
{
	return (struct timespec){ms / 1000, ms % 1000 * 1000000};
}

void
clock_cond_init(pthread_cond_t *cond)
{
	pthread_condattr_t mono;

	pthread_condattr_init(&mono);
	pthread_condattr_setclock(&mono, CLOCK_MONOTONIC);
	pthread_cond_init(cond, &mono);
	pthread_condattr_destroy(&mono);
}

void
clock_sleep_ms(int64_t ms)
{
	struct timespec t = {ms / 1000, ms % 1000 * 1000000};

	while (nanosleep(&t, &t) != 0 && errno == EINTR)
		continue;
}

static int64_t
floor_mod(int64_t n, int64_t by)
{
	int64_t r = n % by;

	return r < 0 ? r + by : r;
}

static int64_t
floor_div(int64_t n, int64_t by)
{
	return n / by - (n % by < 0 ? 1 : 0);
}

/* n as so many digits, with zeros before it. */
static void
put_2(char *out, uint32_t n)
{
	out[0] = (char)('0' + n / 10);
	out[1] = (char)('0' + n % 10);
}

static void
put_4(char *out, uint32_t n)
{
	put_2(out, n / 100 % 100);
	put_2(out + 2, n % 100);
}

static void
put_7(char *out, uint32_t n)
{
	put_4(out, n / 1000);
	put_2(out + 4, n % 1000 / 10);
	out[6] = (char)('0' + n % 10);
}

struct date {
	int32_t year, month, day;
};

/*
 * The date of a day since 1970, in the Gregorian calendar: Howard Hinnant,
 * "chrono-Compatible Low-Level Date Algorithms", civil_from_days.  Feeds
 * print a time for each entry, and gmtime_r with printf took longer than
 * reading it.
 */
static struct date
date_of(int32_t days)
{
	int32_t z = days + 719468;
	int32_t era = (z >= 0 ? z : z - 146096) / 146097;
	int32_t doe = z - era * 146097;
	int32_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int32_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	int32_t mp = (5 * doy + 2) / 153;
	int32_t month = mp < 10 ? mp + 3 : mp - 9;

	return (struct date){yoe + era * 400 + (month <= 2 ? 1 : 0), month,
	    doy - (153 * mp + 2) / 5 + 1};
}

static const char form[] = "0000-00-00T00:00:00.0000000Z";

size_t
clock_print_whole(char out[CLOCK_TEXT_SIZE], int64_t ticks)
{
	uint32_t fraction = (uint32_t)floor_mod(ticks, CLOCK_TICKS_PER_S);
	int64_t all = floor_div(ticks, CLOCK_TICKS_PER_S);
	uint32_t seconds = (uint32_t)floor_mod(all, 86400);
	struct date d = date_of((int32_t)floor_div(all, 86400));

	memcpy(out, form, sizeof(form));
	put_4(out, (uint32_t)d.year);
	put_2(out + 5, (uint32_t)d.month);
	put_2(out + 8, (uint32_t)d.day);
	put_2(out + 11, seconds / 3600);
	put_2(out + 14, seconds / 60 % 60);
	put_2(out + 17, seconds % 60);
	put_7(out + 20, fraction);
	return sizeof(form) - 1;
}

size_t
clock_print(char out[CLOCK_TEXT_SIZE], int64_t ticks)
{
	size_t n = clock_print_whole(out, ticks) - 1;

	while (out[n - 1] == '0')
		n--;
	if (out[n - 1] == '.')
		n--;
	out[n++] = 'Z';
	out[n] = '\0';
	return n;
}

/* days_from_civil of the same author. */
static int64_t
days_of(struct date d)
{
	int64_t y = d.year - (d.month <= 2 ? 1 : 0);
	int64_t era = floor_div(y, 400), yoe = y - era * 400;
	int64_t mp = d.month + (d.month > 2 ? -3 : 9);
	int64_t doy = (153 * mp + 2) / 5 + d.day - 1;

	return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

static int64_t
take_digits(const char *text, int digits)
{
	int64_t n = 0;

	while (digits-- > 0)
		n = n * 10 + (*text++ - '0');
	return n;
}

/* Digits where they must be; what stands between them is compared later. */
static bool
has_form(struct slice text)
{
	size_t i;

	if (text.n != sizeof(form) - 1)
		return false;
	for (i = 0; i < text.n; i++)
		if (form[i] == '0' && (text.p[i] < '0' || text.p[i] > '9'))
			return false;
	return true;
}

/* What cannot be, such as the 30th of February, is printed as another. */
bool
clock_parse_whole(int64_t *ticks, struct slice text)
{
	char back[CLOCK_TEXT_SIZE];
	struct date d;
	int64_t seconds, t;

	if (!has_form(text))
		return false;
	d = (struct date){(int32_t)take_digits(text.p, 4),
	    (int32_t)take_digits(text.p + 5, 2),
	    (int32_t)take_digits(text.p + 8, 2)};
	seconds = take_digits(text.p + 11, 2) * 3600 +
		  take_digits(text.p + 14, 2) * 60 +
		  take_digits(text.p + 17, 2);
	t = (days_of(d) * 86400 + seconds) * CLOCK_TICKS_PER_S +
	    take_digits(text.p + 20, 7);
	clock_print_whole(back, t);
	if (!slice_is(text, back))
		return false;
	*ticks = t;
	return true;
}
