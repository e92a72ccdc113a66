"""Single events: GET /streams/<name>/<number>, in every representation."""

import json
import re

import pytest

from events import (ATOM, BRIEFLY, BYTES, EVENT, EVENTS, FOREVER, JSON,
                    assert_refused, event, fill, get, new_id, new_name, path,
                    set_metadata, write)

ALL = [ATOM, JSON, EVENT, BYTES]


@pytest.fixture(scope="module")
def one(node):
    """A stream of one JSON event and its id."""
    stream, single = new_name("one"), event({"a": 1}, metadata={"m": 2})
    write(node, stream, [single])
    return stream, single["eventId"]


# Representations.

def test_json_is_the_data_alone(node, one):
    answer = get(node, path(one[0], 0), JSON)
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    assert answer.body == b'{"a": 1}'


def test_an_octet_stream_is_the_data_without_a_charset(node, one):
    answer = get(node, path(one[0], 0), BYTES)
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.body == b'{"a": 1}'


def test_event_json_is_the_event(node, one):
    stream, event_id = one
    answer = get(node, path(stream, 0), EVENT)
    assert answer.headers["content-type"] == EVENT + "; charset=utf-8"
    assert answer.body.decode() == f"""{{
  "eventStreamId": "{stream}",
  "eventNumber": 0,
  "eventType": "tested",
  "eventId": "{event_id}",
  "data": {{"a": 1}},
  "metadata": {{"m": 2}}
}}"""


def atom_entry(node, stream, number, updated, event_type, content):
    where = node.base + path(stream, number)
    return f"""{{
  "title": "{number}@{stream}",
  "id": "{where}",
  "updated": "{updated}",
  "author": {{
    "name": "EventStore"
  }},
  "summary": "{event_type}",{content}
  "links": [
    {{
      "uri": "{where}",
      "relation": "edit"
    }},
    {{
      "uri": "{where}",
      "relation": "alternate"
    }}
  ]
}}"""


def test_atom_json_is_an_entry_with_the_event_inside(node, one):
    stream, event_id = one
    answer = get(node, path(stream, 0), ATOM)
    updated = answer.json()["updated"]
    assert re.fullmatch(
        r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{0,6}[1-9])?Z", updated)
    assert answer.headers["content-type"] == ATOM + "; charset=utf-8"
    assert answer.body.decode() == atom_entry(
        node, stream, 0, updated, "tested", f"""
  "content": {{
    "eventStreamId": "{stream}",
    "eventNumber": 0,
    "eventType": "tested",
    "eventId": "{event_id}",
    "data": {{"a": 1}},
    "metadata": {{"m": 2}}
  }},""")


def test_without_an_accept_header_it_is_atom_json(node, one):
    for accept in [None, "*/*"]:
        answer = get(node, path(one[0], 0), accept)
        assert answer.body == get(node, path(one[0], 0), ATOM).body


def test_text_has_no_content_in_its_entry(node):
    stream = new_name("text")
    write(node, stream, [event("some text")])
    answer = get(node, path(stream, 0), ATOM)
    updated = answer.json()["updated"]
    assert answer.body.decode() == atom_entry(
        node, stream, 0, updated, "tested", "")


def test_text_is_a_string_in_json(node):
    stream = new_name("text")
    write(node, stream, [event('some "text"')])
    assert get(node, path(stream, 0), JSON).body == rb'"some \"text\""'
    assert get(node, path(stream, 0), BYTES).body == b'some "text"'
    assert get(node, path(stream, 0), EVENT).json()["data"] == 'some "text"'


@pytest.mark.parametrize("data", [5, True, None])
def test_data_that_is_neither_text_nor_structure_is_empty(node, data):
    stream = new_name("scalar")
    write(node, stream, [{"eventId": new_id(), "eventType": "t",
                          "data": data}])
    assert get(node, path(stream, 0), BYTES).body == b""
    assert get(node, path(stream, 0), JSON).body == b'""'


def test_an_event_may_have_no_data(node):
    stream = new_name("none")
    write(node, stream, [{"eventId": new_id(), "eventType": "t"}])
    stored = get(node, path(stream, 0), EVENT).json()
    assert (stored["data"], stored["metadata"]) == ("", "")


def test_metadata_alone_may_be_json(node):
    """Then the event counts as JSON, and its data is a string."""
    stream = new_name("meta")
    write(node, stream, [event("text", metadata={"m": 1})])
    stored = get(node, path(stream, 0), EVENT).json()
    assert (stored["data"], stored["metadata"]) == ("text", {"m": 1})
    assert get(node, path(stream, 0), JSON).body == b'"text"'


def test_an_array_is_json(node):
    stream = new_name("array")
    write(node, stream, [event([1, {"a": []}])])
    assert get(node, path(stream, 0), JSON).body == b'[1, {"a": []}]'


# What was sent comes back byte for byte.

SPANS = [
    '{}', '[]', '{ }', '[\t]', '{"a":0.10}', '{"a":12345678901234567890}',
    '{"a":1E+400,"b":-0,"c":-0.0,"d":1e-7}', '{"b":1,"a":2,"b":3}',
    '{ "a" :\r\n\t[ 1 , 2 ]}', '{"":""}', '{"a":"\\u0041\\/\\b\\u0000"}',
    '{"a":"\U0001F600é日"}', '{"a":"\\ud83d\\ude00"}', '{"a":"\\ud83d"}',
    '{"a":"1987-11-07T00:00:00.000+01:00"}', '{"a":"\u2028\u0085\u007f"}',
    '{"eventId":"x","data":{"data":{}}}', '{"$maxCount":"text"}',
    '{"a":"' + "x" * 100000 + '"}', "[" + "0," * 20000 + "0]",
]


@pytest.mark.parametrize("span", SPANS, ids=range(len(SPANS)))
def test_json_comes_back_byte_for_byte(node, span):
    stream = new_name("span")
    body = (f'[ {{ "data" : {span} , "eventType":"t","metadata":\n{span},'
            f'"eventId":"{new_id()}"}}]')
    answer = node.request("POST", path(stream), body.encode(),
                          {"Content-Type": EVENTS})
    assert answer.status == 201, answer.body
    assert_spans(node, stream, span)


def assert_spans(node, stream, span):
    """In each representation, and in each kind of feed."""
    sent, where = span.encode(), path(stream, 0)
    assert get(node, where, JSON).body == sent
    assert get(node, where, BYTES).body == sent
    inside = b'"data": %b,\n' % sent
    last = b'"metadata": %b\n' % sent
    for text in [get(node, where, EVENT).body, get(node, where, ATOM).body,
                 get(node, path(stream) + "?embed=content").body]:
        assert inside in text and last in text
    entry = get(node, path(stream) + "?embed=body").json()["entries"][0]
    assert (entry["data"], entry["metaData"]) == (span, span)


@pytest.mark.parametrize("span", SPANS, ids=range(len(SPANS)))
def test_one_json_event_comes_back_byte_for_byte(node, span):
    """Its whole body, with the blanks around it."""
    stream, body = new_name("span"), f" {span}\n".encode()
    answer = node.request("POST", path(stream), body, {
        "Content-Type": JSON, "ES-EventType": "t", "ES-EventId": new_id()})
    assert answer.status == 201
    assert get(node, path(stream, 0), BYTES).body == body
    assert get(node, path(stream, 0), JSON).body.strip() == span.encode()


STRINGS = [
    "", " ", "é", "\U0001F600", "\\", '"', "\n", "\x00", "\x1f\x7f\u0085",
    "\u2028\u2029", "{", '{"a": 1}', "null", "<a>&", "x" * 100000]


@pytest.mark.parametrize("text", STRINGS, ids=range(len(STRINGS)))
def test_text_comes_back_whole(node, text):
    """However it was escaped."""
    stream = new_name("text")
    escaped = "".join(f"\\u{ord(c):04X}" if ord(c) < 65536 else c
                      for c in text)
    for string in [json.dumps(text), json.dumps(text, ensure_ascii=False),
                   f'"{escaped}"']:
        body = (f'[{{"eventId":"{new_id()}","eventType":"t",'
                f'"data":{string},"metadata":{string}}}]').encode()
        assert node.request("POST", path(stream), body,
                            {"Content-Type": EVENTS}).status == 201
    for number in range(3):
        where = path(stream, number)
        assert get(node, where, BYTES).body == text.encode()
        assert get(node, where, JSON).json() == text
        stored = get(node, where, EVENT).json()
        assert (stored["data"], stored["metadata"]) == (text, text)


def test_bytes_come_back_whole(node):
    """Such as no text could hold."""
    stream, every = new_name("bytes"), bytes(range(256)) * 5
    answer = node.request("POST", path(stream), every, {
        "Content-Type": BYTES, "ES-EventType": "raw", "ES-EventID": new_id()})
    assert answer.status == 201
    assert get(node, path(stream, 0), BYTES).body == every
    for accept in [JSON, EVENT, ATOM]:
        get(node, path(stream, 0), accept).json()
    get(node, path(stream) + "?embed=tryharder").json()


def test_no_bytes_at_all_are_an_event(node):
    stream = new_name("empty")
    answer = node.request("POST", path(stream), b"", {
        "Content-Type": BYTES, "ES-EventType": "raw", "ES-EventId": new_id()})
    assert answer.status == 201
    assert get(node, path(stream, 0), BYTES).body == b""


def test_no_data_shows_as_json_to_whom_tries_harder(node):
    """A quirk of the original."""
    stream = new_name("empty")
    write(node, stream, [event(data=5), event(data="x")])
    for embed, seen in [("pretty", [False, False]),
                        ("tryharder", [False, True])]:
        feed = get(node, path(stream) + "?embed=" + embed).json()
        assert [e["isJson"] for e in feed["entries"]] == seen


@pytest.mark.parametrize("event_type", [
    "größe", "with blank", "a/b", "\U0001F600", '"', "x" * 500, "$system"])
def test_a_type_may_be_any_text(node, event_type):
    stream = new_name("type")
    write(node, stream, [event(event_type=event_type)])
    assert get(node, path(stream, 0), EVENT).json()["eventType"] == event_type
    assert get(node, path(stream, 0)).json()["summary"] == event_type


# Caching and conditions.

@pytest.mark.parametrize("accept", ALL)
def test_an_event_is_for_ever(node, one, accept):
    answer = get(node, path(one[0], 0), accept)
    assert answer.headers["cache-control"] == FOREVER
    assert answer.headers["vary"] == "Accept"
    assert "etag" not in answer.headers


@pytest.mark.parametrize("accept, tag", [
    (ATOM, "-2060438500"), (JSON, "1391431453"), (EVENT, "1580925873"),
    (BYTES, "-1248183151")])
def test_the_head_is_not(node, accept, tag):
    stream = new_name("head")
    fill(node, stream, 3)
    answer = get(node, path(stream, "head"), accept)
    assert answer.body == get(node, path(stream, 2), accept).body
    assert answer.headers["cache-control"] == BRIEFLY
    assert answer.headers["etag"] == f'"2;{tag}"'


def test_a_condition_is_ignored(node, one):
    for rest in [0, "head"]:
        answer = get(node, path(one[0], rest), ATOM,
                     {"If-None-Match": '"0;-2060438500"'})
        assert answer.status == 200


# What is not there.

@pytest.mark.parametrize("accept", ALL)
def test_a_number_past_the_last_is_404(node, one, accept):
    answer = get(node, path(one[0], 1), accept)
    assert_refused(answer, 404, "There is no such event.")
    assert "cache-control" not in answer.headers


def test_an_event_cut_off_is_404(node):
    stream = new_name("cut")
    fill(node, stream, 5)
    set_metadata(node, stream, {"$maxCount": 2})
    found = [get(node, path(stream, n)).status for n in range(5)]
    assert found == [404, 404, 404, 200, 200]


def test_the_head_of_an_empty_stream_is_404(node):
    assert_refused(get(node, path(new_name("none"), "head")), 404)
