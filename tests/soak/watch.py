"""What a node uses, looked at every few seconds: memory, descriptors, time of
the processor, files; and what it says of its recoveries."""

import collections
import os
import pathlib
import re
import statistics
import threading
import time

LOOK_SECONDS = 3
MIB = 1 << 20
TICKS = os.sysconf("SC_CLK_TCK")

Sample = collections.namedtuple("Sample", "at dirty descriptors")
PARTS = "workers", "agent", "lighttpd"


def private_dirty(pid):
    """Bytes."""
    text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
    return 1024 * int(re.search(r"Private_Dirty:\s*(\d+)", text)[1])


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def processor_seconds(pid):
    text = pathlib.Path(f"/proc/{pid}/stat").read_text()
    fields = text.rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def bytes_of(paths):
    total = 0
    for path in paths:
        try:
            total += path.stat().st_blocks * 512
        except FileNotFoundError:
            pass  # a log that was removed just now
    return total


class Watch(threading.Thread):
    """Samples of a whole node; those while it recovers are left out."""

    def __init__(self, node):
        super().__init__(daemon=True)
        self.node = node
        self.samples = []
        self.used = {}  # seconds of the processor, of each pid
        self.log_read = 0
        self.recoveries = []  # ms
        self.stopping = threading.Event()

    def run(self):
        while not self.stopping.wait(LOOK_SECONDS):
            try:
                self.look()
            except (OSError, IndexError, TypeError):
                pass  # somebody died meanwhile

    def stop(self):
        self.stopping.set()
        self.join()

    def look(self):
        pids = {"workers": self.node.worker_pids(),
                "agent": [self.node.pid_of("rill-agent"),
                          *self.node.custodian_pids()],
                "lighttpd": [self.node.pid_of("lighttpd")]}
        for pid in sum(pids.values(), []):
            self.used[pid] = processor_seconds(pid)
        if not self.node.is_whole():
            return
        dirty = {part: sum(map(private_dirty, pids[part])) for part in PARTS}
        counts = {part: sum(map(descriptors, pids[part])) for part in PARTS}
        self.samples.append(Sample(time.monotonic(), dirty, counts))

    def looked_at(self):
        """As processor(), of this moment."""
        self.look()
        return self.processor()

    def processor(self):
        """Seconds used by all that were seen."""
        return sum(self.used.copy().values())

    def medians(self, since):
        """MiB and descriptors of each part since then, or None."""
        recent = [s for s in self.samples if s.at >= since]
        if not recent:
            return None
        return (
            {p: statistics.median(s.dirty[p] for s in recent) / MIB
             for p in PARTS},
            {p: statistics.median(s.descriptors[p] for s in recent)
             for p in PARTS})

    def new_recoveries(self):
        """Their times in ms, of those since the last call."""
        with open(self.node.log, "rb") as log:
            log.seek(self.log_read)
            text = log.read()
        text = text[:text.rfind(b"\n") + 1]
        self.log_read += len(text)
        found = [int(ms) for ms in re.findall(rb"recovered in (\d+) ms", text)]
        self.recoveries += found
        return found

    def sizes(self):
        """Bytes on disk of the tables and of the log."""
        store = self.node.data / "store"
        return bytes_of(store.glob("*.db")), bytes_of(store.glob("log.*"))


def slope(points):
    """Of the straight line that fits (x, y) best; 0 without two of them."""
    if len({x for x, _ in points}) < 2:
        return 0.0
    return statistics.linear_regression(*zip(*points)).slope
