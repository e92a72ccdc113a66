"""SIGKILL at random for every program of a node, while clients append.

Every acknowledged event is there afterwards, once, and where the answer said;
and the node answers again within seconds after every death.

RILL_KILLS sets how many, RILL_SEED repeats the choices of an earlier run.
"""

import collections
import json
import os
import random
import signal
import time

from clients import ADMIN, ATOM_JSON, SHARED_STREAMS, Load
from node import wait_until
from parts import Parts

KILLS = int(os.environ.get("RILL_KILLS", "45"))
SEED = int(os.environ.get("RILL_SEED", random.SystemRandom().randrange(10**9)))
LONGEST_OUTAGE_SECONDS = 3
PAGE = 4096

VICTIMS = {
    "worker": Parts.worker_pids,
    "custodian": Parts.custodian_pids,
    "agent": lambda node: [node.pid_of("rill-agent")],
}


class Killer:
    """Kills one program after the other, at times nobody can foresee."""

    def __init__(self, node, load):
        self.node, self.load = node, load
        self.random = random.Random(SEED)
        self.kinds = collections.Counter()

    def kill(self, count):
        """Some meet a node that still recovers; but one that never gets the
        time to recover cannot answer, so there are at most three in a row."""
        hasty = 0
        while sum(self.kinds.values()) < count and not self.load.troubles:
            hasty = hasty + 1 if hasty < 2 and self.random.random() < 0.4 else 0
            if hasty:
                time.sleep(self.random.uniform(0, 0.4))
            else:
                self.load.await_progress()
                time.sleep(self.random.uniform(0, 2.2))
            self.kill_one(self.random.choice(list(VICTIMS)))

    def kill_one(self, kind):
        wait_until(lambda: self.try_to_kill(kind), 10,
                   f"there is a {kind} to kill")
        self.kinds[kind] += 1

    def try_to_kill(self, kind):
        pids = VICTIMS[kind](self.node)
        try:
            os.kill(self.random.choice(pids), signal.SIGKILL)
        except (IndexError, ProcessLookupError):
            return False  # it is not back yet
        return True


def read(node, path):
    answer = node.request("GET", path, headers={"Accept": ATOM_JSON, **ADMIN},
                          seconds=60)
    assert answer.status == 200, (path, answer.status, answer.body)
    return answer.json()


def read_pages(node, feed, first, embed):
    """All entries of a feed in order, page by page."""
    entries = []
    page = read(node, f"{feed}/{first}/forward/{PAGE}?embed={embed}")
    while page["entries"]:
        entries += reversed(page["entries"])
        following = [link["uri"] for link in page["links"]
                     if link["relation"] == "previous"]
        page = read(node, following[0].removeprefix(node.base) +
                    f"?embed={embed}")
    return entries


def check_stream(node, name, acknowledged, seen):
    """Returns the ids of its events, in order."""
    entries = read_pages(node, f"/streams/{name}", 0, "body")
    assert [e["eventNumber"] for e in entries] == list(range(len(entries)))
    ids = [e["eventId"] for e in entries]
    assert len(set(ids)) == len(ids), f"{name}: an event is there twice"
    for a in acknowledged:
        stored = entries[a.first:a.first + len(a.events)]
        assert [(e["eventId"], json.loads(e["data"])) for e in stored] == \
            [(e["eventId"], e["data"]) for e in a.events], (name, a.first)
    # Every writer went on until it was told of success.
    assert len(ids) == sum(len(a.events) for a in acknowledged), name
    for s in seen:
        assert ids[s.number] == s.event_id, f"{s} was seen, and is gone"
    return ids


def check_all(node, streams, acknowledged):
    """$all has every event once, in an order that all streams agree with."""
    entries = read_pages(node, "/streams/%24all", "0" * 32, "rich")
    order = collections.defaultdict(list)
    for e in entries:
        assert e["eventNumber"] == len(order[e["streamId"]]), e["title"]
        order[e["streamId"]].append(e["eventId"])
    ours = {name: ids for name, ids in order.items() if name in streams}
    assert ours == streams
    assert all(name.startswith("$") for name in order.keys() - streams.keys())
    for a in acknowledged:
        assert entries[a.position]["eventId"] == a.events[-1]["eventId"]


def check_events(node, load):
    acknowledged, seen = (collections.defaultdict(list) for _ in range(2))
    for a in load.acknowledged:
        acknowledged[a.stream].append(a)
    for s in load.reader.seen:
        seen[s.stream].append(s)
    streams = {name: check_stream(node, name, acknowledged[name], seen[name])
               for name in acknowledged}
    assert set(SHARED_STREAMS) < set(streams)
    check_all(node, streams, load.acknowledged)
    return sum(map(len, streams.values()))


def check_whole(node):
    status, said = node.rillctl("verify")
    assert status == 0 and "no faults" in said, said


def summary(load, killer):
    gaps = load.gaps()
    spread = " ".join(f"{bound}s:{sum(g > bound for g in gaps)}"
                      for bound in (0.1, 0.25, 0.5, 1, 2, 3))
    return [
        f"kills {sum(killer.kinds.values())} {dict(killer.kinds)}",
        f"appends {len(load.acknowledged)}, replies {dict(load.replies())}",
        f"longest outages {[round(g, 2) for g in gaps[:5]]} s, "
        f"longer than {spread}",
        f"slowest append {max(w.slowest for w in load.writers):.2f} s",
    ]


def tell(capsys, lines):
    with capsys.disabled():
        for line in lines:
            print("# " + line, flush=True)


def test_every_acknowledged_event_survives_kills(parts, capsys):
    tell(capsys, [f"RILL_SEED={SEED} RILL_KILLS={KILLS}"])
    parts.start()
    with Load(parts.port, SEED) as load:
        killer = Killer(parts, load)
        killer.kill(KILLS)
        load.await_progress()
    tell(capsys, summary(load, killer))
    assert load.troubles == []
    assert load.gaps()[0] <= LONGEST_OUTAGE_SECONDS
    events = check_events(parts, load)
    tell(capsys, [f"events {events}, each where it was said to be"])
    check_whole(parts)
    assert parts.stop() == (0, 0)
    check_whole(parts)
