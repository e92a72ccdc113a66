"""Three nodes beside a lone one, and how soon another takes over.

In a process of its own, which moves to where the machines of the lab are.
"""

import concurrent.futures
import multiprocessing
import statistics

import pytest

from bench_lab import LabAndLone, enter, running
from failover import kill_agent, kill_machine, measure as measure_fault
from load import Missing, append_rate
from results import Part, Row, in_turn

CLIENTS = (1, 16, 64)
STREAMS = 1000
LEAST = 0.5  # of the lone node, with the most clients
FAULTS = [(kill_machine, "the master's machine vanishes", 1000),
          (kill_agent, "the master's processes die", 200)]


def measure(bench, part):
    elsewhere(part, add_all_rates, bench.options)


def measure_failover(bench, part):
    elsewhere(part, add_all_faults, bench.options)


def elsewhere(part, add, options):
    with concurrent.futures.ProcessPoolExecutor(
            1, multiprocessing.get_context("fork")) as other:
        found = other.submit(measure_there, part.name, add, options).result()
    part.rows, part.verdicts = found.rows, found.verdicts


def measure_there(name, add, options):
    try:
        enter()
    except pytest.skip.Exception as why:
        raise Missing(str(why)) from None
    part = Part(name, options)
    with running(LabAndLone) as lab:
        add(part, lab, options)
    return part


def add_all_rates(part, lab, options):
    for clients in CLIENTS:
        add_rates(part, lab, clients, options)


def add_all_faults(part, lab, options):
    for fault in FAULTS:
        add_fault(part, lab, options.rounds, *fault)


def add_rates(part, lab, clients, options):
    def rate_at(node):
        return lambda seconds: append_rate(node.base, clients, 1, STREAMS,
                                           seconds)

    row = in_turn(Row(f"appends, {clients} clients", "/s"), [
        ("lone node", rate_at(lab.lone)), ("three nodes", rate_at(lab.master)),
        ("by way of a replica", rate_at(lab.followers[0]))], options)
    part_of_it = row.ratio("lone node", "three nodes")
    row.note = f"{part_of_it:.2f} of the lone node"
    part.add(row)
    if clients == CLIENTS[-1]:
        part.judge(f"appends on three nodes, {clients} clients: at least "
                   f"{LEAST} of the lone node", f"{part_of_it:.2f}",
                   part_of_it >= LEAST)


def add_fault(part, lab, times, make_fault, what, most):
    row = Row(what, " ms")
    found = [1000 * measure_fault(lab, make_fault) for _ in range(times)]
    for name, value in (("median", statistics.median(found)),
                        ("at worst", max(found))):
        row.add(name, value)
    part.add(row)
    part.judge(f"{what}: an append is taken within {most} ms",
               f"{max(found):.0f} ms at worst", max(found) <= most)
