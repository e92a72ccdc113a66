"""Memory runs out while one request is served: no answer is ever half of one.

Each test has the nth allocation of a worker fail.  What the client gets then
is what it would have got, or an error; what it writes is repeated until it is
taken, and is then there once and whole.

RILL_FAULT_SWEEP=1 tries every request and every n until it has fewer
allocations; else a few are chosen by RILL_SEED, which is printed.
"""

import collections
import http.client
import itertools
import json
import os
import random
import re
import uuid

import pytest

from events import (ADMIN, EVENTS, JSON, await_accounts, basic, event, link,
                    path, set_metadata, write)
from fault import Fault, started_with
from node import wait_until
from parts import Parts

SWEEP = os.environ.get("RILL_FAULT_SWEEP") == "1"
SEED = os.environ.get("RILL_SEED") or str(random.randrange(1 << 32))
MOST = 2000  # an n that no request reaches
MISSES = 5   # in a row: there are no more
USABLE_SECONDS = 60
VARIES = ("date", "x-request-id")  # among the headers of equal answers

# Gossip's time, and who has the store open.
NOW = re.compile(rb'(instanceId|timeStamp)(["=>: ]+)[0-9a-zT:.-]+', re.I)

DATA = {"@id": "a<b", "$kind": "\u00e9", "na\u00efve": ["x", {"deep": None}],
        "#text": "beside", "other": 1.50}

READS = [
    ("/streams/read/0", accept) for accept in (
        "application/vnd.eventstore.atom+json", "application/json",
        "application/vnd.eventstore.event+json", "application/atom+xml",
        "text/xml", "application/vnd.eventstore.event+xml", "text/html",
        "*/*;q=0.1, application/octet-stream")
] + [
    ("/streams/read", "application/vnd.eventstore.streamdesc+json"),
    ("/streams/read?embed=%70retty", JSON),
    ("/streams/read?embed=tryharder", JSON),
    ("/streams/read?embed=content", JSON),
    ("/streams/read?format=xml", ""),
    ("/streams/read/0/forward/20", "application/atom+xml"),
    ("/streams/read/0/forward/20", "text/html"),
    ("/streams/links?embed=body", JSON),
    ("/streams/read/metadata", JSON),
    ("/streams/read/9", JSON),
    ("/streams/%24all/00000000000000000000000000000000/forward/3?embed=body",
     JSON),
    ("/users/", JSON), ("/users/admin", JSON), ("/users/admin", "text/xml"),
    ("/users/%24current", JSON), ("/info", JSON), ("/gossip?format=xml", ""),
    ("/gossip", JSON), ("/openapi.json", JSON), ("/streams/read/a", JSON),
    ("/streams/read", "image/png"), ("/nowhere", JSON),
]


def is_error(answer):
    """One of the worker's, or lighttpd's when the worker has died."""
    return answer is None or answer.status >= 500


class Scarce:
    """A node whose worker can be short of memory."""

    def __init__(self, folder):
        self.node = Parts(folder / "node", cache_mb=8, password_cost=1)
        self.fault = Fault(folder, folder / "node/store")
        self.outcomes = collections.Counter()

    def start(self):
        with started_with(self.fault.environment()):
            self.node.start()
        await_accounts(self.node)

    def ask(self, method, where, body=None, headers=None):
        """None: it was cut off."""
        try:
            answer = self.node.request(method, where, body, headers)
        except (OSError, http.client.HTTPException):
            self.outcomes["cut off"] += 1
            return None
        self.outcomes[answer.status] += 1
        return answer

    def until_answered(self, *request):
        """As a client does: again, until there is an answer."""
        said = []

        def answered():
            said.append(self.ask(*request))
            return not is_error(said[-1])
        wait_until(answered, USABLE_SECONDS, f"{request} is answered:\n"
                   + self.node.output[-2000:])
        return said[-1]

    def first_of_ours(self, attempt):
        """The number of libfcgi's allocations before ours, each its end."""
        low, high = 1, 128
        while low < high:
            nth = (low + high) // 2
            ends = self.node.output.count("fcgiapp.c")
            self.try_each([nth], attempt)
            if self.node.output.count("fcgiapp.c") > ends:
                low = nth + 1
            else:
                high = nth
        return low

    def try_each(self, numbers, attempt):
        """attempt() with the nth allocation failing, for each n; the hits.

        A thread that has served before makes fewer, so some more are tried.
        """
        hits = misses = 0
        for nth in numbers:
            with self.fault.armed("rill.fcgi", "alloc", "ENOMEM", nth):
                attempt()
            misses = 0 if self.fault.hits > 0 else misses + 1
            hits += self.fault.hits
            if misses > MISSES:
                break
        return hits


@pytest.fixture(scope="module")
def scarce(tmp_path_factory):
    made = Scarce(tmp_path_factory.mktemp("scarce"))
    made.start()
    yield made
    made.fault.disarm()
    made.node.stop()


def choose(cases, dice, most):
    """Pairs of a case and the n to try in turn; None: from ours on."""
    if SWEEP:
        first = [(cases[0], range(1, MOST))]
        return first + [(case, None) for case in cases[1:]]
    return [(dice.choice(cases), [dice.randint(1, most)])]


def as_seen(answer):
    headers = {k: v for k, v in answer.headers.items() if k not in VARIES}
    body, times = NOW.subn(rb"\1\2", answer.body)
    if times > 0:  # of different lengths
        del headers["content-length"]
    return answer.status, headers, body


def test_an_answer_is_whole_or_an_error(scarce):
    print("RILL_SEED=" + SEED)
    write(scarce.node, "read",
          [event(DATA, "t\u00fdpe", metadata={"m": "\u00e9"}) for _ in "abc"])
    link(scarce.node, "links", "0@read")
    set_metadata(scarce.node, "read", {"$maxCount": 7, "m": DATA})
    for (where, accept), numbers in choose(READS, random.Random(SEED), 40):
        request = "GET", where, None, {"Accept": accept, **ADMIN}
        wanted = as_seen(scarce.until_answered(*request))

        def attempt(request=request, wanted=wanted):
            answer = scarce.ask(*request)
            scarce.fault.disarm()
            assert is_error(answer) or as_seen(answer) == wanted
            assert as_seen(scarce.until_answered(*request)) == wanted
        before = scarce.outcomes.copy()
        numbers = numbers or range(scarce.first_of_ours(attempt), MOST)
        print(where, accept, "failed", scarce.try_each(numbers, attempt),
              "times; answers:", dict(scarce.outcomes - before))


def stream_life(ids):
    """What is done to a stream: method, path, body, type."""
    name = "s-" + str(ids[0])
    batch = [event(DATA, "t\u00fdpe", str(ids[1]), metadata={"m": "\u00e9"}),
             event("text \u00e9", "second", str(ids[2]))]
    as_xml = (f"<e><event><eventId>{ids[3]}</eventId><eventType>x</eventType>"
              "<data><a>1</a></data></event></e>")
    settings = [event({"$maxCount": 9, "m": DATA}, "$metadata", str(ids[4]))]
    again = [event({"after": 1}, "aga\u00edn", str(ids[5]))]
    return name, [
        ("POST", path(name), json.dumps(batch), EVENTS),
        ("POST", path(name), as_xml, "application/vnd.eventstore.events+xml"),
        ("POST", path(name, "metadata"), json.dumps(settings), EVENTS),
        ("DELETE", path(name), None, JSON),
        ("POST", path(name), json.dumps(again), EVENTS),
    ]


def stream_traces(scarce, name):
    page = scarce.until_answered(
        "GET", path(name, 0, "forward", 20) + "?embed=body", None,
        {"Accept": JSON})
    metadata = scarce.until_answered("GET", path(name, "metadata"), None,
                                     {"Accept": JSON})
    return metadata.body, [
        [entry.get(member) for member in
         ("eventNumber", "eventType", "data", "metaData")]
        for entry in page.json()["entries"]]


def user_life(ids):
    name = "u-" + str(ids[0])
    where = "/users/" + name
    made = {"loginName": name, "fullName": "\u00e9", "groups": ["g\u00e9", "h"],
            "password": "first"}
    change = {"currentPassword": "first", "newPassword": "second"}
    return name, [
        ("POST", "/users/", json.dumps(made), JSON),
        ("POST", where + "/command/change-password", json.dumps(change), JSON),
        ("PUT", where, json.dumps({"fullName": "\u00fc", "groups": ["i"]}),
         JSON),
        ("POST", where + "/command/disable", None, JSON),
        ("POST", where + "/command/enable", None, JSON),
    ]


def user_traces(scarce, name):
    seen = scarce.until_answered("GET", "/users/" + name, None,
                                 {"Accept": JSON, **ADMIN})
    logged_in = scarce.until_answered("GET", "/users/$current", None,
                                      {"Accept": JSON, **basic(name, "second")})
    everybody = scarce.until_answered("GET", "/users/", None,
                                      {"Accept": JSON, **ADMIN}).json()["data"]
    return (seen.body.replace(name.encode(), b"NAME"), logged_in.status,
            [each["loginName"] for each in everybody].count(name))


LIVES = [(stream_life, stream_traces, 150), (user_life, user_traces, 300)]


@pytest.mark.parametrize("life,traces,most", LIVES)
def test_what_is_written_is_whole(scarce, life, traces, most):
    print("RILL_SEED=" + SEED)
    ids = ([uuid.uuid5(uuid.NAMESPACE_OID, f"{i}-{j}") for j in range(6)]
           for i in itertools.count())

    def live():
        name, steps = life(next(ids))
        for method, where, body, form in steps:
            answer = scarce.until_answered(
                method, where, body, {"Content-Type": form, "Accept": JSON,
                                      **ADMIN})
            # What was done although it was answered by an error.
            gone = method == "DELETE" and answer.status in (404, 410)
            assert answer.status < 300 or gone, (method, where, answer.body)
        return traces(scarce, name)
    wanted = live()

    def attempt():
        assert live() == wanted
    for _, numbers in choose([life], random.Random(SEED + life.__name__), most):
        print(life.__name__, "failed", scarce.try_each(numbers, attempt),
              "times; answers:", dict(scarce.outcomes))
    status, said = scarce.node.rillctl("verify")
    assert status == 0, said
