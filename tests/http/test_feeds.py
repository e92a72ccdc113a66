"""Feeds: what they hold, how they are linked, laid out and cached.

The expected documents are made here from the contract, 1.9 and 2.1 to 2.5,
and compared byte for byte.
"""

import json
import re

import pytest

from events import (ATOM, BRIEFLY, EVENT, EVENTS, FOREVER, JSON, TEXT,
                    assert_refused, event, fill, get, link, links, new_name,
                    numbers, path, set_metadata, write)

LAST = 11  # the streams of these tests hold events 0 to 11
TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{0,6}[1-9])?Z"
NO_TIME = "0001-01-01T00:00:00Z"


def clr_hash(text):
    """The contract's 0.11, in its own words."""
    def step(h, c):
        return ((h << 5) + h ^ ord(c)) & 0xffffffff
    h1 = h2 = 5381
    for i in range(0, len(text), 2):
        h1 = step(h1, text[i])
        if i + 1 < len(text):
            h2 = step(h2, text[i + 1])
    h = (h1 + h2 * 1566083941) & 0xffffffff
    return h - (h >> 31 << 32)


def etag(number, media):
    return f'"{number};{clr_hash(media)}"'


def test_the_hash_is_the_documented_one():
    assert clr_hash(ATOM) == -2060438500
    assert clr_hash(JSON) == 1391431453
    assert clr_hash(EVENT) == 1580925873
    assert clr_hash(EVENTS) == 1646817468


@pytest.fixture(scope="module")
def twelve(node):
    """A stream of twelve events."""
    stream = new_name("twelve")
    fill(node, stream, LAST + 1)
    return stream


# What is in a page, and its links.

def backward(start, count):
    """Numbers and links of a page that goes back from start or "head"."""
    f = LAST if start == "head" else start
    end = min(f, LAST)
    first = max(0, f - count + 1)
    inside = list(range(end, first - 1, -1))
    at_end = first == 0 or first <= LAST and (not inside or
                                              inside[-1] != first)
    relations = {"self": "", "first": f"/head/backward/{count}",
                 "last": f"/0/forward/{count}"}
    if not at_end:
        relations["next"] = f"/{f - count}/backward/{count}"
    relations["previous"] = f"/{end + 1}/forward/{count}"
    relations["metadata"] = "/metadata"
    return inside, relations


def forward(start, count):
    inside = list(range(min(start + count - 1, LAST), start - 1, -1))
    at_end = start + count - 1 >= LAST
    relations = {"self": "", "first": f"/head/backward/{count}",
                 "last": f"/0/forward/{count}"}
    if start >= 1:
        relations["next"] = f"/{start - 1}/backward/{count}"
    if inside or not at_end:
        newest = min(start + count - 1, LAST)
        relations["previous"] = f"/{newest + 1}/forward/{count}"
    relations["metadata"] = "/metadata"
    return inside, relations


def assert_links(node, stream, feed, relations):
    """These, in this order."""
    assert [(each["relation"], each["uri"]) for each in feed["links"]] == [
        (relation, node.base + path(stream) + rest)
        for relation, rest in relations.items()]


PAGES = [(start, count) for start in [0, 1, 5, 6, 10, 11, 12, 16, 30]
         for count in [1, 5, 12, 13, 20]]


@pytest.mark.parametrize("start, count", PAGES)
def test_backward_pages(node, twelve, start, count):
    answer = get(node, path(twelve, start, "backward", count))
    feed = answer.json()
    inside, relations = backward(start, count)
    assert numbers(feed) == inside
    assert_links(node, twelve, feed, relations)
    assert feed["headOfStream"] is False
    assert "eTag" not in feed
    assert_cached(answer, start <= LAST)


@pytest.mark.parametrize("start, count", PAGES)
def test_forward_pages(node, twelve, start, count):
    """Their entries, too, stand with the newest first."""
    answer = get(node, path(twelve, start, "forward", count))
    feed = answer.json()
    inside, relations = forward(start, count)
    assert numbers(feed) == inside
    assert_links(node, twelve, feed, relations)
    assert feed["headOfStream"] is (start + count - 1 >= LAST)
    assert "selfUrl" not in feed and "eTag" not in feed
    assert_cached(answer, LAST + 1 >= start + count)


@pytest.mark.parametrize("count", [1, 5, 12, 13, 20])
def test_pages_back_from_the_head(node, twelve, count):
    answer = get(node, path(twelve, "head", "backward", count))
    feed = answer.json()
    inside, relations = backward("head", count)
    assert numbers(feed) == inside
    assert_links(node, twelve, feed, relations)
    assert feed["headOfStream"] is True
    assert feed["eTag"] == "11;-2060438500"
    assert_cached(answer, False)


def assert_cached(answer, forever):
    assert answer.headers["vary"] == "Accept"
    if forever:
        assert answer.headers["cache-control"] == FOREVER
        assert "etag" not in answer.headers
    else:
        assert answer.headers["cache-control"] == BRIEFLY
        assert answer.headers["etag"] == '"11;-2060438500"'


def test_a_page_has_an_older_name(node, twelve):
    """/5/3 is /5/backward/3."""
    for start in [5, "head"]:
        older = get(node, path(twelve, start, 3))
        newer = get(node, path(twelve, start, "backward", 3))
        assert (older.status, older.body) == (200, newer.body)


def test_there_is_no_page_forward_from_the_head(node, twelve):
    answer = get(node, path(twelve, "head", "forward", 5))
    assert_refused(answer, 400, "is not valid event number")


def test_the_head_feed_has_the_20_newest(node):
    stream = new_name("long")
    fill(node, stream, 25)
    feed = get(node, path(stream)).json()
    assert numbers(feed) == list(range(24, 4, -1))
    assert links(feed)["next"].endswith("/4/backward/20")
    assert links(feed)["previous"].endswith("/25/forward/20")


def walk(node, where, relation):
    """The numbers of a page and of all that follow it by this link."""
    pages, seen = [], set()
    while where:
        assert where not in seen, "the links lead in a circle"
        seen.add(where)
        feed = get(node, where).json()
        pages.append(numbers(feed))
        where = links(feed).get(relation, "").removeprefix(node.base)
    return pages


def test_next_leads_to_the_beginning(node):
    stream = new_name("walked")
    fill(node, stream, 45)
    pages = walk(node, path(stream), "next")
    assert sum(pages, []) == list(range(44, -1, -1))
    assert [len(page) for page in pages] == [20, 20, 5]


def test_previous_leads_from_the_last_page_to_the_head(node):
    """And ends at an empty page, where a client waits for more."""
    stream = new_name("walked")
    fill(node, stream, 45)
    last = links(get(node, path(stream)).json())["last"]
    pages = walk(node, last.removeprefix(node.base), "previous")
    assert sum((page[::-1] for page in pages), []) == list(range(45))
    assert pages[-1] == []


def test_the_page_where_a_client_waits_fills_up(node):
    stream = new_name("waiting")
    fill(node, stream, 3)
    waiting = links(get(node, path(stream)).json())["previous"]
    waiting = waiting.removeprefix(node.base)
    empty = get(node, waiting).json()
    assert empty["entries"] == [] and "previous" not in links(empty)
    assert empty["updated"] == NO_TIME
    location = write(node, stream, [event()]).headers["location"]
    assert [e["id"] for e in get(node, waiting).json()["entries"]] == [location]


# The layout, byte for byte.

def print_document(document, **spans):
    """The contract's layout; "@name" is a value that stands as it was sent."""
    text = json.dumps(document, indent=2, ensure_ascii=False)
    text = text.replace("\u2028", "\\u2028")
    for name, span in spans.items():
        text = text.replace(json.dumps("@" + name), span)
    return text.encode()


def plain_entry(node, stream, number, updated, summary, content=None):
    where = node.base + path(stream, number)
    entry = {"title": f"{number}@{stream}", "id": where, "updated": updated,
             "author": {"name": "EventStore"}, "summary": summary}
    if content:
        entry["content"] = content
    entry["links"] = [{"uri": where, "relation": relation}
                      for relation in ["edit", "alternate"]]
    return entry


def head_document(node, stream, last, updated, entries):
    where = node.base + path(stream)
    relations = {"self": "", "first": "/head/backward/20",
                 "last": "/0/forward/20",
                 "previous": f"/{last + 1}/forward/20",
                 "metadata": "/metadata"}
    return {"title": f"Event stream '{stream}'", "id": where,
            "updated": updated, "streamId": stream,
            "author": {"name": "EventStore"}, "headOfStream": True,
            "selfUrl": where, "eTag": f"{last};-2060438500",
            "links": [{"uri": where + rest, "relation": relation}
                      for relation, rest in relations.items()],
            "entries": entries}


DATA = '{ "b":0.10,"a" : [1,\n{}] ,"c":{"é":"\\u00e9\\/"}}'
PRETTY_DATA = ('{\n  "b": 0.10,\n  "a": [\n    1,\n    {}\n  ],\n'
               '  "c": {\n    "é": "\\u00e9\\/"\n  }\n}')
METADATA = '{"m":1}'
PRETTY_METADATA = '{\n  "m": 1\n}'
NO_JSON = "text \"quoted\"\t\u0001\u2028/ü"


@pytest.fixture(scope="module")
def laid_out(node):
    """A stream of one JSON event with metadata, and one event of text."""
    stream = new_name('lay "out" é/')
    first, second = event("@data", metadata="@meta"), event(NO_JSON, "té/xt")
    body = print_document([first, second], data=DATA, meta=METADATA)
    write_raw(node, stream, body)
    return stream, first["eventId"], second["eventId"]


def write_raw(node, stream, body):
    answer = node.request("POST", path(stream), body,
                          {"Content-Type": EVENTS})
    assert answer.status == 201, answer.body


def rich(stream, number, event_id, event_type, texts, is_json, is_metadata):
    return {"eventId": event_id, "eventType": event_type,
            "eventNumber": number, **texts, "streamId": stream,
            "isJson": is_json, "isMetaData": is_metadata,
            "isLinkMetaData": False, "positionEventNumber": number,
            "positionStreamId": stream}


# What stands in the JSON event's and in the text event's entry, and whether
# the first is seen to have metadata.
TEXTS = {
    "rich": ({}, {}, False),
    "body": ({"data": DATA, "metaData": METADATA}, {}, True),
    "pretty": ({"data": PRETTY_DATA, "metaData": PRETTY_METADATA}, {}, True),
    "tryharder": ({"data": PRETTY_DATA, "metaData": PRETTY_METADATA},
                  {"data": NO_JSON}, True),
}


def content_of(stream, event_id):
    return {"eventStreamId": stream, "eventNumber": 0, "eventType": "tested",
            "eventId": event_id, "data": "@data", "metadata": "@meta"}


def expected_entries(node, laid_out, embed, updated):
    stream, first, second = laid_out
    content = content_of(stream, first) if embed == "content" else None
    entries = [plain_entry(node, stream, 1, updated, "té/xt"),
               plain_entry(node, stream, 0, updated, "tested", content)]
    if embed in TEXTS:
        texts, others, has_metadata = TEXTS[embed]
        entries = [
            {**rich(stream, 1, second, "té/xt", others, False, False),
             **entries[0]},
            {**rich(stream, 0, first, "tested", texts, True, has_metadata),
             **entries[1]}]
    return entries


@pytest.mark.parametrize("embed", [
    "", "none", "unknown", "content", "rich", "body", "pretty", "tryharder"])
def test_the_layout_of_a_feed(node, laid_out, embed):
    answer = get(node, path(laid_out[0]) + "?embed=" + embed, ATOM)
    updated = answer.json()["updated"]
    assert re.fullmatch(TIME, updated)
    entries = expected_entries(node, laid_out, embed, updated)
    assert answer.body.decode() == print_document(
        head_document(node, laid_out[0], 1, updated, entries),
        data=DATA, meta=METADATA).decode()


def test_embed_may_be_in_any_case(node, laid_out):
    upper = get(node, path(laid_out[0]) + "?x=y&embed=RICH")
    assert upper.body == get(node, path(laid_out[0]) + "?embed=rich").body


@pytest.mark.parametrize("media", [JSON, EVENT, EVENTS])
def test_a_feed_is_the_same_under_other_names(node, laid_out, media):
    """But for the ETag header, whose hash is that of the name."""
    answer = get(node, path(laid_out[0]), media)
    assert answer.headers["content-type"] == media + "; charset=utf-8"
    assert answer.headers["etag"] == etag(1, media)
    assert answer.body == get(node, path(laid_out[0]), ATOM).body


def test_the_layout_of_an_empty_page(node, twelve):
    answer = get(node, path(twelve, 20, "forward", 5))
    where = node.base + path(twelve)
    relations = {"self": "", "first": "/head/backward/5",
                 "last": "/0/forward/5", "next": "/19/backward/5",
                 "metadata": "/metadata"}
    assert answer.body.decode() == print_document({
        "title": f"Event stream '{twelve}'", "id": where, "updated": NO_TIME,
        "streamId": twelve, "author": {"name": "EventStore"},
        "headOfStream": True,
        "links": [{"uri": where + rest, "relation": relation}
                  for relation, rest in relations.items()],
        "entries": []}).decode()


def test_updated_is_that_of_the_first_entry_of_the_range(node):
    """The newest of a page back, the oldest of a page forward."""
    stream = new_name("updated")
    for _ in range(3):
        write(node, stream, [event()])
    back = get(node, path(stream)).json()
    times = [entry["updated"] for entry in back["entries"]]
    assert times == sorted(times, reverse=True)
    assert back["updated"] == times[0]
    ahead = get(node, path(stream, 0, "forward", 3)).json()
    assert ahead["updated"] == times[2]


# 304, HEAD, OPTIONS and the methods.

@pytest.mark.parametrize("rest", [
    [], ["head", "backward", 5], [5, "backward", 5], [0, "forward", 5]])
@pytest.mark.parametrize("tag", ['"11;-2060438500"', "11;-2060438500"])
def test_304_while_nothing_is_new(node, twelve, rest, tag):
    answer = get(node, path(twelve, *rest), headers={"If-None-Match": tag})
    assert answer.status == 304
    assert answer.body == b""
    assert "etag" not in answer.headers
    assert "cache-control" not in answer.headers


def test_a_tag_is_that_of_one_media_type(node, twelve):
    tag = get(node, path(twelve), JSON).headers["etag"]
    for media, status in [(JSON, 304), (ATOM, 200)]:
        answer = get(node, path(twelve), media, {"If-None-Match": tag})
        assert answer.status == status


def test_a_new_event_ends_304(node):
    stream = new_name("fresh")
    fill(node, stream, 1)
    tag = {"If-None-Match": get(node, path(stream)).headers["etag"]}
    assert get(node, path(stream), headers=tag).status == 304
    fill(node, stream, 1)
    answer = get(node, path(stream), headers=tag)
    assert answer.status == 200
    assert answer.headers["etag"] == '"1;-2060438500"'


@pytest.mark.parametrize("rest", [
    [], [0], ["head"], [0, "forward", 5], [11, "backward", 5], [99]])
def test_head_answers_as_get_does_without_a_body(node, twelve, rest):
    got = get(node, path(twelve, *rest))
    head = node.request("HEAD", path(twelve, *rest))
    got.headers.pop("date"), head.headers.pop("date")
    assert (head.status, head.body) == (got.status, b"")
    assert head.headers == got.headers


METHODS = [
    ("/streams/x", "POST, DELETE, GET, OPTIONS"),
    ("/streams/x/0", "GET, OPTIONS"),
    ("/streams/x/head", "GET, OPTIONS"),
    ("/streams/x/0/5", "GET, OPTIONS"),
    ("/streams/x/0/backward/5", "GET, OPTIONS"),
    ("/streams/x/0/forward/5", "GET, OPTIONS"),
    ("/streams/x/incoming/1", "GET, POST, OPTIONS"),
    ("/streams/x/metadata", "GET, POST, OPTIONS"),
    ("/streams/x/metadata/0", "GET, OPTIONS"),
    ("/streams/x/metadata/0/forward/5", "GET, OPTIONS"),
    ("/streams/$all", "POST, DELETE, GET, OPTIONS"),
    ("/streams/%24all", "POST, DELETE, GET, OPTIONS"),
    ("/streams/$all/head/backward/5", "GET, OPTIONS"),
    ("/ping", "GET, OPTIONS"),
    ("/info", "GET, OPTIONS"),
]


@pytest.mark.parametrize("where, methods", METHODS)
def test_options_tells_the_methods(node, where, methods):
    answer = node.request("OPTIONS", where)
    assert (answer.status, answer.body) == (200, b"")
    assert answer.headers["access-control-allow-methods"] == methods
    assert "content-type" not in answer.headers


@pytest.mark.parametrize("where, methods", METHODS)
@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_another_method_is_refused(node, where, methods, method):
    answer = node.request(method, where)
    assert_refused(answer, 405, methods)
    assert answer.headers["access-control-allow-methods"] == methods


@pytest.mark.parametrize("status, where", [
    (200, ""), (404, "/99"), (400, "/x"), (405, "")])
def test_scripts_of_other_sites_may_read_every_answer(
        node, twelve, status, where):
    method = "PUT" if status == 405 else "GET"
    answer = node.request(method, path(twelve) + where)
    assert answer.status == status
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["access-control-expose-headers"] == (
        "Location, ES-Position, ES-CurrentVersion")
    for name in ["ES-ExpectedVersion", "ES-RequireMaster", "Authorization",
                 "ES-RequiresMaster", "ES-RequireLeader", "ES-LongPoll"]:
        assert name in answer.headers["access-control-allow-headers"]


# What is not there, and what may not be asked.

@pytest.mark.parametrize("rest", [
    [], [0], ["head"], [0, 5], [0, "backward", 5], ["head", "backward", 5],
    [0, "forward", 5]])
def test_a_stream_that_is_not_there_is_404(node, rest):
    answer = get(node, path(new_name("none"), *rest))
    assert_refused(answer, 404, "Not Found")
    assert "cache-control" not in answer.headers


@pytest.mark.parametrize("where", [
    "/streams", "/streams/", "/Streams/x", "/streams/x/0/sideways/5",
    "/streams/x/0/forward/5/6", "/nothing", "/streams/x/0/forward/"])
def test_what_is_nowhere_is_404(node, where):
    answer = get(node, where)
    assert_refused(answer, 404)
    assert answer.headers.get("access-control-allow-methods", "") == ""


@pytest.mark.parametrize("rest", [
    ["x", "backward", 5], ["x", "forward", 5], ["x", 5]])
def test_a_start_that_is_no_number_is_refused(node, twelve, rest):
    answer = get(node, path(twelve, *rest))
    assert_refused(answer, 400, "is not valid event number")


@pytest.mark.parametrize("direction", ["backward", "forward"])
@pytest.mark.parametrize("count", ["0", "-1", "x", "2147483648"])
def test_a_count_is_a_positive_number(node, twelve, direction, count):
    answer = get(node, path(twelve, 5, direction, count))
    assert_refused(answer, 400,
                   "is not valid count. Should be positive integer")


def test_a_slash_at_the_end_is_redirected(node, twelve):
    answer = get(node, path(twelve, ""))
    assert answer.status == 307
    assert answer.body == b"Moved Permanently"
    assert answer.headers["location"] == node.base + path(twelve)
    assert answer.headers["cache-control"] == FOREVER
    assert answer.headers["content-type"] == TEXT


# What metadata says of caching.

def test_metadata_may_let_the_head_be_cached(node):
    stream = new_name("cached")
    fill(node, stream, 1)
    set_metadata(node, stream, {"$cacheControl": 60})
    answer = get(node, path(stream))
    assert answer.headers["cache-control"] == "max-age=60, public"
    assert answer.headers["etag"] == '"0;-2060438500"'


def test_links_in_a_feed_stand_in_its_order(node, twelve):
    stream = new_name("linking")
    link(node, stream, f"3@{twelve}")
    link(node, stream, f"1@{twelve}")
    titles = [e["title"] for e in get(node, path(stream)).json()["entries"]]
    assert titles == [f"1@{twelve}", f"3@{twelve}"]
