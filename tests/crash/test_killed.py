"""SIGKILL for each program of a node, while clients append."""

import http.client
import os
import signal
import threading

import pytest

from kept import is_alive
from node import children, wait_until

STREAM = "crash"
RECOVERY_SECONDS = 30  # far beyond what it takes; sanitizers are slow
KILLS = 5


class Writers:
    """Clients that append until told to stop, and note what was answered."""

    def __init__(self, node, count=4):
        self.node = node
        self.acknowledged = []
        self.stopping = threading.Event()
        self.threads = [threading.Thread(target=self.write, args=(i,))
                        for i in range(count)]

    def write(self, writer):
        number = 0
        while not self.stopping.is_set():
            number += 1
            try:
                answer = self.node.append(STREAM, {"w": writer, "n": number})
            except (OSError, http.client.HTTPException):
                continue
            if answer.status == 201:
                location = answer.headers["location"]
                self.acknowledged.append((location, writer, number))

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        for thread in self.threads:
            thread.join()

    def await_progress(self):
        """Wait for appends that began after this call to be answered."""
        enough = len(self.acknowledged) + 2 * len(self.threads)
        wait_until(lambda: len(self.acknowledged) >= enough, RECOVERY_SECONDS,
                   "appends are answered again")


def assert_all_there(node, acknowledged):
    for location, writer, number in acknowledged:
        answer = node.request("GET", location.removeprefix(node.base),
                              headers={"Accept": "application/json"})
        assert answer.status == 200, location
        assert answer.json() == {"w": writer, "n": number}


def worker(node):
    return wait_until(node.worker_pids, RECOVERY_SECONDS, "a worker lives")[0]


def custodian(node):
    """The agent's child, which has the store open."""
    agent = node.pid_of("rill-agent")
    return wait_until(lambda: children(agent), RECOVERY_SECONDS,
                      "the agent has its child")[0]


def kill(pid):
    """And wait until it is gone, lest it be found as the next one."""
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not is_alive(pid), RECOVERY_SECONDS, "it is gone")


@pytest.mark.parametrize("victim", [worker, custodian])
def test_appends_go_on_after_a_kill_and_none_is_lost(node_factory, victim):
    node = node_factory()
    with Writers(node) as writers:
        for _ in range(KILLS):
            writers.await_progress()
            kill(victim(node))
        writers.await_progress()
    assert_all_there(node, writers.acknowledged)


def test_one_of_two_workers_may_die(node_factory):
    node = node_factory(workers=2)
    with Writers(node) as writers:
        for _ in range(KILLS):
            writers.await_progress()
            kill(worker(node))
        writers.await_progress()
    assert_all_there(node, writers.acknowledged)


def test_nothing_is_lost_when_all_die_at_once(node_factory):
    node = node_factory()
    with Writers(node) as writers:
        writers.await_progress()
        agent, lighttpd = node.pid_of("rill-agent"), node.pid_of("lighttpd")
        doomed = [node.process.pid, lighttpd, agent, *children(agent),
                  *children(lighttpd), *node.worker_pids()]
        for pid in doomed:
            os.kill(pid, signal.SIGSTOP)
        for pid in doomed:
            os.kill(pid, signal.SIGKILL)
        node.process.wait()
    node.start()
    assert_all_there(node, writers.acknowledged)
