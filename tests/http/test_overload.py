"""More requests than a worker has room for: some are served, others told."""

import contextlib
import fcntl
import re
import struct
import termios
import threading
import time

import pytest

import fastcgi
from events import await_accounts, new_id, new_name, path, stored_ids
from node import Node, wait_until

THREADS, QUEUED = 1, 2
PLACES = THREADS + QUEUED
LONGEST_IN_LINE = 3  # seconds
FILES = 128  # that a process may open
CLIENTS, EVENTS = 12, 10
BODY = b"x" * 50000  # more than is read before somebody serves it
TURNED_AWAY = b"Server Is Too Busy. Too many requests wait for their turn."


SMALL = {"threads": THREADS, "max_queued": QUEUED}


@pytest.fixture(name="tiny", scope="module")
def a_node_with_little_room(tmp_path_factory):
    node = Node(tmp_path_factory.mktemp("tiny") / "data", **SMALL)
    node.start()
    await_accounts(node)
    yield node
    node.stop()


def worker_address(node):
    text = (node.data / "run/lighttpd.conf").read_text()
    return re.search(r'"socket" => "([^"]*)"', text)[1] + "-0"


class Hold:
    """An append that has a place until the rest of its body is sent."""

    def __init__(self, address, stream):
        self.connection = fastcgi.Connection(address)
        with contextlib.suppress(BrokenPipeError):  # it is told already
            self.say_most(stream)

    def say_most(self, stream):
        self.connection.send(
            fastcgi.begin(),
            fastcgi.stream(fastcgi.PARAMS, fastcgi.parameters(
                "POST", path(stream),
                {"Content-Type": "application/octet-stream",
                 "ES-EventType": "held", "ES-EventId": new_id()},
                CONTENT_LENGTH=len(BODY))),
            fastcgi.record(fastcgi.PARAMS),
            fastcgi.stream(fastcgi.STDIN, BODY[1:]))

    def is_served(self):
        """A thread has read all that there is."""
        unread = fcntl.ioctl(self.connection.socket, termios.TIOCOUTQ,
                             struct.pack("i", 0))
        return struct.unpack("i", unread)[0] == 0

    def finish(self):
        with contextlib.suppress(BrokenPipeError):  # it waited for too long
            self.connection.send(fastcgi.record(fastcgi.STDIN, BODY[:1]),
                                 fastcgi.record(fastcgi.STDIN))
        return self.answer()

    def answer(self):
        with self.connection:
            return self.connection.answer()


def hold_the_thread(address, stream):
    hold = Hold(address, stream)
    wait_until(hold.is_served, 30, "it is served")
    return hold


def hold_all_places(node, stream):
    """Also on a slow machine: who waited for too long leaves his place to the
    next, who can only wait, too."""
    address = worker_address(node)
    first = hold_the_thread(address, stream)
    return [first] + [Hold(address, stream) for _ in range(QUEUED)]


def assert_turned_away(answer):
    assert answer.status == 503
    assert int(answer.headers["retry-after"]) > 0
    assert answer.body.startswith(TURNED_AWAY)


def test_who_finds_no_room_is_told_and_nothing_is_done(tiny):
    stream, other = new_name("held"), new_name("turned-away")
    held = hold_all_places(tiny, stream)
    for _ in range(5):
        assert_turned_away(Hold(worker_address(tiny), stream).answer())
    assert_turned_away(tiny.append(other, {"n": 1}))
    assert_turned_away(tiny.append(other, {"text": "x" * 100000}))
    assert_turned_away(tiny.request("GET", path(stream)))
    head = tiny.request("HEAD", path(stream))
    assert head.status == 503 and head.body == b""
    answers = [hold.finish() for hold in held]
    assert answers[0].status == 201
    done = [answer for answer in answers if answer.status == 201]
    for answer in answers:
        if answer not in done:  # it waited for too long
            assert_turned_away(answer)
    assert len(stored_ids(tiny, stream)) == len(done)
    assert tiny.request("GET", path(other)).status == 404


def hold_for_a_moment(node):
    """In all places: for how long, and what they were answered."""
    began = time.monotonic()
    held = hold_all_places(node, new_name("held"))
    statuses = [hold.finish().status for hold in held]
    return time.monotonic() - began, statuses


def test_who_waits_is_served_unless_it_takes_too_long(tiny):
    for _ in range(10):
        seconds, statuses = hold_for_a_moment(tiny)
        if seconds < LONGEST_IN_LINE:
            assert statuses == [201] * PLACES
            break
        assert set(statuses) <= {201, 503}


class Client(threading.Thread):
    """Appends, each event until it is acknowledged."""

    def __init__(self, node, stream):
        super().__init__(daemon=True)
        self.node, self.stream = node, stream
        self.ids, self.others = [], []
        self.start()

    def run(self):
        for _ in range(EVENTS):
            event_id = new_id()
            while not self.append(event_id):
                pass
            self.ids.append(event_id)

    def append(self, event_id):
        answer = self.node.append(self.stream, {}, event_id=event_id)
        if answer.status != 201:
            self.others.append(answer)
        return answer.status == 201


def test_a_crowd_writes_each_event_once(tiny):
    streams = [new_name("crowded") for _ in range(CLIENTS)]
    clients = [Client(tiny, stream) for stream in streams]
    for client in clients:
        client.join(60)
        assert not client.is_alive()
    for client in clients:
        for answer in client.others:
            assert_turned_away(answer)
        assert stored_ids(tiny, client.stream) == client.ids


@pytest.fixture(name="cramped")
def a_worker_with_few_descriptors(tmp_path):
    node = Node(tmp_path / "data", threads=THREADS)
    node.start()
    await_accounts(node)
    worker = fastcgi.Worker(node, tmp_path / "socket")
    with (tmp_path / "log").open("w") as log:
        worker.start(["prlimit", f"--nofile={FILES}:{FILES}"], log)
    yield worker
    worker.stop()
    node.stop()


def test_a_line_leaves_descriptors_to_the_store(cramped, tmp_path):
    """All but the one that is served are told: who does not fit, and, while
    nobody comes to serve them, who waited for too long."""
    stream = new_name("cramped")
    held = hold_the_thread(cramped.address, stream)
    others = [Hold(cramped.address, stream) for _ in range(2 * FILES)]
    for other in others:
        assert_turned_away(other.answer())
    assert held.finish().status == 201
    assert cramped.request("GET", path(stream) + "/0").status == 200
    said = (tmp_path / "log").read_text()
    assert "requests may wait, not max_queued=1000" in said
    assert "recovery" not in said
