"""Reads, beside a FastCGI program that does nothing but answer as long."""

from contenders import Empty
from events import ADMIN
from load import answer_bytes, read_rate
from results import Row

CLIENTS = 32
HEAD = "/streams/load-N"
FORWARD = "/0/forward/20"
ALL = "/streams/$all/00000000000000000000000000000000" + "/forward/20"

# label, path, headers, target (of the empty responder's rate)
READS = [
    ("one event", HEAD + "/M", {}, 0.80),
    ("one event, with credentials", HEAD + "/M", ADMIN, None),
    ("head feed of 20", HEAD, {}, 0.75),
    ("head feed, unchanged (304)", HEAD, "etag", None),
    ("page of 20", HEAD + FORWARD, {}, None),
    ("page of 20 with bodies", HEAD + FORWARD + "?embed=body", {}, None),
    ("$all from the start, 20", ALL, ADMIN, None)]


def measure(bench, part):
    for what in READS:
        measure_one(bench, part, *what)


def measure_one(bench, part, label, where, headers, target):
    node, streams = bench.node, bench.streams
    if headers == "etag":
        streams = 1
        headers = {"If-None-Match": node.request(
            "GET", HEAD.replace("N", "1")).headers["etag"]}
    size = answer_bytes(
        node.port, where.replace("N", "1").replace("M", "1"), headers)

    def rate_of(server):
        return lambda seconds: read_rate(server.base, CLIENTS, seconds, where,
                                         streams, bench.events, headers)

    with bench.taking_part(part, "empty", Empty(bench.new_folder(), size)) \
            as empty:
        row = bench.compare(Row(label), [("Rill", rate_of(node))] + (
            [("empty", rate_of(empty))] if empty else []))
    if empty:
        row.note = f"{row.ratio('empty'):.2f} of empty"
    if target:
        part.judge_ratio(label, row, "empty", target)
    part.add(row)
