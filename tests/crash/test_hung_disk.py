"""A disk that does not answer: who waits, who is told, what is kept."""

import threading

import pytest

from events import await_accounts, new_id, stored_ids
from fault import FOR_EVER, HANG, Fault, started_with
from node import Node, wait_until

THREADS, QUEUED = 3, 2
MOST = 64  # clients, of whom some are told
SECONDS = 60
TURNED_AWAY = b"Server Is Too Busy."


@pytest.fixture(name="node")
def a_node_with_little_room(tmp_path):
    made = Node(tmp_path / "node", threads=THREADS, max_queued=QUEUED)
    made.fault = Fault(tmp_path, made.data / "store")
    with started_with(made.fault.environment()):
        made.start()
    await_accounts(made)
    yield made
    made.fault.disarm()
    assert made.stop() == 0, made.output


class Client(threading.Thread):
    """Appends one event."""

    def __init__(self, node, stream):
        super().__init__(daemon=True)
        self.node, self.stream = node, stream
        self.id, self.answer = new_id(), None
        self.start()

    def run(self):
        self.answer = self.node.append(self.stream, {}, event_id=self.id)


def queued(node):
    """How many appends wait for the writer."""
    said = node.request("GET", "/metrics").body.decode()
    return [float(line.rpartition(" ")[2]) for line in said.splitlines()
            if line.startswith("rill_queued_appends ")]


def told(clients):
    """Those who were turned away."""
    return [client for client in clients if client.answer is not None]


def crowd_until_told(node, stream, clients):
    """More and more clients, until one is told that there are too many."""
    while not told(clients):
        assert len(clients) < MOST, "all of them wait"
        clients.append(Client(node, stream))
        clients[-1].join(0.05)


def assert_turned_away(answer):
    assert answer.status == 503
    assert int(answer.headers["retry-after"]) > 0
    assert answer.body.startswith(TURNED_AWAY)


def test_appends_wait_or_are_told_and_reads_go_on(node):
    kept, hung = [new_id()], [new_id()]
    assert node.append("kept", {}, event_id=kept[0]).status == 201
    assert node.append("hung", {}, event_id=hung[0]).status == 201
    with node.fault.armed("rill.fcgi", "fdatasync", HANG, 1, times=FOR_EVER,
                          file="log."):
        clients = [Client(node, "hung")]
        wait_until(lambda: node.fault.hits > 0, SECONDS, "the disk hangs")
        clients.append(Client(node, "hung"))
        wait_until(lambda: queued(node) == [1], SECONDS, "another one waits")
        assert stored_ids(node, "kept") == kept
        crowd_until_told(node, "hung", clients)
        assert clients[0].answer is clients[1].answer is None
    for client in clients:
        client.join(SECONDS)
        if client.answer.status == 201:
            hung.append(client.id)
        else:
            assert_turned_away(client.answer)
    assert clients[0].id in hung and clients[1].id in hung
    assert sorted(stored_ids(node, "hung")) == sorted(hung)
