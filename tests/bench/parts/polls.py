"""How long who waits for an event waits once it is being appended."""

import http.client
import json
import statistics
import time

from crowd import Crowd
from events import ADMIN, ATOM, EVENTS, event, path
from load import PAD
from node import wait_until
from results import Row

LONG = {"ES-LongPoll": "300", "Accept": ATOM}
WAITERS = (1, 100, 900)
APPENDS = 100


def measure(bench, part):
    for count in WAITERS:
        row = Row(f"{count} waiting, each for another stream", " ms")
        for n in range(bench.options.rounds):
            late = sorted(latencies(bench.node, count, f"quiet-{count}-{n}"))
            row.add("median", 1000 * statistics.median(late))
            row.add("99 %", 1000 * late[int(len(late) * 0.99)])
        part.add(row)


def latencies(node, count, name):
    """In seconds.  Who has been answered waits for the stream's next event."""
    await_waiting(node, 0)  # who left may hold a place for a second
    waits = [0] * count
    paths = [path(f"{name}-{n}", 0, "forward", 20) for n in range(count)]
    connection = http.client.HTTPConnection("127.0.0.1", node.port)
    with Crowd(node, paths, LONG) as crowd:
        await_waiting(node, count)
        for n in range(APPENDS):
            stream = n % count
            begin = time.monotonic()
            append(connection, f"{name}-{stream}")
            [waiter] = crowd.answers(1)
            yield waiter.answered - begin
            connection.getresponse().read()
            waits[stream] += 1
            waiter.path = path(f"{name}-{stream}", waits[stream], "forward",
                               20)
            crowd.ask(waiter)
    connection.close()


def await_waiting(node, count):
    line = f"\nrill_waiting_requests {count}\n".encode()
    wait_until(lambda: line in node.request("GET", "/metrics", None,
                                            ADMIN).body,
               30, f"{count} requests wait")


def append(connection, stream):
    connection.request("POST", path(stream), json.dumps(
        [event({"p": PAD}, "benched")]), {"Content-Type": EVENTS})
