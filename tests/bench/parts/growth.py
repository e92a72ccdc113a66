"""Whether appends and pages cost more with more events.  What is measured of
a large store is measured of a small one in turn, so that both have the same
machine."""

import contextlib
import os
import pathlib
import shutil
import signal
import time

from events import await_accounts
from load import append_rate, fill, read_rate
from node import Node, children, wait_until
from results import Row

CLIENTS = 64
SMALLEST = 4  # 10^4 events
STREAM_EVENTS = 100
PAGE = 20
MOST = 1.3
RESTART_SECONDS = 2
END_SECONDS = 120
BYTES_AN_EVENT = 1500  # on the disk for a while: tables and log
CACHE_MB = 256


class Store:
    """A node with so many streams of so many events."""

    def __init__(self, bench, name):
        self.node = Node(bench.new_folder() / name, cache_mb=CACHE_MB)
        self.bench, self.streams, self.events = bench, 0, 0

    def __enter__(self):
        self.node.start()
        await_accounts(self.node)
        return self

    def __exit__(self, *_):
        self.node.stop()
        self.bench.remove(self.node.data.parent)

    def add_streams(self, streams, events):
        first, self.streams, self.events = self.streams, streams, events
        fill(self.node, range(first + 1, streams + 1), events,
             min(events, 1000))

    def appends(self, seconds):
        return append_rate(self.node.base, CLIENTS, 1, self.streams, seconds)

    def pages(self, seconds):
        return read_rate(self.node.base, CLIENTS, seconds,
                         f"/streams/load-N/M/forward/{PAGE}", self.streams,
                         self.events - PAGE + 1)


def measure(bench, part):
    check_room(bench)
    largest = bench.options.growth
    with Store(bench, "large") as large:
        for power in range(SMALLEST + 1, largest + 1):
            label = f"10^{power} events"
            began = time.monotonic()
            large.add_streams(10 ** power // STREAM_EVENTS, STREAM_EVENTS)
            print(f"  filled in {time.monotonic() - began:.0f} s", flush=True)
            compare(bench, part, label, large,
                    (10 ** SMALLEST // STREAM_EVENTS, STREAM_EVENTS))
        judge(part, part.rows[-1])
        add_restart(part, label, large.node)


def measure_stream(bench, part):
    with Store(bench, "large") as large:
        large.add_streams(1, 10 ** 6)
        compare(bench, part, "one stream of 10^6 events", large,
                (1, 10 ** SMALLEST))
    judge(part, part.rows[-1])


def check_room(bench):
    need = 10 ** bench.options.growth * BYTES_AN_EVENT
    free = shutil.disk_usage(bench.folder).free
    if free < need:
        raise RuntimeError(f"10^{bench.options.growth} events take "
                           f"{need >> 30} GiB in {bench.folder}, which has "
                           f"{free >> 30}: see --folder and --growth")


def compare(bench, part, label, large, few):
    row = Row(label)
    with Store(bench, "small") as small:
        small.add_streams(*few)
        contenders = [(name.format(where), getattr(store, what))
                      for what in ("appends", "pages")
                      for name, where, store in [
                          (what + "/s", "", large),
                          (what + "/s with {}", f"10^{SMALLEST}", small)]]
        bench.compare(row, contenders)
    row.note = "an append costs {:.2f} times as much, a page {:.2f}".format(
        *costs(row))
    part.add(row)


def costs(row):
    """Of an append and of a page, as so many times those with few events."""
    return [row.ratio(f"{what}/s", f"{what}/s with 10^{SMALLEST}")
            for what in ("appends", "pages")]


def judge(part, row):
    for what, times in zip(("an append", "a page"), costs(row)):
        part.judge(f"{row.label}: {what} costs at most {MOST} times that with "
                   f"10^{SMALLEST}", f"{times:.2f}", times <= MOST)


def add_restart(part, label, node):
    seconds = restart(node)
    part.add_figure(f"first answer after SIGKILL, {label}", " s", seconds)
    part.judge(f"first answer after SIGKILL of everything, {label}: at most "
               f"{RESTART_SECONDS} s", f"{seconds:.2f} s",
               seconds <= RESTART_SECONDS)


def restart(node):
    """Everything that it runs is killed amid appends, then started again."""
    pids = [node.process.pid, node.pid_of("rill-agent"),
            node.pid_of("lighttpd"), *node.worker_pids()]
    pids += [kid for pid in list(pids) for kid in children(pid)]
    for pid in set(pids):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    node.process.wait()
    wait_until(lambda: not any(pathlib.Path(f"/proc/{p}/exe").exists()
                               for p in pids), END_SECONDS, "they are gone")
    begin = time.monotonic()
    node.launch()
    wait_until(lambda: node.answers() and node.request(
        "GET", "/streams/load-1/0").status == 200, END_SECONDS, "it answers")
    return time.monotonic() - begin
