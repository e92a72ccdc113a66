"""What was measured, as a table for the README and as JSON."""

import collections
import datetime
import json
import os
import pathlib
import platform
import re
import statistics

from load import run
from node import BUILD

BEGIN = "<!-- from here on written by make bench -->"
END = "<!-- up to here written by make bench -->"

# In the order of the README: of each part its title.
TITLES = {
    "reads": "Reads a second, 32 clients",
    "appends": "Durable appends of 300 bytes, events a second",
    "polls": "Long polls, from the sending of an append to the answer of who "
    "waited",
    "sizes": "Sizes",
    "stream": "One stream of a million events, 64 clients, a cache of 1 GiB",
    "growth": "As the store grows: streams of 100 events, 64 clients at all "
    "of them or at 1,000, a cache of 1 GiB",
    "cluster": "Three nodes on this machine, each append on two of them",
    "failover": "Failover, until an append is taken",
    "fronts": "Behind other web servers, 32 clients that read, 64 that append",
    "cache": "What can never change, from Apache's cache"}

VERSIONS = [
    ("Rill", [BUILD / "store/rillctl", "--version"]),
    ("lighttpd", ["lighttpd", "-v"]), ("nginx", ["nginx", "-v"]),
    ("Apache", ["apache2", "-v"]), ("PostgreSQL", ["psql", "--version"]),
    ("Redis", ["redis-server", "--version"]), ("etcd", ["etcd", "--version"])]

Verdict = collections.namedtuple("Verdict", "target figure met")


class Row:
    """One comparison: the samples of each who takes part, Rill's first."""

    def __init__(self, label, unit="", note=""):
        self.label, self.unit, self.note = label, unit, note
        self.samples = {}

    def add(self, name, value):
        self.samples.setdefault(name, []).append(value)

    def median(self, name):
        return statistics.median(self.samples[name])

    def ratio(self, name, of="Rill"):
        return self.median(of) / self.median(name)

    def cell(self, name):
        if name not in self.samples:
            return ""
        found, value = self.samples[name], self.median(name)
        digits = 0 if value >= 100 else 1 if value >= 10 else 2
        said = f"{value:,.{digits}f}{self.unit}"
        if len(found) > 1 and value:
            said += f" ±{(max(found) - min(found)) / 2 / value:.0%}"
        return said


def in_turn(row, contenders, options):
    """Each measures for some seconds, then each again.  contenders: name and a
    function of seconds."""
    for _ in range(options.rounds):
        for name, measure in contenders:
            row.add(name, measure(options.seconds))
    return row


class Part:
    """The rows of one part, and what the targets say of them."""

    def __init__(self, name, options):
        self.name, self.rows, self.verdicts = name, [], []
        self.missing = {}  # who, and why
        self.told = {"date": str(datetime.date.today()),
                     "rounds": options.rounds, "seconds": options.seconds,
                     "growth": options.growth}

    def add(self, row):
        self.rows.append(row)
        print(f"  {row.label}: " + ", ".join(
            f"{name} {row.cell(name)}" for name in row.samples) +
            (f" ({row.note})" if row.note else ""), flush=True)
        return row

    def add_figure(self, label, unit, *values):
        row = Row(label, unit)
        for value in values:
            row.add("Rill", value)
        return self.add(row)

    def judge(self, target, figure, met):
        self.verdicts.append(Verdict(target, figure, bool(met)))

    def judge_ratio(self, what, row, name, least):
        """Whether Rill reaches so much of another's rate."""
        if name in row.samples:
            value = row.ratio(name)
            self.judge(f"{what}: at least {least:.2f} of {name}",
                       f"{value:.2f}", value >= least)

    def to_json(self):
        return {**self.told, "missing": self.missing,
                "verdicts": [v._asdict() for v in self.verdicts],
                "rows": [vars(row) for row in self.rows]}

    @classmethod
    def from_json(cls, name, kept):
        part = cls.__new__(cls)
        part.name, part.rows, part.missing = name, [], kept["missing"]
        part.verdicts = [Verdict(**v) for v in kept["verdicts"]]
        part.told = {k: kept[k] for k in kept
                     if k not in ("missing", "verdicts", "rows")}
        for each in kept["rows"]:
            row = Row(each["label"], each["unit"], each["note"])
            row.samples = each["samples"]
            part.rows.append(row)
        return part


def versions():
    said = {}
    for name, command in VERSIONS:
        try:
            said[name] = re.search(r"\d[\d.]+\d", run(
                *command, env={**os.environ, "PATH": os.environ["PATH"] +
                               ":/usr/sbin:/sbin"}))[0]
        except (OSError, RuntimeError):
            continue
    return said


def machine():
    model = re.search(r"model name\s*: (.*)",
                      pathlib.Path("/proc/cpuinfo").read_text())
    return (f"{os.cpu_count()} x {model[1] if model else platform.machine()}, "
            f"Linux {platform.release()}")


def when(told):
    return (f"{told['date']}, medians of {told['rounds']} runs of "
            f"{told['seconds']} s, in turn; ± half of their range "
            f"(`make bench BENCH=\"--rounds {told['rounds']} --seconds "
            f"{told['seconds']} --growth {told['growth']}\"`)")


def table(parts, found):
    """Lines of Markdown; parts by name, and the versions found."""
    first = next(iter(parts.values())).told
    yield (f"{machine()}; " + ", ".join(f"{n} {v}" for n, v in found.items()) +
           f". {when(first)}.")
    yield from print_verdicts(parts)
    for name, title in TITLES.items():
        if name in parts and parts[name].rows:
            told = parts[name].told
            yield from ("", f"**{title}**" + (
                f" ({when(told)})" if told != first else ""), "")
            yield from print_rows(parts[name].rows)
    absent = {who: why for part in parts.values()
              for who, why in part.missing.items()}
    for who, why in absent.items():
        yield from ("", f"{who} is left out: {why}.")


def print_verdicts(parts):
    verdicts = [v for name in TITLES if name in parts
                for v in parts[name].verdicts]
    if verdicts:
        yield from ("", "| Target | Found | |", "|---|---:|---|")
    for v in verdicts:
        yield (f"| {v.target} | {v.figure} | "
               f"{'met' if v.met else '**missed**'} |")


def print_rows(rows):
    """A table, or one for each group of rows with figures of other kinds."""
    groups = []
    for row in rows:
        if groups and any(set(row.samples) & set(other.samples)
                          for other in groups[-1]):
            groups[-1].append(row)
        else:
            groups.append([row])
    for n, group in enumerate(groups):
        yield from [""] * (n > 0)
        yield from print_group(group)


def print_group(rows):
    names = list(dict.fromkeys(n for row in rows for n in row.samples))
    noted = any(row.note for row in rows)
    yield "| | " + " | ".join(names) + (" | |" if noted else " |")
    yield "|---|" + "---:|" * len(names) + ("---|" if noted else "")
    for row in rows:
        cells = [row.label, *map(row.cell, names)] + [row.note] * noted
        yield "| " + " | ".join(cells) + " |"


def write_json(file, parts, found):
    file.write_text(json.dumps(
        {"machine": machine(), "versions": found,
         "parts": {n: p.to_json() for n, p in parts.items()}},
        indent=1) + "\n")


def read_json(file):
    """The parts of an earlier run; none if there was none."""
    if not file.exists():
        return {}
    kept = json.loads(file.read_text()).get("parts", {})
    return {name: Part.from_json(name, part) for name, part in kept.items()}


def put_into(readme, lines):
    """Replace what stands between the two marks."""
    text = readme.read_text()
    head, begin, rest = text.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not begin or not end:
        raise RuntimeError(f"{readme} has not the lines {BEGIN} and {END}")
    readme.write_text(head + BEGIN + "\n\n" + lines + "\n" + END + tail)
