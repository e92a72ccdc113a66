"""One node after the other gets new programs under load, and no client suffers.

Clients ask all nodes all the time.  They go on by what the protocol says: after
a 307 where it leads, after a 503 at the next node.  Nothing else is forgiven,
no broken connection either.
"""

import itertools
import json
import signal
import threading
import time
import uuid

from lab import signal_pid
from node import START_SECONDS, wait_until
from recorder import Connections, read_all

CLIENTS = 8
PATIENCE_SECONDS = 30
PAUSE_SECONDS = 0.05
STREAM = "rolling"


class RollingClient(threading.Thread):
    def __init__(self, nodes, index):
        super().__init__(daemon=True)
        self.nodes, self.index = nodes, index
        self.connections = Connections()
        self.stopping = threading.Event()
        self.done, self.retried, self.failures = [], 0, []

    def run(self):
        for n in itertools.count():
            if self.stopping.is_set() or self.failures:
                return
            self.append(str(uuid.uuid4()), n)

    def append(self, event_id, n):
        """At one node after the other, until it is acknowledged."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        for at in itertools.count(self.index + n):
            node = self.nodes[at % len(self.nodes)]
            reply = self.post(node.base, event_id, n)
            if reply is not None and reply.status == 201:
                self.done.append(event_id)
                return
            if reply is None or reply.status != 503 or \
                    time.monotonic() > deadline:
                self.failures.append((node.base, n, reply))
                return
            self.retried += 1
            time.sleep(PAUSE_SECONDS)

    def post(self, base, event_id, n):
        headers = {"Content-Type": "application/json", "ES-EventType": "t",
                   "ES-EventId": event_id}
        if n % 2:
            headers["ES-RequireMaster"] = "True"
        return self.connections.follow(
            base, "POST", f"/streams/{STREAM}", json.dumps({"n": n}), headers)


def renew(lab, node):
    """Agent and workers end as an upgrade would end them, and come back."""
    node.agent.stop(signal.SIGTERM)
    node.agent = None
    node.launch()
    lab.await_whole()
    for pid in node.worker_pids():
        signal_pid(pid, signal.SIGTERM)
        wait_until(lambda: not node.machine.holds(pid), START_SECONDS,
                   "the worker ends")
    lab.await_whole()


def test_a_rolling_restart_fails_no_request(make_lab, capsys):
    lab = make_lab(workers=2)
    lab.start()
    clients = [RollingClient(lab.nodes, i) for i in range(CLIENTS)]
    for client in clients:
        client.start()
    # The master last, so that it is handed on once.
    for node in [*lab.followers, lab.master]:
        renew(lab, node)
    enough = [len(c.done) + 5 for c in clients]
    wait_until(lambda: all(c.failures or len(c.done) >= n
                           for c, n in zip(clients, enough)),
               PATIENCE_SECONDS, "all clients go on")
    for client in clients:
        client.stopping.set()
    for client in clients:
        client.join()
    assert [f for c in clients for f in c.failures] == []
    ids = [i for c in clients for i in c.done]
    with capsys.disabled():
        print(f"# appends {len(ids)}, told to try again "
              f"{sum(c.retried for c in clients)} times", flush=True)
    stored = [e.event_id for e in read_all(lab.master) if e.stream == STREAM]
    assert sorted(stored) == sorted(ids)
