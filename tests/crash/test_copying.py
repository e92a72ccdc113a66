"""Calls fail while a store is backed up and restored.

A backup that failed has said so; the one before it is as it was, and the next
one has all events again.  A restore that failed has said so, too, and left
nothing that an agent would take for a store.  See cases.py for what is tried.
"""

import collections
import functools
import http.client
import random
import re
import shutil
import signal

import pytest

from cases import SEED, Case, choose, try_each
from events import ADMIN, await_accounts, event, write
from fault import FOR_EVER, SHORT_WRITE, Fault, started_with
from node import Node, rillctl, wait_until
from parts import Parts

USABLE_SECONDS = 60
BATCH = 20
FEW = 2

FULL = [
    Case("open", "EMFILE", 1, "", 12),
    Case("pwrite", "EIO", 1, "", 8),
    Case("pwrite", "ENOSPC", FOR_EVER, "", 8),
    Case("pwrite", SHORT_WRITE, 1, "", 8),
    Case("fsync", "EIO", 1, "", 9),
    Case("ftruncate", "EIO", 1, "", 1),
    Case("rename", "EIO", 1, "", 1),
    Case("unlink", "EIO", 1, "", 6),
    Case("alloc", "ENOMEM", 1, "", 400),
]
INCREMENT = [
    Case("open", "EIO", 1, "", 5),
    Case("pwrite", "ENOSPC", FOR_EVER, "", 2),
    Case("pwrite", SHORT_WRITE, 1, "log.", 1),
    Case("fsync", "EIO", 1, "", 4),
    Case("ftruncate", "ENOSPC", 1, "", 1),
    Case("rename", "EIO", 1, "", 1),
    Case("alloc", "ENOMEM", 1, "", 300),
]
RESTORE = [
    Case("open", "EIO", 1, "", 60),
    Case("write", "ENOSPC", 1, "", 4),
    Case("pwrite", "EIO", 1, "", 20),
    Case("pwrite", "ENOSPC", FOR_EVER, "", 20),
    Case("pwrite", SHORT_WRITE, 1, "", 20),
    Case("fdatasync", "EIO", 1, "", 8),
    Case("fsync", "EIO", 1, "", 12),
    Case("ftruncate", "EIO", 1, "", 6),
    Case("mmap", "ENOMEM", 1, "", 6),
    Case("posix_fallocate", "ENOSPC", 1, "", 6),
    Case("rename", "EIO", 1, "", 1),
    Case("unlink", "EIO", 1, "", 4),
    Case("alloc", "ENOMEM", 1, "", 900),
]


class Copied:
    """A node that is backed up, by programs whose calls can be made to fail."""

    def __init__(self, folder):
        self.folder, self.copy = folder, folder / "copy"
        self.node = Parts(folder / "node", cache_mb=8, scavenge_hours=0,
                          backup_folder=str(self.copy), backup_log_mb=64)
        self.fault = Fault(folder, self.copy)
        self.written = 0    # events in the store
        self.backed_up = 0  # by a backup that succeeded
        self.outcomes = collections.Counter()

    def start(self):
        with started_with(self.fault.environment()):
            self.node.start()
        await_accounts(self.node)
        assert self.by_rillctl(True)
        self.written = self.backed_up = self.restored()

    def write(self):
        write(self.node, "copied", [event() for _ in range(BATCH)])
        self.written += BATCH

    def by_rillctl(self, full):
        """Whether a backup was made."""
        options = ["--full"] if full else []
        with started_with(self.fault.environment()):
            status, said = self.node.rillctl("backup", *options)
        self.outcomes[status] += 1
        assert status == 0 or says_why(status, said), (status, said)
        assert status != 74 or str(self.copy) in said or "memory" in said, said
        return status == 0

    def by_agent(self, full):
        before = self.report()["last"]
        self.until_taken("POST", "?full=true" if full else "")
        wait_until(lambda: self.report()["running"] is None, USABLE_SECONDS,
                   "the backup ends")
        last = self.report()["last"]
        done = last != before and last is not None and last["error"] is None
        self.outcomes["done" if done else "failed"] += 1
        return done

    def report(self):
        return self.until_taken("GET", "").json()

    def until_taken(self, method, query):
        """The agent may be recovering the store."""
        def ask():
            try:
                answer = self.node.request(
                    method, "/admin/backup" + query, headers=ADMIN)
            except (OSError, http.client.HTTPException):
                return None
            return answer if answer.status in (200, 202) else None
        return wait_until(ask, USABLE_SECONDS, "the agent listens:\n"
                          + self.node.output[-4000:])

    def restored(self):
        """How many events the backup has."""
        to = self.folder / "to"
        status, said = self.node.rillctl("restore", self.copy, "--to", to)
        assert status == 0, said
        shutil.rmtree(to)
        return count_restored(said)

    def try_case(self, program, back_up, full, case, nth):
        """Whether the nth call was made, and failed."""
        self.write()
        with self.fault.armed(program, case.call, case.error, nth,
                              times=case.times, file=case.file):
            done = back_up(self, full)
        hit = self.fault.hits > 0
        assert done or hit
        if done:
            self.backed_up = self.written
        assert self.restored() in (self.backed_up, self.written)
        wait_until(lambda: back_up(self, False), USABLE_SECONDS,
                   f"a backup is made after {case} at {nth}:\n"
                   + self.node.output[-4000:])
        self.backed_up = self.written
        return hit


def says_why(status, said):
    """The last line is a sentence, or says for want of what it has ended."""
    last = said.splitlines()[-1] if said else ""
    if status == -signal.SIGABRT:
        return last.endswith(("out of memory", "cannot start a thread"))
    return status > 0 and last.startswith("rillctl: ")


def count_restored(said):
    assert "no faults" in said, said
    return int(re.search(r"(\d+) events in", said)[1])


@pytest.fixture(scope="module")
def copied(tmp_path_factory):
    made = Copied(tmp_path_factory.mktemp("copied"))
    made.start()
    yield made
    made.fault.disarm()
    made.node.stop()


def tell(what, case, failed, outcomes):
    print(what, case.call, case.file, case.error or "short", "failed", failed,
          "times; answers:", dict(outcomes))


@pytest.mark.parametrize("full,cases", [(True, FULL), (False, INCREMENT)])
@pytest.mark.parametrize("program,back_up", [
    ("rillctl", Copied.by_rillctl), ("rill-agent", Copied.by_agent)])
def test_a_backup_that_fails_leaves_the_one_before(
        copied, program, back_up, full, cases):
    print("RILL_SEED=" + SEED)
    dice = random.Random(f"{SEED}{program}{full}")
    for case, numbers in choose(cases, dice, FEW):
        before = copied.outcomes.copy()
        failed = try_each(case, numbers, functools.partial(
            copied.try_case, program, back_up, full))
        tell(f"{program} backup full={full}", case, failed,
             copied.outcomes - before)
    status, said = copied.node.rillctl("verify")
    assert status == 0 and "no faults" in said, said


class Restored:
    """What is restored into a folder where calls can be made to fail."""

    def __init__(self, copied, folder):
        self.copied, self.folder = copied, folder
        self.store = folder / "store"
        self.fault = Fault(folder, self.store)
        self.outcomes = collections.Counter()

    def restore(self):
        with started_with(self.fault.environment()):
            return rillctl(self.copied.node.config, "restore",
                           self.copied.copy, "--to", self.store)

    def try_case(self, case, nth):
        """Whether the nth call was made, and failed."""
        with self.fault.armed("rillctl", case.call, case.error, nth,
                              times=case.times, file=case.file):
            status, said = self.restore()
        hit = self.fault.hits > 0
        self.outcomes[status] += 1
        if status == 0:
            assert count_restored(said) == self.copied.backed_up
        else:
            assert hit and says_why(status, said), (status, said)
            assert self.is_refused() or self.is_whole(), (case, nth, said)
        shutil.rmtree(self.store, ignore_errors=True)
        return hit

    def is_refused(self):
        """No agent takes it for a store, nor would one take part of it."""
        return (self.store / "restoring").exists() or \
            not list(self.store.glob("*.db"))

    def is_whole(self):
        """A node that is started on it has all events."""
        node = Node(self.folder, scavenge_hours=0)
        node.start()
        try:
            wait_until(lambda: node.append("after", {}).status == 201,
                       USABLE_SECONDS, "appends are taken")
            status, said = rillctl(self.folder / "run/rill.json", "verify")
        finally:
            node.stop()
        return status == 0 and \
            count_restored(said) == self.copied.backed_up + 1


def test_a_restore_that_fails_leaves_no_store(copied, tmp_path):
    print("RILL_SEED=" + SEED)
    made = Restored(copied, tmp_path)
    for case, numbers in choose(RESTORE, random.Random(SEED), FEW):
        before = made.outcomes.copy()
        failed = try_each(case, numbers, made.try_case)
        tell("rillctl restore", case, failed, made.outcomes - before)
    status, said = made.restore()
    assert status == 0 and count_restored(said) == copied.backed_up, said
