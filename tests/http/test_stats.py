"""/stats in the reference's keys, /metrics in Prometheus' text format."""

import os
import re
import signal
import types
import xml.etree.ElementTree as ElementTree

import pytest

import fastcgi
from events import (ADMIN, await_accounts, basic, event, get, new_name, path,
                    write)
from node import Node, wait_until

SAMPLE = re.compile(r'(rill_[a-z_]+)(\{[a-z]+="[^"]*"(?:,[a-z]+="[^"]*")*\})? '
                    r"([0-9.e+-]+)")


def read_metrics(node, headers=None):
    """{name and labels: value} of an answer that must be well-formed."""
    answer = node.request("GET", "/metrics", headers=headers)
    assert answer.status == 200, answer.body
    types, values = {}, {}
    for line in answer.body.decode().splitlines():
        if line.startswith("# HELP "):
            assert len(line.split(" ", 3)) == 4
        elif line.startswith("# TYPE "):
            _, _, name, kind = line.split()
            assert name not in types
            types[name] = kind
        else:
            name, labels, value = SAMPLE.fullmatch(line).groups()
            base = re.sub("_(bucket|sum|count)$", "", name)
            assert name in types or types.get(base) == "histogram", line
            assert name.endswith("_total") == (types.get(name) == "counter")
            assert name + (labels or "") not in values
            values[name + (labels or "")] = float(value)
    return values


def test_stats_have_the_groups_of_the_reference(node):
    answer = get(node, "/stats")
    assert answer.status == 200
    assert answer.headers["cache-control"] == "max-age=1, public"
    assert answer.headers["vary"] == "Accept"
    assert answer.headers["access-control-allow-methods"] == "GET, OPTIONS"
    told = answer.json()
    assert list(told) == ["proc", "sys", "es"]
    assert told["proc"]["id"] in node.worker_pids()
    assert told["proc"]["mem"] > 1 << 20
    drive = told["sys"]["drive"]["data"]
    assert drive["totalBytes"] == drive["availableBytes"] + drive["usedBytes"]
    assert re.fullmatch(r"\d+%", drive["usage"])
    assert told["es"]["queue"]["writer"]["queueName"] == "writer"
    assert told["es"]["checksum"] > 0


def test_a_path_leads_to_a_group(node):
    """A value has none of its own, as with the reference."""
    assert list(get(node, "/stats/").json()) == ["proc", "sys", "es"]
    assert "usedBytes" in get(node, "/stats/sys/drive/data").json()
    assert get(node, "/stats/es/queue").json()["writer"]["length"] >= 0
    for wrong in ("/stats/nothing", "/stats/sys/driv", "/stats/proc/id",
                  "/stats/proc/id/x", "/stats/es/queue/writer/queueName",
                  "/stats/proc/"):
        assert get(node, wrong).status == 404


@pytest.mark.parametrize("where", ["/stats/tcp", "/stats/replication"])
def test_nobody_speaks_the_protocol_of_the_reference(node, where):
    answer = node.request("GET", where)
    assert (answer.status, answer.json()) == (200, [])
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    assert answer.headers["cache-control"] == "max-age=1, public"
    assert node.request("GET", where, headers={
        "Accept": "text/xml"}).status == 406


def test_flat_keys_and_metadata(node):
    flat = get(node, "/stats?group=false").json()
    assert "sys-drive-data-usage" in flat and "proc-id" in flat
    leaf = get(node, "/stats/proc?metadata=true").json()["id"]
    assert leaf["category"] == "proc" and leaf["title"] and leaf["value"] > 1
    assert leaf["drawChart"] is True
    answer = get(node, "/stats/proc?group=false")
    assert answer.status == 400
    assert answer.body.startswith(b"Dynamic stats selection works only with ")


def test_stats_as_xml(node):
    answer = get(node, "/stats", "text/xml")
    assert answer.headers["content-type"] == "text/xml; charset=utf-8"
    root = ElementTree.fromstring(answer.body)
    assert root.findtext("es/queue/writer/queueName") == "writer"
    assert get(node, "/stats", "text/plain").status == 406


def test_metrics_count_what_was_done(node):
    before = read_metrics(node)
    stream = new_name()
    write(node, stream, [event(), event()])
    get(node, path(stream))
    get(node, path(new_name()))
    node.request("GET", path(stream), headers=basic("nobody", "nothing"))
    after = read_metrics(node)

    def grew(name):
        return after[name] - before[name]

    assert grew("rill_appends_total") >= 1
    assert grew("rill_events_written_total") >= 2
    assert grew("rill_event_bytes_total") > 0
    assert grew("rill_failed_logins_total") >= 1
    assert grew('rill_requests_total{method="POST",status="2xx"}') >= 1
    assert grew('rill_requests_total{method="GET",status="4xx"}') >= 2
    assert grew('rill_request_seconds_count{what="read"}') >= 1
    assert grew('rill_request_seconds_sum{what="append"}') > 0
    assert after['rill_role{role="master"}'] == 1 == after["rill_up"]
    assert after["rill_next_position"] >= before["rill_next_position"] + 2
    assert after["rill_table_bytes"] > 0 and after["rill_log_bytes"] > 0
    assert after["rill_recoveries_total"] >= 1
    assert after["rill_processes"] >= 2
    assert after["rill_cache_hits_total"] > 0


def test_a_login_that_could_not_be_checked_is_no_failed_one(tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run/rill.json").write_text('{"data": "."}')
    worker = fastcgi.Worker(types.SimpleNamespace(data=tmp_path),
                            tmp_path / "socket")
    worker.start()
    try:
        answer = worker.request("GET", "/streams/x", headers=ADMIN)
        assert answer.status == 503, "there is no agent"
        told = worker.request("GET", "/metrics").body.decode()
    finally:
        assert worker.stop() == 0
    assert "\nrill_failed_logins_total 0\n" in told


def test_a_histogram_is_cumulative(node):
    read = 'rill_request_seconds_bucket{what="read",le='
    values = read_metrics(node)
    buckets = [v for k, v in values.items() if k.startswith(read)]
    assert buckets == sorted(buckets)
    assert buckets[-1] == values['rill_request_seconds_count{what="read"}']


def test_neither_names_streams_or_users(node):
    stream = new_name("secret-stream")
    write(node, stream, [event()])
    get(node, path(stream))
    for where in ("/stats?metadata=true", "/metrics"):
        body = node.request("GET", where, headers=ADMIN).body
        for name in (stream, "admin", str(node.data)):
            assert name.encode() not in body


@pytest.fixture(name="pair", scope="module")
def a_node_of_two_workers(tmp_path_factory):
    node = Node(tmp_path_factory.mktemp("stats") / "data", workers=2,
                stats="ops")
    try:
        node.start()
        await_accounts(node)
        yield node
    finally:
        node.stop()


def test_for_operators_only_when_so_configured(pair):
    for where in ("/stats", "/stats/proc", "/metrics"):
        assert pair.request("GET", where).status == 401
        answer = pair.request("GET", where, headers=ADMIN)
        assert answer.status == 200
        assert answer.headers["cache-control"] == "max-age=1, private"


def test_counts_survive_a_worker_that_is_killed(pair):
    def both_are_there():
        return len(pair.worker_pids()) == 2

    for _ in range(10):
        write(pair, new_name(), [event()])
    before = read_metrics(pair, ADMIN)
    wait_until(both_are_there, 30, "two workers")
    for pid in pair.worker_pids():
        os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not_lower(before, pair), 60, "the node answers again")
    wait_until(both_are_there, 30, "two workers")


def not_lower(before, pair):
    try:
        after = read_metrics(pair, ADMIN)
    except (OSError, AssertionError):
        return False
    lower = [name for name, value in before.items()
             if name.endswith("_total") and "cache" not in name
             and after[name] < value]
    assert lower == []
    return after["rill_recoveries_total"] >= 1
