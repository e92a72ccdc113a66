#!/usr/bin/env python3
"""What a node does when four times as much is asked of it as it can do.

Finds the rate that a node serves to 64 clients, then offers four times that,
evenly and whatever comes back, over up to so many connections (flood.c), and
looks a second later whether all is as before.  Prints a table.

    make bench-overload        BENCH="--seconds 10 --clients 1000,4000"
    make bench-overload        BENCH="--fronts lighttpd,nginx,apacheformany"

With --fronts: behind these of tests/fronts, with one worker for all.
"""

import argparse
import contextlib
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
os.environ.setdefault("RILL_BUILDDIR", os.getcwd())
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parent / "fronts")]

import front  # noqa: E402
from events import await_accounts, event, write  # noqa: E402
from node import BUILD, Node  # noqa: E402

STREAMS, EVENTS, EVENT_BYTES = 1000, 10, 300
THREADS = 32
NORMAL_CLIENTS, TIMES = 64, 4
KINDS = {"reads": 0, "mixed": 20, "appends": 100}  # of 100 are appends

HEAD = """\
| | clients | offered/s | served/s | of the rate before | 503 by Rill | \
503 by the web server | other answers | refused, cut off or unanswered | not sent: \
all clients waited | served: median, 99 %, most ms | 503s: median, 99 %, \
most ms | worker's own memory before, after MiB | rate a second later |
|---|""" + "---:|" * 13


def flood(node, kind, clients, rate, seconds):
    said = subprocess.run(
        [str(BUILD / "tests/bench/flood"), str(node.port), str(clients),
         str(rate), str(seconds), str(KINDS[kind]), str(STREAMS),
         str(EVENTS)], stdout=subprocess.PIPE, text=True, check=True).stdout
    return json.loads(said)


def memory(pid):
    """What is a worker's alone, in MiB."""
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"RssAnon:\s+(\d+)", status)[1]) // 1024


def times(us):
    """Of the 50, 90, 99, 99.9 and 100 parts of 100."""
    if not us:
        return ""
    return ", ".join(f"{us[i] / 1000:,.0f}" for i in (0, 2, 4))


def row(node, worker, kind, clients, seconds):
    before = flood(node, kind, NORMAL_CLIENTS, 0, 2)["ok"] / 2
    at_first = memory(worker)
    found = flood(node, kind, clients, before * TIMES, seconds)
    at_last = memory(worker)
    after = flood(node, kind, NORMAL_CLIENTS, 0, 2)["ok"] / 2
    served = found["ok"] / seconds
    lost = found["refused"] + found["cut_off"] + found["unanswered"]
    return " | ".join(["", kind, f"{clients:,}", f"{before * TIMES:,.0f}",
                       f"{served:,.0f}", f"{served / before:.2f}",
                       f"{found['by_rill']:,}", f"{found['by_front']:,}",
                       f"{found['other']:,}", f"{lost:,}",
                       f"{found['kept_back']:,}", times(found["served_us"]),
                       times(found["refused_us"]), f"{at_first}, {at_last}",
                       f"{after:,.0f} (before: {before:,.0f})", ""]).strip()


def fill(node):
    await_accounts(node)
    for n in range(1, STREAMS + 1):
        write(node, f"load-{n}", [event({"text": "x" * EVENT_BYTES})
                                  for _ in range(EVENTS)])


def print_table(o, node, worker):
    print("\n" + HEAD)
    for kind in o.kinds.split(","):
        for clients in map(int, o.clients.split(",")):
            print(row(node, worker, kind, clients, o.seconds), flush=True)


@contextlib.contextmanager
def running(server):
    server.start()
    try:
        yield server
    finally:
        server.stop()


def flood_node(o, folder):
    with running(Node(folder / "node", threads=THREADS)) as node:
        fill(node)
        print_table(o, node, node.worker_pids()[0])
        print(f"\nlines of the log: {len(node.output.splitlines())}")


def flood_fronts(o, folder):
    kinds = {front.name_of(kind): kind for kind in
             [*front.KINDS, front.ApacheForMany]}
    folder.chmod(0o755)  # they run as another user
    with running(front.Backend(folder, THREADS)) as backend:
        for number, name in enumerate(o.fronts.split(",")):
            with running(kinds[name](backend)) as server:
                if number == 0:
                    fill(server)
                print(f"\n{name}")
                print_table(o, server, backend.worker())


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--seconds", type=int, default=5)
    options.add_argument("--clients", default="64,1000,4000")
    options.add_argument("--kinds", default=",".join(KINDS))
    options.add_argument("--fronts")
    o = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="rill-bench.") as folder:
        flood_with = flood_fronts if o.fronts else flood_node
        flood_with(o, pathlib.Path(folder))


if __name__ == "__main__":
    main()
