"""Events that can be told from their count alone: the nth of a writer.

So nobody need remember what was sent, however much it is: id and data follow
from the writer's name and the count, and an acknowledgement is one short line
of the writer's ledger.
"""

import array
import collections
import hashlib
import json
import uuid

PADS = 401  # data is up to so much longer than its least

Ledger = collections.namedtuple("Ledger", "streams numbers positions")


def id_of(by, count):
    return str(uuid.UUID(bytes=hashlib.blake2b(
        f"{by}/{count}".encode(), digest_size=16).digest()))


def data_of(by, count):
    return {"by": by, "count": count, "pad": "x" * (count * 7919 % PADS)}


def text_of(by, count):
    """The bytes in which the data is sent, and must come back."""
    return json.dumps(data_of(by, count))


def event_of(by, count):
    return {"eventId": id_of(by, count), "eventType": "counted",
            "data": data_of(by, count)}


def line_of(stream, first, events, position):
    """A ledger's line: these were acknowledged."""
    return (f"{stream} {first} {len(events)} {position} "
            f"{events[-1]['data']['count']}\n")


def read_ledger(path):
    """Of each count, from 1 on: the stream, the number, and the position of
    the append's last event.  An assertion fails if a count is left out."""
    ledger = Ledger([], array.array("q"), array.array("q"))
    known = {}
    with open(path, encoding="ascii") as lines:
        for line in lines:
            stream, first, n, position, last = line.split()
            stream = known.setdefault(stream, stream)
            assert len(ledger.streams) + int(n) == int(last), (path, line)
            for i in range(int(n)):
                ledger.streams.append(stream)
                ledger.numbers.append(int(first) + i)
                ledger.positions.append(int(position))
    return ledger
