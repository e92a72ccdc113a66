"""Clients of a cluster that note all they ask and all they are told.

Whatever leaves a doubt (503, no answer in time, a connection that breaks) is
tried again with the same ids at any node, as the protocol allows.  A few times
it is not, and its outcome stays unknown.
"""

import base64
import collections
import http.client
import json
import random
import threading
import time
import urllib.parse
import uuid

from history import ANY, NO_STREAM, Append, Event, Read, Refusal
from node import wait_until

WRITERS, READERS = 8, 3
OWN_STREAMS = 2  # of a writer, which knows their versions
SHARED_STREAMS = ["shared-0", "shared-1", "shared-2"]
ANSWER_SECONDS = 8  # an answer that takes longer counts as none
PAUSE_SECONDS = 0.02  # between two tries
ABANDONED = 0.05  # of the doubts
PAGE = 20
ALL_PAGE = 4096
LIMIT_REDIRECTS = 3

ADMIN = {"Authorization":
         "Basic " + base64.b64encode(b"admin:changeit").decode()}
ATOM_JSON = "application/vnd.eventstore.atom+json"
BATCH_JSON = "application/vnd.eventstore.events+json"

Reply = collections.namedtuple("Reply", "status headers body")


def is_doubt(reply):
    """No telling what came of it."""
    return (reply is None or reply.status in (502, 503, 504) or
            # lighttpd's own: the worker died with the request.
            (reply.status == 500 and b"<html" in reply.body))


class Connections:
    """One connection to each node, opened again when it breaks."""

    def __init__(self, seconds=ANSWER_SECONDS):
        self.open, self.seconds = {}, seconds

    def request(self, base, method, path, body=None, headers=None):
        """The reply, or None."""
        connection = self.open.get(base)
        if connection is None:
            address = urllib.parse.urlsplit(base)
            connection = self.open[base] = http.client.HTTPConnection(
                address.hostname, address.port, timeout=self.seconds)
        try:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            return Reply(answer.status, answer.headers, answer.read())
        except (OSError, http.client.HTTPException):
            connection.close()
            return None

    def follow(self, base, *request):
        """Likewise, going where a 307 leads."""
        for _ in range(LIMIT_REDIRECTS):
            reply = self.request(base, *request)
            if reply is None or reply.status != 307:
                return reply
            to = urllib.parse.urlsplit(reply.headers["Location"])
            base = f"{to.scheme}://{to.netloc}"
        return None


class Client(threading.Thread):
    """What all clients have: nodes to ask, and a list of what went wrong."""

    def __init__(self, name, load):
        super().__init__(name=name, daemon=True)
        self.load = load
        self.random = random.Random(f"{load.seed}/{name}")
        self.connections = Connections()
        self.operations, self.troubles = [], []
        self.replies = collections.Counter()

    def run(self):
        try:
            while not self.load.stopping.is_set() and not self.troubles:
                self.act()
        except Exception as e:  # a client that ends must not go unnoticed
            self.troubles.append(f"{self.name}: {e!r}")

    def act(self):
        raise NotImplementedError

    def ask(self, method, path, body, headers):
        """Of any node; a reply without doubt, or None."""
        base = self.random.choice(self.load.bases)
        reply = self.connections.follow(base, method, path, body, headers)
        self.replies[reply.status if reply else "none"] += 1
        return None if is_doubt(reply) else reply

    def complain(self, what, reply):
        self.troubles.append(
            f"{self.name}: {what}: {reply.status} {reply.body!r}")


class Writer(Client):
    """Appends to streams of its own and to some that all writers share."""

    def __init__(self, index, load):
        super().__init__(f"writer-{index}", load)
        self.own = {f"own-{index}-{i}": NO_STREAM for i in range(OWN_STREAMS)}
        self.count = 0

    def act(self):
        if self.random.random() < 0.6:
            stream, expected = self.random.choice(list(self.own.items()))
            if expected is not None:
                expected = self.random.choice([expected, expected, ANY])
            else:
                expected = ANY  # the last append's outcome is unknown
        else:
            stream = self.random.choice(SHARED_STREAMS)
            expected = self.random.choice(
                [ANY, self.load.versions.get(stream, NO_STREAM)])
        self.append(stream, expected, self.new_events())

    def new_events(self):
        events = []
        for _ in range(self.random.choice([1, 1, 1, 2, 5])):
            self.count += 1
            events.append({
                "eventId": str(uuid.UUID(int=self.random.getrandbits(128))),
                "eventType": "counted",
                "data": {"by": self.name, "count": self.count}})
        return events

    def append(self, stream, expected, events):
        """Until it is acknowledged, or given up."""
        ids = tuple(e["eventId"] for e in events)
        begin = time.monotonic()
        while not self.troubles:
            asked = time.monotonic()
            reply = self.post(stream, expected, events)
            now = time.monotonic()
            if reply is None:
                if self.gives_up():
                    self.operations.append(
                        Append(stream, expected, ids, begin, now))
                    self.learn(stream, None)
                    return
                time.sleep(PAUSE_SECONDS)
            elif reply.status == 201:
                self.note(reply, Append(stream, expected, ids, begin, now))
                return
            elif reply.status == 400 and "ES-CurrentVersion" in reply.headers:
                current = int(reply.headers["ES-CurrentVersion"])
                self.operations.append(
                    Refusal(stream, expected, current, asked, now))
                # Nothing was written: begin again, where the stream is now.
                expected, begin = current, now
            else:
                self.complain(f"{stream}, expected version {expected}", reply)

    def gives_up(self):
        return (self.random.random() < ABANDONED or
                self.load.past_patience())

    def note(self, reply, append):
        first = int(reply.headers["Location"].rpartition("/")[2])
        current = int(reply.headers["ES-CurrentVersion"])
        position = int(reply.headers["ES-Position"])
        self.operations.append(Append(
            append.stream, append.expected, append.ids, append.begin,
            append.end, first, current, position))
        self.load.acknowledged(append.end, position)
        self.learn(append.stream, current)

    def learn(self, stream, version):
        if stream in self.own:
            self.own[stream] = version
        elif version is not None:
            self.load.versions[stream] = version

    def post(self, stream, expected, events):
        headers = {"ES-ExpectedVersion": str(expected)}
        if self.random.random() < 0.4:
            headers["ES-RequireMaster"] = "True"
        if len(events) > 1:
            headers["Content-Type"] = BATCH_JSON
            body = json.dumps(events)
        else:
            headers["Content-Type"] = "application/json"
            headers["ES-EventId"] = events[0]["eventId"]
            headers["ES-EventType"] = events[0]["eventType"]
            body = json.dumps(events[0]["data"])
        return self.ask("POST", "/streams/" + stream, body, headers)


class Reader(Client):
    """Reads the newest events: from the master, or up to a position."""

    def __init__(self, index, load):
        super().__init__(f"reader-{index}", load)
        self.streams = SHARED_STREAMS + [
            f"own-{i}-{k}" for i in range(WRITERS) for k in range(OWN_STREAMS)]

    def act(self):
        stream = self.random.choice(self.streams)
        headers = {"Accept": ATOM_JSON}
        how = self.random.choice(["master", "master", "minimum", "any"])
        minimum = None
        if how == "master":
            headers["ES-RequireMaster"] = "True"
        elif how == "minimum" and self.load.position >= 0:
            minimum = self.load.position
            headers["ES-MinimumPosition"] = str(minimum)
        begin = time.monotonic()
        reply = self.ask(
            "GET", f"/streams/{stream}/head/backward/{PAGE}?embed=rich", None,
            headers)
        if reply is None:
            time.sleep(PAUSE_SECONDS)
        elif reply.status in (200, 404):
            self.operations.append(Read(
                stream, self.events_of(reply), begin, time.monotonic(),
                how == "master", minimum))
        else:
            self.complain(f"reading {stream}", reply)

    @staticmethod
    def events_of(reply):
        if reply.status == 404:
            return ()
        return tuple((entry["eventNumber"], entry["eventId"])
                     for entry in json.loads(reply.body)["entries"])


class Load:
    """All clients, for as long as the with statement lasts."""

    PATIENCE = 30  # at the end, to be told what came of an append

    def __init__(self, bases, seed, writers=WRITERS, readers=READERS):
        self.bases, self.seed = bases, seed
        self.stopping = threading.Event()
        self.versions = {}  # of shared streams, roughly
        self.position = -1  # of some acknowledged event
        self.times = []  # of the acknowledgements
        self.stopped = None
        self.clients = [*(Writer(i, self) for i in range(writers)),
                        *(Reader(i, self) for i in range(readers))]

    def __enter__(self):
        self.begun = time.monotonic()
        for client in self.clients:
            client.start()
        return self

    def __exit__(self, *_):
        self.ended = time.monotonic()
        self.stopped = self.ended
        self.stopping.set()
        for client in self.clients:
            client.join()

    def past_patience(self):
        return (self.stopped is not None and
                time.monotonic() > self.stopped + self.PATIENCE)

    def acknowledged(self, when, position):
        self.times.append(when)
        self.position = position

    @property
    def troubles(self):
        return [text for client in self.clients for text in client.troubles]

    @property
    def operations(self):
        return [o for client in self.clients for o in client.operations]

    def await_progress(self, seconds):
        """Wait for an append that began after now to be acknowledged."""
        enough = len(self.times) + 2 * WRITERS
        wait_until(lambda: self.troubles or len(self.times) >= enough,
                   seconds, "appends are acknowledged again")

    def gaps(self):
        """Seconds from each acknowledgement to the next, longest first."""
        times = [self.begun, *sorted(t for t in self.times if t <= self.ended),
                 self.ended]
        return sorted((b - a for a, b in zip(times, times[1:])), reverse=True)

    def replies(self):
        return sum((client.replies for client in self.clients),
                   collections.Counter())


def read_all(node):
    """All events of a node in order, as it has them itself."""
    found, path = [], f"/streams/%24all/{'0' * 32}/forward/{ALL_PAGE}"
    while True:
        answer = node.request("GET", path + "?embed=rich",
                              headers={"Accept": ATOM_JSON, **ADMIN},
                              seconds=60)
        assert answer.status == 200, (node.base, answer.status, answer.body)
        page = answer.json()
        if not page["entries"]:
            return found
        found += [Event(e["streamId"], e["eventNumber"], e["eventId"])
                  for e in reversed(page["entries"])]
        path = next(link["uri"] for link in page["links"]
                    if link["relation"] == "previous").removeprefix(node.base)


def newest(node):
    """The newest event of a node, or None."""
    answer = node.request(
        "GET", "/streams/%24all/head/backward/1?embed=rich",
        headers={"Accept": ATOM_JSON, **ADMIN}, seconds=5)
    entries = answer.json()["entries"] if answer.status == 200 else []
    return entries[0]["title"] if entries else None
