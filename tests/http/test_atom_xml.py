"""What is written as XML: well-formed for any bytes, and a feed that a feed
reader takes.  What XML 1.0 cannot hold stands there as U+FFFD."""

import json
import xml.etree.ElementTree as ET

import feedparser
import pytest

from events import assert_refused, event, get, link, new_name, path, write

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


@pytest.fixture(scope="module")
def stream(node):
    name = new_name(f"awkward {AWKWARD}".replace("\u0085", ""))
    batch = [event(data, f"type {AWKWARD} {i}", metadata=DATA[-i])
             for i, data in enumerate(DATA)]
    write(node, name, batch)
    link(node, name, f"0@{name}".encode())
    return name


def as_xml(node, where, media):
    answer = get(node, where, media)
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
    assert len(titles) == len(DATA) + 1
    assert titles[0] == f"0@{stream}".replace("\ufffe", "\ufffd")


@pytest.mark.parametrize("number", range(len(DATA) + 1))
@pytest.mark.parametrize("media", KINDS[:4])
def test_an_awkward_event_is_well_formed(node, stream, media, number):
    ET.fromstring(as_xml(node, path(stream, number), media).body)


def test_a_feed_reader_takes_the_feed(node, stream):
    answer = as_xml(node, path(stream) + "?embed=content", ATOM_XML)
    feed = feedparser.parse(answer.body)
    assert not feed.bozo, feed.get("bozo_exception")
    assert len(feed.entries) == len(DATA) + 1
    assert feed.entries[-1].id.endswith("/0")


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
