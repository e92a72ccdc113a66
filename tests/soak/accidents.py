"""A node whose programs are killed in turn, and how long it was felt."""

import collections
import os
import signal
import threading
import time

from kept import Kept, is_alive
from node import START_SECONDS, children, wait_until
from parts import Parts

FELT_SECONDS = 8  # for so long after a kill it is watched
LOOK_SECONDS = 0.002
GRACE_SECONDS = 5

Accident = collections.namedtuple("Accident", "kind at outage in_hand")


def end_all(pids):
    """As systemd ends what is left of a unit."""
    for how in signal.SIGTERM, signal.SIGKILL:
        end = time.monotonic() + GRACE_SECONDS
        for pid in filter(is_alive, pids):
            os.kill(pid, how)
        while any(map(is_alive, pids)) and time.monotonic() < end:
            time.sleep(0.01)


class Front(Kept):
    """lighttpd.  Workers that outlive it are ended before it starts again."""

    left = ()

    def launch(self):
        end_all(self.left)
        self.left = ()
        return super().launch()


class SoakNode(Parts):
    """A node in parts, of which each can be killed."""

    def keep(self, *command):
        kind = Front if "lighttpd" in str(command[0]) else Kept
        return kind(command, self.data / "run", self.log)

    def behind_front(self):
        """The keepers of the workers, and these."""
        keepers = children(self.pid_of("lighttpd"))
        return keepers + [pid for k in keepers for pid in children(k)]

    def all_pids(self):
        return [self.pid_of("rill-agent"), *self.custodian_pids(),
                self.pid_of("lighttpd"), *self.behind_front()]

    def is_whole(self):
        return (len(self.worker_pids()) == self.workers and
                len(self.custodian_pids()) == 1)


class Killer(threading.Thread):
    """Kills by SIGKILL every so many seconds, until it is stopped."""

    def __init__(self, node, board, dice, every):
        super().__init__(daemon=True)
        self.node, self.board, self.dice = node, board, dice
        self.every = every
        self.kinds = {
            "a worker": self.kill_worker,
            "the agent": self.kill_agent,
            "a worker amid appends": self.kill_worker_amid_appends,
            "lighttpd": self.kill_front,
            "everything at once": self.kill_everything,
        }
        self.accidents, self.troubles = [], []
        self.stopping = threading.Event()

    def run(self):
        turn, due = 0, time.monotonic() + self.every
        while not self.stopping.wait(max(0, due - time.monotonic())):
            try:
                self.cause(list(self.kinds)[turn % len(self.kinds)])
            except Exception as e:  # it must not go unnoticed
                self.troubles.append(f"killer: {e!r}")
                return
            turn, due = turn + 1, due + self.every

    def stop(self):
        self.stopping.set()
        self.join()

    def cause(self, kind):
        wait_until(self.node.is_whole, START_SECONDS, "the node is whole")
        at = time.monotonic()
        in_hand = self.kinds[kind]()
        self.accidents.append(Accident(kind, at, self.felt(at), in_hand))

    def felt(self, at):
        """The longest time without an acknowledgement since then."""
        longest, last, acked = 0, at, sum(self.board.acked)
        while (now := time.monotonic()) < at + FELT_SECONDS:
            if (count := sum(self.board.acked)) != acked:
                longest, last, acked = max(longest, now - last), now, count
            time.sleep(LOOK_SECONDS)
        return max(longest, now - last)

    def kill(self, pids):
        """All of a sudden; returns how many appends were on their way."""
        for pid in pids[:-1]:
            os.kill(pid, signal.SIGSTOP)
        in_hand = sum(self.board.in_hand)
        for pid in reversed(pids):
            os.kill(pid, signal.SIGKILL)
        return in_hand

    def kill_worker(self):
        return self.kill([self.dice.choice(self.node.worker_pids())])

    def kill_agent(self):
        """Its parent, or the child that has the store open."""
        return self.kill([self.dice.choice(
            [self.node.pid_of("rill-agent"), *self.node.custodian_pids()])])

    def kill_worker_amid_appends(self):
        victim = self.dice.choice(self.node.worker_pids())
        end = time.monotonic() + FELT_SECONDS
        most = len(self.board.in_hand) // 2
        while sum(self.board.in_hand) < most and time.monotonic() < end:
            pass
        return self.kill([victim])

    def kill_front(self):
        self.node.front.left = self.node.behind_front()
        return self.kill([self.node.pid_of("lighttpd")])

    def kill_everything(self):
        return self.kill(self.node.all_pids())
