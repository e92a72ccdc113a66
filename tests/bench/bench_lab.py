"""What the measurements of clusters share: a lab, and clients for it."""

import collections
import contextlib
import pathlib
import subprocess
import sys
import tempfile
import threading
import time

TESTS = pathlib.Path(__file__).resolve().parent.parent
sys.path += [str(TESTS), str(TESTS / "cluster")]

from lab import Lab  # noqa: E402
from netns import PRIVATE, PUBLIC, Client  # noqa: E402
from recorder import Connections  # noqa: E402

PRIVATE_AND_PUBLIC = (PRIVATE, PUBLIC)

Rate = collections.namedtuple("Rate", "per_second median_ms p99_ms failed")


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
    done = subprocess.run(
        ["wrk", "-t1", f"-c{clients}", f"-d{seconds}s", "--latency", "-s",
         TESTS / "bench/append.lua", node.base], text=True, check=True,
        capture_output=True)
    words = done.stdout.split("\n")[-2].split()
    return Rate(float(words[0]), float(words[1]), float(words[2]),
                int(words[3]))


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
