#!/usr/bin/env python3
"""Appends on three nodes, how far followers are behind, and how long one takes
to catch up.  Needs wrk.  make bench compares with a lone node.

usage: RILL_BUILDDIR=build python3 cluster.py [SECONDS]
"""

import statistics
import sys
import threading
import time

from bench_lab import append_rate, enter, position, running
from node import wait_until

CLIENTS = (1, 64)
MISSED_EVENTS = 100_000
CATCH_UP_SECONDS = 300


def tell(*words):
    print(*words, flush=True)


def rates(node, what, seconds):
    for clients in CLIENTS:
        rate = append_rate(node, clients, seconds)
        tell(f"{what:28} {clients:3} clients: {rate.per_second:8.0f}/s  "
             f"median {rate.median_ms:.2f} ms  p99 {rate.p99_ms:.2f} ms")


def lag(lab, seconds):
    """Under the load of 64 clients, in events and in ms."""
    load = threading.Thread(
        target=append_rate, args=(lab.master, 64, seconds))
    load.start()
    found = []
    follower = lab.followers[0]
    while load.is_alive():
        at, begun = position(lab.master), time.monotonic()
        answer = follower.request("GET", "/streams/load-1/head", headers={
            "ES-MinimumPosition": str(at)})
        if answer.status == 200:
            found.append((time.monotonic() - begun) * 1000)
        time.sleep(0.02)
    load.join()
    found.sort()
    tell(f"{'lag under 64 clients':28} median {statistics.median(found):.1f} "
         f"ms, worst {found[-1]:.1f} ms of {len(found)} reads that asked for "
         "the master's newest event, the request included")


def rejoin(lab):
    """Of a follower that missed so many events."""
    node = lab.followers[0]
    node.stop()
    begun = position(lab.master)
    while position(lab.master) - begun < MISSED_EVENTS:
        append_rate(lab.master, 64, 2)
    last = position(lab.master)
    began = time.monotonic()
    node.launch()
    wait_until(lambda: node.role == "replica" and position(node) >= last,
               CATCH_UP_SECONDS, "it has caught up")
    tell(f"{'rejoin':28} {time.monotonic() - began:.1f} s after missing "
         f"{last - begun} events")


def main():
    seconds = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    enter()
    with running() as lab:
        rates(lab.master, "at the master", seconds)
        rates(lab.followers[0], "at a follower", seconds)
        lag(lab, seconds)
        rejoin(lab)
    with running(acks="all") as lab:
        rates(lab.master, "acks of all", seconds)


if __name__ == "__main__":
    main()
