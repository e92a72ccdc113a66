"""What links begin with: Host, and the headers of a proxy in front."""

import pytest

from events import assert_refused, event, fill, get, new_name, path, post
from node import Node

HOSTILE = [
    "x y", "a/b", "a\\b", "a'b", 'a"b', "<script>", "a?b", "a#b", "a@b",
    "user:pass@host", "a%41", "x\tz", "[::1", "::1", "[::g]", "a:b:c",
    "a:0", "a:65536", "a:-1", "a:99999999999999999999", "a:80x", ":80", ":",
    "é", "x" * 300, "http://a", "{", "a;b", "$(x)"]


@pytest.fixture(scope="module")
def node(tmp_path_factory):
    """A node with names of its own."""
    named = Node(tmp_path_factory.mktemp("named"),
                 hosts=["events.example", "h.example"])
    named.start()
    yield named
    named.stop()


@pytest.fixture(scope="module")
def stream(node):
    name = new_name("based")
    fill(node, name, 25)
    return name


def base(node, stream, headers):
    """What all links of a feed begin with."""
    answer = get(node, path(stream), headers=headers)
    assert answer.status == 200
    feed = answer.json()
    found = feed["id"].removesuffix(path(stream))
    for uri in uris(feed):
        assert uri.startswith(found + path(stream)), uri
    return found


def uris(feed):
    """Every address that a feed's document holds."""
    yield from [feed["id"], feed["selfUrl"]]
    yield from [each["uri"] for each in feed["links"]]
    for entry in feed["entries"]:
        yield entry["id"]
        yield from [each["uri"] for each in entry["links"]]


FORWARDED = [
    ({"Host": "events.example"}, "http://events.example"),
    ({"Host": "events.example:80"}, "http://events.example"),
    ({"Host": "events.example:8080"}, "http://events.example:8080"),
    ({"Host": "10.0.0.1:2113"}, "http://10.0.0.1:2113"),
    ({"Host": "[::1]:2113"}, "http://[::1]:2113"),
    ({"X-Forwarded-Port": "99"}, "http://h.example:99"),
    ({"X-Forwarded-Port": "80"}, "http://h.example"),
    ({"X-Forwarded-Proto": "https"}, "https://h.example:2113"),
    ({"X-Forwarded-Proto": "https", "X-Forwarded-Port": "443"},
     "https://h.example"),
    ({"X-Forwarded-Host": "p.example"}, "http://p.example:2113"),
    ({"X-Forwarded-Host": "p.example:81"}, "http://p.example:81"),
    ({"X-Forwarded-Host": "p.example:81, q.example:82"},
     "http://p.example:81"),
    ({"X-Forwarded-Host": "p.example:81", "X-Forwarded-Port": "99"},
     "http://p.example:81"),
    ({"X-Forwarded-Host": "p.example", "X-Forwarded-Port": "99"},
     "http://p.example:99"),
    ({"X-Forwarded-Prefix": "/p"}, "http://h.example:2113/p"),
    ({"X-Forwarded-Prefix": "p"}, "http://h.example:2113/p"),
    ({"X-Forwarded-Prefix": "/p/"}, "http://h.example:2113/p"),
    ({"X-Forwarded-Prefix": "p/q"}, "http://h.example:2113/p/q"),
    ({"X-Forwarded-Host": "p.example:443", "X-Forwarded-Proto": "https",
      "X-Forwarded-Prefix": "/p"}, "https://p.example/p"),
]


@pytest.mark.parametrize("headers, expected", FORWARDED)
def test_links_begin_with_what_the_client_sees(
        node, stream, headers, expected):
    headers = {"Host": "h.example:2113", **headers}
    assert base(node, stream, headers) == expected


@pytest.mark.parametrize("headers, expected", FORWARDED[-4:])
def test_so_do_the_places_of_new_events(node, headers, expected):
    headers = {"Host": "h.example:2113", **headers}
    stream = new_name("placed")
    answer = post(node, path(stream), [event()], headers)
    assert answer.headers["location"] == expected + path(stream, 0)


@pytest.mark.parametrize("headers, expected", FORWARDED[-4:])
def test_so_do_redirects(node, stream, headers, expected):
    headers = {"Host": "h.example:2113", **headers}
    slash = get(node, path(stream, ""), headers=headers)
    assert slash.headers["location"] == expected + path(stream)
    incoming = node.request("POST", path(stream), "{}", {
        "Content-Type": "application/json", "ES-EventType": "t", **headers})
    assert incoming.headers["location"].startswith(
        expected + path(stream, "incoming", ""))


@pytest.mark.parametrize("value", HOSTILE, ids=range(len(HOSTILE)))
def test_a_forwarded_host_that_cannot_be_has_no_effect(node, stream, value):
    headers = {"X-Forwarded-Host": value.encode()}
    assert base(node, stream, headers) == node.base


@pytest.mark.parametrize("value", [
    "0", "-1", "65536", "x", "80 81", "99999999999999999999", "80;", ""])
def test_a_forwarded_port_that_cannot_be_has_no_effect(node, stream, value):
    headers = {"X-Forwarded-Port": value}
    assert base(node, stream, headers) == node.base


@pytest.mark.parametrize("value", [
    "ftp", "javascript", "https://", "http, https", "x" * 5000, ""])
def test_a_forwarded_scheme_is_http_or_https(node, stream, value):
    headers = {"X-Forwarded-Proto": value}
    assert base(node, stream, headers) == node.base


@pytest.mark.parametrize("value", [
    'a"b', "a b", "a\\b", "<x>", "a?b", "a#b", "{}", "é", "x" * 5000, "a'b"])
def test_a_forwarded_prefix_that_cannot_be_has_no_effect(node, stream, value):
    headers = {"X-Forwarded-Prefix": value.encode()}
    assert base(node, stream, headers) == node.base


@pytest.mark.parametrize("host", [
    "localhost", "LOCALHOST:80", "127.0.0.1", "192.0.2.7:99", "[::1]",
    "[2001:db8::7]:99", "Events.Example", "h.example:99"])
def test_a_node_is_asked_by_its_names_and_addresses(node, stream, host):
    assert get(node, path(stream), headers={"Host": host}).status == 200


@pytest.mark.parametrize("host", [
    "other.example", "events.example.org", "x.events.example", "events",
    "localhost.example", "127.0.0.1.example"])
def test_another_name_is_refused_with_a_sentence(node, stream, host):
    """So that no page can lead a browser here under a name of its own."""
    for where in [path(stream), path(stream, 0), "/ping", "/nothing"]:
        answer = get(node, where, headers={"Host": host})
        assert_refused(answer, 400, host, '"hosts"')
    answer = post(node, path(new_name()), [event()], {"Host": host})
    assert_refused(answer, 400)


@pytest.mark.parametrize("value", HOSTILE, ids=range(len(HOSTILE)))
def test_a_host_that_cannot_be_is_refused_or_replaced(node, stream, value):
    """By the web server, or by the url of rill.json."""
    answer = get(node, path(stream), headers={"Host": value.encode()})
    if answer.status == 200:
        assert answer.json()["id"] == node.base + path(stream)
    else:
        assert answer.status == 400
