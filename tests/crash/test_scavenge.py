"""SIGKILL for the programs of a node while it is scavenged.

RILL_KILLS sets how many, RILL_SEED repeats the choices of an earlier run.
"""

import json
import os
import random
import signal
import subprocess
import time
import uuid

from clients import ADMIN, ATOM_JSON, BATCH_JSON
from node import BUILD, START_SECONDS, wait_until
from parts import Parts

KILLS = int(os.environ.get("RILL_KILLS", "4"))
SEED = int(os.environ.get("RILL_SEED", random.SystemRandom().randrange(10**9)))
STREAMS = 6
KEPT = 5
BATCH = 200

VICTIMS = [Parts.custodian_pids, Parts.custodian_pids, Parts.worker_pids,
           lambda node: [node.pid_of("rill-agent")]]


class Streams:
    """Streams of which only the last KEPT events are to be seen."""

    def __init__(self, node):
        self.node = node
        self.events = {f"cut-{i}": [] for i in range(STREAMS)}

    def post(self, path, events):
        """Until it is acknowledged."""
        body = json.dumps(events)

        def is_acknowledged():
            try:
                answer = self.node.request(
                    "POST", path, body, {"Content-Type": BATCH_JSON, **ADMIN})
            except OSError:
                return False
            assert answer.status in (201, 500, 503), answer.body
            return answer.status == 201
        wait_until(is_acknowledged, START_SECONDS, "it is acknowledged")

    def describe(self):
        for name in self.events:
            self.post(f"/streams/{name}/metadata", [
                {"eventId": str(uuid.uuid4()), "eventType": "$metadata",
                 "data": {"$maxCount": KEPT}}])

    def fill(self):
        for name, events in self.events.items():
            batch = [{"eventId": str(uuid.uuid4()), "eventType": "counted",
                      "data": {"n": len(events) + i, "pad": "x" * 300}}
                     for i in range(BATCH)]
            self.post(f"/streams/{name}", batch)
            events += batch

    def check(self):
        for name, events in self.events.items():
            answer = self.node.request(
                "GET", f"/streams/{name}?embed=body",
                headers={"Accept": ATOM_JSON})
            assert answer.status == 200, answer.body
            shown = [(e["eventNumber"], e["eventId"], json.loads(e["data"]))
                     for e in reversed(answer.json()["entries"])]
            first = len(events) - KEPT
            assert shown == [(first + i, e["eventId"], e["data"])
                             for i, e in enumerate(events[first:])], name
            # A late repeat of what may have gone: one success, nothing new.
            self.post(f"/streams/{name}", events[first - 1:first + 1])


def begin_scavenging(node):
    return subprocess.Popen(
        [BUILD / "store/rillctl", "--config", node.config, "scavenge"],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL)


def kill_one(node, dice):
    def try_to_kill():
        try:
            os.kill(dice.choice(dice.choice(VICTIMS)(node)), signal.SIGKILL)
        except (IndexError, ProcessLookupError):
            return False
        return True
    wait_until(try_to_kill, START_SECONDS, "there is somebody to kill")


def test_scavenging_survives_kills(parts, capsys):
    with capsys.disabled():
        print(f"# RILL_SEED={SEED} RILL_KILLS={KILLS}", flush=True)
    dice = random.Random(SEED)
    parts.start()
    streams = Streams(parts)
    streams.describe()
    for _ in range(KILLS):
        streams.fill()
        scavenging = begin_scavenging(parts)
        time.sleep(dice.uniform(0, 0.15))
        kill_one(parts, dice)
        scavenging.wait(START_SECONDS)
        wait_until(parts.answers, START_SECONDS, "the node answers again")
        streams.check()
    wait_until(lambda: parts.rillctl("scavenge")[0] == 0, START_SECONDS,
               "a pass comes to its end")
    streams.check()
    status, said = parts.rillctl("scavenge")
    assert status == 0 and "removed     0 events" in said, said
    for running in True, False:
        status, said = parts.rillctl("verify")
        assert status == 0 and "no faults" in said, said
        if running:
            assert parts.stop() == (0, 0)
