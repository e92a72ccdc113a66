"""What Rill answers reaches the client as it is, and so does the question.

The worker is asked twice: through a web server, and directly over FastCGI.
"""

import http.client
import json
from concurrent import futures

import pytest

import fastcgi
from front import KINDS
from events import ADMIN, ATOM, BYTES, basic, fill, get, new_id, new_name, path
from test_front import (  # noqa: F401: tests, run here for every front
    test_a_body_beyond_the_limit_is_refused_by_rill,
    test_a_body_far_beyond_the_limit_is_refused,
    test_a_slash_in_a_name_is_not_a_slash_of_the_path,
    test_a_stream_may_have_any_name, test_an_error_keeps_its_body,
    test_credentials_reach_the_worker, test_get_may_have_a_body)

# Each server's own.
ADDED = {"date", "server", "connection", "keep-alive", "transfer-encoding",
         "status", "content-length"}


class Direct:
    """Speaks to the worker itself, in the name of a front's client."""

    def __init__(self, node):
        self.node = node

    def request(self, method, uri, body=b"", headers=None):
        said = {"CONTENT_LENGTH": len(body), "HTTP_HOST":
                f"127.0.0.1:{self.node.port}", "REMOTE_ADDR": "127.0.0.1"}
        text = fastcgi.parameters(method, uri, headers, **said)
        with fastcgi.Connection(self.node.backend.socket_path) as connection:
            connection.send(
                fastcgi.begin(), fastcgi.stream(fastcgi.PARAMS, text),
                fastcgi.record(fastcgi.PARAMS),
                fastcgi.stream(fastcgi.STDIN, body),
                fastcgi.record(fastcgi.STDIN))
            return connection.answer()


def ask(node, method, where, body=None, headers=None):
    """Status, all header lines (names in lower case) sorted, and body."""
    connection = http.client.HTTPConnection("127.0.0.1", node.port, timeout=30)
    try:
        connection.request(method, where, body, headers or {})
        response = connection.getresponse()
        lines = [(k.lower(), v) for k, v in response.getheaders()]
        return response.status, sorted(lines), response.read()
    finally:
        connection.close()


def assert_same(node, method, where, headers=None):
    """Through the front as directly, but for an empty header that it loses."""
    direct = Direct(node).request(method, where, headers=headers)
    status, lines, body = ask(node, method, where, headers=headers)
    assert (status, body) == (direct.status, direct.body)
    said = sorted((k, v) for k, v in direct.headers.items()
                  if k not in ADDED and (v or k not in node.lost))
    assert [line for line in lines if line[0] not in ADDED] == said
    return status, dict(lines), body


@pytest.fixture
def stream(node):
    name = new_name("answered")
    fill(node, name, 25)
    return name


READS = [
    ("GET", [], {}, 200), ("HEAD", [], {}, 200), ("GET", [0], {}, 200),
    ("HEAD", [0], {}, 200), ("GET", [0, "forward", 20], {}, 200),
    ("GET", [0], {"Accept": "application/json"}, 200),
    ("GET", [], {"Accept": "application/atom+xml"}, 200),
    ("GET", [], {"Accept": "text/html"}, 200),
    ("OPTIONS", [], {}, 200), ("GET", ["metadata"], {}, 200),
    ("GET", [99], {}, 404), ("HEAD", [99], {}, 404),
    ("GET", ["x", "y", "z", "w"], {}, 404),
    ("GET", [0], {"Accept": "image/png"}, 406),
    ("PUT", [], {}, 405), ("GET", ["x"], {}, 400),
    ("GET", [], basic("nobody", "wrong"), 401), ("GET", [], ADMIN, 200),
    ("GET", [0], {"Origin": "http://other.example",
                  "Accept-Encoding": "gzip, deflate, br"}, 200)]


@pytest.mark.parametrize("method, rest, headers, expected", READS)
def test_answers_arrive_as_they_are(
        node, stream, method, rest, headers, expected):
    status, said, _ = assert_same(node, method, path(stream, *rest), headers)
    assert status == expected
    assert said["access-control-allow-origin"] == "*"
    if status == 401:
        assert said["www-authenticate"] == 'Basic realm="ES"'
    assert "content-encoding" not in said


def test_head_has_the_length_of_get(node, stream):
    head = node.request("HEAD", path(stream, 0))
    assert head.body == b""
    got = get(node, path(stream, 0))
    length = str(len(got.body)) if node.keeps_length else None
    assert head.headers.get("content-length") == length


def test_what_is_gone_is_410(node, stream):
    gone = node.request("DELETE", path(stream),
                        headers={"ES-HardDelete": "True"})
    assert (gone.status, gone.body) == (204, b"")
    assert assert_same(node, "GET", path(stream))[0] == 410


def test_503_keeps_its_retry_after_and_its_words(fronts):
    """All are asked at once, since Rill takes its time to say so."""
    servers = [fronts(kind) for kind in KINDS]
    where = path(new_name("late"))
    fill(servers[0], where.rpartition("/")[2], 1)
    headers = {"ES-MinimumPosition": "999999999"}
    with futures.ThreadPoolExecutor() as pool:
        answers = list(pool.map(
            lambda server: ask(server, "GET", where, headers=headers), servers))
    for status, said, body in answers:
        assert status == 503
        assert [v for k, v in said if k == "retry-after"] == ["1"]
        assert b"position" in body


def test_a_tag_that_matches_is_304(node, stream):
    first = get(node, path(stream))
    headers = {"If-None-Match": first.headers["etag"]}
    answer = get(node, path(stream), headers=headers)
    assert (answer.status, answer.body) == (304, b"")
    direct = Direct(node).request("GET", path(stream), headers=headers)
    for name in "etag", "vary", "cache-control":
        assert answer.headers.get(name) == direct.headers.get(name)


@pytest.mark.parametrize("headers", [
    {"If-None-Match": "*"}, {"If-Match": '"x"'}, {"Range": "bytes=0-3"},
    {"If-Modified-Since": "Wed, 25 Nov 2037 00:00:00 GMT"}])
def test_conditions_are_left_to_rill(node, stream, headers):
    """Which goes by If-None-Match alone, and sends answers whole."""
    assert_same(node, "GET", path(stream), headers)


def test_a_redirect_of_an_append_keeps_its_method(node):
    where = path(new_name("redirected"))
    answer = node.request("POST", where, "{}", {
        "Content-Type": "application/json", "ES-EventType": "t"})
    assert answer.status == 307
    assert answer.headers["location"].startswith(node.base + where)


def test_a_trailing_slash_is_seen(node, stream):
    answer = get(node, path(stream, ""))
    assert answer.status == 307
    assert answer.headers["location"] == node.base + path(stream)


@pytest.mark.parametrize("where", [
    "//streams/x", "/streams//x", "/streams/x//0", "/streams/%2e%2e",
    "/streams/x/%2E%2E/y", "/streams/a%3Fb", "/streams/a%0Ab", "/streams/a;b",
    "/streams/a+b", "/streams/a%25b", "/streams/a%5Cb", "/streams/%C3%A4",
    "/streams/a?x=a//b&y=%2F", "/streams/a/..;/b", "/streams/" + "n" * 999,
    "/streams/a%2F..%2F..%2Fweb%2Findex.html", "/streams/..%2F..%2Fweb%2F"])
def test_paths_are_passed_on_raw(node, where):
    """But for names that a server's own cleaning leads elsewhere."""
    if where in node.cleans_names:
        assert get(node, where).status in (200, 400)
        return
    assert_same(node, "GET", where)


@pytest.mark.parametrize("where", ["/streams/%00", "/streams/%zz", "/../x",
                                   "/streams/%"])
def test_what_is_no_path_is_refused(node, where):
    """By Rill, or by the server before it."""
    assert get(node, where).status in (400, 403, 404)


def test_a_long_query_and_long_headers_arrive(node, stream):
    where = path(stream) + "?x=" + "y" * 7000
    assert_same(node, "GET", where, {"X-Long": "z" * 7000, "Accept": ATOM})


def test_a_body_in_chunks_arrives_whole(node):
    stream = new_name("chunked")
    chunks = [json.dumps({"n": 1}).encode()[i:i + 3] for i in range(0, 9, 3)]
    answer = node.request("POST", path(stream), iter(chunks), {
        "Content-Type": BYTES, "ES-EventType": "t", "ES-EventId": new_id()})
    assert answer.status == 201, answer.body
    got = get(node, path(stream, 0), BYTES)
    assert got.body == b"".join(chunks)


def test_a_connection_serves_many_requests(node, stream):
    connection = http.client.HTTPConnection("127.0.0.1", node.port, timeout=30)
    try:
        for n in range(25):
            connection.request("GET", path(stream, n),
                               headers={"Accept": "application/json"})
            response = connection.getresponse()
            assert json.loads(response.read()) == {"n": n}
            assert not response.will_close
    finally:
        connection.close()
