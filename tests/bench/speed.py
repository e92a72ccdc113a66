#!/usr/bin/env python3
"""How fast Rill is, beside others on the same machine.

Starts everything itself, in a folder of its own: a node; the empty FastCGI
responder (empty.c) behind the same lighttpd, with answers as long; PostgreSQL
and Redis, if Debian's packages are there.  What is compared runs in turn, in
one go, --rounds times.  Prints a table for the README, and writes speed.md,
speed.json, reads.svg and appends.svg to --out.

Needs wrk.  What is absent is left out, and the table says why.
"""

import argparse
import datetime
import json
import os
import pathlib
import platform
import re
import signal
import statistics
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
os.environ.setdefault("RILL_BUILDDIR", os.getcwd())
sys.path[:0] = [str(HERE), str(HERE.parent)]

from chart import bars  # noqa: E402
from contenders import Disk, Empty, Missing, Postgres, Redis, \
    answer_bytes, run, wrk  # noqa: E402
from events import ADMIN, await_accounts, event, write  # noqa: E402
from node import BUILD, Node, children, wait_until  # noqa: E402

STREAMS, EVENTS, EVENT_BYTES = 1000, 40, 300
READERS = 32
PARTS = ["reads", "appends", "sizes", "growth"]
HEAD = "/streams/load-N"
EMBED = "?embed=body"

# label, path, headers, target (of the empty responder's rate)
READS = [
    ("one event", HEAD + "/M", {}, 0.80),
    ("one event, with credentials", HEAD + "/M", ADMIN, None),
    ("head feed of 20", HEAD, {}, 0.75),
    ("head feed, unchanged (304)", HEAD, "etag", None),
    ("page of 20", HEAD + "/0/forward/20", {}, None),
    ("page of 20 with bodies", HEAD + "/0/forward/20" + EMBED, {}, None),
    ("$all from the start, 20", "/streams/$all/00000000000000000000000000000000"
     "/forward/20", ADMIN, None),
]

# clients, events a request, target of empty and of the disk's flushes
APPENDS = [(1, 1, None, 0.60), (16, 1, None, None), (64, 1, 0.45, None),
           (256, 1, None, None), (1, 10, None, None), (64, 10, None, None),
           (64, 100, None, None)]


class Row:
    """One comparison: samples of each contender, Rill's first."""

    def __init__(self, part, label, unit="/s"):
        self.part, self.label, self.unit = part, label, unit
        self.samples, self.targets = {}, {}

    def add(self, name, value):
        self.samples.setdefault(name, []).append(value)

    def median(self, name):
        return statistics.median(self.samples[name])

    def cell(self, name):
        if name not in self.samples:
            return ""
        found, value = self.samples[name], self.median(name)
        digits = 0 if value >= 100 else 2
        said = f"{value:,.{digits}f}"
        if len(found) > 1:
            spread = (max(found) - min(found)) / 2 / value if value else 0
            said += f" ±{spread:.0%}"
        return said

    def ratio(self, name):
        return self.median("Rill") / self.median(name)

    def verdicts(self):
        """What the targets say of it."""
        return [f"{self.ratio(name):.2f} of {name}, target {least:.2f}: " +
                ("met" if self.ratio(name) >= least else "missed")
                for name, least in self.targets.items()
                if name in self.samples]


class Bench:
    """The contenders, and what has been measured."""

    def __init__(self, folder, options):
        self.folder, self.options = pathlib.Path(folder), options
        self.rows, self.missing = [], {}
        self.node = Node(self.folder / "node")
        self.others = []

    def start(self):
        self.node.start()
        await_accounts(self.node)
        fill(self.node, "load", STREAMS, EVENTS)

    def stop(self):
        for other in self.others:
            other.stop()
        self.node.stop()

    def take_part(self, name, contender):
        """The contender, or None: it is not installed."""
        try:
            contender.start()
        except Missing as e:
            self.missing[name] = str(e)
            return None
        self.others.append(contender)
        return contender

    def compare(self, row, contenders):
        """contenders: name and a function of seconds, run in turn."""
        for _ in range(self.options.rounds):
            for name, measure in contenders:
                row.add(name, measure(self.options.seconds))
        self.rows.append(row)
        print(f"  {row.label}: " + ", ".join(
            f"{name} {row.cell(name)}" for name in row.samples), flush=True)


def fill(node, prefix, streams, events, batch=40):
    pad = {"p": "x" * (EVENT_BYTES - len('{"p":""}'))}
    for _ in range(0, events, batch):
        for n in range(1, streams + 1):
            write(node, f"{prefix}-{n}", [event(pad)
                                          for _ in range(min(batch, events))])


def flat(headers):
    return [part for pair in headers.items() for part in pair]


def measure_read(bench, what):
    label, path, headers, target = what
    node, streams = bench.node, STREAMS
    if headers == "etag":
        streams = 1
        etag = node.request("GET", HEAD.replace("N", "1")).headers["etag"]
        headers = {"If-None-Match": etag}
    size = answer_bytes(
        node.port, path.replace("N", "1").replace("M", "1"), headers)
    arguments = [path, streams, EVENTS, *flat(headers)]
    empty = Empty(bench.folder / "empty", size)
    row = Row("reads", label)
    if target:
        row.targets["empty"] = target
    try:
        empty.start()
        bench.compare(row, [
            ("Rill", lambda s: wrk(node.base, "get.lua", READERS, s,
                                   *arguments)),
            ("empty", lambda s: wrk(empty.base, "get.lua", READERS, s,
                                    *arguments))])
    finally:
        empty.stop()


def measure_reads(bench):
    for what in READS:
        measure_read(bench, what)


def appends_of_rill(bench, clients, events, seconds, base=None):
    return wrk(base or bench.node.base, "post.lua", clients, seconds,
               "/streams/load-N", STREAMS, events, EVENT_BYTES)


def measure_appends(bench):
    size = 850  # what the answer to an append has on the wire
    empty = bench.take_part("empty", Empty(bench.folder / "empty-201", size))
    disk = Disk(bench.folder)
    postgres = bench.take_part(
        "PostgreSQL", Postgres(bench.folder / "postgres", EVENT_BYTES))
    redis = bench.take_part(
        "Redis", Redis(bench.folder / "redis", EVENT_BYTES, STREAMS))
    for clients, events, of_empty, of_disk in APPENDS:
        plural = "s" if clients > 1 else ""
        row = Row("appends", f"{clients} client{plural}, {events} a request")
        contenders = [("Rill", lambda s, c=clients, n=events:
                       n * appends_of_rill(bench, c, n, s))]
        if events == 1 and empty:
            contenders.append(("empty", lambda s, c=clients: appends_of_rill(
                bench, c, 1, s, empty.base)))
            if of_empty:
                row.targets["empty"] = of_empty
        if clients == 1 and events == 1:
            contenders.append(("disk", disk.flushes))
            row.targets["disk"] = of_disk
        for name, other in (("PostgreSQL", postgres), ("Redis", redis)):
            if events == 1 and other:
                contenders.append((name, lambda s, c=clients, o=other:
                                   o.appends(c, s)))
        bench.compare(row, contenders)


def database_bytes(node):
    return sum(f.stat().st_blocks * 512
               for f in (node.data / "store").glob("*.db"))


def private_mib(pid):
    text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
    return int(re.search(r"Private_Dirty:\s*(\d+)", text)[1]) / 1024


def measure_restart(node):
    """Everything that it runs is killed, then started again."""
    pids = [node.process.pid, node.pid_of("rill-agent"),
            node.pid_of("lighttpd"), *node.worker_pids()]
    pids += [kid for pid in list(pids) for kid in children(pid)]
    for pid in set(pids):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    node.process.wait()
    wait_until(lambda: not any(pathlib.Path(f"/proc/{p}/exe").exists()
                               for p in pids), 60, "they are gone")
    begin = time.monotonic()
    node.launch()
    wait_until(lambda: node.answers() and node.request(
        "GET", "/streams/load-1/0").status == 200, 60, "it answers")
    return time.monotonic() - begin


def add_figure(bench, label, unit, value):
    row = Row("sizes", label, unit)
    row.add("Rill", value)
    bench.rows.append(row)
    print(f"  {label}: {row.cell('Rill')}{unit}", flush=True)


def measure_sizes(bench):
    """In a node of its own: what 100,000 events cost on disk."""
    node = Node(bench.folder / "sizes")
    node.start()
    try:
        await_accounts(node)
        fill(node, "load", 500, 200, 100)
        add_figure(bench, "worker's own memory, 64 clients", " MiB",
                   memory_under_load(node, bench.options.seconds))
        events = count_events(node)
        node.stop()  # it checkpoints
        add_figure(bench, "on disk, of the events' 300 bytes", " times",
                   database_bytes(node) / events / EVENT_BYTES)
        node.start()
        add_figure(bench, "first answer after SIGKILL of everything", " s",
                   measure_restart(node))
    finally:
        node.stop()


def count_events(node):
    """Positions have no gaps."""
    answer = write(node, "load-1", [event({"p": ""})])
    return int(answer.headers["es-position"]) + 1


def memory_under_load(node, seconds):
    wrk(node.base, "post.lua", 64, seconds, "/streams/load-N", 500, 1,
        EVENT_BYTES)
    wrk(node.base, "get.lua", 64, seconds, HEAD, 500, 1)
    return private_mib(node.worker_pids()[0])


def measure_growth(bench):
    """Appends and pages with more and more events, in streams of 100."""
    node, stands = Node(bench.folder / "growth", cache_mb=256), 0
    node.start()
    try:
        await_accounts(node)
        for power in range(4, bench.options.growth + 1):
            streams = 10 ** power // 100
            grow(node, stands, streams)
            stands = streams
            row = Row("growth", f"10^{power} events")
            for name, script, path in [
                    ("appends", "post.lua", HEAD),
                    ("pages", "get.lua", HEAD + "/M/forward/20")]:
                for _ in range(bench.options.rounds):
                    row.add(name, wrk(node.base, script, 64,
                                      bench.options.seconds, path, streams,
                                      80 if name == "pages" else 1,
                                      EVENT_BYTES))
            bench.rows.append(row)
            print(f"  {row.label}: " + ", ".join(
                f"{n} {row.cell(n)}" for n in row.samples), flush=True)
    finally:
        node.stop()


def grow(node, begin, end):
    pad = {"p": "x" * (EVENT_BYTES - len('{"p":""}'))}
    for n in range(begin + 1, end + 1):
        write(node, f"load-{n}", [event(pad) for _ in range(100)])


def versions():
    said = {"kernel": platform.release(), "processors": os.cpu_count()}
    for name, command in [
            ("Rill", [BUILD / "store/rillctl", "--version"]),
            ("lighttpd", ["lighttpd", "-v"]),
            ("PostgreSQL", ["psql", "--version"]),
            ("Redis", ["redis-server", "--version"])]:
        try:
            said[name] = re.search(r"\d[\d.]+\S*", run(*command))[0]
        except (OSError, RuntimeError):
            continue
    model = re.search(r"model name\s*: (.*)",
                      pathlib.Path("/proc/cpuinfo").read_text())
    said["processor"] = model[1] if model else platform.machine()
    return said


def print_rows(rows, names):
    names = [n for n in names if any(n in row.samples for row in rows)]
    yield "| | " + " | ".join(names) + " | Rill's part |"
    yield "|---|" + "---:|" * len(names) + "---|"
    for row in rows:
        ratios = row.verdicts() or [
            f"{row.ratio(n):.2f} of {n}" for n in ("empty",)
            if n in row.samples and "Rill" in row.samples]
        yield "| " + " | ".join([
            row.label, *(row.cell(n) + (row.unit if row.unit != "/s" else "")
                         for n in names), "; ".join(ratios)]) + " |"


def table(bench):
    found = versions()
    yield (f"{datetime.date.today()}, {found['processors']} x "
           f"{found['processor']}, Linux {found['kernel']}; " + ", ".join(
               f"{n} {v}" for n, v in found.items()
               if n not in ("kernel", "processors", "processor")) +
           f". Medians of {bench.options.rounds} runs of "
           f"{bench.options.seconds} s, in turn; ± half of their range.")
    titles = {"reads": f"Reads a second, {READERS} clients",
              "appends": "Durable appends of 300 bytes, events a second",
              "sizes": "Sizes and times",
              "growth": "A second, as the store grows, 64 clients"}
    names = ["Rill", "empty", "disk", "PostgreSQL", "Redis"]
    for part, title in titles.items():
        rows = [row for row in bench.rows if row.part == part]
        if rows:
            yield from ("", f"**{title}**", "")
            yield from print_rows(rows, names if part != "growth"
                                  else ["appends", "pages"])
    for name, why in bench.missing.items():
        yield from ("", f"{name} is left out: {why}.")


def write_charts(bench, out):
    for part, title, names in [
            ("reads", "Reads a second", ["Rill", "empty"]),
            ("appends", "Durable appends, events a second",
             ["Rill", "empty", "disk", "PostgreSQL", "Redis"])]:
        groups = [(row.label, row.samples) for row in bench.rows
                  if row.part == part]
        names = [n for n in names if any(n in g[1] for g in groups)]
        if groups:
            (out / f"{part}.svg").write_text(bars(title, names, groups))


def write_results(bench):
    out = pathlib.Path(bench.options.out)
    out.mkdir(parents=True, exist_ok=True)
    lines = "\n".join(table(bench)) + "\n"
    (out / "speed.md").write_text(lines)
    (out / "speed.json").write_text(json.dumps(
        {"versions": versions(), "missing": bench.missing, "rows": [
            {"part": r.part, "what": r.label, "unit": r.unit,
             "samples": r.samples, "verdicts": r.verdicts()}
            for r in bench.rows]}, indent=1) + "\n")
    write_charts(bench, out)
    print("\n" + lines)


def read_options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", metavar="PART",
                        help="of " + ", ".join(PARTS) +
                        "; all but growth if none is named")
    parser.add_argument("--seconds", type=int, default=2, help="of one run")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--growth", type=int, default=6, metavar="N",
                        help="grow to 10^N events")
    parser.add_argument("--folder", default=".",
                        help="where the stores are: the disk is measured")
    parser.add_argument("--out", default="bench", help="for the results")
    options = parser.parse_args()
    for part in options.parts:
        if part not in PARTS:
            parser.error(f"there is no part {part}")
    options.parts = options.parts or PARTS[:-1]
    return options


def main():
    options = read_options()
    measures = {"reads": measure_reads, "appends": measure_appends,
                "sizes": measure_sizes, "growth": measure_growth}
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    with tempfile.TemporaryDirectory(
            dir=options.folder, prefix="rill-bench.") as folder:
        folder = pathlib.Path(folder).resolve()
        folder.chmod(0o755)  # PostgreSQL is another user
        bench = Bench(folder, options)
        try:
            bench.start()
            for part in options.parts:
                print(part, flush=True)
                measures[part](bench)
        finally:
            bench.stop()
    write_results(bench)


if __name__ == "__main__":
    main()
