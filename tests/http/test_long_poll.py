"""Long polls: a request that waits for events, and is answered by them."""

import threading
import time

import pytest

from events import (ADMIN, event, fill, get, links, new_name, numbers, path,
                    set_metadata, write)

LONG = {"ES-LongPoll": "25"}  # so long that the tests would notice
SHORT = {"ES-LongPoll": "1"}


class Poll(threading.Thread):
    """A request that waits."""

    def __init__(self, node, where, headers=LONG):
        super().__init__(daemon=True)
        self.node, self.where, self.headers = node, where, headers
        self.answer = None
        self.start()

    def run(self):
        self.answer = get(self.node, self.where, headers=self.headers)

    def result(self):
        self.join(20)
        assert self.answer is not None, "the poll goes on waiting"
        return self.answer


def seconds_of(poll):
    begin = time.monotonic()
    answer = poll()
    return answer, time.monotonic() - begin


def test_a_poll_is_answered_by_the_event_it_waits_for(node):
    stream = new_name("awaited")
    fill(node, stream, 1)
    poll = Poll(node, path(stream, 1, "forward", 20))
    write(node, stream, [event()])
    assert numbers(poll.result().json()) == [1]


def test_a_poll_without_an_event_ends_with_an_empty_page(node):
    stream = new_name("vain")
    fill(node, stream, 1)
    answer, waited = seconds_of(lambda: get(
        node, path(stream, 1, "forward", 20), headers=SHORT))
    assert (answer.status, answer.json()["entries"]) == (200, [])
    assert waited > 0.5, "it did wait"


def test_events_at_hand_are_not_waited_for(node):
    stream = new_name("ready")
    fill(node, stream, 1)
    poll = Poll(node, path(stream, 0, "forward", 20))
    assert numbers(poll.result().json()) == [0]


def test_a_poll_may_wait_for_a_stream_to_begin(node):
    stream = new_name("begun")
    poll = Poll(node, path(stream, 0, "forward", 20))
    fill(node, stream, 2)
    answer = poll.result()
    assert answer.status == 200
    assert numbers(answer.json())[-1] == 0


def test_a_stream_that_does_not_begin_is_404(node):
    answer, waited = seconds_of(lambda: get(
        node, path(new_name("none"), 0, "forward", 20), headers=SHORT))
    assert answer.status == 404
    assert waited > 0.5, "it did wait"


def test_what_is_written_elsewhere_does_not_end_a_poll(node):
    stream = new_name("quiet")
    fill(node, stream, 1)
    poll = Poll(node, path(stream, 1, "forward", 20))
    for _ in range(50):
        fill(node, new_name("loud"), 1)
    assert poll.answer is None
    fill(node, stream, 1)
    assert numbers(poll.result().json()) == [1]


def test_a_poll_whose_tag_matches_waits_too(node):
    stream = new_name("tagged")
    fill(node, stream, 3)
    tag = get(node, path(stream)).headers["etag"]
    poll = Poll(node, path(stream, 2, "forward", 20),
                {**LONG, "If-None-Match": tag})
    fill(node, stream, 1)
    answer = poll.result()
    assert answer.status in (200, 304)
    assert answer.status == 304 or numbers(answer.json()) == [3, 2]


def test_a_poll_of_the_metastream(node):
    stream = new_name("described")
    set_metadata(node, stream, {"a": 1})
    poll = Poll(node, path(stream, "metadata", 1, "forward", 20))
    set_metadata(node, stream, {"a": 2})
    assert numbers(poll.result().json()) == [1]


def test_a_poll_of_all(node):
    feed = get(node, "/streams/$all", headers=ADMIN).json()
    waiting = links(feed)["previous"].removeprefix(node.base)
    poll = Poll(node, waiting, {**LONG, **ADMIN})
    stream = new_name("any")
    fill(node, stream, 1)
    titles = [e["title"] for e in poll.result().json()["entries"]]
    assert titles == ["0@" + stream]


def test_one_event_answers_all_who_wait(node):
    stream = new_name("crowd")
    fill(node, stream, 1)
    polls = [Poll(node, path(stream, 1, "forward", 20)) for _ in range(10)]
    fill(node, stream, 1)
    for poll in polls:
        assert numbers(poll.result().json()) == [1]


def test_those_who_wait_do_not_keep_others_waiting(node):
    """More of them than a worker has threads."""
    stream = new_name("crowd")
    fill(node, stream, 1)
    polls = [Poll(node, path(stream, 1, "forward", 20)) for _ in range(60)]
    for _ in range(20):
        assert node.request("GET", "/ping", seconds=10).status == 200
        fill(node, new_name("others"), 1)
    fill(node, stream, 1)
    for poll in polls:
        assert poll.result().status == 200


def test_a_reader_follows_a_writer(node):
    """By polls alone, and meets every event once and in order."""
    stream, total, seen = new_name("followed"), 40, []
    writer = threading.Thread(target=lambda: [
        fill(node, stream, 1) for _ in range(total)])
    writer.start()
    where = path(stream, 0, "forward", 5)
    while seen != list(range(total)):
        assert seen == list(range(len(seen))), "each once and in order"
        answer = get(node, where, headers=LONG)
        assert answer.status == 200
        feed = answer.json()
        seen += reversed(numbers(feed))
        where = links(feed).get("previous", where).removeprefix(node.base)
    writer.join()


@pytest.mark.parametrize("rest", [[], ["head", "backward", 5], [7]])
def test_elsewhere_the_header_is_ignored(node, rest):
    """Only pages forward wait."""
    stream = new_name("ignored")
    fill(node, stream, 1)
    poll = Poll(node, path(stream, *rest), {"ES-LongPoll": "none of ours"})
    assert poll.result().status == (404 if rest == [7] else 200)
