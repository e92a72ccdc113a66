"""Whatever is sent, the answer is a 2xx or 4xx, and the store goes on."""

import contextlib
import http.client
import json
import re
import socket

import pytest

import fastcgi
from events import (ATOM, BYTES, EVENT, EVENTS, JSON, assert_refused, event,
                    fill, get, new_id, new_name, numbers, path, post,
                    stored_ids, write)

MAX_BODY = 16 * 1024 * 1024
MAX_EVENT = 4194304


@pytest.fixture(autouse=True)
def still_answers(node):
    """After each test the node takes an event and gives it back."""
    pids = node.worker_pids()
    yield
    stream = new_name("after")
    write(node, stream, [event({"still": "here"})])
    assert get(node, path(stream, 0), JSON).json() == {"still": "here"}
    assert node.worker_pids() == pids, "no worker died:\n" + node.output


# Bodies that are not what they should be.

def is_batch(body):
    """Whether these bytes are a batch, by Python's idea of JSON."""
    try:
        batch = json.loads(body.decode())
    except ValueError:
        return False
    return isinstance(batch, list) and batch != [] and all(map(is_event, batch))


def is_event(each):
    if not isinstance(each, dict):
        return False
    members = {name.lower(): value for name, value in each.items()}
    event_id, event_type = members.get("eventid"), members.get("eventtype")
    return (isinstance(event_id, str) and isinstance(event_type, str) and
            re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
                         event_id, re.I | re.A) is not None and
            event_type != "")


BATCH = ('[{"eventId":"fbf4a1a1-b4a3-4dfe-a01f-ec52c34e16e4",'
         '"eventType":"gröb\\u00e9","data":{"a":[-0.5e1,true,null]},'
         '"metadata":"m\\n"}]').encode()

# Each stands for its kind: structure, controls, numbers, halves of UTF-8.
WRONG_BYTES = b'\x00\x1f "\\{}[],:0e-\x7f\x80\xc3\xed\xff'


def corruptions():
    for at in range(len(BATCH)):
        yield BATCH[:at]
        yield BATCH[:at] + BATCH[at + 1:]
        for byte in WRONG_BYTES:
            yield BATCH[:at] + bytes([byte]) + BATCH[at + 1:]
            yield BATCH[:at] + bytes([byte]) + BATCH[at:]


def statuses(node, bodies):
    """Post them all on one connection, to streams of their own."""
    prefix = new_name("corrupt")
    connection = http.client.HTTPConnection("127.0.0.1", node.port, timeout=30)
    for i, body in enumerate(bodies):
        connection.request("POST", path(f"{prefix}-{i}"), body,
                           {"Content-Type": EVENTS})
        answer = connection.getresponse()
        answer.read()
        yield body, answer.status
    connection.close()


def test_a_corrupted_batch_is_taken_or_refused(node):
    """Every beginning of it, and every byte left out, changed or added."""
    tried = 0
    for body, status in statuses(node, corruptions()):
        assert status == (201 if is_batch(body) else 400), body
        tried += 1
    assert tried == len(BATCH) * (2 + 2 * len(WRONG_BYTES))


@pytest.mark.parametrize("data", [
    "[" * 62 + "]" * 62, '{"a":' * 61 + "{}" + "}" * 61], ids=range(2))
def test_a_batch_may_be_nested_64_deep(node, data):
    """Its array and its event are the first two levels."""
    stream = new_name("deep")
    write(node, stream, nested(data))
    assert get(node, path(stream, 0), JSON).body.decode() == data


@pytest.mark.parametrize("data", [
    "[" * 63 + "]" * 63, '{"a":' * 62 + "{}" + "}" * 62,
    "[" * 1000000 + "]" * 1000000, "[" * 1000000], ids=range(4))
def test_a_batch_nested_deeper_is_refused(node, data):
    answer = post(node, path(new_name()), nested(data))
    assert_refused(answer, 400, "the nesting is deeper than 64 levels")


def nested(data):
    return f'[{{"eventId":"{new_id()}","eventType":"t","data":{data}}}]'


def test_one_json_event_may_be_nested_64_deep_to_count_as_json(node):
    stream = new_name("deep")
    for depth in [64, 65]:
        headers = {"Content-Type": JSON, "ES-EventType": "deep",
                   "ES-EventId": new_id()}
        node.request("POST", path(stream), "[" * depth + "]" * depth, headers)
    feed = get(node, path(stream) + "?embed=rich").json()
    assert [e["isJson"] for e in feed["entries"]] == [False, True]


def test_a_batch_may_have_20000_events_and_no_more(node):
    stream = new_name("many")
    batch = [event(0) for _ in range(20001)]
    answer = post(node, path(stream), batch)
    assert_refused(answer, 413, "A batch may have at most 20000 events.")
    assert get(node, path(stream)).status == 404
    batch.pop()
    assert write(node, stream, batch).headers["es-currentversion"] == "19999"


def test_5000_small_events_are_read_in_a_page_of_4096(node):
    stream = new_name("page")
    fill(node, stream, 5000)
    feed = get(node, path(stream, "head", "backward", 4096) + "?embed=body")
    assert numbers(feed.json()) == list(range(4999, 903, -1))
    data = [json.loads(e["data"])["n"] for e in feed.json()["entries"]]
    assert data == list(range(4999, 903, -1))


@pytest.mark.parametrize("size, status", [(MAX_EVENT, 201),
                                          (MAX_EVENT + 1, 413),
                                          (5 * 1024 * 1024, 413)])
def test_an_event_may_have_4_mib(node, size, status):
    stream = new_name("large")
    answer = node.request("POST", path(stream), b"x" * size, {
        "Content-Type": BYTES, "ES-EventType": "large",
        "ES-EventId": new_id()})
    assert answer.status == status
    if status == 413:
        assert_refused(answer, 413, "Too large events received.")
    assert get(node, path(stream)).status == (200 if status == 201 else 404)


def test_data_and_metadata_count_together(node):
    half = "x" * (MAX_EVENT // 2)
    answer = post(node, path(new_name()), [event(half, metadata=half + "x")])
    assert_refused(answer, 413, "Too large events received.")


# Bodies that are longer or shorter than was said, through the web server.

def head_of(method, where, *lines):
    return "\r\n".join([f"{method} {where} HTTP/1.1", "Host: 127.0.0.1",
                        *lines, "", ""]).encode()


def exchange(node, *parts):
    """Send bytes as they are and no more; the raw text of all that answers."""
    text = b""
    with socket.create_connection(("127.0.0.1", node.port), 30) as connection:
        try:
            connection.sendall(b"".join(parts))
            connection.shutdown(socket.SHUT_WR)
            while more := connection.recv(65536):
                text += more
        except ConnectionError:
            pass  # cut by the web server, which may be right
    return text


def raw_statuses(text):
    return [int(n) for n in re.findall(rb"^HTTP/1\.1 (\d+) ", text, re.M)]


def test_a_body_shorter_than_its_length_stores_nothing(node):
    stream, body = new_name("short"), json.dumps([event()]).encode()
    text = exchange(node, head_of(
        "POST", path(stream), "Content-Type: " + EVENTS,
        f"Content-Length: {len(body) + 1}"), body)
    assert raw_statuses(text) in ([], [400])
    assert get(node, path(stream)).status == 404


def test_what_follows_a_body_is_the_next_request(node):
    stream, body = new_name("long"), json.dumps([event()]).encode()
    text = exchange(node, head_of(
        "POST", path(stream), "Content-Type: " + EVENTS,
        f"Content-Length: {len(body)}"), body, head_of("GET", "/ping"))
    assert raw_statuses(text) == [201, 200]
    assert len(stored_ids(node, stream)) == 1


def test_a_body_in_chunks_is_taken(node):
    stream, batch = new_name("chunks"), [event(), event()]
    body = json.dumps(batch).encode()
    connection = http.client.HTTPConnection("127.0.0.1", node.port, timeout=30)
    connection.request("POST", path(stream), iter([body[:9], body[9:]]),
                       {"Content-Type": EVENTS}, encode_chunked=True)
    assert connection.getresponse().status == 201
    connection.close()
    assert stored_ids(node, stream) == [e["eventId"] for e in batch]


@pytest.mark.parametrize("lines", [
    ["Content-Length: -1"], ["Content-Length: x"], ["Content-Length: 2x"],
    ["Content-Length: 99999999999999999999"],
    ["Content-Length: 2", "Content-Length: 3"],
    ["Content-Length: 2", "Transfer-Encoding: chunked"],
    ["Transfer-Encoding: chunked"]])
def test_a_length_that_cannot_be_is_refused(node, lines):
    stream = new_name("length")
    text = exchange(node, head_of(
        "POST", path(stream), "Content-Type: " + EVENTS, *lines), b"[]\r\n")
    assert all(400 <= status < 500 for status in raw_statuses(text))
    assert get(node, path(stream)).status == 404


@pytest.mark.parametrize("size", [2 * MAX_BODY + 1, 9223372036854775807])
def test_a_body_past_the_fronts_limit_is_refused_before_it_is_sent(node, size):
    text = exchange(node, head_of(
        "POST", path(new_name()), "Content-Type: " + EVENTS,
        f"Content-Length: {size}"))
    assert raw_statuses(text) == [413]


# The same from a worker, without a web server to stand between.

@pytest.fixture(scope="module")
def worker(node, tmp_path_factory):
    single = fastcgi.Worker(node, tmp_path_factory.mktemp("worker") / "socket")
    single.start()
    yield single
    assert single.stop() == 0


@pytest.fixture(autouse=True)
def worker_still_answers(request):
    yield
    if "worker" in request.fixturenames:
        worker = request.getfixturevalue("worker")
        assert worker.request("GET", "/ping").status == 200


BATCH_TYPE = {"Content-Type": EVENTS}


def test_a_worker_takes_an_event(node, worker):
    stream = new_name("direct")
    body = json.dumps([event({"a": 1})]).encode()
    assert worker.request("POST", path(stream), body, BATCH_TYPE).status == 201
    answer = worker.request("GET", path(stream, 0), headers={"Accept": JSON})
    assert json.loads(answer.body) == {"a": 1}


def test_a_worker_refuses_a_large_body_without_reading_it(worker):
    with worker.connect() as connection:
        connection.send(fastcgi.begin(), fastcgi.stream(
            fastcgi.PARAMS, fastcgi.parameters(
                "POST", path(new_name()), BATCH_TYPE,
                CONTENT_LENGTH=MAX_BODY + 1)), fastcgi.record(fastcgi.PARAMS))
        assert_refused(connection.answer(), 413, str(MAX_BODY))


def test_a_worker_refuses_a_body_that_ends_early(node, worker):
    stream, body = new_name("short"), json.dumps([event()]).encode()
    answer = worker.request("POST", path(stream), body, BATCH_TYPE,
                            CONTENT_LENGTH=len(body) + 1)
    assert_refused(answer, 400, "shorter than Content-Length")
    assert get(node, path(stream)).status == 404


@pytest.mark.parametrize("length", ["", "0"])
def test_a_body_without_its_length_is_refused(worker, length):
    """Not taken for an empty one, which would be written."""
    stream = new_name("unmeasured")
    answer = worker.request("POST", path(stream), b"{}", {
        "Content-Type": JSON, "ES-EventType": "t", "ES-EventId": new_id()},
        CONTENT_LENGTH=length)
    assert_refused(answer, 411, "without its Content-Length")
    assert worker.request("GET", path(stream)).status == 404


def test_a_worker_reads_no_more_than_the_length(node, worker):
    stream, body = new_name("long"), json.dumps([event()]).encode()
    answer = worker.request("POST", path(stream), body + b"more", BATCH_TYPE,
                            CONTENT_LENGTH=len(body))
    assert answer.status == 201
    assert len(stored_ids(node, stream)) == 1


@pytest.mark.parametrize("length", [
    "-1", "x", "2x", "0x2", "1e1", "9223372036854775808", "2, 3"])
def test_a_worker_refuses_a_length_that_is_no_number(worker, length):
    answer = worker.request("POST", path(new_name()), b"[]", BATCH_TYPE,
                            CONTENT_LENGTH=length)
    assert 400 <= answer.status < 500


def test_a_worker_outlives_a_client_that_goes_away(node, worker):
    """After every byte of a request, and while it waits for the answer."""
    stream, body = new_name("cut"), json.dumps([event()]).encode()
    whole = (fastcgi.begin() + fastcgi.stream(
        fastcgi.PARAMS, fastcgi.parameters(
            "POST", path(stream), BATCH_TYPE, CONTENT_LENGTH=len(body))) +
        fastcgi.record(fastcgi.PARAMS) +
        fastcgi.stream(fastcgi.STDIN, body))
    for end in range(len(whole)):
        with worker.connect() as connection:
            connection.send(whole[:end])
    assert get(node, path(stream)).status == 404


def test_a_worker_answers_while_others_stay_in_the_middle_of_a_request(worker):
    """More of them than are served at a time, fewer than it has threads."""
    with contextlib.ExitStack() as stack:
        for _ in range(20):
            connection = stack.enter_context(worker.connect())
            connection.send(fastcgi.begin(), fastcgi.record(
                fastcgi.PARAMS, fastcgi.pair("REQUEST_METHOD", "GET")))
        for _ in range(40):
            assert worker.request("GET", "/ping").status == 200


@pytest.mark.parametrize("garbage", [
    b"GET / HTTP/1.1\r\n\r\n", b"\x00" * 64, b"\xff" * 64,
    fastcgi.record(fastcgi.BEGIN_REQUEST, b"\x00\x09\x00\x00\x00\x00\x00\x00"),
    fastcgi.record(fastcgi.BEGIN_REQUEST, b""),
    fastcgi.record(99, b"unknown"),
    fastcgi.begin() + fastcgi.record(fastcgi.ABORT_REQUEST),
    fastcgi.begin() + fastcgi.record(fastcgi.PARAMS, b"\xff\xff\xff\xff" * 4),
    fastcgi.begin() + fastcgi.record(fastcgi.PARAMS, b"\x7f"),
    fastcgi.begin() + fastcgi.record(fastcgi.STDIN, b"before parameters"),
], ids=range(10))
def test_a_worker_outlives_garbage(worker, garbage):
    for end in [len(garbage), len(garbage) // 2]:
        with worker.connect() as connection:
            connection.send(garbage[:end])
            connection.socket.shutdown(socket.SHUT_WR)
            while connection.socket.recv(65536):
                pass


def test_a_worker_refuses_a_request_without_parameters(worker):
    with worker.connect() as connection:
        connection.send(fastcgi.begin(), fastcgi.record(fastcgi.PARAMS),
                        fastcgi.record(fastcgi.STDIN))
        assert 400 <= connection.answer().status < 500


@pytest.mark.parametrize("uri", [
    "", "streams/x", "//", "/%", "/%4", "/%zz", "/streams/%00",
    "/streams/a\x01b", "/streams/\xff", "/" + "a" * 20000, "?", "#",
    "http:///streams/x", "*"], ids=range(14))
def test_a_worker_refuses_a_uri_that_cannot_be(worker, uri):
    answer = worker.request("GET", uri)
    assert_refused(answer, answer.status)
    assert 400 <= answer.status < 500


# Names.

def at_length(size, character):
    """A name of so many bytes, mostly of one character."""
    room = size - len("é") - 20
    name = new_name("n") + character * (room // len(character.encode()))
    return name + "x" * (size - len(name.encode()))


@pytest.mark.parametrize("character", ["a", "é", "日", "\U0001F600", "%"])
def test_a_name_may_have_1000_bytes(node, character):
    name = at_length(1000, character)
    assert len(name.encode()) == 1000
    write(node, name, [event({"a": 1})])
    feed = get(node, path(name)).json()
    assert (feed["streamId"], numbers(feed)) == (name, [0])
    assert get(node, path(name, 0), JSON).json() == {"a": 1}
    assert post(node, path(name, "metadata"), [event()]).status == 201
    assert get(node, path("$$" + name)).status == 200


@pytest.mark.parametrize("size", [1001, 2000])
def test_a_longer_name_is_refused(node, size):
    name = at_length(size, "é")
    for answer in [post(node, path(name), [event()]), get(node, path(name)),
                   get(node, path(name, 0)),
                   node.request("DELETE", path(name)),
                   post(node, path(name, "metadata"), [event()])]:
        assert_refused(answer, 400, "1 to 1000 bytes")


@pytest.mark.parametrize("name", [
    "a/b", "/", "//", "/0", "%", "%25", "%2F", "?", "a?b=c", "#", "a#b",
    "+", " ", "&", ";", ":", "..", ".", "\\", '"', "'", "<b>", "a@b",
    "metadata", "incoming", "é\u0301", "\u2028", "\ufeff", "null"])
def test_a_name_may_have_any_character(node, name):
    """It comes back whole, and is not taken for another."""
    name = name + new_name("")
    write(node, name, [event({"a": 1})])
    feed = get(node, path(name)).json()
    assert feed["streamId"] == name
    assert feed["title"] == f"Event stream '{name}'"
    assert get(node, feed["entries"][0]["id"].removeprefix(node.base),
               JSON).json() == {"a": 1}


@pytest.mark.parametrize("escaped, sentence", [
    ("a%00b", "%00"), ("%00", "%00"), ("a%", "%25"), ("a%4", "%25"),
    ("a%zz", "%25"), ("a%01b", "control characters"),
    ("a%0Ab", "control characters"), ("a%7Fb", "control characters"),
    ("%FF", "UTF-8"), ("%C3", "UTF-8"), ("%C0%AF", "UTF-8"),
    ("%ED%A0%80", "UTF-8"), ("%F4%90%80%80", "UTF-8")])
def test_a_name_that_is_no_text_is_refused(node, escaped, sentence):
    for where in [f"/streams/{escaped}", f"/streams/{escaped}/0",
                  f"/streams/{escaped}/0/forward/5",
                  f"/streams/{escaped}/metadata"]:
        assert_refused(get(node, where), 400, sentence)
    assert_refused(post(node, f"/streams/{escaped}", [event()]), 400, sentence)


def test_an_empty_name_is_refused(node):
    for where in ["/streams//0", "/streams//metadata",
                  "/streams//0/forward/5"]:
        assert_refused(get(node, where), 400)


# Numbers.

@pytest.mark.parametrize("number, status", [
    ("0", 200), ("00", 200), ("1", 404), ("2147483648", 404),
    ("9223372036854775806", 404), ("9223372036854775807", 404),
    ("9223372036854775808", 400), ("18446744073709551616", 400),
    ("99999999999999999999999999", 400), ("-1", 400), ("-0", 400),
    ("1.0", 400), ("0x0", 400), ("1e0", 400), ("%200", 400), ("", 400),
    ("abc", 400)])
def test_event_numbers(node, number, status):
    stream = new_name("numbers")
    fill(node, stream, 1)
    if number == "":
        number = "%20"
    answer = get(node, path(stream, number))
    assert answer.status == status, answer.body
    pages = [get(node, path(stream, number, "forward", 5)),
             get(node, path(stream, number, "backward", 5)),
             get(node, path(stream, number, 5))]
    expected = 400 if status == 400 else 200
    assert [page.status for page in pages] == [expected] * 3


def test_a_page_at_the_edge_of_numbers_has_links_that_work(node):
    stream = new_name("edge")
    fill(node, stream, 3)
    for direction in ["forward", "backward"]:
        page = get(node, path(stream, 9223372036854775807, direction, 4096))
        for each in page.json()["links"]:
            where = each["uri"].removeprefix(node.base)
            assert get(node, where).status == 200, each


@pytest.mark.parametrize("count, status", [
    ("1", 200), ("4096", 200), ("0", 400), ("-1", 400), ("x", 400),
    ("1.5", 400), ("9223372036854775808", 400)])
def test_counts(node, count, status):
    stream = new_name("counts")
    fill(node, stream, 1)
    assert get(node, path(stream, 0, "forward", count)).status == status
    assert get(node, path(stream, "head", "backward", count)).status == status


@pytest.mark.parametrize("count", ["4097", "2147483647"])
def test_a_count_past_4096_is_refused_with_a_sentence(node, count):
    """With the 500 of the reference server, which clients know."""
    stream = new_name("counts")
    fill(node, stream, 1)
    answer = get(node, path(stream, 0, "forward", count))
    assert_refused(answer, 500, "Read size too big", "4096")


@pytest.mark.parametrize("header, value", [
    ("ES-LongPoll", "0"), ("ES-LongPoll", "-1"), ("ES-LongPoll", "now"),
    ("ES-LongPoll", "9223372036854775808"), ("ES-LongPoll", "1.5"),
    ("ES-ResolveLinkTos", "perhaps"), ("ES-RequireMaster", "1")])
def test_a_header_in_a_wrong_format_is_refused(node, header, value):
    stream = new_name("headers")
    fill(node, stream, 1)
    answer = get(node, path(stream, 0, "forward", 5), headers={header: value})
    assert_refused(answer, 400, header + " header in wrong format.")


@pytest.mark.parametrize("value", [
    '"', '""', ";", '";"', '"0;x"', '"x;0"', "*", "W/\"0;-2060438500\"",
    '"9223372036854775808;-2060438500"', '"-1;-2060438500"',
    '"0;-2060438500;"', '"0;-2060438500", "1;0"', "0;" + "9" * 4000],
    ids=range(13))
def test_an_etag_that_is_none_of_ours_is_ignored(node, value):
    stream = new_name("etag")
    fill(node, stream, 2)
    answer = get(node, path(stream), headers={"If-None-Match": value})
    assert answer.status == 200


# Headers twice.

def raw_post(node, stream, *lines):
    body = json.dumps([event()]).encode()
    text = exchange(node, head_of(
        "POST", path(stream), f"Content-Length: {len(body)}",
        "Connection: close", *lines), body)
    return raw_statuses(text)


@pytest.mark.parametrize("lines", [
    ["ES-ExpectedVersion: -2", "ES-ExpectedVersion: 7"],
    ["ES-ExpectedVersion: -1", "ES-ExpectedVersion: -1"],
    ["ES-RequireMaster: True", "ES-RequireMaster: False"]])
def test_a_header_given_twice_is_refused(node, lines):
    stream = new_name("twice")
    assert raw_post(node, stream, "Content-Type: " + EVENTS, *lines) == [400]
    assert get(node, path(stream)).status == 404


def test_two_content_types_are_refused(node):
    stream = new_name("twice")
    status, = raw_post(node, stream, "Content-Type: " + EVENTS,
                       "Content-Type: " + JSON)
    assert 400 <= status < 500
    assert get(node, path(stream)).status == 404


def test_two_event_ids_are_refused(node):
    stream = new_name("twice")
    assert raw_post(node, stream, "Content-Type: " + JSON,
                    "ES-EventType: t", "ES-EventId: " + new_id(),
                    "ES-EventId: " + new_id()) == [400]


def test_headers_longer_than_the_web_server_takes_are_refused(node):
    text = exchange(node, head_of("GET", "/ping", "X-Long: " + "x" * 33000))
    assert raw_statuses(text) in ([], [431])


# Requests of odd kinds.

def test_get_may_have_a_body(node):
    stream = new_name("odd")
    fill(node, stream, 1)
    answer = node.request("GET", path(stream, 0), "{}", {"Accept": EVENT})
    assert answer.json()["eventNumber"] == 0


def test_delete_may_have_a_body(node):
    stream = new_name("odd")
    fill(node, stream, 1)
    assert node.request("DELETE", path(stream), "{}").status == 204


@pytest.mark.parametrize("query", [
    "embed=", "embed=%00", "embed=%FF", "embed", "=", "&", "&&embed=rich",
    "embed=rich&embed=body", "a=%", "format=nothing", "x" * 8000],
    ids=range(11))
def test_a_query_of_any_kind_is_answered(node, query):
    stream = new_name("query")
    fill(node, stream, 1)
    answer = get(node, path(stream) + "?" + query, ATOM)
    assert answer.status in (200, 400, 406)
    if answer.status != 200:
        assert_refused(answer, answer.status)
