"""The clients of the soak, each a process of its own.

They are those of tests/crash (clients.py), with events that follow from their
count, at a pace that can be set, and they tell their answers once a second.
"""

import collections
import json
import os
import re
import time

import clients
from board import DRAIN, END, HALF, START_METHOD, WAIT
from clients import ADMIN, ATOM_JSON, BATCH_JSON, RETRY_SECONDS, SHARED_STREAMS
from counted import event_of, id_of, line_of, text_of
from events import JSON, basic
from wire import Wire

WRITERS = 12
CUT_STREAMS = [f"cut-{i}" for i in range(4)]
BELL = "bell"
KEPT = 50  # $maxCount of those that are cut
ALL_PAGE, PAGE, MOST_PAGES = 500, 50, 20
POLL_SECONDS = 5
SLOW_SECONDS = 0.25  # what took longer is told
TELL_SECONDS = 1
TITLE = re.compile(rb'"title": "(\d+)@')

OWN_STREAMS = [f"own-{i}-{k}" for i in range(WRITERS)
               for k in range(clients.OWN_STREAMS)]
WRITTEN = OWN_STREAMS + SHARED_STREAMS  # and never cut


class Wrong(Exception):
    """An answer that contradicts one before, or the protocol."""


class Soaking:
    """What the clients have in common.  rate: None is found out by trying."""

    rate = None
    ends_at = DRAIN
    is_timed = True  # an act is one operation, with its repeats

    def prepare(self, board, index):
        self.board, self.index = board, index
        self.broken = collections.Counter()
        self.connection = Wire(self.port, self.broken)
        self.slow = []
        self.due = self.told = 0

    def live(self):
        """The whole life of the process."""
        while self.board.phase == WAIT:
            time.sleep(0.02)
        try:
            while not self.is_over() and not self.troubles:
                self.await_turn()
                begun = time.monotonic()
                asked = self.board.answered[self.index]
                self.act()
                self.note_time(
                    begun, self.board.answered[self.index] - asked)
                self.tell_in_time()
        except Exception as e:  # a client that ends must not go unnoticed
            self.troubles.append(f"{self.name}: {e!r}")
        self.tell()

    def is_over(self):
        return self.board.phase >= self.ends_at

    def await_turn(self):
        """What an outage held up is not made up for."""
        rate = self.rate or (self.board.phase >= HALF and
                             self.board.rates[self.index])
        if not rate:
            return
        now = time.monotonic()
        self.due = max(self.due + 1 / rate, now - 0.1)
        if self.due > now:
            time.sleep(self.due - now)

    def note_time(self, begun, tries):
        took = time.monotonic() - begun
        if self.is_timed and took > SLOW_SECONDS:
            self.slow.append((begun, took, tries))

    def tell_in_time(self):
        if time.monotonic() - self.told > TELL_SECONDS:
            self.tell()

    def tell(self):
        self.told = time.monotonic()
        self.board.said.put({
            "name": self.name, "replies": dict(self.replies),
            "broken": dict(self.broken), "slow": self.slow,
            "troubles": self.troubles})
        self.replies.clear()
        self.broken.clear()
        self.slow = []

    def ask(self, *request):
        reply = super().ask(*request)
        self.board.answered[self.index] += 1
        return reply

    def ask_surely(self, *request):
        """Until there is no doubt: the reply, and whether there was any."""
        doubted = False
        while (reply := self.ask(*request)) is None:
            doubted = True
            time.sleep(RETRY_SECONDS)
        return reply, doubted

    def wanted(self, reply, *statuses):
        if reply.status not in statuses:
            raise Wrong(f"{reply.status} {reply.body[:300]!r}")
        return reply

    def feed(self, path, headers=None):
        """A page of a feed: its entries, oldest first, and its links."""
        reply, _ = self.ask_surely(
            "GET", path, None,
            {"Accept": ATOM_JSON, **ADMIN, **(headers or {})})
        page = json.loads(self.wanted(reply, 200).body)
        return page["entries"][::-1], {
            link["relation"]: link["uri"] for link in page["links"]}


class SoakWriter(Soaking, clients.Writer):
    """Keeps a ledger of what was acknowledged."""

    def __init__(self, writer, port, seed, folder):
        super().__init__(writer, port, seed)
        self.writer, self.port = writer, port
        self.path = os.path.join(folder, self.name)
        self.ledger = None

    def live(self):
        with open(self.path, "w", encoding="ascii") as self.ledger:
            super().live()

    def new_event(self):
        self.count += 1
        return event_of(self.name, self.count)

    def post(self, stream, expected, events):
        self.board.in_hand[self.writer] = 1
        reply = super().post(stream, expected, events)
        self.board.in_hand[self.writer] = 0
        return reply

    def note(self, stream, events, reply):
        first = int(reply.headers["Location"].rpartition("/")[2])
        last = first + len(events) - 1
        if stream in self.own:
            self.own[stream] = last
        self.ledger.write(line_of(
            stream, first, events, reply.headers.get("ES-Position", -1)))
        self.board.raise_head(stream, last)
        self.board.acked[self.writer] = self.count


class Cutter(SoakWriter):
    """Writes to streams of which only the newest events are to be seen."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.name = "cutter"
        self.path = os.path.join(os.path.dirname(self.path), self.name)
        self.own = {name: clients.NO_STREAM for name in CUT_STREAMS}
        self.described = set()

    def act(self):
        stream = self.random.choice(CUT_STREAMS)
        if stream not in self.described:
            self.describe(stream)
        expected = self.random.choice([self.own[stream], clients.ANY])
        self.append(stream, expected, [
            self.new_event() for _ in range(self.random.choice([1, 5, 20]))])
        if self.random.random() < 0.1:
            self.look(stream)

    def describe(self, stream):
        body = json.dumps([{"eventId": id_of("metadata", stream),
                            "eventType": "$metadata",
                            "data": {"$maxCount": KEPT}}])
        reply, _ = self.ask_surely(
            "POST", f"/streams/{stream}/metadata", body,
            {"Content-Type": BATCH_JSON, **ADMIN})
        self.wanted(reply, 201)
        self.described.add(stream)

    def look(self, stream):
        """The newest are there, and no more."""
        entries, _ = self.feed(f"/streams/{stream}/head/backward/200")
        found = [int(e["title"].partition("@")[0]) for e in entries]
        head = self.own[stream]
        if found != list(range(max(0, head - KEPT + 1), head + 1)):
            raise Wrong(f"{stream} to {head} shows {found}")


class Ringer(SoakWriter):
    """Writes now and then to the stream that long polls wait for."""

    rate = 2

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.name = "ringer"
        self.path = os.path.join(os.path.dirname(self.path), self.name)
        self.own = {BELL: clients.NO_STREAM}

    def act(self):
        self.append(BELL, self.own[BELL], [self.new_event()])


class SoakReader(Soaking, clients.Client):
    """What readers have in common."""

    def __init__(self, kind, number, port, seed):
        super().__init__(f"{kind}-{number}", port, seed)
        self.port = port

    def some_stream(self):
        """One that has an event, and its newest that was acknowledged."""
        while not self.is_over():
            stream = self.random.choice(WRITTEN)
            head = self.board.head(stream)
            if head >= 0:
                return stream, head
            time.sleep(0.01)
        return None, None

    @staticmethod
    def counted(entry):
        """The writer and count of a feed's entry with its body."""
        data = json.loads(entry["data"])
        by, count = data["by"], data["count"]
        if entry["data"] != text_of(by, count) or (
                entry["eventId"] != id_of(by, count)):
            raise Wrong(f"never sent like this: {entry}")
        return by, count


class EventReader(SoakReader):
    """Single events, from all of a stream."""

    def act(self):
        stream, head = self.some_stream()
        if stream is None:
            return
        number = self.random.randint(0, head)
        reply, _ = self.ask_surely(
            "GET", f"/streams/{stream}/{number}", None, {"Accept": JSON})
        data = json.loads(self.wanted(reply, 200).body)
        if reply.body != text_of(data["by"], data["count"]).encode():
            raise Wrong(f"{number}@{stream} never sent: {reply.body!r}")


class HeadReader(SoakReader):
    """Head feeds, asking only for what is new."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.known = {}  # the ETag of each stream, and its head

    def act(self):
        stream, acked = self.some_stream()
        if stream is None:
            return
        etag, head = self.known.get(stream, ("", -1))
        reply, _ = self.ask_surely("GET", f"/streams/{stream}", None, {
            "Accept": ATOM_JSON, **({"If-None-Match": etag} if etag else {})})
        if self.wanted(reply, 200, 304).status == 200:
            head = int(TITLE.search(reply.body)[1])
            self.known[stream] = reply.headers["ETag"], head
        if head < acked:
            raise Wrong(f"{stream} ends at {head}, and {acked} had been "
                        "acknowledged")


class StreamWalker(SoakReader):
    """Walks a stream from anywhere on, by the links."""

    is_timed = False

    def act(self):
        stream, acked = self.some_stream()
        if stream is None:
            return
        number = self.random.randint(max(0, acked - PAGE * MOST_PAGES), acked)
        path, last = f"/streams/{stream}/{number}/forward/{PAGE}", {}
        while number <= acked:
            entries, links = self.feed(path + "?embed=body")
            if not entries:
                raise Wrong(f"{stream} ends before {number}; {acked} had been "
                            "acknowledged")
            for entry in entries:
                self.follow(entry, stream, number, last)
                number += 1
            path = links["previous"][links["previous"].index("/streams"):]

    def follow(self, entry, stream, number, last):
        by, count = self.counted(entry)
        if entry["eventNumber"] != number or count <= last.get(by, 0):
            raise Wrong(f"{stream}: {number} and {by}'s {last.get(by)} "
                        f"are followed by {entry}")
        last[by] = count


class AllWalker(SoakReader):
    """Follows $all from its beginning, for all the time.

    A writer has one append in hand, so the events of each stand there in the
    order of their counts, and each count once.
    """

    ends_at = END
    is_timed = False

    def __init__(self, names, port, seed):
        super().__init__("all-walker", 0, port, seed)
        self.names = names  # of the writers
        self.seen = dict.fromkeys(names, 0)
        self.path = f"/streams/%24all/{'0' * 32}/forward/{ALL_PAGE}"

    def is_over(self):
        return super().is_over() and self.seen == self.acked()

    def acked(self):
        return dict(zip(self.names, self.board.acked))

    def act(self):
        acked = self.acked()
        entries, links = self.feed(self.path + "?embed=body",
                                   {"ES-LongPoll": "1"})
        for entry in entries:
            if entry["eventType"] == "counted":
                self.follow(*self.counted(entry), entry)
        if "previous" in links:
            uri = links["previous"]
            self.path = uri[uri.index("/streams"):]
        if len(entries) < ALL_PAGE:  # that was the end
            self.compare(acked)

    def follow(self, by, count, entry):
        next_is_right = count == self.seen[by] + 1
        if by == "cutter":  # what is removed is not shown
            next_is_right = count > self.seen[by]
        if not next_is_right:
            raise Wrong(f"$all: {by}'s {self.seen[by]} is followed by {entry}")
        self.seen[by] = count

    def compare(self, acked):
        for by, count in acked.items():
            if self.seen[by] < count:
                raise Wrong(f"$all ends with {by}'s {self.seen[by]}; {count} "
                            "had been acknowledged")


class Poller(SoakReader):
    """Waits for the bell."""

    rate = 100
    ends_at = END
    is_timed = False

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.number = 0

    def is_over(self):
        return super().is_over() and self.number > self.board.head(BELL)

    def act(self):
        entries, _ = self.feed(
            f"/streams/{BELL}/{self.number}/forward/{PAGE}?embed=body",
            {"ES-LongPoll": str(POLL_SECONDS)}) if (
                self.board.head(BELL) >= 0) else ([], None)
        for entry in entries:
            if (entry["eventNumber"], *self.counted(entry)) != (
                    self.number, "ringer", self.number + 1):
                raise Wrong(f"{BELL}: {self.number} is {entry}")
            self.number += 1


class Administrator(SoakReader):
    """Accounts that come, change and go; metadata that changes."""

    rate = 1
    is_timed = False

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.count = 0

    def act(self):
        self.count += 1
        self.change_metadata(f"described-{self.count % 5}")
        login = f"user-{self.count}"
        self.ask_admin("POST", "/users/", (201, 409), {
            "loginName": login, "fullName": "A User", "groups": [],
            "password": "first"})
        self.expect_login(login, "first", 200)
        self.ask_admin("POST", f"/users/{login}/command/reset-password",
                       (200,), {"newPassword": "second"})
        self.expect_login(login, "second", 200)
        if self.count % 10 == 0:
            self.expect_login(login, "first", 401)
        self.ask_admin("DELETE", f"/users/{login}", (200, 204, 404))

    def ask_admin(self, method, path, statuses, document=None):
        """The first status, or after a doubt one that says it was done."""
        reply, doubted = self.ask_surely(
            method, path, document and json.dumps(document),
            {"Content-Type": JSON, **ADMIN})
        self.wanted(reply, *(statuses if doubted or method == "DELETE"
                             else statuses[:1]))

    def expect_login(self, login, password, status):
        reply, _ = self.ask_surely("GET", "/users/%24current", None,
                                   basic(login, password))
        self.wanted(reply, status)

    def change_metadata(self, stream):
        document = {"turn": self.count}
        reply, _ = self.ask_surely(
            "POST", f"/streams/{stream}/metadata", json.dumps([
                {"eventId": id_of("described", self.count),
                 "eventType": "$metadata", "data": document}]),
            {"Content-Type": BATCH_JSON, **ADMIN})
        self.wanted(reply, 201)
        reply, _ = self.ask_surely("GET", f"/streams/{stream}/metadata", None,
                                   {"Accept": JSON, **ADMIN})
        if json.loads(self.wanted(reply, 200).body) != document:
            raise Wrong(f"{stream}'s metadata is {reply.body!r}")


def writer_names():
    return [*(f"writer-{i}" for i in range(WRITERS)), "cutter", "ringer"]


def make_clients(port, seed, folder):
    """Writers first, in the order of writer_names()."""
    writers = [SoakWriter(i, port, seed, folder) for i in range(WRITERS)]
    writers.append(Cutter(WRITERS, port, seed, folder))
    writers.append(Ringer(WRITERS + 1, port, seed, folder))
    return writers + [
        *(EventReader("event-reader", i, port, seed) for i in range(4)),
        *(HeadReader("head-reader", i, port, seed) for i in range(3)),
        StreamWalker("stream-walker", 0, port, seed),
        AllWalker(writer_names(), port, seed),
        *(Poller("poller", i, port, seed) for i in range(4)),
        Administrator("administrator", 0, port, seed)]


def streams():
    return [*WRITTEN, *CUT_STREAMS, BELL]


def start_process(client, board, index):
    client.prepare(board, index)
    process = START_METHOD.Process(target=client.live, daemon=True,
                                   name=client.name)
    process.start()
    return process
