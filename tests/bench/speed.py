#!/usr/bin/env python3
"""How fast Rill is, beside others on the same machine.

Starts everything itself, in a folder of its own; what is compared runs in
turn, in one go, --rounds times.  Prints a table with a verdict on every
target, and writes speed.md, speed.json and charts to --out; --publish writes
them where the README shows them, and the table into the README.

Needs wrk.  What is absent is left out, and the table says why.
"""

import argparse
import contextlib
import os
import pathlib
import shutil
import signal
import sys
import tempfile
import time
import traceback

HERE = pathlib.Path(__file__).resolve().parent
os.environ.setdefault("RILL_BUILDDIR", os.getcwd())
sys.path[:0] = [str(HERE), *(str(HERE.parent / part)
                             for part in ("", "http", "fronts", "cluster"))]

import charts  # noqa: E402
import results  # noqa: E402
from events import await_accounts  # noqa: E402
from load import Missing, fill  # noqa: E402
from node import SOURCE, Node  # noqa: E402
from parts import appends, cluster, fronts, growth, polls, reads, \
    sizes  # noqa: E402

MEASURES = {
    "reads": reads.measure, "appends": appends.measure,
    "polls": polls.measure, "sizes": sizes.measure,
    "stream": growth.measure_stream, "growth": growth.measure,
    "cluster": cluster.measure, "failover": cluster.measure_failover,
    "fronts": fronts.measure, "cache": fronts.measure_cache}


class Bench:
    """The folder, the options, and a node that several parts measure."""

    streams, events = 1000, 40

    def __init__(self, folder, options):
        self.folder, self.options = folder, options
        self.started = None
        self.folders = 0

    @property
    def node(self):
        """Started when first asked for; it has so many streams of so many
        events."""
        if self.started is None:
            self.started = Node(self.new_folder() / "node")
            self.started.start()
            await_accounts(self.started)
            fill(self.started, range(1, self.streams + 1), self.events,
                 self.events)
        return self.started

    def stop(self):
        if self.started is not None:
            self.started.stop()

    def new_folder(self):
        self.folders += 1
        folder = self.folder / str(self.folders)
        folder.mkdir()
        return folder

    @staticmethod
    def remove(folder):
        shutil.rmtree(folder)

    @contextlib.contextmanager
    def taking_part(self, part, name, contender):
        """The contender while it runs, or None: it is not installed."""
        try:
            contender.start()
        except Missing as e:
            part.missing[name] = str(e)
            yield None
            return
        try:
            yield contender
        finally:
            contender.stop()

    def compare(self, row, contenders):
        return results.in_turn(row, contenders, self.options)


def measure(bench, name):
    """The part, or None: it failed."""
    part = results.Part(name, bench.options)
    print(name, flush=True)
    began = time.monotonic()
    try:
        MEASURES[name](bench, part)
    except Missing as e:
        part.missing[name] = str(e)
    except Exception:  # what was measured before is not lost
        traceback.print_exc()
        return None
    print(f"  {time.monotonic() - began:.0f} s", flush=True)
    return part


def measure_all(options):
    """The parts by name; None for those that failed."""
    with tempfile.TemporaryDirectory(
            dir=options.folder, prefix="rill-bench.") as folder:
        folder = pathlib.Path(folder).resolve()
        folder.chmod(0o755)  # PostgreSQL and Apache are other users
        bench = Bench(folder, options)
        try:
            return {name: measure(bench, name) for name in options.parts}
        finally:
            bench.stop()


def write_results(options, measured):
    out = pathlib.Path(options.out)
    out.mkdir(parents=True, exist_ok=True)
    kept = results.read_json(out / "speed.json") if options.keep else {}
    parts = {**kept, **measured}
    parts = {name: parts[name] for name in MEASURES if name in parts}
    found = results.versions()
    lines = "\n".join(results.table(parts, found)) + "\n"
    (out / "speed.md").write_text(lines)
    results.write_json(out / "speed.json", parts, found)
    drawn = charts.write(parts, out)
    print("\n" + lines)
    if options.publish:
        results.put_into(SOURCE / "README.md", lines + "".join(
            f"\n![{title}](tests/bench/results/{name})\n"
            for name, title in drawn.items()))


def read_options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", metavar="PART",
                        help="of " + ", ".join(MEASURES) + "; else all")
    parser.add_argument("--seconds", type=int, default=2, help="of one run")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--growth", type=int, default=6, metavar="N",
                        help="grow to 10^N events; 7 takes 15 GB")
    parser.add_argument("--folder", default=".",
                        help="where the stores are: the disk is measured")
    parser.add_argument("--out", default="bench", help="for the results")
    parser.add_argument("--keep", action="store_true",
                        help="what --out has of parts that are not measured")
    parser.add_argument("--publish", action="store_true",
                        help="--out is the README's, and so is the table")
    options = parser.parse_args()
    for part in options.parts:
        if part not in MEASURES:
            parser.error(f"there is no part {part}")
    if not growth.SMALLEST < options.growth < 9:
        parser.error("--growth is a number from 5 to 8")
    if options.publish:
        options.out = SOURCE / "tests/bench/results"
    options.parts = options.parts or list(MEASURES)
    return options


def main():
    options = read_options()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    measured = measure_all(options)
    failed = [name for name, part in measured.items() if part is None]
    if len(failed) < len(measured):
        write_results(options, {n: p for n, p in measured.items() if p})
    if failed:
        sys.exit("failed: " + ", ".join(failed))


if __name__ == "__main__":
    main()
