"""Stopping a node: what is in hand is answered; and nothing can block it."""

import concurrent.futures
import json
import os
import signal
import time
import uuid

from clients import BATCH_JSON
from kept import is_alive
from node import wait_until

STOP_SECONDS = 20
POLL_SECONDS = 60
POLLS = 8
BATCH = 4000


def poll(node, stream, number):
    """A long poll that nothing but an append or the end can answer."""
    return node.request("GET", f"/streams/{stream}/{number}/forward/20", None,
                        {"ES-LongPoll": str(POLL_SECONDS)},
                        seconds=POLL_SECONDS + 30)


def append_batch(node, stream):
    events = [{"eventId": str(uuid.uuid4()), "eventType": "many",
               "data": {"ballast": "x" * 200}} for _ in range(BATCH)]
    return node.request("POST", f"/streams/{stream}", json.dumps(events),
                        {"Content-Type": BATCH_JSON})


def await_in_hand(node):
    """lighttpd and the workers take requests in turn: when one that came
    later is answered, they have those from before."""
    for _ in range(20):
        assert node.request("GET", "/ping").status == 200


def is_written(batch):
    """Or else it never was in hand: nobody listened any more."""
    try:
        assert batch.result().status == 201
    except ConnectionRefusedError:
        return False
    return True


def test_what_is_in_hand_is_answered(node_factory):
    node = node_factory(workers=2)
    with concurrent.futures.ThreadPoolExecutor(POLLS + 4) as pool:
        polls = [pool.submit(poll, node, "quiet", 0) for _ in range(POLLS)]
        await_in_hand(node)
        batches = [pool.submit(append_batch, node, f"busy-{i}")
                   for i in range(4)]
        wait_until(lambda: batches[0].done() or batches[1].done(), 30,
                   "the first batch is answered")
        started = time.monotonic()
        assert node.stop() == 0, node.output
        assert time.monotonic() - started < STOP_SECONDS
        # There is no such stream.
        assert [p.result().status for p in polls] == [404] * POLLS
        written = [i for i, b in enumerate(batches) if is_written(b)]
        assert written
    node.start()
    for i in written:
        answer = node.request("GET", f"/streams/busy-{i}/{BATCH - 1}")
        assert answer.status == 200


def test_an_append_through_one_worker_wakes_the_readers_of_both(node_factory):
    node = node_factory(workers=2)
    assert len(node.worker_pids()) == 2
    assert node.append("news", {}).status == 201
    with concurrent.futures.ThreadPoolExecutor(POLLS) as pool:
        started = time.monotonic()
        polls = [pool.submit(poll, node, "news", 1) for _ in range(POLLS)]
        await_in_hand(node)
        assert node.append("news", {}).status == 201
        answers = [p.result() for p in polls]
    assert time.monotonic() - started < POLL_SECONDS
    assert [a.status for a in answers] == [200] * POLLS
    assert [len(a.json()["entries"]) for a in answers] == [1] * POLLS


def test_an_agent_stops_though_a_worker_hangs(parts):
    parts.start()
    assert parts.append("kept", {}).status == 201
    hung = parts.worker_pids()[0]
    os.kill(hung, signal.SIGSTOP)
    try:
        assert parts.stop_agent() == 0
        # The next agent has to end the one that did not leave.
        parts.start_agent()
        wait_until(lambda: not is_alive(hung), STOP_SECONDS, "it is ended")
    finally:
        if is_alive(hung):
            os.kill(hung, signal.SIGCONT)
    wait_until(lambda: parts.append("kept", {}).status == 201, STOP_SECONDS,
               "appends are taken")
    status, said = parts.rillctl("verify")
    assert status == 0, said
