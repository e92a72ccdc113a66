#!/usr/bin/env python3
"""A node under half of the load that it serves, for long, with kills.

    tests/soak/soak.py [--minutes 30] [--kill-every 20] [--seed N]
        [--folder DIR] [--workers 3] [--table FILE]

Clients of every kind ask at half of the rate that the node serves, which is
found at the start and every 5 minutes; every --kill-every seconds (0: never)
somebody is killed by SIGKILL in turn: a worker, the agent, a worker amid
appends, lighttpd, everything at once.  The store is
scavenged and backed up meanwhile.  Each minute a line tells how it does.  At
the end every acknowledged event must be there, as it was sent and where the
answer said, and once; in the last backup, all from before it; and `rillctl
verify` finds no faults.  Any contradiction, then or meanwhile, makes it exit 1.
--table writes a summary as Markdown.

RILL_BUILDDIR names the build folder if that is not the source folder.
"""

import argparse
import contextlib
import pathlib
import random
import subprocess
import sys
import tempfile
import threading
import time

TESTS = pathlib.Path(__file__).resolve().parent.parent
sys.path += [str(TESTS), str(TESTS / "crash")]

import load  # noqa: E402
from accidents import Killer, SoakNode  # noqa: E402
from board import DRAIN, END, FULL, HALF, Board  # noqa: E402
from events import await_accounts  # noqa: E402
from judge import Judge, exported  # noqa: E402
from node import BUILD, Node, rillctl  # noqa: E402
from report import Report  # noqa: E402
from watch import Watch  # noqa: E402

WARM_SECONDS, TRY_SECONDS = 3, 7
PACE_SECONDS = 300  # from one measurement of what it serves to the next
PACE_AFTER_SECONDS = 8  # not just after a kill
DRAIN_SECONDS = 120
RILLCTL_SECONDS = 1800
CHORES = 8  # scavengings and backups, in a whole run
AGAIN_SECONDS = 3  # after one that a kill has ended


def say(*words):
    print(*words, flush=True)


def run_rillctl(config, *arguments):
    """As node.rillctl, for what takes long."""
    done = subprocess.run(
        [BUILD / "store/rillctl", "--config", config, *arguments],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, timeout=RILLCTL_SECONDS,
        check=False)
    return done.returncode, done.stdout


class Chores(threading.Thread):
    """Scavenges and backs up in turn; a kill may come between."""

    def __init__(self, node, board, folder, every):
        super().__init__(daemon=True)
        self.node, self.board, self.every = node, board, every
        self.folder = folder
        self.backed_up = None  # of each writer, what the backup must have
        self.done, self.failed = {}, []
        self.stopping = threading.Event()

    def run(self):
        turn = 0
        while not self.stopping.wait(self.every):
            chore = self.back_up if turn % 2 else self.scavenge
            while not chore() and not self.stopping.wait(AGAIN_SECONDS):
                pass
            turn += 1

    def stop(self):
        self.stopping.set()
        self.join()

    def scavenge(self):
        return self.count(
            "scavenge", *run_rillctl(self.node.config, "scavenge"))

    def back_up(self):
        at_least = dict(zip(load.writer_names(), self.board.acked))
        is_done = self.count("backup", *run_rillctl(
            self.node.config, "backup", self.folder))
        if is_done:
            self.backed_up = at_least
        return is_done

    def count(self, what, status, said):
        if status == 0:
            self.done[what] = self.done.get(what, 0) + 1
        else:
            self.failed.append(f"{what}: {status} {said.strip()[-200:]}")
        return status == 0


class Pacer(threading.Thread):
    """Finds out what the node serves, now and then, since others may keep the
    machine busy; has the clients ask at half of that."""

    def __init__(self, board, watch, report):
        super().__init__(daemon=True)
        self.board, self.watch, self.report = board, watch, report
        self.stopping = threading.Event()

    def run(self):
        self.stopping.wait(PACE_AFTER_SECONDS)
        while not self.stopping.wait(PACE_SECONDS):
            self.find()

    def stop(self):
        self.stopping.set()
        self.join()

    def find(self):
        """What each client gets when all ask as fast as they can."""
        self.board.phase = FULL
        time.sleep(WARM_SECONDS)
        before = list(self.board.answered)
        used = self.watch.looked_at()
        time.sleep(TRY_SECONDS)
        rates = [(after - b) / TRY_SECONDS
                 for after, b in zip(self.board.answered, before)]
        share = (self.watch.looked_at() - used) / TRY_SECONDS
        for i, rate in enumerate(rates):
            self.board.rates[i] = max(0.5, rate / 2)
        self.board.phase = HALF
        self.report.note_full(sum(rates), share)


class Soak:
    """One run."""

    def __init__(self, options, folder):
        self.options, self.folder = options, folder
        self.ledgers = folder / "ledgers"
        self.ledgers.mkdir()
        self.node = SoakNode(folder / "node", workers=options.workers,
                             log=folder / "node.log", scavenge_hours=0,
                             backup_log_mb=4096)
        self.clients = load.make_clients(
            self.node.port, options.seed, self.ledgers)
        self.board = Board(len(self.clients), len(load.writer_names()),
                           load.streams())
        self.watch = Watch(self.node)
        self.killer = Killer(self.node, self.board,
                             random.Random(options.seed), options.kill_every)
        self.chores = Chores(
            self.node, self.board, folder / "backup",
            max(10, options.minutes * 60 / CHORES))
        self.report = Report(options, self.board, self.watch, self.killer,
                             self.chores)
        self.pacer = Pacer(self.board, self.watch, self.report)

    def run(self):
        # Before there are threads.
        processes = [load.start_process(client, self.board, i)
                     for i, client in enumerate(self.clients)]
        self.node.start()
        try:
            await_accounts(self.node)
            self.report.start()
            self.pacer.find()
            self.watch.start()
            self.soak()
            self.drain(processes)
            self.judge()
        finally:
            self.board.phase = END
            for process in processes:
                process.kill()
            self.node.stop()
        self.verify("stopped")
        return self.report

    def soak(self):
        self.report.begin()
        threads = [self.chores, self.pacer]
        if self.options.kill_every:
            threads.append(self.killer)
        for thread in threads:
            thread.start()
        for _ in range(max(1, round(self.options.minutes))):
            self.report.await_minute()
            if self.report.troubles():
                break
        for thread in threads:
            thread.stop()
        self.report.finish()

    def drain(self, processes):
        """Writers get all acknowledged, then walkers come to the end."""
        writers = len(load.writer_names())
        self.await_end(DRAIN, processes[:writers])
        self.await_end(END, processes)
        self.report.stop()
        self.watch.stop()

    def await_end(self, phase, processes):
        self.board.phase = phase
        end = time.monotonic() + DRAIN_SECONDS
        for process in processes:
            process.join(max(0, end - time.monotonic()))
            if process.exitcode != 0:
                self.report.complain(f"{process.name} does not come to its "
                                     f"end: {process.exitcode}")

    def judge(self):
        say("judging ...")
        judge = Judge(self.ledgers, load.writer_names())
        found = judge.check("the store", exported(self.node.config))
        self.report.judged(judge, found)
        self.verify("running")
        if self.chores.backed_up:
            self.judge_backup(judge)
        self.report.faults += judge.faults

    def judge_backup(self, judge):
        copy = self.folder / "copy"
        copy.mkdir()
        status, said = run_rillctl(self.node.config, "restore",
                                   self.chores.folder, "--to", copy / "store")
        if status != 0 or "no faults" not in said:
            self.report.complain(f"restore: {status} {said}")
            return
        node = Node(copy, scavenge_hours=0)
        node.start()
        found = judge.check("the backup", exported(copy / "run/rill.json"),
                            self.chores.backed_up)
        self.report.backup_judged(found)
        node.stop()

    def verify(self, how):
        begun = time.monotonic()
        status, said = run_rillctl(self.node.config, "verify")
        self.report.verified(how, status, said.strip().splitlines()[-1],
                             time.monotonic() - begun)


@contextlib.contextmanager
def folder_of(options):
    """A new one, that is removed, or the given, that stays."""
    if options.folder is None:
        with tempfile.TemporaryDirectory(prefix="rill-soak.") as folder:
            yield pathlib.Path(folder)
    else:
        folder = pathlib.Path(options.folder).resolve()
        folder.mkdir(parents=True)
        yield folder


def read_options():
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--kill-every", type=float, default=20)
    parser.add_argument("--seed", type=int,
                        default=random.SystemRandom().randrange(10**9))
    parser.add_argument("--folder")
    parser.add_argument("--workers", type=int, default=3)
    parser.add_argument("--table")
    return parser.parse_args()


def main():
    options = read_options()
    say(f"seed {options.seed}")
    with folder_of(options) as folder:
        report = Soak(options, folder).run()
    if options.table:
        pathlib.Path(options.table).write_text(report.table())
    say(report.table())
    for fault in report.troubles():
        say("CONTRADICTION:", fault)
    return 1 if report.troubles() else 0


if __name__ == "__main__":
    sys.exit(main())
