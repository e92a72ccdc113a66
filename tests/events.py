"""Events for tests, and the requests that write and read them.

A path is made of raw names: path("a/b", 0) is /streams/a%2Fb/0.
"""

import base64
import json
import urllib.parse
import uuid

from node import START_SECONDS, wait_until

ATOM = "application/vnd.eventstore.atom+json"
EVENT = "application/vnd.eventstore.event+json"
EVENTS = "application/vnd.eventstore.events+json"
JSON = "application/json"
BYTES = "application/octet-stream"
TEXT = "text/plain; charset=utf-8"

FOREVER = "max-age=31536000, public"
BRIEFLY = "max-age=0, no-cache, must-revalidate"

GONE = 9223372036854775807  # the $tb of a soft-deleted stream


def basic(login, password):
    pair = f"{login}:{password}".encode()
    return {"Authorization": "Basic " + base64.b64encode(pair).decode()}


ADMIN = basic("admin", "changeit")


def await_accounts(node):
    """A new store gets them a moment after it answers; $users is the last."""
    wait_until(lambda: node.request("GET", "/streams/$users", headers=ADMIN)
               .status == 200, START_SECONDS, "admin is known")


def new_id():
    return str(uuid.uuid4())


def new_name(text="stream"):
    """A stream's name that no other test uses."""
    return f"{text}-{uuid.uuid4().hex[:12]}"


def event(data=None, event_type="tested", event_id=None, **more):
    return {"eventId": event_id or new_id(), "eventType": event_type,
            "data": {} if data is None else data, **more}


def path(stream, *rest):
    escaped = urllib.parse.quote(stream, safe="")
    return "/".join(["/streams", escaped, *map(str, rest)])


def post(node, where, events, headers=None):
    """Post a batch, or a body as it is, as events+json."""
    body = events if isinstance(events, (str, bytes)) else json.dumps(events)
    headers = {"Content-Type": EVENTS, **(headers or {})}
    return node.request("POST", where, body, headers)


def write(node, stream, events, headers=None):
    """Append a batch that must be taken."""
    answer = post(node, path(stream), events, headers)
    assert answer.status == 201, answer.body
    return answer


def fill(node, stream, count):
    """Append events {"n": 0}, {"n": 1}, ... in one batch; their ids."""
    batch = [event({"n": n}) for n in range(count)]
    write(node, stream, batch)
    return [e["eventId"] for e in batch]


def link(node, stream, target):
    """Append a link event, whose text names its target: 0@other."""
    answer = node.request("POST", path(stream), target, {
        "Content-Type": BYTES, "ES-EventType": "$>", "ES-EventId": new_id()})
    assert answer.status == 201, answer.body
    return answer


def set_metadata(node, stream, document, headers=None):
    answer = post(node, path(stream, "metadata"),
                  [event(document, "$metadata")], headers)
    assert answer.status == 201, answer.body
    return answer


def get(node, where, accept=None, headers=None):
    headers = dict(headers or {})
    if accept is not None:
        headers["Accept"] = accept
    return node.request("GET", where, headers=headers)


def numbers(feed):
    """The event numbers of a feed's entries, as their titles say."""
    return [int(entry["title"].partition("@")[0]) for entry in feed["entries"]]


def links(feed):
    return {each["relation"]: each["uri"] for each in feed["links"]}


def stored_ids(node, stream):
    """The ids of a stream's events in order, read with a full page."""
    page = get(node, path(stream, 0, "forward", 4096) + "?embed=rich")
    if page.status == 404:
        return []
    return [entry["eventId"] for entry in reversed(page.json()["entries"])]


def assert_refused(answer, status, *sentences):
    """Refused with one line that says why."""
    assert answer.status == status, (answer.status, answer.body)
    text = answer.body.decode()
    assert text.endswith("\n") and text.count("\n") == 1, text
    assert answer.headers["content-type"] == TEXT
    for sentence in sentences:
        assert sentence in text
