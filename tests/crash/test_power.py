"""The power fails while clients append: what was acknowledged is on the disk.

A node runs under the library of tests/fault/fault.c, which records all that it
writes and flushes.  Then folders are made as they may be after a failure at
random moments (see power.py), and a node is started on each.

RILL_POWER_FAILURES says how many; RILL_SEED, which is printed, which ones.
"""

import json
import os
import random
import signal
import threading

from clients import BATCH_JSON, Connection
from fault import Fault, started_with
from node import Node, rillctl, wait_until
from parts import Parts
from power import ACKNOWLEDGED, Disk, note_acknowledged, read_records

FAILURES = int(os.environ.get("RILL_POWER_FAILURES") or 4)
SEED = os.environ.get("RILL_SEED") or str(random.randrange(1 << 32))
WRITERS = 4
LOG_BYTES = 40 << 20  # enough for another log file, and a checkpoint


class Writer(threading.Thread):
    """Appends batches of growing size to a stream of its own."""

    def __init__(self, index, port, record, dice):
        super().__init__(daemon=True)
        self.stream = f"power-{index}"
        self.connection = Connection(port)
        self.record, self.dice = record, dice
        self.stopping = threading.Event()
        self.sent = 0
        self.count = 0

    def run(self):
        while not self.stopping.is_set():
            self.append([self.make_event() for _ in
                         range(self.dice.choice([1, 1, 2, 5]))])

    def make_event(self):
        self.count += 1
        size = self.dice.choice([10, 300, 5000, 60000])
        self.sent += size
        return {"eventId": str(self.make_id()), "eventType": "counted",
                "data": {"n": self.count, "ballast": "x" * size}}

    def make_id(self):
        bits = self.dice.getrandbits(128)
        text = f"{bits:032x}"
        return "-".join((text[:8], text[8:12], text[12:16], text[16:20],
                         text[20:]))

    def append(self, events):
        """The same events until they are acknowledged, as clients do."""
        reply = None
        while reply is None or reply.status != 201:
            reply = self.connection.request(
                "POST", "/streams/" + self.stream, json.dumps(events),
                {"Content-Type": BATCH_JSON})
        first = int(reply.headers["Location"].rpartition("/")[2])
        note_acknowledged(self.record, json.dumps(
            [self.stream, first, [event["data"] for event in events]]))


def run_under_load(node, record):
    writers = [Writer(i, node.port, record, random.Random(f"{SEED}/{i}"))
               for i in range(WRITERS)]
    for writer in writers:
        writer.start()
    for share in (0.4, 1):
        wait_until(lambda share=share: sum(w.sent for w in writers) >=
                   share * LOG_BYTES, 120, "clients append")
        if share < 1:  # so that there is a recovery among it
            for pid in node.custodian_pids():
                os.kill(pid, signal.SIGKILL)
    for writer in writers:
        writer.stopping.set()
    for writer in writers:
        writer.join()


def read_stream(node, stream):
    events = {}
    while True:
        answer = node.request(
            "GET", f"/streams/{stream}/{len(events)}/forward/500?embed=body",
            headers={"Accept": "application/json"})
        if answer.status == 404:
            return events
        assert answer.status == 200, answer.body
        entries = answer.json()["entries"]
        for entry in entries:
            events[entry["eventNumber"]] = json.loads(entry["data"])
        if not entries:
            return events


def check_recovers(folder, acknowledged):
    node = Node(folder, cache_mb=16)
    node.start()
    try:
        streams = {f"power-{i}": read_stream(node, f"power-{i}")
                   for i in range(WRITERS)}
        for text in acknowledged:
            stream, first, events = json.loads(text)
            for number, data in enumerate(events, first):
                assert streams[stream].get(number) == data, (stream, number)
        assert node.append("after", {}).status == 201
    finally:
        assert node.stop() == 0, node.output[-4000:]
    status, said = rillctl(folder / "run/rill.json", "verify")
    assert status == 0 and "no faults" in said, said


def choose_moments(records, dice):
    """One at any time, the others just when an append was acknowledged."""
    answers = [i for i, record in enumerate(records, 1)
               if record.done == ACKNOWLEDGED]
    return sorted([dice.randrange(len(records)),
                   *dice.sample(answers, FAILURES - 1)])


def test_what_was_acknowledged_survives_a_power_failure(tmp_path):
    print("RILL_SEED=" + SEED)
    dice = random.Random(SEED)
    fault = Fault(tmp_path, tmp_path / "node/store")
    node = Parts(tmp_path / "node", workers=2, cache_mb=16)
    with started_with(fault.environment(records=True)):
        node.start()
    run_under_load(node, fault.record)
    node.stop()
    records = read_records(fault.record)
    disk, at = Disk(), 0
    for number, moment in enumerate(choose_moments(records, dice)):
        for record in records[at:moment]:
            disk.play(record)
        at = moment
        folder = tmp_path / f"failure-{number}"
        (folder / "store").mkdir(parents=True)
        disk.fail(folder / "store", dice)
        print(f"after {moment} of {len(records)} records,",
              len(disk.acknowledged), "appends acknowledged")
        check_recovers(folder, disk.acknowledged)
