"""Large bodies, slow clients, many who wait, and workers that die."""

import concurrent.futures
import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import threading

import pytest

from crowd import Crowd
from events import (ATOM, BYTES, event, fill, new_id, new_name, numbers,
                    path, stored_ids, write)
from front import (ApacheForMany, Fcgid, KeptApache, KeptNginx, Lighttpd,
                   name_of)
from node import START_SECONDS, children, wait_until

LONG = {"ES-LongPoll": "300", "Accept": ATOM}  # longer than any test
MIB = 1024 * 1024
SLOW = 40
CROWD = 24
SLOW_BODY = 300_000
SLOW_PAGE = 4 * MIB


def batch_of(mib):
    """Events with so much data together; in each of them, at most 4 MiB."""
    return [event({"text": "x" * (3 * MIB)}) for _ in range(mib // 3)]


def test_large_bodies_arrive_whole(node):
    """15 MiB go in, and again; a page of 20 MiB and more comes out."""
    stream = new_name("large")
    for _ in range(2):
        write(node, stream, batch_of(15))
    answer = node.request(
        "GET", path(stream, 0, "forward", 7) + "?embed=body", seconds=60)
    assert answer.status == 200
    assert len(answer.body) > 20 * MIB
    found = [entry["data"] for entry in answer.json()["entries"]]
    assert [len(json.loads(text)["text"]) for text in found] == [3 * MIB] * 7


class Slow:
    """A client on a connection of its own that stops in the middle."""

    def __init__(self, node):
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.socket.settimeout(30)
        self.socket.connect(("127.0.0.1", node.port))

    def ask(self, method, where, headers):
        lines = [f"{method} {where} HTTP/1.1", "Host: 127.0.0.1",
                 "Connection: close"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        self.socket.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())

    def status(self):
        """Of the answer, once it begins."""
        return int(self.socket.recv(12)[9:12])


def assert_serves(node):
    for _ in range(3):
        assert node.request("GET", "/ping", seconds=20).status == 200
        assert node.append(new_name("others"), {}).status == 201


@contextlib.contextmanager
def slow_clients(node, count):
    clients = [Slow(node) for _ in range(count)]
    try:
        yield clients
    finally:
        for client in clients:
            client.socket.close()


def test_slow_senders_keep_nobody_waiting(node):
    stream = new_name("slowly")
    body = b"x" * SLOW_BODY
    with slow_clients(node, SLOW) as clients:
        for client in clients:
            client.ask("POST", path(stream), {
                "Content-Type": BYTES, "ES-EventType": "t",
                "ES-EventId": new_id(), "Content-Length": len(body)})
            client.socket.sendall(body[:SLOW_BODY // 2])
        assert_serves(node)
        for client in clients:
            client.socket.sendall(body[SLOW_BODY // 2:])
        assert {client.status() for client in clients} == {201}
    assert len(stored_ids(node, stream)) == SLOW


def test_slow_readers_keep_nobody_waiting(node):
    stream = new_name("slowly")
    write(node, stream, [event({"text": "x" * (SLOW_PAGE - 100)})])
    with slow_clients(node, node.slow_readers) as clients:
        for client in clients:
            client.ask("GET", path(stream, 0), {"Accept": "application/json"})
        assert {client.status() for client in clients} == {200}
        assert_serves(node)


def append_and_read(node, stream, number):
    assert node.append(stream, {"n": number}).status == 201
    assert node.request("GET", path(stream, number)).status == 200


@pytest.fixture(name="keeping", params=[KeptNginx, KeptApache], ids=name_of)
def a_front_that_keeps_connections(request, backend):
    """For one test: the worker's end of them counts in others."""
    server = request.param(backend)
    server.start()
    yield server
    server.stop()


def test_connections_may_be_kept(keeping):
    """More of them than the worker has threads."""
    streams = [new_name("kept") for _ in range(CROWD)]
    with concurrent.futures.ThreadPoolExecutor(CROWD) as pool:
        for number in range(10):
            jobs = [pool.submit(append_and_read, keeping, stream, number)
                    for stream in streams]
            for job in jobs:
                job.result()


def test_apache_takes_the_settings_for_many_clients(backend):
    """Taken, not tried: not every machine has as many threads to give."""
    command = ApacheForMany(backend).prepare()
    done = subprocess.run([*command, "-t"], capture_output=True, text=True,
                          timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "Syntax OK\n")


def found(waiter):
    assert waiter.status == 200, waiter.body
    return numbers(json.loads(waiter.body))


def test_one_event_answers_all_who_wait(node):
    stream = new_name("awaited")
    fill(node, stream, 1)
    where = path(stream, 1, "forward", 20)
    with Crowd(node, [where] * node.can_hold, LONG) as crowd:
        assert_serves(node)
        assert crowd.some(0) == []
        fill(node, stream, 1)
        for waiter in crowd.answers():
            assert found(waiter) == [1]


def sockets(pid):
    """How many a process has open."""
    count = 0
    for name in os.listdir(f"/proc/{pid}/fd"):
        try:
            count += os.readlink(f"/proc/{pid}/fd/{name}").startswith("socket")
        except FileNotFoundError:
            pass
    return count


def test_a_poll_ends_when_its_client_goes(node):
    """Where the server notices: nginx and lighttpd do."""
    if not node.can_end_polls:
        return
    pid = node.backend.worker()
    wait_until(lambda: sockets(pid) < 5, 30, "nobody is being served")
    where = path(new_name("left"), 0, "forward", 20)
    with Crowd(node, [where] * 10, LONG) as crowd:
        wait_until(lambda: sockets(pid) >= 10, 30, "they wait")
        for waiter in crowd.waiters:
            crowd.leave(waiter)
        wait_until(lambda: sockets(pid) < 5, 30, "their places are free")


def workers(node):
    """The pids of those that serve a front."""
    if not isinstance(node, Fcgid):
        return [node.backend.worker()]
    return [pid for parent in children(node.process.pid)
            for pid in children(parent)]


class Writer(threading.Thread):
    """Appends one event after the other, each until it is acknowledged."""

    def __init__(self, node, stream):
        super().__init__(daemon=True)
        self.node, self.stream = node, stream
        self.ids, self.statuses = [], set()
        self.stopping = threading.Event()
        self.start()

    def run(self):
        while not self.stopping.is_set():
            self.ids.append(new_id())
            while not self.append(self.ids[-1]):
                pass

    def append(self, event_id):
        status = self.node.append(self.stream, {}, event_id=event_id).status
        self.statuses.add(status)
        return status == 201

    def result(self):
        self.stopping.set()
        self.join(30)
        assert not self.is_alive()
        return self.ids


def polls_in_hand(node):
    """As all workers together count them."""
    text = node.request("GET", "/metrics").body.decode()
    return int(re.search(r"^rill_waiting_requests (\d+)$", text, re.M)[1])


def test_a_worker_that_dies_is_replaced(node):
    """Its clients are told 503, others wait for its successor."""
    told = {503} if not isinstance(node, (Lighttpd, Fcgid)) else {500, 503}
    stream, other = new_name("killed"), new_name("never")
    writer = Writer(node, stream)
    wait_until(lambda: len(writer.ids) > 5, 30, "events are written")
    where = path(other, 0, "forward", 20)
    with Crowd(node, [where] * 5, LONG) as crowd:
        wait_until(lambda: polls_in_hand(node) == 5, 30, "polls are in hand")
        for pid in workers(node):
            os.kill(pid, signal.SIGKILL)
        assert {waiter.status for waiter in crowd.answers()} <= told
    wait_until(lambda: node.request("GET", "/ping").status == 200,
               START_SECONDS, "another worker answers")
    written = len(writer.ids)
    wait_until(lambda: len(writer.ids) > written + 5, 30, "writing goes on")
    assert writer.result() == stored_ids(node, stream)
    assert writer.statuses <= told | {201}
