#!/usr/bin/env python3
"""What long polls cost: many of them wait while others append and read.

Starts a node of its own from the build folder ($RILL_BUILDDIR, else the
source folder) and prints a table.  Needs wrk.

usage: long_poll.py [--waiters N] [--seconds N] [--rounds N]
"""

import argparse
import contextlib
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
import time

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parent.parent / part)
                for part in (".", "http")]

from crowd import Crowd  # noqa: E402
from events import ADMIN, ATOM, await_accounts, fill, get, links, \
    path, set_metadata  # noqa: E402
from load import EVENT_BYTES, rate, wrk_command  # noqa: E402
from node import Node  # noqa: E402

LONG = {"ES-LongPoll": "300", "Accept": ATOM}
STREAMS = 1000
TICKS = os.sysconf("SC_CLK_TCK")

APPEND = ("post.lua", "/streams/load-N", STREAMS, 1, EVENT_BYTES)
READ = ("get.lua", "/streams/load-N/0", STREAMS, 1)


class Load:
    """wrk with a script and what it takes, in the background."""

    def __init__(self, node, script, connections, seconds):
        self.process = subprocess.Popen(
            [str(part) for part in wrk_command(
                node.base, script[0], connections, seconds, *script[1:])],
            stdout=subprocess.PIPE, text=True)

    def rate(self):
        return rate(self.process.communicate()[0])


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text()
    fields = fields.rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def resident_kib(pid):
    text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
    return int(re.search(r"Private_Dirty:\s*(\d+)", text)[1])


def quiet(node, count):
    paths = [path(f"quiet-{n}", 0, "forward", 20) for n in range(count)]
    return Crowd(node, paths, LONG)


def measure_idle(node, options):
    worker = node.worker_pids()[0]
    before = resident_kib(worker)
    with quiet(node, options.waiters):
        time.sleep(1)
        memory = (resident_kib(worker) - before) / options.waiters
        begin = cpu_seconds(worker)
        time.sleep(options.seconds)
        cpu = (cpu_seconds(worker) - begin) / options.seconds
    print(f"{options.waiters} idle: {cpu:.2%} of a processor, "
          f"{memory:.1f} KiB of the worker's memory each")


def milliseconds(values):
    values = sorted(1000 * value for value in values)
    return (f"median {statistics.median(values):.2f} ms, "
            f"99 % {values[int(len(values) * .99)]:.2f} ms")


def measure_latency(node):
    late = []
    with quiet(node, 100) as crowd:
        for n in range(100):
            fill(node, f"quiet-{n}", 1)
            done = time.monotonic()
            late += [w.answered - done for w in crowd.answers(1)]
    print("from the append's answer to the waiter's:", milliseconds(late))


def measure_burst(node, count):
    fill(node, f"burst-{count}", 1)
    where = path(f"burst-{count}", 1, "forward", 20)
    with Crowd(node, [where] * count, LONG) as crowd:
        time.sleep(1)
        fill(node, f"burst-{count}", 1)
        done = time.monotonic()
        late = [w.answered - done for w in crowd.answers()]
    print(f"{count} woken by one event: {milliseconds(late)}, "
          f"last {1000 * max(late):.0f} ms")


def run_load(node, options, script):
    worker = node.worker_pids()[0]
    begin = cpu_seconds(worker)
    found = Load(node, script, 32, options.seconds).rate()
    return found, (cpu_seconds(worker) - begin) / options.seconds


@contextlib.contextmanager
def nobody():
    yield lambda: None


@contextlib.contextmanager
def quiet_ones(node, options):
    with quiet(node, options.waiters):
        yield lambda: None


def what_comes_next(node, stream):
    feed = get(node, path(stream)).json()
    return links(feed)["previous"].removeprefix(node.base)


@contextlib.contextmanager
def followers(node, options, stream):
    load = Load(node, ("follow.lua", what_comes_next(node, stream)),
                options.waiters, options.seconds + 1)
    time.sleep(0.5)
    yield load.rate


def compare(node, options, name, waiters):
    """Without and with, in turn."""
    for what, script in (("appends", APPEND), ("reads", READ)):
        for _ in range(options.rounds):
            for label, crowd in (("nobody waits", nobody), (name, waiters)):
                with crowd() as answered:
                    requests, cpu = run_load(node, options, script)
                    polls = answered()
                also = ("" if polls is None else
                        f", {polls:.0f} polls answered/s")
                print(f"{what:8} {label:26} {requests:8.0f}/s, "
                      f"worker {cpu:.0%} of a processor{also}", flush=True)


def measure_all(node, options):
    measure_idle(node, options)
    measure_latency(node)
    for count in (options.waiters, 1000):
        measure_burst(node, count)
    compare(node, options, "on streams of their own",
            lambda: quiet_ones(node, options))
    compare(node, options, "on one that is written",
            lambda: followers(node, options, "load-1"))
    compare(node, options, "on $all",
            lambda: followers(node, options, "$all"))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--waiters", type=int, default=200)
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=2)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        node = Node(pathlib.Path(folder) / "node")
        node.start()
        try:
            await_accounts(node)
            set_metadata(node, "$all", {"$acl": {"$r": "$all"}}, ADMIN)
            for n in range(1, STREAMS + 1):
                fill(node, f"load-{n}", 1)
            measure_all(node, options)
        finally:
            node.stop()


if __name__ == "__main__":
    main()
