"""Clients that append until they are told to stop, and note every answer.

Whatever leaves a doubt (no answer, or one of 5xx) is tried again with the same
event ids, as the protocol allows, until it is acknowledged.
"""

import base64
import collections
import http.client
import json
import random
import threading
import time
import uuid

from node import wait_until

OWN_STREAMS = 2
SHARED_STREAMS = ["shared-0", "shared-1", "shared-2"]
PATIENCE_SECONDS = 30  # an answer that takes longer counts as none ever
RETRY_SECONDS = 0.02
NO_STREAM, ANY = -1, -2

ADMIN = {"Authorization":
         "Basic " + base64.b64encode(b"admin:changeit").decode()}
ATOM_JSON = "application/vnd.eventstore.atom+json"
BATCH_JSON = "application/vnd.eventstore.events+json"

Reply = collections.namedtuple("Reply", "status headers body")
Acknowledged = collections.namedtuple(
    "Acknowledged", "stream first events position")
Seen = collections.namedtuple("Seen", "stream number event_id")


class Connection:
    """One connection, opened again when it breaks."""

    def __init__(self, port):
        self.http = http.client.HTTPConnection(
            "127.0.0.1", port, timeout=PATIENCE_SECONDS)

    def request(self, method, path, body=None, headers=None):
        """The reply, or None: no telling what came of it."""
        try:
            self.http.request(method, path, body, headers or {})
            answer = self.http.getresponse()
            return Reply(answer.status, answer.headers, answer.read())
        except TimeoutError:
            self.http.close()
            raise
        except (OSError, http.client.HTTPException):
            self.http.close()
            return None


class Client(threading.Thread):
    """What all clients have: a connection, and a list of what went wrong."""

    def __init__(self, name, port, seed):
        super().__init__(name=name, daemon=True)
        self.connection = Connection(port)
        self.random = random.Random(f"{seed}/{name}")
        self.stopping = threading.Event()
        self.troubles = []
        self.replies = collections.Counter()

    def run(self):
        try:
            while not self.stopping.is_set() and not self.troubles:
                self.act()
        except TimeoutError:
            self.troubles.append(
                f"{self.name}: no answer in {PATIENCE_SECONDS} s")

    def act(self):
        raise NotImplementedError

    def ask(self, *request):
        """A reply without doubt, or None."""
        reply = self.connection.request(*request)
        self.replies[reply.status if reply else "none"] += 1
        if reply is None or reply.status in (502, 503, 504):
            return None
        if reply.status == 500 and b"<html" in reply.body:
            return None  # lighttpd's own: the worker died with the request
        return reply


class Writer(Client):
    """Appends to streams of its own and to some that all writers share."""

    def __init__(self, index, port, seed):
        super().__init__(f"writer-{index}", port, seed)
        self.own = {f"own-{index}-{i}": NO_STREAM for i in range(OWN_STREAMS)}
        self.acknowledged = []
        self.times = []  # of the acknowledgements
        self.slowest = 0.0  # of one append, retries included
        self.count = 0

    def act(self):
        events = [self.new_event() for _ in range(self.random.choice(
            [1, 1, 1, 2, 5]))]
        begun = time.monotonic()
        if self.random.random() < 0.6:
            stream, expected = self.random.choice(list(self.own.items()))
            expected = self.random.choice([expected, ANY])
        else:
            stream = self.random.choice(SHARED_STREAMS)
            expected = self.random.choice([ANY, ANY, NO_STREAM])
        self.append(stream, expected, events)
        self.slowest = max(self.slowest, time.monotonic() - begun)

    def new_event(self):
        self.count += 1
        return {"eventId": str(uuid.UUID(int=self.random.getrandbits(128))),
                "eventType": "counted",
                "data": {"by": self.name, "count": self.count}}

    def append(self, stream, expected, events):
        """Until it is acknowledged, or goes wrong."""
        while not self.troubles:
            reply = self.post(stream, expected, events)
            if reply is None:
                time.sleep(RETRY_SECONDS)
            elif reply.status == 201:
                self.note(stream, events, reply)
                return
            elif self.is_late(stream, expected, reply):
                expected = int(reply.headers["ES-CurrentVersion"])
            else:
                self.troubles.append(
                    f"{self.name}: {stream}, expected version {expected}: "
                    f"{reply.status} {reply.body!r}")

    @staticmethod
    def is_late(stream, expected, reply):
        """Somebody else was first: nothing of ours was written."""
        return (stream in SHARED_STREAMS and expected != ANY and
                reply.status == 400 and "ES-CurrentVersion" in reply.headers)

    def post(self, stream, expected, events):
        headers = {"ES-ExpectedVersion": str(expected)}
        if len(events) > 1:
            headers["Content-Type"] = BATCH_JSON
            body = json.dumps(events)
        else:
            headers["Content-Type"] = "application/json"
            headers["ES-EventId"] = events[0]["eventId"]
            headers["ES-EventType"] = events[0]["eventType"]
            body = json.dumps(events[0]["data"])
        return self.ask("POST", "/streams/" + stream, body, headers)

    def note(self, stream, events, reply):
        self.times.append(time.monotonic())
        first = int(reply.headers["Location"].rpartition("/")[2])
        if stream in self.own:
            self.own[stream] = first + len(events) - 1
        self.acknowledged.append(Acknowledged(
            stream, first, events, int(reply.headers["ES-Position"])))


class Reader(Client):
    """Looks at the newest event of the shared streams, time and again."""

    def __init__(self, port, seed):
        super().__init__("reader", port, seed)
        self.seen = set()

    def act(self):
        stream = self.random.choice(SHARED_STREAMS)
        reply = self.ask("GET", f"/streams/{stream}/head/backward/1?embed=rich",
                         None, {"Accept": ATOM_JSON})
        if reply is None:
            time.sleep(RETRY_SECONDS)
        elif reply.status == 200:
            self.seen.update(
                Seen(stream, entry["eventNumber"], entry["eventId"])
                for entry in json.loads(reply.body)["entries"])
        elif reply.status != 404:
            self.troubles.append(f"reader: {reply.status} {reply.body!r}")


class Load:
    """Eight writers and a reader, for as long as the with statement lasts."""

    WRITERS = 8

    def __init__(self, port, seed):
        self.writers = [Writer(i, port, seed) for i in range(self.WRITERS)]
        self.reader = Reader(port, seed)
        self.clients = [*self.writers, self.reader]

    def __enter__(self):
        self.begun = time.monotonic()
        for client in self.clients:
            client.start()
        return self

    def __exit__(self, *_):
        for client in self.clients:
            client.stopping.set()
        for client in self.clients:
            client.join()
        self.ended = time.monotonic()

    @property
    def troubles(self):
        return [text for client in self.clients for text in client.troubles]

    @property
    def acknowledged(self):
        return [a for writer in self.writers for a in writer.acknowledged]

    def await_progress(self):
        """Wait for appends to be acknowledged again."""
        enough = len(self.acknowledged) + 2 * len(self.writers)
        wait_until(lambda: self.troubles or len(self.acknowledged) >= enough,
                   PATIENCE_SECONDS, "appends are acknowledged")

    def replies(self):
        return sum((client.replies for client in self.clients),
                   collections.Counter())

    def gaps(self):
        """Seconds from each acknowledgement to the next, longest first."""
        times = sorted(t for writer in self.writers for t in writer.times)
        times = [self.begun, *times, self.ended]
        return sorted((b - a for a, b in zip(times, times[1:])), reverse=True)
