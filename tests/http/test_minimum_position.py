"""ES-MinimumPosition: a read that waits until its events are here."""

import threading
import time

import pytest

from events import (ADMIN, ATOM, assert_refused, event, fill, get, new_name,
                    path, write)

WAIT_SECONDS = 5


def up_to(position):
    return {"ES-MinimumPosition": str(position)}


def position_of(answer):
    return int(answer.headers["es-position"])


@pytest.fixture
def stream(node):
    name = new_name()
    fill(node, name, 3)
    return name


@pytest.mark.parametrize("rest", [
    (), (0,), ("head",), (0, "forward", 5), ("metadata",)])
def test_what_is_there_is_read_at_once(node, stream, rest):
    position = position_of(write(node, stream, [event()]))
    for least in (0, position):
        answer = get(node, path(stream, *rest), ATOM, up_to(least))
        assert answer.status == 200, answer.body


def test_all_too(node, stream):
    position = position_of(write(node, stream, [event()]))
    answer = get(node, "/streams/$all", ATOM, {**ADMIN, **up_to(position)})
    assert answer.status == 200


def test_what_comes_meanwhile_is_seen(node, stream):
    position = position_of(write(node, stream, [event()]))
    found = []
    reads = [threading.Thread(target=lambda: found.append(
        get(node, path(stream, "head"), ATOM, up_to(position + 2))))
        for _ in range(8)]
    for read in reads:
        read.start()
    while any(read.is_alive() for read in reads):
        write(node, stream, [event()])
    assert [answer.status for answer in found] == [200] * len(reads)
    assert all(int(answer.json()["title"].partition("@")[0]) >= 5
               for answer in found)


def test_what_does_not_come_is_waited_for_only_so_long(node, stream):
    begun = time.monotonic()
    answer = get(node, path(stream), ATOM, up_to(10**15))
    assert_refused(answer, 503, "has not yet come to the position")
    assert int(answer.headers["retry-after"]) > 0
    assert time.monotonic() - begun >= WAIT_SECONDS - 0.5


@pytest.mark.parametrize("value", ["-1", "x", "1.5", "9" * 20])
def test_a_malformed_one_is_refused(node, stream, value):
    answer = get(node, path(stream), ATOM, {"ES-MinimumPosition": value})
    assert_refused(answer, 400, "ES-MinimumPosition header in wrong format.")


def test_browsers_may_send_it(node, stream):
    answer = node.request("OPTIONS", path(stream))
    assert "ES-MinimumPosition" in \
        answer.headers["access-control-allow-headers"].split(", ")
