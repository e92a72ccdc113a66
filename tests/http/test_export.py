"""rillctl export and import: every byte, and again, and what does not fit."""

import base64
import json
import os
import pty
import re
import subprocess
import uuid

import pytest

from events import await_accounts
from node import BUILD, Node, rillctl

EVENTS = "application/vnd.eventstore.events+json"
PLAIN = "application/octet-stream"
TOMB = 2**63 - 1


def config(node):
    return node.data / "run/rill.json"


def new_node(folder):
    node = Node(folder, password_cost=1, scavenge_hours=0)
    node.start()
    await_accounts(node)
    return node


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    node = new_node(tmp_path_factory.mktemp("source"))
    fill(node)
    yield node
    node.stop()


@pytest.fixture(scope="module")
def target(tmp_path_factory):
    node = new_node(tmp_path_factory.mktemp("target"))
    yield node
    node.stop()


@pytest.fixture
def other(tmp_path):
    node = new_node(tmp_path / "other")
    yield node
    node.stop()


def post(node, stream, body, kind):
    headers = {"Content-Type": kind, "ES-EventId": str(uuid.uuid4())}
    if not stream.endswith("/metadata"):
        headers["ES-EventType"] = "tested"
    answer = node.request("POST", f"/streams/{stream}", body, headers)
    assert answer.status == 201, answer.body


def batch(node, stream, n):
    post(node, stream, json.dumps(
        [{"eventId": str(uuid.uuid4()), "eventType": "batched",
          "data": {"n": i}, "metadata": {"m": i}} for i in range(n)]), EVENTS)


def delete(node, stream, **headers):
    assert node.request(
        "DELETE", f"/streams/{stream}", headers=headers).status == 204


BYTES = [b'{"total": 19.90}', b'{\n  "a": [1,\r\n 2]\n}', b'"text"', b"null",
         b"[" * 64 + b"]" * 64, b'{"a":1,"a":2}', b'"\\ud800"', b" 1 "]
OTHER = [b"\xff\x00\xfe", b"plain \x00 text", "ä\u2028\u0085\n".encode(),
         b'{"a": 1}', b"\xc3\x28", b"'\"\\"]


def fill(node):
    for data in BYTES:
        post(node, "bytes", data, "application/json")
    for data in OTHER:
        post(node, "bytes", data, PLAIN)
    batch(node, "many", 700)
    batch(node, "shortened", 20)
    post(node, "shortened/metadata", '{"$maxCount": 3}', "application/json")
    post(node, "shortened/metadata", '{"$maxCount": 4}', "application/json")
    batch(node, "gone", 5)
    delete(node, "gone")
    batch(node, "restored", 5)
    delete(node, "restored")
    batch(node, "restored", 1)
    batch(node, "dead", 5)
    delete(node, "dead", **{"ES-HardDelete": "true"})
    post(node, "described/metadata", '{"$maxAge": 100, "x": 1}',
         "application/json")
    post(node, "%C3%A4%20%22", b"1", "application/json")


def export(node, *arguments):
    status, output = rillctl(config(node), "export", *arguments)
    assert status == 0, output
    return output


def take(node, path, status=0):
    found, output = rillctl(config(node), "import", path)
    assert found == status, output
    return output


def assert_whole(node):
    status, output = rillctl(config(node), "verify")
    assert status == 0, output


def own(lines):
    """Without the accounts, which each node makes for itself."""
    return [re.sub(r'"position":\d+', "", line) for line in lines.splitlines()
            if not re.match(r'\{"stream":"(\$\$)?\$user', line)]


def value_text(line, name):
    """The bytes of a member that is JSON, as the man page says."""
    decoder = json.JSONDecoder()
    at = line.index("{") + 1
    while True:
        key, at = decoder.raw_decode(line, at)
        assert line[at] == ":"
        _, end = decoder.raw_decode(line, at + 1)
        if key == name:
            return line[at + 1:end].encode()
        assert line[end] == ","
        at = end + 1


def data_of(line):
    event = json.loads(line)
    if "data" in event:
        return value_text(line, "data")
    if "dataText" in event:
        return event["dataText"].encode()
    return base64.b64decode(event.get("dataBase64", ""), validate=True)


def test_every_byte_is_in_it(source):
    lines = export(source, "--stream", "bytes").splitlines()
    assert [data_of(line) for line in lines] == BYTES + OTHER
    events = [json.loads(line) for line in lines]
    assert [e["number"] for e in events] == list(range(len(lines)))
    assert [e["dataIsJson"] for e in events] == \
        [True] * len(BYTES) + [False] * len(OTHER)
    for event in events:
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z",
                            event["created"])


def test_a_stream_comes_with_its_metastream(source):
    lines = export(source, "--stream", "shortened").splitlines()
    names = [json.loads(line)["stream"] for line in lines]
    assert names == ["shortened"] * 20 + ["$$shortened"] * 2
    both = export(source)
    assert [line for line in both.splitlines() if
            json.loads(line)["stream"] in ("shortened", "$$shortened")] == lines
    tomb = json.loads(export(source, "--stream", "dead").splitlines()[-1])
    assert (tomb["number"], tomb["type"]) == (TOMB, "$streamDeleted")


def test_what_is_no_stream_is_said(source):
    assert rillctl(config(source), "export", "--stream", "nowhere") == \
        (65, "rillctl: there is no such stream\n")
    assert rillctl(config(source), "export", "--stream", "")[0] == 65


def test_all_comes_back_and_only_once(source, target, tmp_path):
    export(source, str(tmp_path / "x"))
    first = (tmp_path / "x").read_text()
    batch(target, "there", 3)
    assert "4 lines passed over" in take(target, tmp_path / "x")
    assert own(export(target))[3:] == own(first)
    assert_whole(target)
    assert take(target, tmp_path / "x") == \
        f"0 events written, {len(first.splitlines())} lines passed over\n"
    assert_same_answers(source, target)


def assert_same_answers(source, target):
    """Settings count, ids are known, and numbers go on."""
    for stream, numbers in (("shortened", [19, 18, 17, 16]),
                            ("restored", [5]), ("many", None)):
        answers = [node.request(
            "GET", f"/streams/{stream}/head/backward/700").json()
            for node in (source, target)]
        found = [[e["id"].rpartition("/")[2] for e in a["entries"]]
                 for a in answers]
        assert found[0] == found[1]
        assert numbers is None or found[0] == list(map(str, numbers))
    assert target.request("GET", "/streams/dead").status == 410
    assert target.request("GET", "/streams/gone").status == 404
    event = json.loads(export(source, "--stream", "many").splitlines()[7])
    answer = target.append("many", {"other": 1}, event_id=event["id"])
    assert answer.headers["location"].endswith("/many/7")
    answer = target.append("gone", {"new": 1})
    assert answer.headers["location"].endswith("/gone/5")


def test_a_scavenged_store_keeps_its_gaps(source, target, other, tmp_path):
    export(source, str(tmp_path / "x"))
    take(target, tmp_path / "x")
    delete(target, "gone")
    assert rillctl(config(target), "scavenge")[0] == 0
    export(target, str(tmp_path / "y"))
    lines = (tmp_path / "y").read_text()
    gone = json.loads(lines.splitlines()[0])
    assert gone.keys() == {"stream", "nextNumber"} and gone["nextNumber"] >= 5
    take(other, tmp_path / "y")
    assert own(export(other)) == own(lines)
    assert_whole(other)
    answer = other.append("gone", {"new": 1})
    assert answer.headers["location"].endswith(f"/gone/{gone['nextNumber']}")
    assert rillctl(config(other), "scavenge")[0] == 0
    assert_whole(other)
    other.stop()
    assert rillctl(config(other), "export")[0] == 69
    assert rillctl(config(other), "import")[0] == 69


def test_what_does_not_fit_is_refused_with_its_line(target, tmp_path):
    def refused(text, sentence):
        (tmp_path / "x").write_text(text)
        assert sentence in take(target, tmp_path / "x", status=65)

    def line(number, stream="s", **more):
        return json.dumps(
            {"stream": stream, "number": number, "id": str(uuid.uuid4()),
             "type": "t", "created": "2026-01-01T00:00:00.0000000Z",
             "dataIsJson": True, "metadataIsJson": False, "data": 1, **more})

    (tmp_path / "good").write_text(line(0) + "\n" + line(1) + "\n")
    assert "2 events written" in take(target, tmp_path / "good")
    refused(line(2) + "\n" + line(1) + "\n",
            'Line 2: stream "s" has another event with number 1.')
    refused(line(3) + "\n" + line(5) + "\n" + line(6) + "\n",
            'Line 2: stream "s" ends at number 3, so 5 does not follow')
    known = json.loads((tmp_path / "good").read_text().splitlines()[0])["id"]
    refused(line(4, id=known) + "\n", "has the event's id already")
    refused(line(4), "Line 1: it has no end, so the export was cut off.")
    refused("\n", "Line 1: it is not one JSON object.")
    refused(line(4, data="x" * 5000000) + "\n", "longer than max_event_bytes")
    refused(line(4, data="x" * 40000000) + "\n", "see max_event_bytes")
    refused(line(4) + "\n" + line(2**62, stream="t") + "\n",
            'stream "t" begins with a number that is too large.')
    refused(line(0, stream="$$s", data={"$acl": {"$r": "x" * 3000}}) + "\n",
            "gets an $acl that is too long")
    # What stood before the line is written each time.
    answer = target.append("s", {})
    assert answer.headers["location"].endswith("/s/5")
    assert_whole(target)


def test_nothing_is_scavenged_while_an_export_is_made(source):
    """It is stopped in the middle by a pipe that nobody reads."""
    command = [BUILD / "store/rillctl", "--config", config(source), "export"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as running:
        assert running.stdout.read(1) == b"{"
        status, output = rillctl(config(source), "scavenge")
        assert status == 69 and "An export is being made" in output
        running.stdout.read()
    assert running.returncode == 0


def test_a_bar_is_drawn_on_a_terminal_only(source, tmp_path):
    command = [str(BUILD / "store/rillctl"), "--config", str(config(source)),
               "export", str(tmp_path / "x")]
    ours, theirs = pty.openpty()
    subprocess.run(command, stderr=theirs, timeout=60, check=True)
    os.close(theirs)
    shown = b""
    try:
        while data := os.read(ours, 4096):
            shown += data
    except OSError:
        pass
    os.close(ours)
    assert b"events\x1b[K" in shown and shown.endswith(b"\r\x1b[K")
    assert export(source, str(tmp_path / "x")) == ""
    assert not (tmp_path / "x.part").exists()
