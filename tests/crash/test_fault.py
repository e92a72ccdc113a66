"""Calls below the programs fail, one after the other: what a node makes of it.

Each test has the nth call of one kind fail while clients append and the store
is recovered.  Whatever was acknowledged is there afterwards, byte for byte;
the node takes appends again by itself; and it has said what went wrong.

RILL_FAULT_SWEEP=1 tries every kind and every n from 1 until a whole scenario has
fewer calls; else a few are chosen by RILL_SEED, which is printed.
"""

import collections
import http.client
import json
import os
import random
import signal

import pytest

from fault import CALLS, FOR_EVER, SHORT_WRITE, Fault, started_with
from kept import is_alive
from node import wait_until
from parts import Parts

SWEEP = os.environ.get("RILL_FAULT_SWEEP") == "1"
SEED = os.environ.get("RILL_SEED") or str(random.randrange(1 << 32))
MOST = 20000  # an n that no scenario reaches
TRIES = 500   # at most so many of a kind, evenly
FEW = 4      # cases of a program
USABLE_SECONDS = 60

Case = collections.namedtuple("Case", "call error times file most")

# most: about how many calls a scenario makes.
WORKER = [
    Case("fdatasync", "EIO", 1, "", 8),
    Case("fdatasync", "ENOSPC", 1, "", 8),
    Case("pwrite", "EIO", FOR_EVER, "log.", 8),
    Case("pwrite", "ENOSPC", FOR_EVER, "log.", 8),
    Case("pwrite", SHORT_WRITE, FOR_EVER, "log.", 8),
    Case("open", "EMFILE", 1, "", 20),
    Case("mmap", "ENOMEM", 1, "", 6),
    Case("alloc", "ENOMEM", 1, "", 300),
]
AGENT = [
    Case("open", "EIO", 1, "", 60),
    Case("pwrite", "EIO", FOR_EVER, "", 20),
    Case("pwrite", "ENOSPC", FOR_EVER, "", 20),
    Case("fdatasync", "EIO", 1, "", 12),
    Case("mmap", "ENOMEM", 1, "", 8),
    Case("posix_fallocate", "ENOSPC", 1, "", 6),
    Case("write", "ENOSPC", 1, "log.", 8000),
    Case("write", "ENOSPC", 1, "master", 1),
    Case("write", SHORT_WRITE, 1, "master", 1),
    Case("rename", "EIO", 1, "", 1),
    Case("unlink", "EIO", 1, "", 4),
    Case("alloc", "ENOMEM", 1, "", 800),
]


class Faulty:
    """A node whose calls can be made to fail, and all it has acknowledged."""

    def __init__(self, folder):
        self.node = Parts(folder / "node", cache_mb=8)
        self.fault = Fault(folder, folder / "node/store")
        self.acknowledged = []
        self.count = 0
        self.outcomes = collections.Counter()

    def start(self):
        with started_with(self.fault.environment()):
            self.node.start()

    def append(self):
        """True if it was acknowledged; else it was refused or cut off."""
        self.count += 1
        data = {"n": self.count, "ballast": "x" * (self.count % 7 * 5000)}
        try:
            answer = self.node.append("faulty", data)
        except (OSError, http.client.HTTPException):
            self.outcomes["cut off"] += 1
            return False
        self.outcomes[answer.status] += 1
        if answer.status == 201:
            number = int(answer.headers["location"].rpartition("/")[2])
            self.acknowledged.append((number, data))
        else:
            assert answer.status in (500, 503), (answer.status, answer.body)
        return answer.status == 201

    def opened_socket(self):
        """When the agent did, as it last does before it lets workers in."""
        try:
            return (self.fault.store / "agent.socket").stat().st_ctime_ns
        except FileNotFoundError:
            return None

    def recover(self):
        """End the process that has recovered the store: another does, or is
        kept from it by a call that fails."""
        before = self.opened_socket()
        for pid in self.node.custodian_pids():
            os.kill(pid, signal.SIGKILL)
            wait_until(lambda pid=pid: not is_alive(pid), USABLE_SECONDS,
                       "it has ended")
        wait_until(lambda: self.fault.hits > 0 or
                   self.opened_socket() not in (None, before),
                   USABLE_SECONDS, "it is recovered")

    def try_case(self, program, case, nth):
        """Whether the nth call was made, and failed."""
        with self.fault.armed(program, case.call, case.error, nth,
                              times=case.times, file=case.file):
            if self.append_while_untouched(2):
                self.recover()
                self.append_while_untouched(3)
        hit = self.fault.hits > 0
        wait_until(self.append, USABLE_SECONDS,
                   f"appends are taken after {case} at {nth}:\n"
                   + self.node.output[-4000:])
        return hit

    def append_while_untouched(self, times):
        """False if a call failed: clients need not wait for more of them."""
        for _ in range(times):
            self.append()
            if self.fault.hits > 0:
                return False
        return True

    def check(self):
        events = {}
        for first in range(0, self.count + 1, 100):
            answer = self.node.request(
                "GET", f"/streams/faulty/{first}/forward/100?embed=body",
                headers={"Accept": "application/json"})
            assert answer.status == 200, answer.body
            for entry in answer.json()["entries"]:
                events[entry["eventNumber"]] = json.loads(entry["data"])
        for number, data in self.acknowledged:
            assert events.get(number) == data, number
        assert sorted(events) == list(range(len(events)))
        status, said = self.node.rillctl("verify")
        assert status == 0, said

    def check_stopped(self):
        assert self.node.stop() == (0, 0), self.node.output[-4000:]
        status, said = self.node.rillctl("verify")
        assert status == 0 and "no faults" in said, said


@pytest.fixture
def faulty(tmp_path):
    made = Faulty(tmp_path)
    made.start()
    yield made
    made.fault.disarm()
    made.node.stop()


def choose(cases, dice):
    """Pairs of a case and the n to try in turn."""
    if SWEEP:
        return [(case, range(1, MOST, case.most // TRIES + 1))
                for case in cases]
    return [(case, [dice.randint(1, case.most)])
            for case in dice.sample(cases, FEW)]


@pytest.mark.parametrize("program,cases", [
    ("rill.fcgi", WORKER), ("rill-agent", AGENT)])
def test_whatever_fails_nothing_acknowledged_is_lost(faulty, program, cases):
    print("RILL_SEED=" + SEED)
    dice = random.Random(SEED + program)
    for case, numbers in choose(cases, dice):
        before = faulty.outcomes.copy()
        failed = 0
        for nth in numbers:
            if not faulty.try_case(program, case, nth):
                break
            failed += 1
        print(program, case.call, case.error or "short", "failed", failed,
              "times; answers:", dict(faulty.outcomes - before))
    faulty.check()
    faulty.check_stopped()


def test_the_library_fails_each_call(faulty):
    """Else the tests above would show nothing."""
    assert set(CALLS) >= {case.call for case in WORKER + AGENT}
    with faulty.fault.armed("rill.fcgi", "fdatasync", "EIO", 1):
        # It is run again when the store has been recovered.
        assert faulty.append()
        assert faulty.fault.hits == 1
    assert "Input/output error; the store must be recovered" in \
        faulty.node.output
    faulty.check()
