"""What the documents look like that show what a model holds.

A document is what json.loads() makes of the server's, with a Learned where
only the server knows; difference() compares the two.  The contract's part 2.
"""

import json
import urllib.parse
import xml.etree.ElementTree as ET

from events import ATOM, BRIEFLY, BYTES, EVENT, EVENTS, JSON, path
from model import LINK, Learned, is_json

ATOM_XML = "application/atom+xml"
NAMESPACE = "{http://www.w3.org/2005/Atom}"
NO_TIME = "0001-01-01T00:00:00Z"

HASHES = {ATOM: -2060438500, ATOM_XML: -1359611486, JSON: 1391431453,
          EVENT: 1580925873, EVENTS: 1646817468, BYTES: -1248183151}

RICH = ["rich", "body", "pretty", "tryharder"]
WITH_TEXT = RICH[1:]
INDENTED = RICH[2:]


def difference(expected, seen, where="the body"):
    """Where the two differ first, as a sentence; None: nowhere."""
    if isinstance(expected, Learned):
        return None if expected.agrees(seen) else (
            f"{where}: {seen!r} instead of {expected!r}")
    if isinstance(expected, dict) and isinstance(seen, dict):
        if list(expected) != list(seen):
            return (f"{where}: members {list(seen)} instead of "
                    f"{list(expected)}")
        pairs = [(k, v, seen[k]) for k, v in expected.items()]
    elif isinstance(expected, list) and isinstance(seen, list):
        if len(expected) != len(seen):
            return (f"{where}: {len(seen)} items instead of {len(expected)}: "
                    f"{seen} instead of {expected}")
        pairs = [(i, *pair) for i, pair in enumerate(zip(expected, seen))]
    elif type(expected) is type(seen) and expected == seen:
        return None
    else:
        return f"{where}: {seen!r} instead of {expected!r}"
    found = (difference(e, s, f"{where}, {key}") for key, e, s in pairs)
    return next(filter(None, found), None)


def etag(number, media):
    return f"{number};{HASHES[media]}"


def cached_forever(is_public):
    return "max-age=31536000, " + ("public" if is_public else "private")


def cached_briefly(stream, is_public):
    seconds = stream.settings.get("$cacheControl")
    if not seconds:
        return BRIEFLY
    return f"max-age={seconds}, " + ("public" if is_public else "private")


# Entries.

def value_of(text, stands_as_json):
    return json.loads(text) if stands_as_json else text


def content(event):
    """What event+json is, and the content of an entry."""
    return {"eventStreamId": event.stream, "eventNumber": event.number,
            "eventType": event.type, "eventId": event.id,
            "data": value_of(event.data, event.data_is_json),
            "metadata": value_of(event.metadata, event.metadata_is_json)}


def is_object(text):
    return is_json(text) and isinstance(json.loads(text), dict)


def text_of(text, embed):
    if embed in INDENTED and is_object(text):
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    return text


def texts(entry, embed):
    event, found = entry.subject, {}
    if embed not in WITH_TEXT:
        return found
    if event.counts_as_json or embed == "tryharder":
        found["data"] = text_of(event.data, embed)
    if event.metadata:
        found["metaData"] = text_of(event.metadata, embed)
    if entry.is_link:
        found["linkMetaData"] = text_of(entry.event.metadata, embed)
    return found


def rich(entry, embed):
    event, link = entry.subject, entry.event
    if embed not in RICH or entry.is_broken:
        return {}
    has_text = embed in WITH_TEXT
    return {
        "eventId": event.id, "eventType": event.type,
        "eventNumber": event.number, **texts(entry, embed),
        "streamId": event.stream,
        "isJson": event.counts_as_json or (
            embed == "tryharder" and (
                not event.data or is_object(event.data))),
        "isMetaData": has_text and bool(event.metadata),
        "isLinkMetaData": has_text and entry.is_link and bool(link.metadata),
        "positionEventNumber": link.number, "positionStreamId": link.stream}


def entry_document(base, entry, embed=None, is_alone=False):
    stream, number = entry.place
    where = base + path(stream, number)
    shows_content = entry.event.counts_as_json and not entry.is_link and (
        is_alone or embed == "content")
    return {
        **rich(entry, embed), "title": f"{number}@{stream}", "id": where,
        "updated": entry.event.updated, "author": {"name": "EventStore"},
        "summary": LINK if entry.is_link else entry.event.type,
        **({"content": content(entry.event)} if shows_content else {}),
        "links": [{"uri": where, "relation": "edit"},
                  {"uri": where, "relation": "alternate"}]}


# Feeds.

def links_of(where, relations):
    return [{"uri": where + rest, "relation": relation}
            for relation, rest in relations.items() if rest is not None]


def only_if(condition, text):
    return text if condition else None


def backward_links(page):
    last, count = page.stream.last, page.count
    return {
        "next": only_if(not page.is_end,
                        f"/{page.start - count}/backward/{count}"),
        "previous": f"/{min(page.start, last) + 1}/forward/{count}"}


def forward_links(page):
    start, count = page.start, page.count
    then = min(start + count - 1, page.stream.last) + 1
    return {
        "next": only_if(start >= 1, f"/{start - 1}/backward/{count}"),
        "previous": only_if(not page.is_end or page.entries,
                            f"/{then}/forward/{count}")}


def updated_of(entry):
    """Of a feed whose time is this entry's; None: there is none."""
    if entry is None or entry.is_broken:
        return NO_TIME
    return entry.subject.updated


def feed_document(base, page, embed):
    name, count = page.stream.name, page.count
    where = base + path(name)
    oldest, newest = (page.entries or [None])[0], (page.entries or [None])[-1]
    steps = forward_links(page) if page.forward else backward_links(page)
    only_backward = {} if page.forward else {"selfUrl": where}
    only_head = {"eTag": etag(page.stream.last, ATOM)} if page.at_head else {}
    return {
        "title": f"Event stream '{name}'", "id": where,
        "updated": updated_of(oldest if page.forward else newest),
        "streamId": name, "author": {"name": "EventStore"},
        "headOfStream": page.is_end if page.forward else page.at_head,
        **only_backward, **only_head,
        "links": links_of(where, {
            "self": "", "first": f"/head/backward/{count}",
            "last": f"/0/forward/{count}", **steps,
            "metadata": "/metadata"}),
        "entries": [entry_document(base, entry, embed)
                    for entry in reversed(page.entries)]}


def position_text(commit, prepare):
    return f"{commit:016X}{prepare:016X}"


def all_forward_links(pair, entries, count):
    commit = pair[0]
    back, on = (commit, TO_THE_END), None
    if entries:
        oldest, newest = entries[0].event, entries[-1].event
        back = (oldest.position, oldest.position)
        on = position_text(newest.position + 1, 0)
    return {
        "last": only_if(commit, f"/{'0' * 32}/forward/{count}"),
        "next": only_if(commit, f"/{position_text(*back)}/backward/{count}"),
        "previous": only_if(on, f"/{on}/forward/{count}")}


TO_THE_END = 2 ** 63 - 1


def all_backward_links(pair, entries, count):
    oldest, newest = entries[0].event.position, entries[-1].event.position + 1
    is_full = len(entries) == count
    return {
        "last": only_if(is_full, f"/{'0' * 32}/forward/{count}"),
        "next": only_if(
            is_full, f"/{position_text(oldest, oldest)}/backward/{count}"),
        "previous": f"/{position_text(newest, newest)}/forward/{count}"}


def all_document(base, pair, entries, count, forward, embed):
    where = base + path("$all")
    steps = (all_forward_links if forward else all_backward_links)(
        pair, entries, count)
    return {
        "title": "All events", "id": where,
        "updated": updated_of((entries or [None])[-1]),
        "author": {"name": "EventStore"}, "headOfStream": False,
        "links": links_of(where, {
            "self": "", "first": f"/head/backward/{count}", **steps,
            "metadata": "/metadata"}),
        "entries": [entry_document(base, entry, embed)
                    for entry in reversed(entries)]}


# XML shows less: what it shows is taken from the JSON document.

def from_xml(node):
    """An atom feed or entry, as the JSON document would have it."""
    document, links, entries = {}, [], []
    for child in node:
        name = child.tag.removeprefix(NAMESPACE)
        if name == "link":
            links.append({"uri": child.get("href"),
                          "relation": child.get("rel")})
        elif name == "entry":
            entries.append(from_xml(child))
        elif name == "author":
            document[name] = {"name": child[0].text}
        elif name != "content":
            document[name] = child.text
    document["links"] = links
    if node.tag == NAMESPACE + "feed":
        document["entries"] = entries
    return document


IN_XML = ["title", "id", "updated", "author", "summary", "links", "entries"]


def shown_in_xml(document):
    shown = {k: document[k] for k in IN_XML if k in document}
    if "entries" in shown:
        shown["entries"] = [shown_in_xml(e) for e in shown["entries"]]
    return shown


def parse(media, body):
    return from_xml(ET.fromstring(body)) if media == ATOM_XML else (
        json.loads(body))


def rest_of(uri, base):
    """Of a link the path and the query, to ask for."""
    assert uri.startswith(base + "/"), uri
    return urllib.parse.urlsplit(uri.removeprefix(base)).path
