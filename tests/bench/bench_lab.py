"""What the measurements of clusters share: a lab, and clients for it."""

import collections
import contextlib
import pathlib
import re
import sys
import tempfile
import threading
import time

TESTS = pathlib.Path(__file__).resolve().parent.parent
sys.path += [str(TESTS), str(TESTS / "cluster")]

from lab import Lab  # noqa: E402
from load import EVENT_BYTES, rate, run, wrk_command  # noqa: E402
from netns import PRIVATE, PUBLIC, Client  # noqa: E402
from recorder import Connections  # noqa: E402

PRIVATE_AND_PUBLIC = (PRIVATE, PUBLIC)

STREAMS = 1000
Rate = collections.namedtuple("Rate", "per_second median_ms p99_ms")


def enter():
    """Once, before anything else: to where the bridges are."""
    Client().enter()


class LabAndLone(Lab):
    """Three nodes, and on a fourth machine one that is alone."""

    def __init__(self, folder):
        super().__init__(folder, count=4)
        self.lone = self.nodes.pop()
        members = [node.member for node in self.nodes]
        for node in self.nodes:
            node.configure(members)
        self.lone.configure([])

    def start(self):
        self.lone.start()
        super().start()

    def close(self):
        self.nodes.append(self.lone)
        super().close()


@contextlib.contextmanager
def running(kind=Lab, **options):
    """A lab that is up, on the disk of the build folder's temporary files."""
    with tempfile.TemporaryDirectory(prefix="rill-bench.") as folder:
        lab = kind(folder, **options)
        try:
            lab.start()
            yield lab
        finally:
            lab.close()


def append_rate(node, clients, seconds):
    """What wrk finds with so many clients at a node."""
    said = run(*wrk_command(node.base, "post.lua", clients, seconds,
                            "/streams/load-N", STREAMS, 1, EVENT_BYTES))
    return Rate(rate(said), milliseconds(said, 50), milliseconds(said, 99))


def milliseconds(said, percent):
    value, unit = re.search(rf"{percent}%\s+([\d.]+)(us|ms|s)", said).groups()
    return float(value) * {"us": 0.001, "ms": 1, "s": 1000}[unit]


def position(node):
    """Of its newest event, as the node itself has it; -1 without one."""
    answer = node.request("GET", "/gossip", headers={
        "Accept": "application/json"})
    at = {f"http://{m['externalHttpIp']}:{m['externalHttpPort']}":
          m["lastCommitPosition"] for m in answer.json()["members"]}
    return at[node.base]


class Pulse(threading.Thread):
    """A client that appends to a node all the time, and notes its successes
    as (begun, ended)."""

    def __init__(self, node, seconds=1):
        super().__init__(daemon=True)
        self.node = node
        self.connections = Connections(seconds)
        self.stopping = threading.Event()
        self.successes = []

    def run(self):
        n = 0
        while not self.stopping.is_set():
            n += 1
            begun = time.monotonic()
            reply = self.connections.request(
                self.node.base, "POST",
                f"/streams/pulse-{self.node.machine.number}", "{}",
                {"Content-Type": "application/json", "ES-EventType": "pulse",
                 "ES-EventId": f"{time.time_ns():032x}"})
            if reply is not None and reply.status == 201:
                self.successes.append((begun, time.monotonic()))
            else:
                time.sleep(0.005)

    def stop(self):
        self.stopping.set()
        self.join()
