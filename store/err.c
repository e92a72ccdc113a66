#include "config.h"

#include "store/err.h"

const char *
err_text(enum err e)
{
	switch (e) {
	case ERR_OK:
		return "success";
	case ERR_NO_STREAM:
		return "no such stream";
	case ERR_NO_EVENT:
		return "no such event";
	case ERR_DELETED:
		return "the stream is deleted";
	case ERR_WRONG_VERSION:
		return "wrong expected version";
	case ERR_DENIED:
		return "access denied";
	case ERR_INVALID:
		return "invalid input";
	case ERR_TOO_LARGE:
		return "input beyond a limit";
	case ERR_BUSY:
		return "too busy";
	case ERR_UNAVAILABLE:
		return "the store is not available";
	case ERR_DISK_FULL:
		return "no space left on the disk";
	case ERR_NO_MEMORY:
		return "out of memory";
	case ERR_IO:
		return "input or output failed";
	case ERR_CORRUPT:
		return "a record is damaged";
	case ERR_TAKEN:
		return "held by another process";
	case ERR_NOT_MASTER:
		return "this node is not the master";
	case ERR_NO_MASTER:
		return "no master is known";
	case ERR_NOT_ACKED:
		return "not confirmed by a quorum of nodes";
	case ERR_DEADLOCK:
		return "deadlock";
	case ERR_RECOVERY:
		return "the environment needs recovery";
	case ERR_STALE:
		return "the tables must be opened again";
	}
	return "unknown error";
}
