#!/usr/bin/env python3
"""Failover as clients feel it: from a fault of the master to the next append
that is accepted anywhere, and had not begun before the fault.

usage: RILL_BUILDDIR=build python3 failover.py [TIMES]
"""

import signal
import statistics
import sys
import time

from bench_lab import PRIVATE_AND_PUBLIC, Pulse, enter, running
from kept import is_alive
from lab import signal_pid
from node import wait_until

LONGEST_SECONDS = 30
CALM_SECONDS = 1.5


def kill_agent(lab, master):
    pids = master.pids_of("custodian") + master.pids_of("agent")
    for pid in pids:
        signal_pid(pid, signal.SIGKILL)
    wait_until(lambda: not any(map(is_alive, pids)), LONGEST_SECONDS,
               "they are gone")


def kill_machine(lab, master):
    master.crash()


def cut_network(lab, master):
    lab.networks.cut_off([master.machine], *PRIVATE_AND_PUBLIC)


def undo(lab):
    lab.networks.heal()
    for node in lab.nodes:
        node.launch()
    lab.await_whole()
    time.sleep(CALM_SECONDS)


def first_success(pulses, fault):
    """When the first append ended that began after the fault, or None."""
    ends = [end for pulse in pulses for begun, end in pulse.successes[-2000:]
            if begun > fault]
    return min(ends, default=None)


def measure(lab, make_fault):
    pulses = [Pulse(node) for node in lab.nodes]
    for pulse in pulses:
        pulse.start()
    wait_until(lambda: all(len(p.successes) > 20 for p in pulses),
               LONGEST_SECONDS, "all nodes take appends")
    master = lab.master
    fault = time.monotonic()
    make_fault(lab, master)
    made = time.monotonic()  # until now the master may have taken some
    end = wait_until(lambda: first_success(pulses, made), LONGEST_SECONDS,
                     "an append is accepted")
    for pulse in pulses:
        pulse.stop()
    undo(lab)
    return end - fault


def main():
    times = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    enter()
    with running() as lab:
        for make_fault in (kill_agent, kill_machine, cut_network):
            found = sorted(measure(lab, make_fault) for _ in range(times))
            print(f"{make_fault.__name__:12} median "
                  f"{statistics.median(found) * 1000:.0f} ms, worst "
                  f"{found[-1] * 1000:.0f} ms of {times}", flush=True)


if __name__ == "__main__":
    main()
