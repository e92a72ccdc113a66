"""Whether appends and pages cost more with more events.  What is measured of
a large store is measured of a small one in turn, so that both have the same
machine."""

import contextlib
import os
import pathlib
import shutil
import signal
import statistics
import time

from events import await_accounts
from load import append_rate, fill, read_rate
from node import Node, children, wait_until
from results import Row

CLIENTS = 64
SMALLEST = 4  # 10^4 events
STREAM_EVENTS = 100
FEW_STREAMS = 1000  # of a large store, whose others are quiet
PAGE = 20
MOST = 1.3
RESTART_SECONDS = 2
END_SECONDS = 120
BYTES_AN_EVENT = 1500  # on the disk for a while: tables and log
CACHE_MB = 1024  # holds 10^6 events, and what few streams use of more


def power_of_ten(n):
    return "10" + "⁰¹²³⁴⁵⁶⁷⁸⁹"[n]


WITH_FEW = "with " + power_of_ten(SMALLEST)


class Store:
    """A node with so many streams of so many events."""

    def __init__(self, bench, name):
        self.node = Node(bench.new_folder() / name, cache_mb=CACHE_MB)
        self.bench, self.streams, self.events = bench, 0, 0
        self.used = {"appends": [], "pages": []}

    def __enter__(self):
        self.node.start()
        await_accounts(self.node)
        return self

    def __exit__(self, *_):
        self.node.stop()
        self.bench.remove(self.node.data.parent)

    def add_streams(self, streams, events):
        first, self.streams, self.events = self.streams, streams, events
        began = time.monotonic()
        fill(self.node, range(first + 1, streams + 1), events,
             min(events, 1000))
        took, count = time.monotonic() - began, (streams - first) * events
        print(f"  {count:,} events appended in {took:.1f} s", flush=True)

    def appends(self, streams):
        return self.noting("appends", lambda seconds: append_rate(
            self.node.base, CLIENTS, 1, streams, seconds))

    def pages(self, streams):
        return self.noting("pages", lambda seconds: read_rate(
            self.node.base, CLIENTS, seconds,
            f"/streams/load-N/M/forward/{PAGE}", streams,
            self.events - PAGE + 1))

    def noting(self, what, measure_once):
        """It also notes the worker's processor time for each request."""
        def measure_and_note(seconds):
            worker = self.node.worker_pids()[0]
            begin = processor_seconds(worker)
            rate = measure_once(seconds)
            self.used[what].append(
                (processor_seconds(worker) - begin) / (rate * seconds))
            return rate
        return measure_and_note


def processor_seconds(pid):
    """That all threads of a process have run."""
    return sum(int(task.read_text().split()[0]) for task in
               pathlib.Path(f"/proc/{pid}/task").glob("*/schedstat")) / 1e9


def measure(bench, part):
    check_room(bench)
    few = (10 ** SMALLEST // STREAM_EVENTS, STREAM_EVENTS)
    with Store(bench, "large") as large:
        for power in range(SMALLEST + 1, bench.options.growth + 1):
            label = f"{power_of_ten(power)} events"
            large.add_streams(10 ** power // STREAM_EVENTS, STREAM_EVENTS)
            for streams in sorted({FEW_STREAMS, large.streams}):
                compare(bench, part, f"{label}, {streams:,} streams", large,
                        streams, few)
        judge(part, part.rows[-2:])
        add_restart(part, label, large.node)


def measure_stream(bench, part):
    with Store(bench, "large") as large:
        large.add_streams(1, 10 ** 6)
        compare(bench, part, f"one stream of {power_of_ten(6)} events", large,
                1, (1, 10 ** SMALLEST))
    judge(part, part.rows)


def check_room(bench):
    need = 10 ** bench.options.growth * BYTES_AN_EVENT
    free = shutil.disk_usage(bench.folder).free
    if free < need:
        raise RuntimeError(f"10^{bench.options.growth} events take "
                           f"{need >> 30} GiB in {bench.folder}, which has "
                           f"{free >> 30}: see --folder and --growth")


def compare(bench, part, label, large, streams, few):
    """How so many streams of a large store do, beside a small one."""
    row = Row(label)
    with Store(bench, "small") as small:
        small.add_streams(*few)
        contenders = [
            (f"{what}/s {whose}".rstrip(), getattr(store, what)(n))
            for what in ("appends", "pages")
            for whose, store, n in (("", large, streams),
                                    (WITH_FEW, small, small.streams))]
        settle(bench, contenders)
        for store in (large, small):
            store.used = {"appends": [], "pages": []}
        bench.compare(row, contenders)
        used = [statistics.median(large.used[what]) /
                statistics.median(small.used[what])
                for what in ("appends", "pages")]
    row.note = "an append costs {:.2f} times as much, a page {:.2f}; of the " \
        "worker's processor time {:.2f} and {:.2f}".format(*costs(row), *used)
    part.add(row)


def settle(bench, contenders):
    """What filling left to be written is written, and what is used most is in
    the cache: both are of the past."""
    os.sync()
    for _, measure_once in contenders:
        measure_once(bench.options.seconds)


def costs(row):
    """Of an append and of a page, as so many times those with few events."""
    return [row.ratio(f"{what}/s", f"{what}/s {WITH_FEW}")
            for what in ("appends", "pages")]


def judge(part, rows):
    for row in rows:
        for what, times in zip(("an append", "a page"), costs(row)):
            part.judge(f"{row.label}: {what} costs at most {MOST} times that "
                       + WITH_FEW, f"{times:.2f}", times <= MOST)


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
