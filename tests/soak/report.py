"""What a soak tells: a line each minute, and a table at the end."""

import collections
import os
import statistics
import threading
import time

from watch import MIB, slope

MINUTE = 60
MOST_SLOW = 3


def joined(counter):
    return ", ".join(f"{key} {count:,}" for key, count in sorted(
        counter.items(), key=lambda pair: str(pair[0]))) or "none"


class Report(threading.Thread):
    """Gathers what the clients say; prints, and sums up."""

    def __init__(self, options, board, watch, killer, chores):
        super().__init__(daemon=True)
        self.options, self.board, self.watch = options, board, watch
        self.killer, self.chores = killer, chores
        self.replies, self.broken = (collections.Counter() for _ in range(2))
        self.slow = []  # (begun, took, tries, who)
        self.said, self.faults = [], []
        self.minutes = []  # (minute, MiB of parts, descriptors, used)
        self.verdicts = []
        self.full = []  # (requests/s, processors used) without pause
        self.lock = threading.Lock()

    def run(self):
        while (said := self.board.said.get()) is not None:
            with self.lock:
                self.replies.update(said["replies"])
                self.broken.update(said["broken"])
                self.slow += [(*s, said["name"]) for s in said["slow"]]
                self.said += [t for t in said["troubles"]
                              if t not in self.said]

    def stop(self):
        self.board.said.put(None)
        self.join()

    def complain(self, text):
        self.faults.append(text)

    def troubles(self):
        return self.said + self.killer.troubles + self.faults

    def snapshot(self):
        with self.lock:
            return self.replies.copy(), self.broken.copy()

    def note_full(self, rate, share):
        self.full.append((rate, share))
        print(f"it serves {rate:,.0f} requests/s to these clients with "
              f"{share:.2f} of {os.cpu_count()} processors; offered from now "
              "on is half of that", flush=True)

    def begin(self):
        self.begun = self.due = time.monotonic()
        self.before = self.start_counts = self.snapshot()
        self.used = self.start_used = self.watch.processor()
        self.watch.new_recoveries()
        self.watch.recoveries.clear()
        self.kills_told = 0

    def await_minute(self):
        """Wait for a minute to pass, and print what came of it."""
        minutes = min(1, self.options.minutes)
        since, self.due = self.due, self.due + minutes * MINUTE
        while time.monotonic() < self.due and not self.troubles():
            time.sleep(0.2)
        replies, broken = self.snapshot()
        used = self.watch.processor()
        self.tell(since, replies - self.before[0], broken - self.before[1],
                  used - self.used)
        self.before, self.used = (replies, broken), used

    def tell(self, since, replies, broken, used):
        took = time.monotonic() - since
        number = len(self.minutes) + 1
        medians = self.watch.medians(since)
        tables, log = self.watch.sizes()
        self.minutes.append((number, medians, used / took, tables, log))
        kills = self.killer.accidents[self.kills_told:]
        self.kills_told += len(kills)
        answers = sum(replies.values()) - replies["none"]
        print(f"minute {number}: {answers:,} answers, {answers / took:,.0f}/s;"
              f" {joined(replies)}; broken: {joined(broken)}\n"
              f"    {describe(medians)}; node's processors "
              f"{used / took:.2f} of {os.cpu_count()}; tables "
              f"{tables / MIB:,.0f} MiB, log {log / MIB:,.0f} MiB; recovered "
              f"in {self.watch.new_recoveries()} ms", flush=True)
        print(f"    slowest: {self.slowest(since)}", flush=True)
        for k in kills:
            print(f"    killed {k.kind} with {k.in_hand} appends on their "
                  f"way: felt for {k.outage:.2f} s", flush=True)

    def finish(self):
        self.ended = time.monotonic()
        self.counts = tuple(now - then for now, then in zip(
            self.snapshot(), self.start_counts))
        self.share = (self.watch.processor() - self.start_used) / (
            self.ended - self.begun)
        self.watch.new_recoveries()

    def judged(self, judge, found):
        self.verdicts.append((
            "acknowledged events", f"{judge.acknowledged():,}; {found:,} in "
            "the store (the others removed by scavenging), each once, with "
            "its id, bytes, number and position" if not judge.faults else
            f"{judge.acknowledged():,}, with contradictions"))

    def backup_judged(self, found):
        self.verdicts.append((
            "restored from the last backup",
            f"{found:,} events, all that were acknowledged before it"))

    def verified(self, how, status, said, seconds):
        self.verdicts.append((f"`rillctl verify`, {how}",
                              f"{said} ({seconds:.1f} s)"))
        if status != 0 or "no faults" not in said:
            self.complain(f"verify, {how}: {status} {said}")

    def table(self):
        lines = ["| | |", "|---|---|"]
        lines += [f"| {name} | {text} |" for name, text in
                  self.rows() + self.verdicts]
        lines.append("| contradictions | "
                     f"{len(self.troubles()) or 'none'} |")
        return "\n".join([*lines, "", *self.kill_table(), ""])

    def rows(self):
        replies, broken = (counter.copy() for counter in self.counts)
        seconds = self.ended - self.begun
        none = replies.pop("none", 0)
        answers = sum(replies.values())
        return [
            ("length", f"{seconds / 60:.1f} minutes, seed "
             f"{self.options.seed}, {self.options.workers} workers"),
            ("load", f"{answers / seconds:,.0f} requests/s; processors that "
             f"it used: {self.share:.2f} of {os.cpu_count()}"),
            ("without pause it served", self.fullness()),
            ("requests", f"{answers + none:,}, answered {answers:,}"),
            ("answers by status", joined(replies)),
            ("without an answer", joined(broken)),
            ("slower than 0.25 s", self.slowness()),
            *self.memory_rows(),
            ("recoveries", self.recoveries()),
            ("chores", f"{joined(self.chores.done)}; failed because of a "
             f"kill and repeated: {len(self.chores.failed)}"),
        ]

    def fullness(self):
        rates, shares = zip(*self.full)
        return (f"these clients {statistics.median(rates):,.0f} requests/s "
                f"with {statistics.median(shares):.2f} processors (median of "
                f"{len(rates)}, from {min(rates):,.0f} to {max(rates):,.0f})")

    def slowness(self):
        slow = [took for begun, took, *_ in self.slow
                if self.begun <= begun <= self.ended]
        return (f"{len(slow):,} appends and reads, repeats included; the "
                f"slowest: {self.slowest(self.begun)}")

    def slowest(self, since):
        """The longest operations since then, and after which kill."""
        with self.lock:
            slow = sorted((s for s in self.slow if s[0] >= since),
                          key=lambda s: s[1], reverse=True)[:MOST_SLOW]
        return "; ".join(
            f"{who} {took:.2f} s in {tries} tries, "
            f"{self.relation(begun + took)}"
            for begun, took, tries, who in slow) or "none"

    def relation(self, at):
        """Of a time to the last kill before it."""
        before = [a for a in self.killer.accidents if a.at <= at]
        if not before:
            return "before any kill"
        return (f"ended {at - before[-1].at:.1f} s after that of "
                f"{before[-1].kind}")

    def recoveries(self):
        times = self.watch.recoveries
        return (f"{len(times)}: median {statistics.median(times):.0f} ms, "
                f"longest {max(times)} ms" if times else "none")

    def memory_rows(self):
        known = [m for m in self.minutes if m[1]]
        if not known:
            return []
        first, last = known[0], known[-1]
        settled = self.begun + min(1, self.options.minutes / 2) * MINUTE
        growth = slope([(s.at / MINUTE, sum(s.dirty.values()) / 1024)
                        for s in self.watch.samples if s.at > settled])
        return [
            (f"in minute {first[0]}", self.state(first)),
            (f"in minute {last[0]}", self.state(last)),
            ("memory grew by", f"{growth:+.0f} KiB a minute, from the "
             "second minute on"),
        ]

    @staticmethod
    def state(minute):
        _, medians, _, tables, log = minute
        return (f"{describe(medians)}; tables {tables / MIB:,.0f} MiB, log "
                f"{log / MIB:,.0f} MiB")

    def kill_table(self):
        kinds = collections.defaultdict(list)
        for a in self.killer.accidents:
            kinds[a.kind].append(a)
        lines = ["| killed | times | appends on their way | longest time "
                 "without an acknowledgement, median | worst |",
                 "|---|---:|---:|---:|---:|"]
        for kind, all_of in kinds.items():
            outages = [a.outage for a in all_of]
            lines.append(
                f"| {kind} | {len(all_of)} | "
                f"{sum(a.in_hand for a in all_of)} | "
                f"{statistics.median(outages):.2f} s | {max(outages):.2f} s |")
        return lines if kinds else []


def describe(medians):
    if medians is None:
        return "no sample"
    dirty, descriptors = medians
    parts = ", ".join(f"{part} {mib:.1f}" for part, mib in dirty.items())
    return (f"private dirty {sum(dirty.values()):.1f} MiB ({parts}), "
            f"{sum(descriptors.values()):.0f} descriptors")
