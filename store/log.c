#include "config.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "store/log.h"

static struct {
	const char *program;
	enum log_level level;
} self = {"rill", LOG_LEVEL_INFO};

static _Thread_local const char *about;

static const char *const level_names[] = {"debug", "info", "warn", "error"};

void
log_init(const char *program, enum log_level level)
{
	self.program = program;
	self.level = level;
}

void
log_about(const char *id)
{
	about = id;
}

/* The line's head; returns its length. */
static size_t
print_head(char *line, size_t size, enum log_level level, const char *topic)
{
	struct timespec now;
	struct tm tm;
	int n;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	n = snprintf(line, size,
	    "%04d-%02d-%02dT%02d:%02d:%02d.%03ldZ %s[%ld] %s %s: %s%s%s",
	    tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min,
	    tm.tm_sec, now.tv_nsec / 1000000, self.program, (long)getpid(),
	    level_names[level], topic,
	    about == NULL ? "" : "id=", about == NULL ? "" : about,
	    about == NULL ? "" : " ");
	return n < 0 ? 0 : (size_t)n;
}

static void
print(enum log_level level, const char *topic, const char *fmt, va_list ap)
{
	char line[1024];
	size_t len;
	int n, saved = errno;

	if (level < self.level)
		return;
	len = print_head(line, sizeof(line) - 1, level, topic);
	n = vsnprintf(line + len, sizeof(line) - 1 - len, fmt, ap);
	if (n > 0)
		len += (size_t)n;
	if (len > sizeof(line) - 2)
		len = sizeof(line) - 2;
	line[len++] = '\n';
	if (write(STDERR_FILENO, line, len) < 0)
		errno = saved; /* there is nowhere else to say it */
	errno = saved;
}

#define LOG_FUNCTION(name, level)                          \
	void name(const char *topic, const char *fmt, ...) \
	{                                                  \
		va_list ap;                                \
                                                           \
		va_start(ap, fmt);                         \
		print(level, topic, fmt, ap);              \
		va_end(ap);                                \
	}

LOG_FUNCTION(log_debug, LOG_LEVEL_DEBUG)
LOG_FUNCTION(log_info, LOG_LEVEL_INFO)
LOG_FUNCTION(log_warn, LOG_LEVEL_WARN)
LOG_FUNCTION(log_error, LOG_LEVEL_ERROR)

/* The sum is about nobody's request. */
static void
tell_sum(const struct log_burst *b)
{
	const char *id = about;

	about = NULL;
	log_warn(b->topic, "%u more in %lld s: %s", b->held_back,
	    (long long)b->period_ms / 1000, b->what);
	about = id;
}

static void
begin_period(struct log_burst *b, int64_t now)
{
	if (b->lines > 0 && now - b->since < b->period_ms)
		return;
	if (b->held_back > 0)
		tell_sum(b);
	b->since = now;
	b->lines = b->held_back = 0;
}

bool
log_burst_admit(struct log_burst *b, int64_t now)
{
	bool may;

	pthread_mutex_lock(&b->mutex);
	begin_period(b, now);
	may = b->lines < b->most;
	if (may)
		b->lines++;
	else
		b->held_back++;
	pthread_mutex_unlock(&b->mutex);
	return may;
}

void
log_burst_settle(struct log_burst *b, int64_t now)
{
	pthread_mutex_lock(&b->mutex);
	begin_period(b, now);
	pthread_mutex_unlock(&b->mutex);
}

const char *
log_quote(char out[LOG_QUOTE_SIZE], struct slice s)
{
	size_t i, n = 0;

	out[n++] = '"';
	for (i = 0; i < s.n && i < 60; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c < 0x20 || c > 0x7e || c == '"' || c == '\\')
			n += (size_t)snprintf(out + n, 5, "\\x%02x", c);
		else
			out[n++] = (char)c;
	}
	if (i < s.n)
		n += (size_t)snprintf(out + n, 4, "...");
	out[n++] = '"';
	out[n] = '\0';
	return out;
}
