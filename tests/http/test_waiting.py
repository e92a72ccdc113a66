"""Many long polls at once: they take no threads, and there is a bound."""

import json
import os
import signal

import pytest

from crowd import Crowd
from events import (ADMIN, ATOM, await_accounts, event, fill, get, links,
                    new_name, numbers, path, set_metadata, write)
from node import STOP_SECONDS, Node, children, wait_until

LONG = {"ES-LongPoll": "300", "Accept": ATOM}  # longer than any test
CROWD = 200
THREADS = 4
BOUND = 5


def running(folder, **settings):
    node = Node(folder, **settings)
    node.start()
    await_accounts(node)
    yield node
    node.stop()


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A node with room for a few to wait."""
    yield from running(tmp_path_factory.mktemp("small"), threads=2,
                       max_waiting=BOUND)


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """A node with room for a crowd, and few threads."""
    yield from running(tmp_path_factory.mktemp("large"), threads=THREADS,
                       max_waiting=CROWD)


def in_hand(node):
    """Requests are taken in turn: when one that came later is answered, those
    from before are in hand."""
    for _ in range(20):
        assert node.request("GET", "/ping").status == 200


def waiting_for(stream, number):
    return path(stream, number, "forward", 20)


def found(waiter):
    assert waiter.status == 200, waiter.body
    return numbers(json.loads(waiter.body))


def test_a_crowd_does_not_keep_others_waiting(large):
    streams = [new_name("awaited") for _ in range(CROWD // 2)]
    hot = new_name("hot")
    fill(large, hot, 1)
    paths = [waiting_for(stream, 0) for stream in streams]
    paths += [waiting_for(hot, 1)] * (CROWD // 2)
    with Crowd(large, paths, LONG) as crowd:
        for n in range(20):
            assert large.request("GET", "/ping", seconds=10).status == 200
            fill(large, "other", 1)
            assert numbers(get(large, path("other")).json())[0] == n
        assert crowd.some(0) == []
        fill(large, hot, 1)
        for waiter in crowd.answers(CROWD // 2):
            assert found(waiter) == [1]
        for stream in streams:
            fill(large, stream, 1)
        for waiter in crowd.answers():
            assert found(waiter) == [0]


def test_beyond_the_bound_polls_are_answered_at_once(small):
    stream = new_name("crowded")
    fill(small, stream, 1)
    with Crowd(small, [waiting_for(stream, 1)] * (BOUND + 3), LONG) as crowd:
        for waiter in crowd.answers(3):
            assert found(waiter) == []
        fill(small, stream, 1)
        for waiter in crowd.answers():
            assert found(waiter) == [1]


def test_beyond_the_bound_a_stream_that_is_not_there_is_404(small):
    stream = new_name("none")
    with Crowd(small, [waiting_for(stream, 0)] * (BOUND + 1), LONG) as crowd:
        assert [w.status for w in crowd.answers(1)] == [404]
        fill(small, stream, 1)
        assert [found(w) for w in crowd.answers()] == [[0]] * BOUND


def finds_a_place(node):
    """Whether a poll is held until its event comes."""
    stream = new_name("free")
    with Crowd(node, [waiting_for(stream, 0)], LONG) as one:
        if one.some(0.2):
            return False
        fill(node, stream, 1)
        answer = one.answers()[0]
        return answer.status == 200 and found(answer) == [0]


def test_a_client_that_goes_away_leaves_its_place(small):
    stream = new_name("left")
    fill(small, stream, 1)
    with Crowd(small, [waiting_for(stream, 1)] * (BOUND + 1), LONG) as crowd:
        answered = crowd.answers(1)
        crowd.leave(next(w for w in crowd.waiters if w not in answered))
        wait_until(lambda: finds_a_place(small), 60, "a place is free")


def test_who_may_no_longer_read_is_told(node):
    stream = new_name("revoked")
    fill(node, stream, 1)
    with Crowd(node, [waiting_for(stream, 1)] * 3, LONG) as crowd:
        in_hand(node)
        set_metadata(node, stream, {"$acl": {"$r": "$admins"}})
        assert [w.status for w in crowd.answers()] == [401] * 3


def test_a_deletion_for_good_ends_polls(node):
    stream = new_name("deleted")
    fill(node, stream, 1)
    paths = [waiting_for(stream, 1), waiting_for("$$" + stream, 0)]
    with Crowd(node, paths, LONG) as crowd:
        in_hand(node)
        answer = node.request("DELETE", path(stream),
                              headers={"ES-HardDelete": "True"})
        assert answer.status == 204
        assert [w.status for w in crowd.answers()] == [410] * 2


def test_polls_outlast_a_soft_deletion(node):
    """As with a stream that does not exist yet."""
    stream = new_name("reborn")
    fill(node, stream, 1)
    with Crowd(node, [waiting_for(stream, 1)] * 3, LONG) as crowd:
        in_hand(node)
        assert node.request("DELETE", path(stream)).status == 204
        assert crowd.some(0) == []
        fill(node, stream, 1)
        assert [found(w) for w in crowd.answers()] == [[1]] * 3


def test_events_before_those_waited_for_do_not_end_a_poll(node):
    stream = new_name("ahead")
    with Crowd(node, [waiting_for(stream, 12)], LONG) as crowd:
        for _ in range(12):
            fill(node, stream, 1)
        assert crowd.some(0) == []
        fill(node, stream, 1)
        assert [found(w) for w in crowd.answers()] == [[12]]


def test_many_wait_for_whatever_comes(large):
    feed = get(large, "/streams/$all", headers=ADMIN).json()
    where = links(feed)["previous"].removeprefix(large.base)
    with Crowd(large, [where] * 20, {**LONG, **ADMIN}) as crowd:
        stream = new_name("any")
        write(large, stream, [event()])
        for waiter in crowd.answers():
            titles = [entry["title"]
                      for entry in json.loads(waiter.body)["entries"]]
            assert titles == ["0@" + stream]


def test_a_node_that_stops_answers_all_who_wait(node_factory):
    node = node_factory(threads=THREADS, workers=2)
    paths = [waiting_for(new_name("never"), 0) for _ in range(CROWD)]
    with Crowd(node, paths, LONG) as crowd:
        in_hand(node)
        node.process.send_signal(signal.SIGTERM)
        answers = crowd.answers(seconds=STOP_SECONDS)
        assert [w.status for w in answers] == [404] * CROWD
    assert node.stop() == 0, node.output


def test_a_worker_that_is_killed_takes_only_its_own_down(large):
    """They are told, and its successor has free places."""
    stream = new_name("killed")
    fill(large, stream, 1)
    with Crowd(large, [waiting_for(stream, 1)] * CROWD, LONG) as crowd:
        in_hand(large)
        os.kill(large.worker_pids()[0], signal.SIGKILL)
        assert {w.status for w in crowd.answers()} <= {500, 502, 503}
    with Crowd(large, [waiting_for(stream, 1)] * CROWD, LONG) as crowd:
        in_hand(large)
        assert crowd.some(0) == []
        fill(large, stream, 1)
        assert [found(w) for w in crowd.answers()] == [[1]] * CROWD


def custodian(node):
    """The agent's child, which has the store open."""
    return children(node.pid_of("rill-agent"))[0]


def test_a_poll_goes_on_while_the_store_is_recovered(large):
    stream = new_name("recovered")
    fill(large, stream, 1)
    with Crowd(large, [waiting_for(stream, 1)] * 20, LONG) as crowd:
        in_hand(large)
        os.kill(custodian(large), signal.SIGKILL)
        wait_until(lambda: large.append("other", {}).status == 201,
                   STOP_SECONDS, "the store is back")
        assert crowd.some(0) == []
        fill(large, stream, 1)
        assert [found(w) for w in crowd.answers()] == [[1]] * 20
