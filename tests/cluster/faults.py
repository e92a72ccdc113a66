"""What befalls a cluster: one fault after the other, at random, each undone.

A fault is a context manager: it is made, lasts for a while, and ends.  Between
two of them the cluster must come to acknowledge appends again.
"""

import collections
import contextlib
import random
import signal
import time

from netns import PRIVATE, PUBLIC
from node import START_SECONDS, wait_until

LONGEST = 4  # seconds that a fault lasts
CALM = 0.6  # seconds at most between two
SECOND = 0.3  # so often a second one comes while the first lasts
RECOVERY_SECONDS = 40  # within which appends are acknowledged again


class Faults:
    """All of them, by name; each takes a lab and a source of chance."""

    def __init__(self, lab, chance):
        self.lab, self.random = lab, chance

    def some_node(self):
        """The master as often as one of the others."""
        master = self.lab.find_master()
        if master and self.random.random() < 0.5:
            return master
        return self.random.choice(self.lab.nodes)

    def half(self):
        """Less than half of the nodes, or more."""
        nodes = self.random.sample(self.lab.nodes, len(self.lab.nodes) // 2)
        if self.random.random() < 0.5:
            return [n.machine for n in nodes]
        return [n.machine for n in self.lab.nodes if n not in nodes]

    @contextlib.contextmanager
    def kill_agent(self):
        self.some_node().signal("agent", signal.SIGKILL)
        yield

    @contextlib.contextmanager
    def kill_custodian(self):
        self.some_node().signal("custodian", signal.SIGKILL)
        yield

    @contextlib.contextmanager
    def kill_worker(self):
        self.some_node().signal("worker", signal.SIGKILL)
        yield

    @contextlib.contextmanager
    def kill_lighttpd(self):
        node = self.some_node()
        if node.is_up:
            node.kill_front()
        yield

    @contextlib.contextmanager
    def crash(self):
        """All of a machine; it comes back."""
        node = self.some_node()
        node.crash()
        yield
        node.launch()

    @contextlib.contextmanager
    def crash_all(self):
        for node in self.lab.nodes:
            node.crash()
        yield
        for node in self.random.sample(self.lab.nodes, len(self.lab.nodes)):
            node.launch()

    @contextlib.contextmanager
    def restart(self):
        node = self.some_node()
        node.stop()
        yield
        node.launch()

    @contextlib.contextmanager
    def cut_off_agent(self):
        """Clients reach the node, but it no other."""
        self.lab.networks.cut_off([self.some_node().machine], PRIVATE)
        yield
        self.lab.networks.heal()

    @contextlib.contextmanager
    def cut_off(self):
        self.lab.networks.cut_off([self.some_node().machine], PRIVATE, PUBLIC)
        yield
        self.lab.networks.heal()

    @contextlib.contextmanager
    def cut_off_all(self):
        """Every agent is alone."""
        self.lab.networks.cut_off(
            [n.machine for n in self.lab.nodes], PRIVATE)
        yield
        self.lab.networks.heal()

    @contextlib.contextmanager
    def split(self):
        """In halves; clients are in one of them."""
        self.lab.networks.split(self.half(), PRIVATE, PUBLIC)
        yield
        self.lab.networks.heal()

    @contextlib.contextmanager
    def split_agents(self):
        """The same, but clients reach both."""
        self.lab.networks.split(self.half(), PRIVATE)
        yield
        self.lab.networks.heal()

    @contextlib.contextmanager
    def part(self):
        """Two that do not hear each other, and others that hear both."""
        nodes = self.random.sample(self.lab.nodes, 2)
        self.lab.networks.part([n.machine for n in nodes], PRIVATE)
        yield
        self.lab.networks.heal()

    @contextlib.contextmanager
    def slow(self):
        self.lab.networks.slow_down([self.some_node().machine], PRIVATE)
        yield
        self.lab.networks.heal()

    @contextlib.contextmanager
    def pause(self):
        """Everything on a machine stands still."""
        node = self.some_node()
        node.machine.signal_all(signal.SIGSTOP)
        yield
        node.machine.signal_all(signal.SIGCONT)

    @contextlib.contextmanager
    def pause_agent(self):
        """Its workers do not."""
        yield from self.pausing("custodian")

    @contextlib.contextmanager
    def pause_worker(self):
        yield from self.pausing("worker")

    def pausing(self, program):
        node = self.some_node()
        node.signal(program, signal.SIGSTOP)
        yield
        # All of them: a second fault may have put others in their place.
        node.machine.signal_all(signal.SIGCONT)


    @contextlib.contextmanager
    def jump(self):
        """A node's wall clock is wrong for a while."""
        node = self.some_node()
        node.clock.set(self.random.choice([-86400, -60, 60, 86400]))
        yield
        node.clock.set(0)


KINDS = [name for name in vars(Faults)
         if not name.startswith("_") and
         name not in ("some_node", "half", "pausing", "jump")]
# These leave all networks and all other nodes as they are.
BRIEF = ["kill_agent", "kill_custodian", "kill_worker", "kill_lighttpd"]


class Nemesis:
    """Makes faults, and counts them."""

    def __init__(self, lab, load, seed):
        self.lab, self.load = lab, load
        self.random = random.Random(f"{seed}/faults")
        self.faults = Faults(lab, self.random)
        self.counts = collections.Counter()
        self.slowest = collections.Counter()  # seconds to progress, by kind
        self.waiting = []  # each kind once, before any comes again
        self.kinds = KINDS + ["jump"] * all(n.has_clock for n in lab.nodes)

    def next_kind(self):
        if not self.waiting:
            self.waiting = self.random.sample(self.kinds, len(self.kinds))
        return self.waiting.pop()

    def run(self, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end and not self.load.troubles:
            self.one(self.next_kind())
            time.sleep(self.random.uniform(0, CALM))
        self.replace_disk()

    def one(self, kind):
        with self.make(kind):
            time.sleep(self.random.uniform(0, LONGEST))
            if self.random.random() < SECOND:
                with self.make(self.random.choice(BRIEF)):
                    time.sleep(self.random.uniform(0, LONGEST / 4))
        self.await_progress(kind)

    def make(self, kind):
        self.counts[kind] += 1
        return getattr(self.faults, kind)()

    def await_progress(self, kind):
        begun = time.monotonic()
        self.load.await_progress(RECOVERY_SECONDS)
        self.slowest[kind] = max(self.slowest[kind], time.monotonic() - begun)

    def replace_disk(self):
        """A follower comes back with an empty disk.

        While it is down every append that is acknowledged is on all others of
        a quorum, and so is what was acknowledged before.
        """
        self.lab.await_whole()
        node = self.random.choice(self.lab.followers)
        node.stop()
        self.await_progress("replace_disk")
        node.wipe()
        node.launch()
        self.counts["replace_disk"] += 1
        wait_until(lambda: node.role == "replica", START_SECONDS,
                   "the node with the new disk is a replica")
        self.await_progress("replace_disk")
