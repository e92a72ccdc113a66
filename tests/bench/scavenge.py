#!/usr/bin/env python3
"""What scavenging frees, and what it costs those who append meanwhile.

    tests/bench/scavenge.py [--events 200000] [--streams 1000] [--bytes 300]
        [--max-count 5] [--seconds 15] [--rounds 2] [--clients 64] [--cache 64]

A node of its own gets --events events in --streams streams with $maxCount.
Then wrk (Debian's package) appends to other streams for --seconds, first alone
and then while `rillctl scavenge` runs, in turn, --rounds times; the streams are
filled anew for each.  Printed are the rates of appends, what rillctl says, and
the sizes; and the events that can be read are compared before and after.

RILL_BUILDDIR names the build folder if that is not the source folder.
"""

import argparse
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import time
import uuid

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

from node import BUILD, Node, wait_until  # noqa: E402

EVENTS = "application/vnd.eventstore.events+json"
BATCH = 500

# Appends one event a request to one of many streams, with an id of its own.
WRK = """
local function hex(n)
  local s = ""
  for _ = 1, n do s = s .. string.format("%%x", math.random(0, 15)) end
  return s
end
local threads = 0
function setup(thread)
  threads = threads + 1
  thread:set("seed", threads)
end
function init() math.randomseed(os.time() * 100 + seed) end
local headers = {["Content-Type"] = "%(type)s"}
local pad = string.rep("x", %(bytes)d)
function request()
  local id = hex(8) .. "-" .. hex(4) .. "-4" .. hex(3) .. "-8" .. hex(3) ..
    "-" .. hex(12)
  return wrk.format("POST", "/streams/busy-" .. math.random(1, 1000), headers,
    '[{"eventId":"' .. id .. '","eventType":"b","data":{"p":"' .. pad ..
    '"}}]')
end
"""


def post(node, path, events):
    answer = node.request("POST", path, json.dumps(events),
                          {"Content-Type": EVENTS})
    assert answer.status == 201, answer.body


def event(data, event_type="b"):
    return {"eventId": str(uuid.uuid4()), "eventType": event_type,
            "data": data}


def names(options):
    return [f"cut-{i}" for i in range(options.streams)]


def describe(node, options):
    for name in names(options):
        post(node, f"/streams/{name}/metadata",
             [event({"$maxCount": options.max_count}, "$metadata")])


def fill(node, options):
    """Round by round, so that the streams lie mixed in the order of all."""
    pad, left = "x" * options.bytes, options.events // options.streams
    while left > 0:
        n = min(left, BATCH, 50)
        for name in names(options):
            post(node, f"/streams/{name}", [event({"p": pad})
                                            for _ in range(n)])
        left -= n


def shown(node, options):
    """All that can be read of the streams: number, id and data."""
    found = {}
    for name in names(options):
        feed = node.request("GET", f"/streams/{name}?embed=body").json()
        found[name] = [(e["eventNumber"], e["eventId"], e["data"])
                       for e in feed["entries"]]
        assert len(found[name]) == options.max_count
    return found


def rillctl(node, *arguments):
    return subprocess.run(
        [BUILD / "store/rillctl", "--config", node.data / "run/rill.json",
         *arguments], text=True, stdout=subprocess.PIPE, check=True).stdout


def table_bytes(node):
    """On disk, of what has been written back."""
    return sum(f.stat().st_blocks * 512
               for f in (node.data / "store").glob("*.db"))


def begin_appends(node, script, options):
    return subprocess.Popen(
        ["wrk", "-t2", f"-c{options.clients}", f"-d{options.seconds}s",
         "--latency", "-s", script, node.base], text=True,
        stdout=subprocess.PIPE)


def finish_appends(appends):
    said = appends.communicate()[0]
    assert appends.returncode == 0 and "Non-2xx" not in said, said
    rate = float(re.search(r"Requests/sec:\s*([\d.]+)", said)[1])
    tail = re.search(r"99%\s*([\d.]+\w+)", said)[1]
    slowest = re.search(r"Latency\s+\S+\s+\S+\s+(\S+)", said)[1]
    return f"{rate:8.0f} appends/s, 99% within {tail}, slowest {slowest}"


def measure(node, script, options):
    for number in range(1, options.rounds + 1):
        fill(node, options)
        before = shown(node, options)
        print(f"{number}A alone       ",
              finish_appends(begin_appends(node, script, options)), flush=True)
        size = table_bytes(node)
        appends = begin_appends(node, script, options)
        begun = time.monotonic()
        said = rillctl(node, "scavenge")
        took = time.monotonic() - begun
        print(f"{number}B scavenging  ", finish_appends(appends),
              f"({min(took, options.seconds):.1f} s of {options.seconds})")
        print("\n".join("      " + line for line in said.splitlines()))
        print(f"      on disk     {size / 2**20:.1f} MiB before, "
              f"{table_bytes(node) / 2**20:.1f} MiB now, with what was "
              f"appended meanwhile", flush=True)
        assert shown(node, options) == before
        print("      every event that could be read can be read")


def main():
    parser = argparse.ArgumentParser()
    for name, value in [("events", 200000), ("streams", 1000), ("bytes", 300),
                        ("max-count", 5), ("seconds", 15), ("rounds", 2),
                        ("clients", 64), ("cache", 64)]:
        parser.add_argument("--" + name, type=int, default=value)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        script = pathlib.Path(folder, "append.lua")
        script.write_text(WRK % {"type": EVENTS, "bytes": options.bytes})
        node = Node(pathlib.Path(folder, "node"), cache_mb=options.cache,
                    scavenge_hours=0)
        node.start()
        try:
            describe(node, options)
            measure(node, script, options)
            print(rillctl(node, "scavenge"), end="")
            print(rillctl(node, "verify"), end="")
        finally:
            wait_until(lambda: node.stop() is not None, 60, "the node stops")


if __name__ == "__main__":
    main()
