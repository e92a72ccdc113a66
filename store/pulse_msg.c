#include "config.h"

#include <string.h>

#include "store/be.h"
#include "store/pulse_msg.h"

#define HEAD_SIZE   22
#define AT_ROLE     2
#define AT_FOLLOWS  3
#define AT_GEN      4
#define AT_POSITION 8
#define AT_LOG_FILE 16
#define AT_LENGTH   20

void
pulse_msg_encode(struct buf *b, const struct pulse *p)
{
	unsigned char head[HEAD_SIZE] = {PULSE_MSG_VERSION, PULSE_MSG};
	size_t n = strlen(p->listen);

	head[AT_ROLE] = (unsigned char)p->role;
	head[AT_FOLLOWS] = p->follows;
	be_put32(head + AT_GEN, p->gen);
	be_put64(head + AT_POSITION, p->position);
	be_put32(head + AT_LOG_FILE, p->log_file);
	head[AT_LENGTH] = (unsigned char)(n >> 8);
	head[AT_LENGTH + 1] = (unsigned char)n;
	buf_add(b, head, sizeof(head));
	buf_add(b, p->listen, n);
}

enum err
pulse_msg_decode(struct pulse *p, struct slice message)
{
	const unsigned char *raw = (const unsigned char *)message.p;
	size_t n;

	if (message.n < HEAD_SIZE || raw[0] != PULSE_MSG_VERSION ||
	    raw[1] != PULSE_MSG || raw[AT_ROLE] > ROLE_MASTER ||
	    raw[AT_FOLLOWS] > 1)
		return ERR_CORRUPT;
	n = (size_t)raw[AT_LENGTH] << 8 | raw[AT_LENGTH + 1];
	if (n > CONF_TEXT_MAX || message.n != HEAD_SIZE + n ||
	    memchr(raw + HEAD_SIZE, '\0', n) != NULL)
		return ERR_CORRUPT;
	*p = (struct pulse){.role = (enum role_kind)raw[AT_ROLE],
	    .follows = raw[AT_FOLLOWS] != 0,
	    .gen = be_get32(raw + AT_GEN),
	    .position = be_get64(raw + AT_POSITION),
	    .log_file = be_get32(raw + AT_LOG_FILE)};
	memcpy(p->listen, raw + HEAD_SIZE, n);
	return ERR_OK;
}

bool
pulse_msg_is(struct slice message)
{
	return message.n >= 2 && message.p[1] == PULSE_MSG;
}
