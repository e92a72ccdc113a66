"""Appends, beside the floors and what others would use."""

import contextlib

from contenders import Disk, Empty, Etcd, Postgres, Redis
from load import EVENT_BYTES, append_rate
from results import Row

ANSWER_BYTES = 850  # of an append, on the wire

# clients, events a request, targets: of empty and of the disk's flushes
APPENDS = [(1, 1, None, 0.60), (16, 1, None, None), (64, 1, 0.45, None),
           (256, 1, None, None), (1, 10, None, None), (64, 10, None, None),
           (64, 100, None, None)]

# So many where the disk can be flushed so often.
LEAST, FLUSHES = 18_000, 5_000


def measure(bench, part):
    disk = Disk(bench.folder)
    with contextlib.ExitStack() as stack:
        others = {}
        for name, contender in [
                ("empty", Empty(bench.new_folder(), ANSWER_BYTES)),
                ("PostgreSQL", Postgres(bench.new_folder() / "p",
                                        EVENT_BYTES)),
                ("Redis", Redis(bench.new_folder() / "r", EVENT_BYTES,
                                bench.streams)),
                ("etcd", Etcd(bench.new_folder() / "e"))]:
            found = stack.enter_context(
                bench.taking_part(part, name, contender))
            if found:
                others[name] = found
        for clients, events, of_empty, of_disk in APPENDS:
            row = measure_one(bench, clients, events, disk, others)
            what = f"appends, {people(clients)}"
            if of_empty:
                part.judge_ratio(what, row, "empty", of_empty)
                judge_by_disk(part, what, row)
            if of_disk:
                part.judge_ratio(what, row, "disk", of_disk)
            part.add(row)


def people(clients):
    return f"{clients} client" + ("s" if clients > 1 else "")


def measure_one(bench, clients, events, disk, others):
    def rate_of(server):
        return lambda seconds: append_rate(server.base, clients, events,
                                           bench.streams, seconds)

    contenders = [("Rill", rate_of(bench.node))]
    if events == 1:
        contenders += [(name, other.appender(clients, rate_of))
                       for name, other in others.items()]
        contenders.append(("disk", disk.flushes))
    row = bench.compare(Row(f"{people(clients)}, {events} a request"),
                        contenders)
    floor = "disk" if clients == 1 else "empty"
    if floor in row.samples:
        row.note = f"{row.ratio(floor):.2f} of {floor}"
    return row


def judge_by_disk(part, what, row):
    """A slower disk is asked for less."""
    found, flushes = row.median("Rill"), row.median("disk")
    wanted = LEAST * min(1, flushes / FLUSHES)
    part.judge(f"{what}: {LEAST:,}/s where the disk does {FLUSHES:,} "
               f"flushes/s; here {wanted:,.0f}/s at {flushes:,.0f}",
               f"{found:,.0f}/s", found >= wanted)
