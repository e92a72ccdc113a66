"""Random requests, each answered as the model says.

Hypothesis draws the steps and shrinks what fails to the few that matter.
RILL_MODEL_STEPS says how many, RILL_MODEL_SEED brings the same ones again, and
with RILL_MODEL_KILLS=1 workers and the agent are killed between them.
"""

import http.client
import json
import os
import random
import signal
import subprocess
import uuid
from dataclasses import dataclass
from xml.sax.saxutils import escape

import pytest
from hypothesis import HealthCheck, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (RuleBasedStateMachine, precondition, rule,
                                 run_state_machine_as_test)

from events import (ADMIN, ATOM, BRIEFLY, BYTES, EVENT, EVENTS, GONE, JSON,
                    assert_refused, await_accounts, path)
from model import (ANY, EXISTS, LINK, NO_STREAM, Event, Model, Refused,
                   compact, is_json, is_meta)
from node import BUILD, START_SECONDS, Answer, Node, children, wait_until
from shapes import (ATOM_XML, HASHES, TO_THE_END, all_document, cached_briefly,
                    cached_forever, content, difference, entry_document, etag,
                    feed_document, parse, position_text, rest_of, shown_in_xml,
                    value_of)

STEPS = int(os.environ.get("RILL_MODEL_STEPS", 4000))
SEED = int(os.environ.get("RILL_MODEL_SEED", random.SystemRandom().randrange(
    2 ** 32)))
KILLS = os.environ.get("RILL_MODEL_KILLS") == "1"
STEPS_A_RUN = 60


# What is drawn.

@dataclass
class Payload:
    """Data or metadata: as it is sent in JSON, and as it is stored."""
    sent: str
    text: str
    is_json: bool = False
    xml: str = None  # as it is sent in XML; None: it cannot be

    def __repr__(self):
        return self.sent or "nothing"


PAYLOADS = [
    Payload('{"n":"1"}', '{"n":"1"}', True, "<n>1</n>"),
    # Within its values as compact as the model writes them: where metadata
    # are changed by the server, it keeps the bytes of the others.
    Payload('{ "a" : [1,{}],\n"b":"ü<&" }', '{ "a" : [1,{}],\n"b":"ü<&" }',
            True),
    Payload('[1, {"a": null}]', '[1, {"a": null}]', True),
    Payload('{"l":["1","2"]}', '{"l":["1","2"]}', True, "<l>1</l><l>2</l>"),
    Payload('"plain <text>"', "plain <text>", xml="plain &lt;text&gt;"),
    Payload('"{\\"looks\\": 1}"', '{"looks": 1}', xml='{"looks": 1}'),
    Payload('"7"', "7", xml="7"),
    Payload("null", "", xml=""), Payload("7", ""), Payload('""', "", xml=""),
]
NOTHING = Payload("", "", xml="")
LOOSE = Payload('{a : "1"}', '{a : "1"}')  # only where nobody parses it

STREAMS = ["a", "a", "a", "b é/@", "c"]  # much happens to the first
streams = st.sampled_from(STREAMS)
anywhere = st.sampled_from(STREAMS * 2 + ["$$" + name for name in STREAMS])
rarely = st.sampled_from([False] * 7 + [True])

ids = st.integers(0, 11)  # few, so that many are known
items = st.tuples(ids, st.sampled_from(["t", "té <&>", "$metadata"]),
                  st.sampled_from(PAYLOADS),
                  st.sampled_from([NOTHING, *PAYLOADS]))
versions = st.sampled_from(["any"] * 4 + ["as it is", "where it stands"] * 3 + [
    "none", "none", "exists", "meaningless"]) | st.integers(-2, 1)
spots = st.tuples(st.sampled_from(["start", "first", "last"]),
                  st.integers(-3, 8))
counts = st.integers(1, 25) | st.sampled_from([
    "to the last", "one less", "one more"])

# Metadata: compact, as the server writes what it changes.
SETTINGS = [
    {}, {"$maxCount": 1}, {"$maxCount": 3}, {"$maxCount": 50}, {"$tb": 1},
    {"$tb": 4}, {"$tb": 30}, {"$tb": GONE}, {"$maxCount": 4, "$tb": 3},
    {"$cacheControl": 60}, {"$maxAge": 86400, "owner": {"x": [1, None]}},
    {"$maxCount": 0, "$tb": -1, "$cacheControl": 0, "$maxAge": -5},
    {"$acl": {"$r": "$admins"}, "$cacheControl": 5},
    {"$acl": {"$r": []}}, {"$acl": {"$r": [], "$mr": []}}, {"$acl": {"$w": []}},
    {"$acl": {"$r": ["$admins", "$all"], "$mr": "$admins"}},
    {"$acl": {"$d": "$admins", "$mw": "$admins"}, "$tmp": True},
    {"readRole": "$admins", "$tb": 2, "$MaxCount": 1},
    # and void as a whole
    {"$maxCount": "ten", "$tb": 2}, {"$tb": 2, "$tmp": 1}, {"$maxCount": True},
    {"$acl": {"$x": "$all", "$r": []}}, {"$acl": "$admins"}, {"$tb": None},
    {"$acl": {"$r": [7]}, "$tb": GONE}, [{"$tb": 2}], {"$cacheControl": {}},
]

BATCHES = {
    "events+json": EVENTS, "event+json": EVENT,
    "kurrent": "application/vnd.kurrent.events+json", "atom+json": ATOM,
    "events+xml": "application/vnd.eventstore.events+xml",
    "atom+xml": "application/atom+xml"}
SINGLES = {"json": JSON, "xml": "text/xml", "bytes": BYTES, "incoming": JSON}
FORMS = ["events+json"] * 4 + [*BATCHES, *SINGLES]

EMBEDS = [None, "none", "content", "rich", "body", "pretty", "TryHarder"]
FEED_MEDIA = [ATOM, ATOM, ATOM, ATOM_XML, JSON, EVENT, EVENTS]
EVENT_MEDIA = [ATOM, ATOM, JSON, EVENT, BYTES, ATOM_XML]
TAGS = [None, None, "current", "unquoted", "older", "of another type", "weak"]


# What is sent.

def xml_of(event_id, event_type, data, metadata):
    return (f"<Event><EventId>{event_id}</EventId><EventType>"
            f"{escape(event_type)}</EventType><Data>{data.xml}</Data>"
            f"<Metadata>{metadata.xml}</Metadata></Event>")


def json_of(event_id, event_type, data, metadata):
    members = {"eventId": json.dumps(event_id),
               "eventType": json.dumps(event_type),
               "data": data.sent, "metadata": metadata.sent}
    return "{%s}" % ",".join(f'"{name}":{value}'
                             for name, value in members.items() if value)


def batch(form, drawn):
    """The body that sends them, and the events it means."""
    if form.endswith("xml"):
        drawn = [(i, t, *(p if p.xml is not None else PAYLOADS[0]
                          for p in payloads)) for i, t, *payloads in drawn]
        body = "<Events>%s</Events>" % "".join(xml_of(*d) for d in drawn)
    else:
        body = "[%s]" % ",".join(json_of(*d) for d in drawn)
    return body, [
        Event(event_id, event_type, data.text, metadata.text, data.is_json,
              metadata.is_json) for event_id, event_type, data, metadata
        in drawn]


def single(form, drawn):
    event_id, event_type, data, _ = drawn
    is_json_form = SINGLES[form] == JSON
    return data.sent, [Event(
        event_id, event_type, data.sent,
        has_json_data=is_json_form and is_json(data.sent))]


# What is expected.

@dataclass
class Reply:
    """What the model says a request is answered with."""
    status: int
    headers: dict = None   # None as a value: it must not be there
    document: object = None
    body: bytes = None


def fault_of(reply, answer, media):
    """What is wrong with the answer, as a sentence; None: nothing."""
    if answer.status != reply.status:
        return f"status {answer.status} instead of {reply.status}"
    for name, value in (reply.headers or {}).items():
        if answer.headers.get(name) != value:
            return f"{name}: {answer.headers.get(name)} instead of {value}"
    if reply.body is not None and answer.body != reply.body:
        return f"the body is {answer.body} instead of {reply.body}"
    if reply.document is None:
        return None
    document = reply.document
    if media == ATOM_XML:
        document = shown_in_xml(document)
    return difference(document, parse(media, answer.body))


class Requests(RuleBasedStateMachine):
    """The steps.  Each run has streams of its own on the shared node."""

    node = None

    def __init__(self):
        super().__init__()
        self.run = uuid.uuid4()
        self.connection = http.client.HTTPConnection(
            "127.0.0.1", self.node.port, timeout=30)
        marker = self.ask("POST", path(self.name("marker")), "{}", {
            "Content-Type": JSON, "ES-EventType": "t",
            "ES-EventId": self.id(0)})
        self.model = Model(int(marker.headers["es-position"]) + 1)
        self.sent = []    # writes, to be sent again
        self.fresh = 100  # ids from here on are new

    def teardown(self):
        self.connection.close()

    # Names and numbers of this run.

    def name(self, short):
        return f"{short}-{self.run.hex[:8]}"

    def id(self, n):
        return str(uuid.uuid5(self.run, str(n)))

    def version(self, drawn, name, first_id):
        stream = self.model.stream(name)
        words = {"any": ANY, "none": NO_STREAM, "exists": EXISTS,
                 "meaningless": -3, "as it is": NO_STREAM if
                 stream.is_soft_deleted else stream.last,
                 "where it stands": (stream.number_of(first_id) or 0) - 1}
        if drawn in words:
            return words[drawn]
        return max(stream.last + drawn, NO_STREAM)

    def number(self, spot, name):
        stream = self.model.stream(name)
        anchors = {"start": 0, "first": min(stream.first, 2 ** 62),
                   "last": stream.last}
        return max(anchors[spot[0]] + spot[1], 0)

    def count(self, drawn, start, forward, name):
        """Of a page; pages that end just at the last event are special."""
        words = {"to the last": 0, "one less": -1, "one more": 1}
        if drawn not in words:
            return drawn
        last = self.model.stream(name).last
        there = last - start + 1 if forward else start or last
        return min(max(there + words[drawn], 1), 4096)

    # Asking.

    def ask(self, method, where, body=None, headers=None, is_admin=False):
        headers = {**(headers or {}), **(ADMIN if is_admin else {})}
        if isinstance(body, str):
            body = body.encode()
        self.connection.request(method, where, body, headers)
        return Answer(self.connection.getresponse())

    def check_write(self, name, answer, outcome):
        assert answer.status == outcome.status, (answer.status, answer.body,
                                                 outcome)
        if outcome.status == 201:
            assert answer.headers["location"] == (
                self.node.base + path(name, outcome.first))
            assert answer.headers.get("es-position") == (
                outcome.position and str(outcome.position))
            assert answer.body == b""
        else:
            assert_refused(answer, outcome.status)
        assert answer.headers.get("es-currentversion") == (
            None if outcome.current is None else str(outcome.current))

    def check_read(self, where, media, reply, headers=None, is_admin=False):
        headers = {"Accept": media, **(headers or {})}
        answer = self.ask("GET", where, None, headers, is_admin)
        if reply.status >= 400:
            assert_refused(answer, reply.status)
            assert "cache-control" not in answer.headers
        fault = fault_of(reply, answer, media)
        assert fault is None, f"GET {where}: {fault}"
        if self.model.position % 3 == 0:
            self.check_head(where, answer, headers, is_admin)

    def check_head(self, where, answer, headers, is_admin):
        head = self.ask("HEAD", where, None, headers, is_admin)
        for unlike in (answer, head):
            unlike.headers.pop("date", None)
        assert (head.status, head.body) == (answer.status, b"")
        assert head.headers == answer.headers

    # Writing.

    @rule(stream=anywhere, form=st.sampled_from(FORMS),
          drawn=st.lists(items, min_size=1, max_size=3), version=versions,
          is_admin=rarely)
    def append(self, stream, form, drawn, version, is_admin):
        name = self.name(stream)
        drawn = [(self.id(i), *more) for i, *more in drawn]
        self.send(name, form, drawn, version, is_admin)

    @rule(stream=streams, text=st.sampled_from([LOOSE, NOTHING]),
          form=st.sampled_from([*SINGLES]))
    def append_what_is_no_json(self, stream, text, form):
        self.send(self.name(stream), form,
                  [(self.new_id(), "t", text, NOTHING)], "any", False)

    @rule(stream=streams, count=st.integers(5, 30))
    def append_many(self, stream, count):
        self.send(self.name(stream), "events+json",
                  [(self.new_id(), "t", PAYLOADS[0], NOTHING)
                   for _ in range(count)], "any", False)

    def new_id(self):
        self.fresh += 1
        return self.id(self.fresh)

    def send(self, name, form, drawn, version, is_admin):
        where, (event_id, event_type, *_) = path(name), drawn[0]
        if form in BATCHES:
            body, events = batch(form, drawn)
        else:
            body, events = single(form, drawn[0])
        headers = {"Content-Type": {**BATCHES, **SINGLES}[form]}
        if form in SINGLES or form.startswith("atom"):
            headers["ES-EventType"] = event_type.encode()
            headers["ES-EventId"] = event_id
        if form == "incoming":
            where += "/incoming/" + headers.pop("ES-EventId")
        expected = self.version(version, name, events[0].id)
        if expected != ANY:
            headers["ES-ExpectedVersion"] = str(expected)
        self.post((where, body, headers, is_admin), name, events, expected)

    def post(self, request, name, events, expected):
        self.sent.append((request, name, events, expected))
        where, body, headers, is_admin = request
        answer = self.ask("POST", where, body, headers, is_admin)
        copies = [Event(e.id, e.type, e.data, e.metadata, e.has_json_data,
                        e.has_json_metadata) for e in events]
        self.check_write(name, answer, self.model.append(
            name, copies, expected, is_admin))

    @rule(back=st.integers(1, 5))
    def post_again(self, back):
        """What was sent a while ago, as it was."""
        if len(self.sent) >= back:
            self.post(*self.sent[-back])

    @rule(stream=anywhere, spot=spots, count=st.integers(1, 4),
          order=st.sampled_from(["as they stand", "in reverse", "every other",
                                 "and a new one"]), version=versions)
    def append_what_is_known(self, stream, spot, count, order, version):
        name = self.name(stream)
        first = self.number(spot, name)
        step = 2 if order == "every other" else 1
        ids = [event.id for event in self.model.stream(name).events[
            first:first + count * step:step] if isinstance(event.id, str)]
        if order == "in reverse":
            ids.reverse()
        if order == "and a new one" or not ids:
            ids.append(self.new_id())
        self.send(name, "events+json", [
            (event_id, "t", PAYLOADS[0], NOTHING) for event_id in ids],
            version, False)

    @rule(stream=streams, drawn=st.sampled_from(SETTINGS), n=ids,
          event_type=st.sampled_from(["$metadata", "$user-updated"]),
          version=versions, is_admin=rarely)
    def set_metadata(self, stream, drawn, n, event_type, version, is_admin):
        self.send_metadata(stream, drawn, self.id(n), event_type, version,
                           is_admin)

    @rule(stream=streams, spot=spots)
    def truncate(self, stream, spot):
        self.send_metadata(
            stream, {"$tb": self.number(spot, self.name(stream))},
            self.new_id(), "$metadata", "any", True)

    def send_metadata(self, stream, document, event_id, event_type, version,
                      is_admin):
        name = "$$" + self.name(stream)
        text = compact(document)
        event = Event(event_id, event_type, text, has_json_data=True)
        headers = {"Content-Type": EVENTS}
        body = "[%s]" % json_of(event.id, event_type, Payload(text, text),
                                NOTHING)
        if event_type == "$metadata":
            headers = {"Content-Type": JSON, "ES-EventId": event.id}
            body = text
        expected = self.version(version, name, event.id)
        headers["ES-ExpectedVersion"] = str(expected)
        where = path(name[2:], "metadata")
        self.post((where, body, headers, is_admin), name, [event], expected)

    @rule(stream=streams, named=anywhere | st.just("nobody"), spot=spots,
          metadata=st.sampled_from([NOTHING, *PAYLOADS]), is_text=rarely)
    def append_link(self, stream, named, spot, metadata, is_text):
        name, target = self.name(stream), self.name(named)
        number = "x" if is_text else self.number(spot, target)
        text = f"{number}@{target}"
        self.send(name, "events+json", [
            (self.new_id(), LINK, Payload(json.dumps(text), text), metadata)],
            "any", False)

    @rule(stream=anywhere, version=versions, is_hard=rarely, is_sure=rarely,
          is_admin=rarely)
    def delete(self, stream, version, is_hard, is_sure, is_admin):
        is_hard = is_hard and is_sure  # nothing much happens after it
        self.send_deletion(self.name(stream), version, is_hard, is_admin)

    @rule(stream=streams, drawn=st.lists(items, min_size=1, max_size=2))
    def make_anew(self, stream, drawn):
        """As who thinks that there is none."""
        name = self.name(stream)
        self.send_deletion(name, "any", False, True)
        self.send(name, "events+json", [
            (self.id(i), *more) for i, *more in drawn], "none", True)

    def send_deletion(self, name, version, is_hard, is_admin):
        expected = self.version(version, name, None)
        answer = self.ask("DELETE", path(name), None, {
            "ES-ExpectedVersion": str(expected),
            "ES-HardDelete": str(is_hard)}, is_admin)
        status = self.model.delete(name, expected, is_hard, is_admin)
        assert answer.status == status, (answer.status, answer.body, status)
        assert "es-currentversion" not in answer.headers

    # Reading.

    def reading(self, name, media):
        """Headers that every reading of a stream has."""
        return {"content-type": media + (
            "" if media == BYTES else "; charset=utf-8"), "vary": "Accept",
            "etag": None}

    def caching(self, name, number, media, is_final):
        stream, is_public = self.model.stream(name), self.model.is_public(name)
        if is_final:
            return {"cache-control": cached_forever(is_public)}
        if is_meta(name):  # settings of metadata have no effect
            stream = self.model.stream("nobody")
        tag = {} if number is None else {"etag": f'"{etag(number, media)}"'}
        return {"cache-control": cached_briefly(stream, is_public), **tag}

    def expected_event(self, name, number, media, embed, resolve, is_admin):
        try:
            entry = self.model.event(name, number, resolve, is_admin)
        except Refused as refused:
            return Reply(refused.status)
        headers = self.reading(name, media)
        if entry is None:
            is_replaced = is_meta(name) and number is not None and (
                number < self.model.stream(name).last)
            headers["cache-control"] = (
                cached_forever(False) if is_replaced else BRIEFLY)
            has_text = media not in (BYTES, ATOM_XML)
            return Reply(200, headers, body=b"{}" if has_text else b"")
        headers.update(self.caching(name, entry.event.number, media,
                                    number is not None))
        event = entry.subject
        if media == BYTES:
            return Reply(200, headers, body=event.data.encode())
        if media == JSON:
            return Reply(200, headers,
                         value_of(event.data, event.data_is_json),
                         event.data.encode() if event.data_is_json else None)
        if media == EVENT:
            return Reply(200, headers, content(event))
        return Reply(200, headers, entry_document(
            self.node.base, entry, embed, is_alone=True))

    @rule(stream=anywhere, spot=st.none() | spots,
          media=st.sampled_from(EVENT_MEDIA), embed=st.sampled_from(EMBEDS),
          resolve=st.booleans(), is_admin=rarely, by_metadata=st.booleans())
    def read_event(self, stream, spot, media, embed, resolve, is_admin,
                   by_metadata):
        name = self.name(stream)
        number = None if spot is None else self.number(spot, name)
        rest = ["head" if spot is None else number]
        where = path(name, *rest)
        if is_meta(name) and by_metadata:
            where = path(name[2:], "metadata", *rest[spot is None:])
        self.check_read(
            self.with_embed(where, embed), media, self.expected_event(
                name, number, media, (embed or "").lower(), resolve,
                is_admin), {"ES-ResolveLinkTos": str(resolve)}, is_admin)

    def with_embed(self, where, embed):
        return where if embed is None else f"{where}?embed={embed}"

    def condition(self, tag, number, media):
        """If-None-Match, and whether it makes the answer a 304."""
        other = ATOM_XML if media != ATOM_XML else ATOM
        value = {"current": f'"{etag(number, media)}"',
                 "unquoted": etag(number, media),
                 "older": f'"{etag(number - 1, media)}"',
                 "of another type": f'"{number};{HASHES[other]}"',
                 "weak": f'W/"{etag(number, media)}"'}.get(tag)
        headers = {} if value is None else {"If-None-Match": value}
        return headers, tag in ("current", "unquoted")

    @rule(stream=anywhere, forward=st.booleans(), spot=st.none() | spots,
          drawn=counts, media=st.sampled_from(FEED_MEDIA),
          embed=st.sampled_from(EMBEDS), resolve=st.booleans(),
          tag=st.sampled_from(TAGS), is_admin=rarely,
          by_metadata=st.booleans())
    def read_page(self, stream, forward, spot, drawn, media, embed, resolve,
                  tag, is_admin, by_metadata):
        name = self.name(stream)
        start = None if spot is None else self.number(spot, name)
        if forward and start is None:
            start = 0
        count = self.count(drawn, start, forward, name)
        where = self.page_path(name, forward, start, count, by_metadata)
        condition, is_same = self.condition(
            tag, self.model.stream(name).last, media)
        reply = self.expected_page(name, forward, start, count, media, embed,
                                   resolve, is_admin, is_same)
        self.check_read(
            self.with_embed(where, embed), media, reply,
            {"ES-ResolveLinkTos": str(resolve), **condition}, is_admin)

    def page_path(self, name, forward, start, count, by_metadata):
        prefix = [name]
        if is_meta(name) and by_metadata:
            prefix = [name[2:], "metadata"]
        elif not forward and start is None and count == 20:
            return path(name)
        direction = ["forward"] if forward else ["backward"] * (count % 2)
        return path(*prefix, "head" if start is None else start, *direction,
                    count)

    def expected_page(self, name, forward, start, count, media, embed,
                      resolve, is_admin, is_same):
        try:
            stream = self.model.find(name, is_admin)
            if is_same:
                return Reply(304, {"etag": None, "cache-control": None})
            page = self.model.page(stream, forward, start, count, resolve,
                                   is_admin)
        except Refused as refused:
            return Reply(refused.status)
        headers = self.reading(name, media)
        headers.update(self.caching(name, stream.last, media, page.is_final))
        return Reply(200, headers, feed_document(
            self.node.base, page, (embed or "").lower()))

    @rule(stream=anywhere, count=st.integers(3, 30))
    def walk(self, stream, count):
        """From the first page to the last, as a client that replays, and
        from the newest back; both come by every event that is shown."""
        name = self.name(stream)
        try:
            shown = self.model.find(name, True).shown(0, 2 ** 62)
        except Refused:
            return
        titles = [f"{event.number}@{name}" for event in shown]
        is_admin = not self.model.is_public(name)
        as_they_are = {"ES-ResolveLinkTos": "False", "Accept": ATOM}
        pages = self.pages(path(name, 0, "forward", count), "previous",
                           as_they_are, is_admin)
        assert sum((page[::-1] for page in pages), []) == titles
        pages = self.pages(path(name, "head", "backward", count), "next",
                           as_they_are, is_admin)
        assert sum(pages, []) == titles[::-1]

    def pages(self, where, relation, headers, is_admin):
        """The titles of each page from here on, by its links."""
        seen, found = set(), []
        while where not in seen:
            seen.add(where)
            feed = self.ask("GET", where, None, headers, is_admin).json()
            found.append([entry["title"] for entry in feed["entries"]])
            links = {e["relation"]: e["uri"] for e in feed["links"]}
            if relation not in links:
                return found
            where = rest_of(links[relation], self.node.base)
        raise AssertionError(f"the links lead back to {where}")

    # $all, from where this run began.

    @rule(forward=st.booleans(), back=st.none() | st.integers(0, 40),
          count=st.integers(1, 12), prepare=st.sampled_from(["same", "0",
                                                             "end"]),
          media=st.sampled_from(FEED_MEDIA), embed=st.sampled_from(EMBEDS),
          tag=st.sampled_from(TAGS))
    def read_all(self, forward, back, count, prepare, media, embed, tag):
        end = self.model.position
        commit = max(end - (back or 0), self.model.start)
        pair = (commit, {"same": commit, "0": 0, "end": TO_THE_END}[prepare])
        at_head = back is None and not forward
        if at_head:
            pair = (end, end)
        entries = (self.model.all_forward if forward
                   else self.model.all_backward)(pair, count)
        if not forward and len(entries) < count:
            return  # it would reach back before this run
        condition, is_same = self.condition(tag, end - 1, media)
        is_final = (len(entries) == count if forward
                    else not at_head and pair[0] < end)
        headers = {**self.reading("$all", media),
                   **self.caching_of_all(end - 1, media, is_final)}
        reply = Reply(200, headers, all_document(
            self.node.base, pair, entries, count, forward,
            (embed or "").lower()))
        if is_same:
            reply = Reply(304, {"etag": None, "cache-control": None})
        place = "head" if at_head else position_text(*pair)
        where = path("$all", place, "forward" if forward else "backward",
                     count)
        self.check_read(self.with_embed(where, embed), media, reply,
                        condition, is_admin=True)

    def caching_of_all(self, last, media, is_final):
        if is_final:
            return {"cache-control": cached_forever(is_public=False)}
        return {"cache-control": cached_briefly(
            self.model.stream("nobody"), False),
            "etag": f'"{etag(last, media)}"'}

    @rule(count=st.integers(5, 50))
    def walk_all(self, count):
        titles = ["%s@%s" % entry.place[::-1] for entry in
                  self.model.all_forward((self.model.start, 0), None)]
        start = position_text(self.model.start, 0)
        pages = self.pages(path("$all", start, "forward", count), "previous",
                           {"Accept": ATOM}, is_admin=True)
        assert sum((page[::-1] for page in pages), []) == titles

    @rule(is_due=rarely)
    def scavenge(self, is_due):
        """What can be read stays; what is sent again is still known."""
        if is_due:
            wait_until(self.has_scavenged, START_SECONDS, "it is scavenged")
            self.model.scavenge()

    def has_scavenged(self):
        """False: the agent is being started again."""
        config = self.node.data / "run/rill.json"
        done = subprocess.run(
            [BUILD / "store/rillctl", "--config", config, "scavenge"],
            stdin=subprocess.DEVNULL, capture_output=True, check=False)
        return done.returncode == 0

    # Accidents.

    @precondition(lambda self: KILLS)
    @rule(of_agent=st.booleans(), sure=st.integers(0, 9))
    def kill(self, of_agent, sure):
        if sure > 0:
            return
        pids = self.node.worker_pids()
        if of_agent:  # the child, which its parent starts again
            pids = children(self.node.pid_of("rill-agent"))
        os.kill(pids[0], signal.SIGKILL)
        wait_until(self.is_well, START_SECONDS, "the node is well again")

    def is_well(self):
        try:
            return self.ask("GET", path(self.name("marker"))).status == 200
        except (OSError, http.client.HTTPException):
            return False


@pytest.fixture(scope="module")
def node(tmp_path_factory):
    """A node that nobody else writes to, for the sake of $all."""
    own = Node(tmp_path_factory.mktemp("model"), workers=2, password_cost=1,
               scavenge_hours=0)
    own.start()
    await_accounts(own)
    yield own
    own.stop()


def test_every_answer_is_the_models(node):
    print(f"RILL_MODEL_SEED={SEED} RILL_MODEL_STEPS={STEPS}")
    machine = seed(SEED)(type("Run", (Requests,), {"node": node}))
    run_state_machine_as_test(machine, settings=settings(
        max_examples=max(STEPS // STEPS_A_RUN, 1), deadline=None,
        stateful_step_count=STEPS_A_RUN, database=None,
        report_multiple_bugs=False, suppress_health_check=list(HealthCheck)))
