"""Connections to a worker that say nothing, or that a web server keeps open
for further requests: they hold nobody up, and lose nothing."""

import contextlib
import json
import pathlib
import socket

import pytest

import fastcgi
from events import EVENTS, event, new_name, path, stored_ids
from node import wait_until

MANY = 40  # connections; more than a worker has threads
LARGE = 300 * 1000  # bytes: more than one read, and than a socket holds
MAX_BODY = 16 * 1024 * 1024
BATCH = {"Content-Type": EVENTS}


@pytest.fixture(name="worker", scope="module")
def a_worker_of_its_own(node, tmp_path_factory):
    worker = fastcgi.Worker(node, tmp_path_factory.mktemp("worker") / "socket")
    worker.start()
    yield worker
    assert worker.stop() == 0


@pytest.fixture(name="connections")
def many_connections(worker):
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(worker.connect()) for _ in range(MANY)]


def batch(size=1):
    return json.dumps([event({"text": "x" * size})]).encode()


def assert_others_are_served(worker):
    for _ in range(2 * MANY):
        assert worker.request("GET", "/ping").status == 200


def test_connections_that_are_kept_hold_no_thread(node, worker, connections):
    stream = new_name("kept")
    for appended in range(3):
        for connection in connections:
            answer = connection.request("POST", path(stream), batch(), BATCH,
                                        keep=True)
            assert answer.status == 201
        assert_others_are_served(worker)
    assert len(stored_ids(node, stream)) == 3 * MANY


def test_connections_that_say_nothing_hold_no_thread(worker, connections):
    assert_others_are_served(worker)
    for connection in connections:
        assert connection.request("GET", "/ping").status == 200


def test_many_kept_connections_are_answered_at_the_same_time(
        node, worker, connections):
    stream = new_name("kept")
    for _ in range(3):
        for connection in connections:
            connection.ask("POST", path(stream), batch(LARGE), BATCH,
                           keep=True)
        for connection in connections:
            assert connection.answer().status == 201
    assert worker.request("GET", path(stream, 3 * MANY - 1)).status == 200


@pytest.mark.parametrize("keep", [False, True])
def test_an_append_whose_end_is_not_said_is_carried_out(
        node, worker, connections, keep):
    stream = new_name("kept")
    whole, others = connections[4:], connections[:4]
    for connection in whole:
        connection.ask("POST", path(stream), batch(), BATCH, keep=keep)
    for connection in others:
        body = batch()
        connection.send(
            fastcgi.begin(keep),
            fastcgi.stream(fastcgi.PARAMS, fastcgi.parameters(
                "POST", path(stream), BATCH, CONTENT_LENGTH=len(body))),
            fastcgi.record(fastcgi.PARAMS),
            fastcgi.stream(fastcgi.STDIN, body))
    for connection in whole + others:
        assert connection.answer().status == 201
    assert len(stored_ids(node, stream)) == MANY


def test_a_long_poll_leaves_its_connection_open(node, worker):
    stream = new_name("kept")
    with worker.connect() as connection:
        for number in range(3):
            connection.ask("GET", path(stream, f"{number}/forward/20"),
                           headers={"ES-LongPoll": "30"}, keep=True)
            assert node.append(stream, {"n": number}).status == 201
            answer = connection.answer()
            # Before the first append there was no such stream.
            assert answer.status == 200 or (number, answer.status) == (0, 404)


def test_a_body_that_is_refused_is_not_the_next_request(worker):
    with worker.connect() as connection:
        for _ in range(3):
            answer = connection.request(
                "POST", path("$users"), batch(LARGE), BATCH, keep=True)
            assert answer.status == 401
            answer = connection.request(
                "POST", path(new_name()), bytes(MAX_BODY + 1), BATCH, keep=True)
            assert answer.status == 413
        assert connection.request("GET", "/ping", keep=True).status == 200


def test_the_last_request_of_a_connection_ends_it(worker):
    with worker.connect() as connection:
        assert connection.request("GET", "/ping", keep=True).status == 200
        assert connection.request("GET", "/ping").status == 200
        assert connection.socket.recv(1) == b""


@pytest.mark.parametrize("keep", [False, True])
def test_a_body_without_an_end_is_cut_off(worker, keep):
    for _ in range(3):
        with worker.connect() as connection:
            connection.send(
                fastcgi.begin(keep),
                fastcgi.stream(fastcgi.PARAMS, fastcgi.parameters(
                    "POST", path(new_name()), BATCH, CONTENT_LENGTH=MAX_BODY + 1)),
                fastcgi.record(fastcgi.PARAMS))
            more = fastcgi.stream(fastcgi.STDIN, bytes(1024 * 1024))
            with pytest.raises((BrokenPipeError, ConnectionResetError)):
                for _ in range(4 * MAX_BODY // len(more)):
                    connection.socket.sendall(more)
    assert_others_are_served(worker)


def test_a_worker_stops_though_connections_are_kept(node, tmp_path):
    worker = fastcgi.Worker(node, tmp_path / "socket")
    worker.start()
    with worker.connect() as kept, worker.connect() as silent:
        assert kept.request("GET", "/ping", keep=True).status == 200
        assert worker.stop() == 0
        assert kept.socket.recv(1) == silent.socket.recv(1) == b""


def test_who_has_connected_is_answered_though_the_worker_stops(
        node, tmp_path):
    worker = fastcgi.Worker(node, tmp_path / "socket")
    worker.start()
    threads = pathlib.Path(f"/proc/{worker.process.pid}/task")
    serving = len(list(threads.iterdir()))
    with contextlib.ExitStack() as stack:
        connections = [stack.enter_context(worker.connect())
                       for _ in range(MANY)]
        assert_others_are_served(worker)  # so these have been accepted
        worker.process.terminate()
        wait_until(lambda: worker.process.poll() is not None or
                   len(list(threads.iterdir())) < serving / 2, 30,
                   "its threads end")
        for connection in connections:
            assert connection.request("GET", "/ping").status == 200
    assert worker.stop() == 0
