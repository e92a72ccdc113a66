#include "config.h"

#include <stdio.h>
#include <unistd.h>

#include "store/clock.h"
#include "store/ctl_progress.h"

#define DRAW_EVERY_MS 200
#define BAR           30

static void
draw(const struct ctl_progress_state *s)
{
	static const char full[] = "##############################";
	uint64_t done = s->done < s->all ? s->done : s->all;
	int parts =
	    s->all == 0 ? 0 : (int)((double)done / (double)s->all * 100);
	int filled = parts * BAR / 100;

	if (s->all > 0)
		fprintf(stderr, "\r[%.*s%*s] %3d%% ", filled, full,
		    BAR - filled, "", parts);
	else
		fputc('\r', stderr);
	fprintf(stderr, "%llu %s\033[K", (unsigned long long)s->n, s->what);
}

void
ctl_progress_show(struct ctl_progress *p, const struct ctl_progress_state *s)
{
	int64_t now = clock_mono_ms();

	if (now < p->next_ms || isatty(STDERR_FILENO) != 1)
		return;
	p->next_ms = now + DRAW_EVERY_MS;
	p->is_drawn = true;
	draw(s);
}

void
ctl_progress_end(struct ctl_progress *p)
{
	if (p->is_drawn)
		fputs("\r\033[K", stderr);
	p->is_drawn = false;
}
