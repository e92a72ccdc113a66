"""What events cost on the disk, and a worker in memory."""

import contextlib
import json
import pathlib
import re
import time

from events import await_accounts, event, write
from load import EVENT_BYTES, append_rate, fill, read_rate
from node import Node, wait_until

EVENTS_FILLED = 200_000
STREAMS = 2000
CLIENTS = 64
MOST_DISK, MOST_MIB = 1.8, 32
CALM_SECONDS = 15


@contextlib.contextmanager
def running(bench, **settings):
    """A node of its own, whose data is gone afterwards."""
    node = Node(bench.new_folder() / "node", **settings)
    node.start()
    try:
        await_accounts(node)
        yield node
    finally:
        node.stop()
        bench.remove(node.data.parent)


def measure(bench, part):
    with running(bench) as node:
        fill(node, range(1, STREAMS + 1), EVENTS_FILLED // STREAMS)
        add_disk(part, "in batches of 100", node)
    with running(bench) as node:
        fill(node, range(1, STREAMS + 1), 1, batch=1)
        add_memory(part, node, bench.options.seconds)
        while count_events(node) < EVENTS_FILLED:
            append_rate(node.base, CLIENTS, 1, STREAMS, 2)
        add_disk(part, "one by one, to random streams", node)


def count_events(node):
    """Positions have no gaps."""
    answer = write(node, "count", [event({"p": ""})])
    return int(answer.headers["es-position"]) + 1


def table_bytes(node):
    return sum(f.stat().st_blocks * 512
               for f in (node.data / "store").glob("*.db"))


def await_tidy(node, events):
    """Until the agent has filled pages, and made files smaller."""
    note, before = node.data / "store" / "tidied", [None, 0]

    def is_tidy():
        now = table_bytes(node), note.exists() and note.read_text()
        if now != before[0]:
            before[:] = now, time.monotonic()
        return now[1] and json.loads(now[1])["position"] == events and \
            time.monotonic() - before[1] > CALM_SECONDS
    wait_until(is_tidy, 600, "it is tidy")


def add_disk(part, how, node):
    """Stops the node, which writes a checkpoint; its log is not counted."""
    events = count_events(node)
    await_tidy(node, events)
    node.stop()
    value = table_bytes(node) / events
    row = part.add_figure(f"tables, an event of {EVENT_BYTES} bytes, appended "
                          + how, " bytes", value)
    times = value / EVENT_BYTES
    row.note = f"{times:.2f} times the payload"
    part.judge(f"on disk, appended {how}: at most {MOST_DISK} times the "
               "payload", f"{times:.2f}", times <= MOST_DISK)


def add_memory(part, node, seconds):
    append_rate(node.base, CLIENTS, 1, STREAMS, seconds)
    read_rate(node.base, CLIENTS, seconds, "/streams/load-N", STREAMS)
    value = memory_mib(node.worker_pids()[0])
    part.add_figure(f"a worker's memory beside the cache, {CLIENTS} clients",
                    " MiB", value)
    part.judge(f"a worker's memory beside the cache, {CLIENTS} clients: at "
               f"most {MOST_MIB} MB", f"{value:.1f} MiB",
               value * 1.048576 <= MOST_MIB)


def memory_mib(pid):
    """All that it has in memory but for what it shares with the store's other
    processes: the files in the folder of the store."""
    kib, counts = 0, False
    for line in pathlib.Path(f"/proc/{pid}/smaps").read_text().splitlines():
        if re.match(r"[0-9a-f]+-[0-9a-f]+ ", line):
            counts = "/store/" not in line.split(maxsplit=5)[-1]
        elif counts and line.startswith("Rss:"):
            kib += int(line.split()[1])
    return kib / 1024
