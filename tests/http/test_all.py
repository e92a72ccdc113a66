"""$all: every event of the node in one order."""

import pytest

from events import (ADMIN, ATOM, BRIEFLY, EVENTS, FOREVER, assert_refused,
                    event, fill, get, link, links, new_name, path, post,
                    set_metadata, write)

ALL = "/streams/%24all"
START = "0" * 32


def read(node, where, headers=None):
    answer = get(node, where, headers={**ADMIN, **(headers or {})})
    assert answer.status == 200, answer.body
    return answer


def titles(feed):
    """Of a link the title is that of the event it names."""
    return [entry["title"] for entry in feed["entries"]]


def is_link(entry):
    return entry["summary"] == "$>"


def walk(node, where, relation):
    """The pages from here on, each the one that the last one's link names."""
    seen = set()
    while where:
        assert where not in seen, "the links lead in a circle"
        seen.add(where)
        feed = read(node, where).json()
        yield feed
        where = links(feed).get(relation, "").removeprefix(node.base)


def all_forward(node, count=31):
    """The entries of all events, by pages from the start."""
    pages = list(walk(node, f"{ALL}/{START}/forward/{count}", "previous"))
    assert pages[-1]["entries"] == []
    return sum((page["entries"][::-1] for page in pages), [])


def all_backward(node, count=31):
    pages = walk(node, f"{ALL}/head/backward/{count}", "next")
    return sum((page["entries"] for page in pages), [])


@pytest.fixture
def mixed(node):
    """Events of two streams in turn; their titles in the order written."""
    streams, written = [new_name("a"), new_name("b/$ é")], []
    for n in range(12):
        stream = streams[n % 2]
        write(node, stream, [event({"n": n})])
        written.append(f"{n // 2}@{stream}")
    return written


@pytest.mark.parametrize("name", [ALL, "/streams/$all"])
def test_all_shows_the_newest_of_every_stream(node, mixed, name):
    feed = read(node, name).json()
    assert titles(feed)[:12] == mixed[::-1]
    assert len(feed["entries"]) <= 20


def test_its_document(node, mixed):
    answer = read(node, ALL)
    feed = answer.json()
    assert list(feed) == ["title", "id", "updated", "author", "headOfStream",
                          "links", "entries"]
    assert (feed["title"], feed["id"]) == ("All events", node.base + ALL)
    assert feed["headOfStream"] is False
    assert feed["updated"] == feed["entries"][0]["updated"]
    assert answer.headers["content-type"] == ATOM + "; charset=utf-8"
    relations = [each["relation"] for each in feed["links"]]
    assert relations[:2] == ["self", "first"]
    assert relations[-2:] == ["previous", "metadata"]


def test_every_event_is_met_once_in_both_directions(node, mixed):
    found = all_forward(node)
    names = [e["title"] for e in found if not is_link(e)]
    assert len(set(names)) == len(names)
    assert names[-12:] == mixed
    assert all_backward(node) == found[::-1]
    assert all_forward(node, 4096) == found


def test_the_newest_can_be_followed(node):
    """An empty page without previous is where a client waits."""
    feed = read(node, ALL).json()
    waiting = links(feed)["previous"].removeprefix(node.base)
    assert read(node, waiting).json()["entries"] == []
    stream = new_name("followed")
    write(node, stream, [event(), event()])
    assert titles(read(node, waiting).json()) == [f"1@{stream}",
                                                  f"0@{stream}"]


def test_positions_are_32_digits_in_upper_case(node, mixed):
    feed = read(node, ALL + "/head/backward/5").json()
    for relation in ["last", "next", "previous"]:
        position = links(feed)[relation].split("/")[-3]
        assert len(position) == 32
        assert position == position.upper()
        int(position, 16)
    assert read(node, f"{ALL}/{START.lower()}/forward/1").status == 200


def test_hidden_and_deleted_events_are_there(node):
    stream = new_name("hidden")
    fill(node, stream, 4)
    set_metadata(node, stream, {"$maxCount": 1})
    node.request("DELETE", path(stream))
    assert titles(read(node, ALL + "/head/backward/6").json()) == [
        f"1@$${stream}", f"0@$${stream}",
        f"3@{stream}", f"2@{stream}", f"1@{stream}", f"0@{stream}"]


def test_links_are_resolved_always(node):
    """Whatever the header says, and be it nonsense."""
    target, stream = new_name("target"), new_name("link")
    fill(node, target, 1)
    link(node, stream, "0@" + target)
    for headers in [{}, {"ES-ResolveLinkTos": "False"},
                    {"ES-ResolveLinkTos": "perhaps"}]:
        feed = read(node, ALL + "/head/backward/1?embed=rich", headers).json()
        assert titles(feed) == ["0@" + target]
        assert feed["entries"][0]["positionStreamId"] == stream


def test_an_event_says_what_it_holds(node):
    stream = new_name("rich")
    write(node, stream, [event({"v": 1}, "richly")])
    for embed, member in [("content", "content"), ("body", "data")]:
        feed = read(node, ALL + "/head/backward/1?embed=" + embed).json()
        assert member in feed["entries"][0]


# Caching.

def test_the_head_has_a_tag_that_changes(node):
    first = read(node, ALL)
    assert first.headers["cache-control"] == BRIEFLY
    tag = {"If-None-Match": first.headers["etag"]}
    assert get(node, ALL, headers={**ADMIN, **tag}).status == 304
    fill(node, new_name("change"), 1)
    assert read(node, ALL, tag).headers["etag"] != first.headers["etag"]


def test_pages_that_cannot_change_are_for_ever(node, mixed):
    """For those who may read them."""
    forever = FOREVER.replace("public", "private")
    back = read(node, ALL + "/head/backward/5").json()
    older = links(back)["next"].removeprefix(node.base)
    for where in [f"{ALL}/{START}/forward/5", older]:
        answer = read(node, where)
        assert answer.headers["cache-control"] == forever
        assert "etag" not in answer.headers


def test_a_page_that_is_not_full_is_not(node, mixed):
    answer = read(node, f"{ALL}/{START}/forward/4096")
    assert len(answer.json()["entries"]) < 4096
    assert answer.headers["cache-control"] == BRIEFLY


# Access and bad requests.

@pytest.mark.parametrize("rest", [
    "", "/head/backward/5", f"/{START}/forward/5", "/head/5"])
def test_only_administrators_may_read_it(node, rest):
    answer = get(node, ALL + rest)
    assert_refused(answer, 401)
    assert answer.headers["www-authenticate"] == 'Basic realm="ES"'
    assert get(node, ALL + rest, headers=ADMIN).status == 200


def test_nobody_writes_to_it(node):
    for answer in [post(node, ALL, [event()], ADMIN),
                   node.request("DELETE", ALL, headers=ADMIN)]:
        assert_refused(answer, 401, "$all")


@pytest.mark.parametrize("position", [
    "0", "x" * 32, "0" * 31, "0" * 33, "-" + "0" * 31, "Head", "%20"])
def test_a_position_has_32_digits(node, position):
    for direction in ["forward", "backward"]:
        answer = get(node, f"{ALL}/{position}/{direction}/5", headers=ADMIN)
        assert_refused(answer, 400, "Invalid position argument")


def test_there_is_no_page_forward_from_the_head(node):
    answer = get(node, ALL + "/head/forward/5", headers=ADMIN)
    assert_refused(answer, 400, "Invalid position argument")


@pytest.mark.parametrize("position", ["F" * 32, "7" + "F" * 31,
                                      "0" * 16 + "F" * 16, "F" * 16 + START])
def test_positions_past_the_end_are_no_fault(node, position):
    for direction in ["forward", "backward"]:
        where = f"{ALL}/{position[:32]}/{direction}/5"
        assert get(node, where, headers=ADMIN).status == 200


@pytest.mark.parametrize("count", ["0", "-1", "x"])
def test_a_count_is_a_positive_number(node, count):
    answer = get(node, f"{ALL}/{START}/forward/{count}", headers=ADMIN)
    assert_refused(answer, 400, "count")


def test_a_slash_at_the_end_is_redirected(node):
    for where in ["/streams/$all/", "/streams/%24all/"]:
        for method in ["GET", "HEAD", "POST", "DELETE"]:
            answer = node.request(method, where,
                                  headers={"Content-Type": EVENTS})
            assert answer.status == 307
            assert answer.headers["location"] == node.base + "/streams/$all"
