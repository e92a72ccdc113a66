"""What clients asked and were told, and whether a cluster may have said it.

A history is a list of operations, each with the time it began and the time
its answer came, by one clock; and, read when all is over, the final order of
all events on every node.  check() returns a sentence for every contradiction.

    appends      an acknowledged one is there, once, where and at the position
                 that the answer said; no number went to two events
    refusals     the version told was not older than what had been acknowledged
    reads that require the master
                 see all that was acknowledged before they began, nothing that
                 is not there in the end, and never less than one before them
    reads with a minimum position
                 see all of their stream up to it
    nodes        all have the same events in the same order
"""

import bisect
import collections
import dataclasses
import typing

NO_STREAM, ANY = -1, -2


@dataclasses.dataclass(frozen=True)
class Event:
    """One event of the final order."""

    stream: str
    number: int
    event_id: str


@dataclasses.dataclass(frozen=True)
class Append:
    """All tries of one append: the same ids, the same expected version.

    first, current and position are those of the answer; first is None when
    none ever came that left no doubt.
    """

    stream: str
    expected: int
    ids: typing.Tuple[str, ...]
    begin: float
    end: float
    first: typing.Optional[int] = None
    current: typing.Optional[int] = None
    position: typing.Optional[int] = None

    @property
    def last(self):
        return self.first + len(self.ids) - 1


@dataclasses.dataclass(frozen=True)
class Refusal:
    """A try that was refused for its expected version."""

    stream: str
    expected: int
    current: int
    begin: float
    end: float


@dataclasses.dataclass(frozen=True)
class Read:
    """The newest events of a stream, as (number, id), the newest first.

    master: the read required the master.  minimum: its ES-MinimumPosition.
    """

    stream: str
    events: typing.Tuple[typing.Tuple[int, str], ...]
    begin: float
    end: float
    master: bool = False
    minimum: typing.Optional[int] = None

    @property
    def head(self):
        return self.events[0][0] if self.events else NO_STREAM


class Growth:
    """The greatest number known of a stream, by the time it was known."""

    def __init__(self, pairs):
        self.times, self.numbers = [], []
        for time, number in sorted(pairs):
            if not self.numbers or number > self.numbers[-1]:
                self.times.append(time)
                self.numbers.append(number)

    def before(self, time):
        """What was known strictly before; -1: nothing."""
        at = bisect.bisect_left(self.times, time)
        return self.numbers[at - 1] if at else NO_STREAM


class History:
    """Operations to check against the final order of every node."""

    def __init__(self, operations, finals):
        """finals: for each node's name the list of its Events."""
        self.finals = finals
        self.order = max(finals.values(), key=len) if finals else []
        self.operations = operations
        self.found = []

    def of(self, kind):
        return [o for o in self.operations if isinstance(o, kind)]

    def complain(self, text):
        self.found.append(text)

    def check(self):
        self.index()
        self.check_nodes()
        self.check_order()
        for append in self.acknowledged:
            self.check_append(append)
        self.check_numbers()
        self.check_ids_sent()
        for refusal in self.of(Refusal):
            self.check_refusal(refusal)
        for read in self.of(Read):
            self.check_read(read)
        self.check_time()
        return self.found

    def index(self):
        self.acknowledged = [a for a in self.of(Append) if a.first is not None]
        self.at = {(e.stream, e.number): e.event_id for e in self.order}
        self.positions = collections.defaultdict(list)
        for position, e in enumerate(self.order):
            self.positions[e.stream].append((position, e.number))
        self.known = {
            stream: Growth((a.end, a.last) for a in appends)
            for stream, appends in self.by_stream(self.acknowledged).items()}

    @staticmethod
    def by_stream(operations):
        groups = collections.defaultdict(list)
        for o in operations:
            groups[o.stream].append(o)
        return groups

    def known_before(self, stream, time):
        known = self.known.get(stream)
        return known.before(time) if known else NO_STREAM

    def check_nodes(self):
        for name, order in self.finals.items():
            if order == self.order:
                continue
            at = next((i for i, (a, b) in enumerate(zip(order, self.order))
                       if a != b), len(order))
            self.complain(
                f"node {name} differs from position {at} on: it has "
                f"{order[at:at + 1]}, another {self.order[at:at + 1]}")

    def check_order(self):
        """Numbers count up from 0, and no id stands twice in a stream."""
        counts, ids = collections.Counter(), set()
        for e in self.order:
            if e.number != counts[e.stream]:
                self.complain(f"{e} follows number {counts[e.stream] - 1}")
            counts[e.stream] = e.number + 1
            if (e.stream, e.event_id) in ids:
                self.complain(f"{e} is there twice")
            ids.add((e.stream, e.event_id))

    def check_append(self, a):
        stored = [self.at.get((a.stream, a.first + i))
                  for i in range(len(a.ids))]
        if stored != list(a.ids):
            self.complain(f"acknowledged and not there: {a}; there: {stored}")
            return
        if a.expected != ANY and a.first != a.expected + 1:
            self.complain(f"written elsewhere than expected: {a}")
        if a.current < a.last:
            self.complain(f"told a version below its own events: {a}")
        last = Event(a.stream, a.last, a.ids[-1])
        if not (0 <= a.position < len(self.order) and
                self.order[a.position] == last):
            self.complain(f"told a position that is not its own: {a}")

    def check_numbers(self):
        told = {}
        for a in self.acknowledged:
            for i, event_id in enumerate(a.ids):
                number = (a.stream, a.first + i)
                if told.setdefault(number, event_id) != event_id:
                    self.complain(f"{number} was acknowledged to "
                                  f"{told[number]} and to {event_id}")

    def check_ids_sent(self):
        """Nothing is there that nobody sent."""
        sent = {(a.stream, i) for a in self.of(Append) for i in a.ids}
        streams = {a.stream for a in self.of(Append)}
        for e in self.order:
            if e.stream in streams and (e.stream, e.event_id) not in sent:
                self.complain(f"nobody sent {e}")

    def check_refusal(self, r):
        known = self.known_before(r.stream, r.begin)
        if r.current < known:
            self.complain(f"refused by an old version, {known} was "
                          f"acknowledged before: {r}")
        if r.current == r.expected:
            self.complain(f"refused though the version was right: {r}")

    def check_read(self, r):
        if r.master:
            self.check_master_read(r)
        if r.minimum is not None:
            self.check_minimum_read(r)

    def check_master_read(self, r):
        known = self.known_before(r.stream, r.begin)
        if r.head < known:
            self.complain(f"the master read into the past, {known} was "
                          f"acknowledged before: {brief(r)}")
        for number, event_id in r.events:
            if self.at.get((r.stream, number)) != event_id:
                self.complain(f"the master showed {number} {event_id}, which "
                              f"is gone: {brief(r)}")

    def check_minimum_read(self, r):
        places = self.positions[r.stream]
        at = bisect.bisect_right(places, (r.minimum, len(self.order)))
        needed = places[at - 1][1] if at else NO_STREAM
        if r.head < needed:
            self.complain(f"number {needed} stands at or below the minimum "
                          f"position: {brief(r)}")

    def check_time(self):
        """Of two reads from the master the later does not see less."""
        reads = [r for r in self.of(Read) if r.master]
        for stream, group in self.by_stream(reads).items():
            seen = Growth((r.end, r.head) for r in group)
            for r in group:
                if r.head < seen.before(r.begin):
                    self.complain(
                        f"{stream}: {seen.before(r.begin)} had been read from "
                        f"the master before: {brief(r)}")


def brief(read):
    """A read without all of its events."""
    return dataclasses.replace(read, events=read.events[:1])


def check(operations, finals):
    """A sentence for each contradiction; an empty list: none."""
    return History(operations, finals).check()
