"""A model of a node: what every write leaves behind, and what reads find.

It knows nothing of HTTP; shapes.py says how what is found looks.  Its facts
are the contract's: judge() is the table of 1.4, delete() of 1.7, the pages are
those of 1.9 and 1.10, settings_of() is 3.3.
"""

import json
import re
from dataclasses import dataclass, field

from events import GONE

ANY, NO_STREAM, EXISTS = -2, -1, -4  # expected versions that are no number
TOMBSTONE = 2 ** 63 - 1              # its event's number
LINK = "$>"

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,7})?Z")
GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Learned:
    """What only the server knows: once seen, it must stay the same."""

    def __init__(self, pattern):
        self.pattern = pattern
        self.value = None

    def agrees(self, seen):
        if self.value is None and self.pattern.fullmatch(str(seen)):
            self.value = seen
        return self.value == seen

    def __repr__(self):
        return self.value or f"<{self.pattern.pattern}>"


def is_json(text):
    try:
        json.loads(text)
        return True
    except ValueError:
        return False


@dataclass
class Event:
    id: object
    type: str
    data: str = ""
    metadata: str = ""
    has_json_data: bool = False
    has_json_metadata: bool = False
    stream: str = None
    number: int = None
    position: int = None
    is_removed: bool = False  # by scavenging
    updated: Learned = field(default_factory=lambda: Learned(TIME))

    @property
    def counts_as_json(self):
        return self.has_json_data or self.has_json_metadata

    @property
    def data_is_json(self):
        """Whether its data stands in JSON as a value, not as a string."""
        return self.has_json_data or self.has_json_metadata and is_json(
            self.data)

    @property
    def metadata_is_json(self):
        return self.has_json_metadata or self.has_json_data and is_json(
            self.metadata)


@dataclass
class Entry:
    """An event as it is shown; of a link, what it names, if it is there."""
    event: Event
    place: tuple                # stream and number its addresses name
    is_link: bool = False
    target: Event = None

    @property
    def is_broken(self):
        return self.is_link and self.target is None

    @property
    def subject(self):
        return self.target or self.event


# Settings.

WHOLE, FLAG, ACL = int, bool, dict
KNOWN = {"$maxCount": WHOLE, "$maxAge": WHOLE, "$tb": WHOLE,
         "$cacheControl": WHOLE, "$tmp": FLAG, "$acl": ACL}
LEAST = {"$maxCount": 1, "$maxAge": 1, "$tb": 0, "$cacheControl": 1}
RIGHTS = {"$r", "$w", "$d", "$mr", "$mw"}


def is_role_list(roles):
    return isinstance(roles, str) or isinstance(roles, list) and all(
        isinstance(role, str) for role in roles)


def is_valid(name, value):
    if type(value) is not KNOWN[name]:
        return False
    return name != "$acl" or all(
        right in RIGHTS and is_role_list(roles)
        for right, roles in value.items())


def settings_of(event):
    """One recognised member of a wrong type makes all of them void."""
    if not event.counts_as_json or not is_json(event.data):
        return {}
    document = json.loads(event.data)
    if not isinstance(document, dict):
        return {}
    known = {k: v for k, v in document.items() if k in KNOWN}
    if not all(is_valid(k, v) for k, v in known.items()):
        return {}
    return {k: v for k, v in known.items() if k not in LEAST or v >= LEAST[k]}


def compact(document):
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False)


def is_meta(name):
    return name.startswith("$$")


class Stream:
    def __init__(self, name):
        self.name = name
        self.events = []
        self.settings = {}
        self.is_deleted = False  # for good

    @property
    def last(self):
        return len(self.events) - 1

    @property
    def first(self):
        """The least number that is shown."""
        most = 1 if is_meta(self.name) else self.settings.get("$maxCount")
        least = self.last - most + 1 if most else 0
        return max(least, self.settings.get("$tb", 0), 0)

    @property
    def is_soft_deleted(self):
        return self.settings.get("$tb") == GONE

    def number_of(self, event_id):
        for event in self.events:
            if event.id == event_id:
                return event.number
        return None

    def shown(self, first, last):
        """The events from first to last that are shown, oldest first."""
        first = max(first, self.first)
        events = self.events[first:max(min(last, self.last) + 1, first)]
        return [event for event in events if not event.is_removed]

    def hidden(self):
        """What nobody can read, whatever number is asked for."""
        return self.events[:self.first]


@dataclass
class Outcome:
    """Of a write."""
    status: int
    first: int = None
    current: int = None
    position: int = None


@dataclass
class Page:
    """Of a stream, its entries oldest first."""
    stream: Stream
    entries: list
    forward: bool
    at_head: bool
    start: int       # the number it was read from
    count: int
    is_end: bool     # of the stream, in the page's direction
    is_final: bool   # it will never change


class Refused(Exception):
    """A read that is answered with this status."""

    def __init__(self, status):
        super().__init__(status)
        self.status = status


class Model:
    def __init__(self, position):
        self.streams = {}
        self.log = []               # every event since then, for $all
        self.start = position       # of the log's first event
        self.position = position    # of the next event

    def stream(self, name):
        return self.streams.setdefault(name, Stream(name))

    def base_of(self, name):
        """The stream whose metadata it holds; None: it holds none."""
        return self.stream(name[2:]) if is_meta(name) else None

    # Who may do what.

    def roles(self, right, name):
        base = self.base_of(name)
        if base is not None:
            right = "$m" + right[1:]
        acl = (base or self.stream(name)).settings.get("$acl", {})
        roles = acl.get(right, "$all")
        return [roles] if isinstance(roles, str) else roles

    def is_public(self, name):
        return "$all" in self.roles("$r", name)

    def may(self, right, name, is_admin):
        if right == "$d" and is_meta(name):
            return False
        return is_admin or "$all" in self.roles(right, name)

    # Writing.

    def is_gone(self, name):
        base = self.base_of(name)
        return self.stream(name).is_deleted or (
            base is not None and base.is_deleted)

    def refuse_absence(self, stream):
        """The status, when a stream that must exist does not; else None."""
        if stream.is_soft_deleted:
            return 410
        has_metadata = not is_meta(stream.name) and self.stream(
            "$$" + stream.name).events
        return None if stream.events or has_metadata else 400

    def judge(self, stream, ids, expected):
        """A status to refuse with, "write" or "repeat"."""
        known = [stream.number_of(i) for i in ids]
        write = 400 if any(n is not None for n in known) else "write"

        def stand_at(number):
            return known == list(range(number, number + len(ids)))

        if expected == EXISTS and self.refuse_absence(stream):
            return self.refuse_absence(stream)
        if expected in (ANY, EXISTS):
            return write if None in known else "repeat"
        if expected == stream.last:
            return write
        if not NO_STREAM <= expected < stream.last:
            return 400
        if stand_at(expected + 1):
            return "repeat"
        if expected == NO_STREAM:
            if stand_at(stream.settings.get("$tb", 0)):
                return "repeat"  # of what made it anew
            if stream.is_soft_deleted and known[0] != 0:
                return write
        return 400

    def append(self, name, events, expected, is_admin=False):
        stream = self.stream(name)
        ids = [event.id for event in events]
        if len(set(ids)) < len(ids):
            return Outcome(400)
        if not self.may("$w", name, is_admin):
            return Outcome(401)
        if self.is_gone(name):
            return Outcome(410)
        verdict = self.judge(stream, ids, expected)
        if verdict == "write":
            return self.write(stream, events)
        if verdict == "repeat":
            stored = [stream.events[stream.number_of(i)] for i in ids]
            return Outcome(201, stored[0].number, stream.last, None if
                           stored[-1].is_removed else stored[-1].position)
        if verdict == 410:
            return Outcome(410)
        return Outcome(400, current=stream.last)  # wrong expected version

    def write(self, stream, events):
        first, was_deleted = stream.last + 1, stream.is_soft_deleted
        for event in events:
            self.put(stream, event)
        position = self.position - 1
        base = self.base_of(stream.name)
        if base is not None:
            was_deleted = base.is_soft_deleted
            base.settings = settings_of(events[-1])
            if was_deleted:
                self.restore(base, base.last + 1)
        elif was_deleted:
            self.restore(stream, first)
        return Outcome(201, first, stream.last, position)

    def put(self, stream, event, number=None):
        event.stream = stream.name
        event.number = stream.last + 1 if number is None else number
        event.position = self.position
        self.position += 1
        self.log.append(event)
        if number is None:
            stream.events.append(event)

    def put_metadata(self, stream, document):
        """As the server writes it."""
        event = Event(Learned(GUID), "$metadata", compact(document),
                      has_json_data=True)
        self.put(self.stream("$$" + stream.name), event)
        stream.settings = settings_of(event)

    def restore(self, stream, number):
        """Un-delete it: what was there before stays hidden."""
        newest = self.stream("$$" + stream.name).events[-1]
        document = {}
        if newest.counts_as_json and is_json(newest.data):
            document = json.loads(newest.data)
        if not isinstance(document, dict):
            document = {}
        document.pop("$tb", None)
        self.put_metadata(stream, {**document, "$tb": number})

    def delete(self, name, expected, is_hard, is_admin=False):
        stream = self.stream(name)
        if not self.may("$d", name, is_admin):
            return 401
        if stream.is_deleted:
            return 410
        if expected == EXISTS and self.refuse_absence(stream):
            return self.refuse_absence(stream)
        if expected not in (ANY, EXISTS, stream.last) and not (
                expected == NO_STREAM and stream.is_soft_deleted):
            return 400
        if is_hard:
            self.put(stream, Event(Learned(GUID), "$streamDeleted"), TOMBSTONE)
            stream.is_deleted = True
        else:
            self.put_metadata(stream, {"$tb": GONE})
        return 204

    def scavenge(self):
        for stream in list(self.streams.values()):
            for event in stream.hidden():
                event.is_removed = True
            if self.is_gone(stream.name):
                for event in stream.events:
                    event.is_removed = True
        self.log = [event for event in self.log if not event.is_removed]

    # Reading.

    def find(self, name, is_admin):
        """The stream, or Refused."""
        stream = self.stream(name)
        if not self.may("$r", name, is_admin):
            raise Refused(401)
        if self.is_gone(name):
            raise Refused(410)
        if not stream.events or stream.is_soft_deleted:
            raise Refused(404)
        return stream

    def can_be_found(self, name):
        try:
            return self.find(name, is_admin=True) is not None
        except Refused:
            return False

    def show(self, event, resolve, is_admin):
        """An event as an entry; Refused, if it names what is secret."""
        number, at, name = event.data.partition("@")
        is_link = (event.type == LINK and at and name and number.isdigit()
                   and int(number) < 2 ** 63)
        if not (resolve and is_link):
            return Entry(event, (event.stream, event.number))
        number = int(number)
        if not self.may("$r", name, is_admin):
            raise Refused(401)
        target = None
        if self.can_be_found(name):
            target = next(iter(self.stream(name).shown(number, number)), None)
        return Entry(event, (name, number), True, target)

    def event(self, name, number, resolve, is_admin):
        """An entry; number None: the newest.  None: an empty document, for
        what a system stream does not hold, if there is a stream behind it."""
        try:
            stream = self.find(name, is_admin)
            number = stream.last if number is None else number
            shown = stream.shown(number, number)
            entry = shown and self.show(shown[0], resolve, is_admin)
            if not entry or entry.is_broken:
                raise Refused(404)
            return entry
        except Refused as refused:
            if (refused.status == 404 and name.startswith("$")
                    and self.can_be_found(name[2:])):
                return None
            raise

    def backward(self, stream, start, count):
        at_head = start is None
        end = stream.last if at_head else start
        first = max(end - count + 1, stream.first)
        events = stream.shown(first, end)
        is_end = first <= stream.first or first == 0 or (
            first <= stream.last and (not events
                                      or events[0].number != first))
        return Page(stream, events, False, at_head, end, count, is_end,
                    not at_head and end <= stream.last)

    def forward(self, stream, start, count):
        """A page that ends at the last event, but shows none, leads on: it
        will not change, and whoever waits there would wait for ever.  So does
        one that begins among the events and ends before any can be seen."""
        end = start + count - 1
        events = stream.shown(start, end)
        is_end = end > stream.last or (end == stream.last and bool(events))
        if start <= stream.last and end < stream.first:
            is_end = False
        return Page(stream, events, True, False, start, count, is_end,
                    end <= stream.last)

    def page(self, stream, forward, start, count, resolve, is_admin):
        """start None: the newest."""
        page = (self.forward if forward else self.backward)(
            stream, start, count)
        page.entries = [self.show(e, resolve, is_admin) for e in page.entries]
        return page

    def all_forward(self, pair, count):
        return [self.show(e, True, True) for e in self.log
                if (e.position, e.position) >= pair][:count]

    def all_backward(self, pair, count):
        """Oldest first, as the others."""
        return [self.show(e, True, True) for e in self.log
                if (e.position + 1, e.position + 1) <= pair][-count:]
