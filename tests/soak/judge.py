"""Whether all that was acknowledged is there, as it was sent, and once."""

import collections
import json
import subprocess

from counted import id_of, read_ledger, text_of
from load import CUT_STREAMS, KEPT
from node import BUILD

MOST_FAULTS = 20  # that are told
MOST_EVENTS = 20  # of an append


def exported(config):
    """The lines of all events that a running node has."""
    with subprocess.Popen(
            [BUILD / "store/rillctl", "--config", config, "export"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            text=True) as export:
        yield from export.stdout
    assert export.returncode == 0, f"export ended with {export.returncode}"


class Judge:
    """Compares what a node exports with the writers' ledgers."""

    def __init__(self, folder, names):
        self.ledgers = {by: read_ledger(folder / by) for by in names}
        self.faults = []

    def complain(self, text):
        if len(self.faults) < MOST_FAULTS:
            self.faults.append(text)

    def acknowledged(self):
        return sum(len(ledger.numbers) for ledger in self.ledgers.values())

    def check(self, what, lines, at_least=None):
        """How many events are ours.  at_least: of each writer the count up
        to which all must be there; else all that was acknowledged."""
        self.what = what
        self.seen = {by: bytearray(len(ledger.numbers) + 1)
                     for by, ledger in self.ledgers.items()}
        self.next = collections.Counter()
        found = sum(map(self.check_line, lines))
        self.check_complete(at_least or {})
        return found

    def check_line(self, line):
        """Whether it is one of ours."""
        event = json.loads(line)
        if event.get("type") != "counted":
            return False
        stream, number = event["stream"], event["number"]
        by, count = event["data"]["by"], event["data"]["count"]
        if (not line.endswith(f'"data":{text_of(by, count)}}}\n') or
                event["id"] != id_of(by, count)):
            self.complain(f"{self.what}: never sent like this: {line!r}")
        if stream not in CUT_STREAMS and number != self.next[stream]:
            self.complain(f"{self.what}: {stream}: {number} follows "
                          f"{self.next[stream] - 1}")
        self.next[stream] = number + 1
        self.check_place(by, count, (stream, number), event["position"])
        return True

    def check_place(self, by, count, place, position):
        ledger = self.ledgers[by]
        if count > len(ledger.numbers):
            self.complain(f"{self.what}: nobody acknowledged {by}'s {count}")
            return
        if self.seen[by][count]:
            self.complain(f"{self.what}: {by}'s {count} is there twice")
        self.seen[by][count] = 1
        told = ledger.streams[count - 1], ledger.numbers[count - 1]
        if told != place:
            self.complain(f"{self.what}: {by}'s {count} stands at {place}, "
                          f"and was acknowledged at {told}")
        last = ledger.positions[count - 1]  # of the append's events
        if last >= 0 and not position <= last < position + MOST_EVENTS:
            self.complain(f"{self.what}: {by}'s {count} has position "
                          f"{position}, told {last}")

    def check_complete(self, at_least):
        newest = {s: n for ledger in self.ledgers.values()
                  for s, n in zip(ledger.streams, ledger.numbers)
                  if s in CUT_STREAMS}
        for by, ledger in self.ledgers.items():
            for count in range(1, at_least.get(by, len(ledger.numbers)) + 1):
                stream = ledger.streams[count - 1]
                is_cut = stream in CUT_STREAMS and (
                    ledger.numbers[count - 1] <= newest[stream] - KEPT)
                if not self.seen[by][count] and not is_cut:
                    self.complain(
                        f"{self.what}: {by}'s {count} was acknowledged at "
                        f"{ledger.numbers[count - 1]}@{stream} and is gone")
