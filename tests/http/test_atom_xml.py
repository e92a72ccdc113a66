"""What is written as XML: well-formed for any bytes, and a feed that a feed
reader takes.  What XML 1.0 cannot hold stands there as U+FFFD."""

import json
import xml.etree.ElementTree as ET

import feedparser
import pytest

from events import (ADMIN, assert_refused, event, get, link, new_id, new_name,
                    path, set_metadata, write)

ATOM_XML = "application/atom+xml"
NAMESPACE = "{http://www.w3.org/2005/Atom}"
KINDS = [ATOM_XML, "text/xml", "application/xml",
         "application/vnd.eventstore.event+xml",
         "application/vnd.eventstore.events+xml"]

AWKWARD = "<&>\"' ]]> &amp; ä 日本 \U0001f600 \u0085\u2028\ufffe"
DATA = [
    {"a b": 1, "1": 2, "<": "&", "": 0, "_x0041_": "escaped", "a:b": "x"},
    {"@a": "\"<&\n", "@a ": 1, "$b": 2, "@xmlns": "evil", "$xml": "x"},
    {"@twice": 1, "\u0040twice": 2, "$x": {"y": []}, "@z": [1]},
    {"list": [[1, [2]], {"deep": [None, True, 1.50]}], "none": None},
    {"nul": "\u0000\u0001\u001f\ud800", "\u0000\ud83d": "x", "ä": "\r\n\t"},
    {"日本": "x", "\U0001f600": 1, "e\u0301": 1, "\u0301e": 1, "-a": 1},
    [1, {"a": 2}], [], {},
    "<b>text</b> & more \u0007", "",
]


SINGLES = [("application/octet-stream", bytes(range(256))),
           ("application/json", b'{a : "no JSON", \xff}'),
           ("text/xml", b"<a>\x00\xfe")]
COUNT = len(DATA) + len(SINGLES) + 2  # and two links


@pytest.fixture(scope="module")
def stream(node):
    """Everything awkward; with metadata that are, too."""
    name = new_name(f"awkward {AWKWARD}".replace("\u0085", ""))
    batch = [event(data, f"type {AWKWARD} {i}", metadata=DATA[-i])
             for i, data in enumerate(DATA)]
    write(node, name, batch)
    for media, body in SINGLES:
        answer = node.request("POST", path(name), body, {
            "Content-Type": media, "ES-EventId": new_id(),
            "ES-EventType": f"type {AWKWARD[:20]} ü".encode()})
        assert answer.status == 201, answer.body
    link(node, name, f"7@{name} that is not there".encode())
    link(node, name, f"0@{name}".encode())
    set_metadata(node, name, {AWKWARD: [AWKWARD], "$cacheControl": 1})
    return name


def as_xml(node, where, media, headers=None):
    answer = get(node, where, media, headers)
    assert answer.status == 200, answer.body
    assert answer.headers["content-type"] == f"{media}; charset=utf-8"
    return answer


@pytest.mark.parametrize("media", KINDS)
@pytest.mark.parametrize("query", ["", "?embed=content", "?embed=body"])
def test_an_awkward_feed_is_well_formed(node, stream, media, query):
    feed = ET.fromstring(as_xml(node, path(stream) + query, media).body)
    assert feed.tag == NAMESPACE + "feed"
    titles = [e.find(NAMESPACE + "title").text
              for e in feed.findall(NAMESPACE + "entry")]
    assert len(titles) == COUNT
    assert titles[0] == f"0@{stream}".replace("\ufffe", "\ufffd")


@pytest.mark.parametrize("number", set(range(COUNT)) - {COUNT - 2})
@pytest.mark.parametrize("media", KINDS[:4])
def test_an_awkward_event_is_well_formed(node, stream, media, number):
    ET.fromstring(as_xml(node, path(stream, number), media).body)


@pytest.mark.parametrize("media", KINDS)
@pytest.mark.parametrize("rest", [
    [], [0, "forward", 50], ["head", "backward", 50], [3, "backward", 2],
    [99, "forward", 5]])
def test_a_feed_reader_takes_a_feed(node, stream, media, rest):
    where = path(stream, *rest) + "?embed=content"
    shown = get(node, where).json()["entries"]
    feed = read_as_reader(as_xml(node, where, media))
    assert feed.feed.title.startswith("Event stream 'awkward <&>")
    assert [e.id for e in feed.entries] == [e["id"] for e in shown]
    assert [e.link for e in feed.entries] == [e["id"] for e in shown]


def read_as_reader(answer):
    feed = feedparser.parse(answer.body)
    assert not feed.bozo, feed.get("bozo_exception")
    return feed


@pytest.mark.parametrize("media", KINDS)
def test_a_feed_reader_takes_metadata_and_all(node, stream, media):
    for where in [path("$$" + stream), path(stream, "metadata", 0, 5),
                  path(stream, "metadata", 0, "forward", 5)]:
        feed = read_as_reader(as_xml(node, where + "?embed=content", media))
        assert [e.id for e in feed.entries] == [
            node.base + path("$$" + stream, 0)]
    for rest in [[], ["head", "backward", 60], ["0" * 32, "forward", 60]]:
        where = path("$all", *rest) + "?embed=content"
        feed = read_as_reader(as_xml(node, where, media, ADMIN))
        assert feed.feed.title == "All events"
        assert len(feed.entries) > 3


@pytest.mark.parametrize("rest", [[0], ["metadata"], [COUNT - 1]])
def test_a_feed_reader_takes_an_entry(node, stream, rest):
    """An event, metadata and a link, each a document of its own."""
    answer = as_xml(node, path(stream, *rest), ATOM_XML)
    assert read_as_reader(answer).entries[0].id.startswith(node.base)


def test_text_says_what_was_written(node):
    name = new_name("text")
    write(node, name, [event({"said": AWKWARD, "n": 0.10}, AWKWARD)])
    entry = ET.fromstring(as_xml(node, path(name, 0), ATOM_XML).body)
    kept = AWKWARD.replace("\ufffe", "\ufffd")
    assert entry.find(NAMESPACE + "summary").text == kept
    content = entry.find(NAMESPACE + "content")
    assert content.find("data/said").text == kept
    assert content.find("eventType").text == kept


def test_numbers_stay_as_they_were_sent(node):
    name = new_name("numbers")
    body = json.dumps([event("N")]).replace(
        '"N"', '{"a": 0.10, "b": 12345678901234567890}')
    write(node, name, body)
    data = ET.fromstring(as_xml(node, path(name, 0), "text/xml").body)
    assert data.find("a").text == "0.10"
    assert data.find("b").text == "12345678901234567890"


def test_an_attribute_cannot_change_what_is_around_it(node, stream):
    data = ET.fromstring(as_xml(node, path(stream, 1), "text/xml").body)
    assert data.tag == "data"
    assert data.attrib["a"] == "\"<& "  # XML folds a line break
    assert "evil" in "".join(data.itertext())


@pytest.mark.parametrize("where", ["", "/0", "/0/forward/5"])
def test_a_person_gets_a_page_that_leads_to_the_ui(node, stream, where):
    answer = get(node, path(stream) + where, "text/html")
    assert answer.status == 200
    assert "/web/index.html#/streams/" in answer.body.decode()


def test_the_description_says_what_can_be_asked_for(node):
    media = "application/vnd.eventstore.streamdesc+json"
    answer = get(node, path("never written"), media)
    assert answer.status == 200
    links = json.loads(answer.body)["_links"]
    assert links["self"]["href"] == "/streams/never%20written"
    assert links["stream"]["supportedContentTypes"] == [
        ATOM_XML, "application/vnd.eventstore.atom+json"]


def test_an_event_that_is_not_there_is_so_in_xml_too(node):
    assert_refused(get(node, path("never written", 0), ATOM_XML), 404)
