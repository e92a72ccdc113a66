"""Calls below the programs fail, one after the other: what a node makes of it.

Each test has the nth call of one kind fail while clients append and the store
is recovered.  Whatever was acknowledged is there afterwards, byte for byte;
the node takes appends again by itself; and it has said what went wrong.

See cases.py for what is tried of them.
"""

import collections
import functools
import http.client
import json
import os
import random
import signal

import pytest

from cases import SEED, Case, choose, try_each
from events import JSON, event, get, path, post, set_metadata
from fault import CALLS, FOR_EVER, SHORT_WRITE, Fault, started_with
from kept import is_alive
from node import wait_until
from parts import Parts

USABLE_SECONDS = 60
BIG_BYTES = 3000000  # of an event, so that few fill a log file

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

# The log goes from one file to the next, which is made ahead and renamed, and
# old files are removed: in both programs.
NEXT_LOG = [
    Case("open", "EIO", 1, "log.", 4),
    Case("open", "ENOSPC", 1, "spare-log", 1),
    Case("write", "ENOSPC", 1, "spare-log", 32),
    Case("write", SHORT_WRITE, 1, "spare-log", 32),
    Case("fdatasync", "EIO", 1, "spare-log", 32),
    Case("rename", "EIO", 1, "spare-log", 1),
    Case("rename", "EIO", 1, "log.", 1),
    Case("fsync", "EIO", 1, "store", 1),
    Case("fdatasync", "EIO", 1, "log.", 10),
    Case("pwrite", "ENOSPC", FOR_EVER, "log.", 20),
    Case("unlink", "EIO", 1, "log.", 1),
]

# Events are removed and tables compacted, which ends in smaller files.
SCAVENGING = [
    Case("ftruncate", "EIO", 1, "", 3),
    Case("pwrite", "EIO", FOR_EVER, "", 20),
    Case("pwrite", "ENOSPC", 1, "", 20),
    Case("fdatasync", "EIO", 1, "", 8),
    Case("open", "EIO", 1, "", 4),
    Case("alloc", "ENOMEM", 1, "", 800),
]


class Faulty:
    """A node whose calls can be made to fail, and all it has acknowledged."""

    def __init__(self, folder):
        self.node = Parts(folder / "node", cache_mb=8)
        self.fault = Fault(folder, folder / "node/store")
        self.acknowledged = []
        self.count = 0
        self.last_cut = -1
        self.outcomes = collections.Counter()

    def start(self):
        with started_with(self.fault.environment()):
            self.node.start()
        set_metadata(self.node, "cut", {"$maxCount": 1})

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

    def try_case(self, program, prepare, scenario, case, nth):
        """Whether the nth call was made, and failed."""
        if prepare is not None:
            self.fault.forget()
            prepare(self)
        with self.fault.armed(program, case.call, case.error, nth,
                              times=case.times, file=case.file):
            scenario(self)
        hit = self.fault.hits > 0
        wait_until(self.append, USABLE_SECONDS,
                   f"appends are taken after {case} at {nth}:\n"
                   + self.node.output[-4000:])
        return hit

    def append_and_recover(self):
        if self.append_while_untouched(2):
            self.recover()
            self.append_while_untouched(3)

    def append_to_cut(self, count, size):
        """To a stream that shows only its last event; whether it was taken."""
        batch = [event("x" * size) for _ in range(count)]
        try:
            answer = post(self.node, path("cut"), batch)
        except (OSError, http.client.HTTPException):
            return False
        if answer.status == 201:
            first = int(answer.headers["location"].rpartition("/")[2])
            self.last_cut = first + count - 1
        return answer.status == 201

    def logs(self):
        return {path.name for path in self.fault.store.glob("log.*")}

    def fill_log(self):
        """Until all files of it are others."""
        before = self.logs()

        def is_over():
            self.append_to_cut(1, BIG_BYTES)
            return self.fault.hits > 0 or not self.logs() & before
        wait_until(is_over, USABLE_SECONDS, "old files of the log are removed")

    def scavenge(self):
        status, said = self.node.rillctl("scavenge")
        self.outcomes["rillctl", status] += 1
        assert status in (0, 69), said

    def make_garbage(self):
        """On the disk: recovery writes it there, and only then are files
        made smaller."""
        wait_until(lambda: self.append_to_cut(100, 5000), USABLE_SECONDS,
                   "events are taken")
        self.recover()

    def check_cut(self):
        wait_until(lambda: self.node.rillctl("scavenge")[0] == 0,
                   USABLE_SECONDS, "a pass comes to its end")
        answer = get(self.node, path("cut") + "?embed=rich", JSON)
        assert answer.status == 200, answer.body
        number, = [each["eventNumber"] for each in answer.json()["entries"]]
        assert number >= self.last_cut

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
        if self.last_cut >= 0:
            self.check_cut()
        status, said = self.node.rillctl("verify")
        assert status == 0, said

    def check_stopped(self):
        assert self.node.stop() == (0, 0), self.node.output[-4000:]
        status, said = self.node.rillctl("verify")
        assert status == 0 and "no faults" in said, said


@pytest.fixture(scope="module")
def faulty(tmp_path_factory):
    made = Faulty(tmp_path_factory.mktemp("faulty"))
    made.start()
    yield made
    made.fault.disarm()
    made.check_stopped()


def test_the_library_fails_each_call(faulty):
    """Else the tests below would show nothing.  The first: nobody waits yet
    before it starts an agent again."""
    assert set(CALLS) >= {case.call for case in
                           WORKER + AGENT + NEXT_LOG + SCAVENGING}
    with faulty.fault.armed("rill.fcgi", "fdatasync", "EIO", 1):
        # It is run again when the store has been recovered.
        assert faulty.append()
        assert faulty.fault.hits == 1
    assert "Input/output error; the store must be recovered" in \
        faulty.node.output
    faulty.check()


@pytest.mark.parametrize("program,cases,prepare,scenario,few", [
    ("rill.fcgi", WORKER, None, Faulty.append_and_recover, 4),
    ("rill-agent", AGENT, None, Faulty.append_and_recover, 4),
    ("", NEXT_LOG, Faulty.scavenge, Faulty.fill_log, 1),
    ("rill-agent", SCAVENGING, Faulty.make_garbage, Faulty.scavenge, 1)])
def test_whatever_fails_nothing_acknowledged_is_lost(
        faulty, program, cases, prepare, scenario, few):
    print("RILL_SEED=" + SEED)
    dice = random.Random(SEED + program + scenario.__name__)
    for case, numbers in choose(cases, dice, few):
        before = faulty.outcomes.copy()
        failed = try_each(case, numbers, functools.partial(
            faulty.try_case, program, prepare, scenario))
        print(program, scenario.__name__, case.call, case.file,
              case.error or "short", "failed", failed,
              "times; answers:", dict(faulty.outcomes - before))
    faulty.check()
