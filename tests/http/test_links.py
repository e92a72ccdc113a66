"""Link events: $> events whose text names an event of another stream."""

import pytest

from events import (ATOM, EVENT, JSON, assert_refused, basic, event, fill,
                    get, link, links, new_name, numbers, path, set_metadata,
                    write)

RAW = {"ES-ResolveLinkTos": "False"}


@pytest.fixture
def target(node):
    stream = new_name("target")
    write(node, stream, [event({"v": 1}, "origin", metadata={"m": 2})])
    return stream


@pytest.fixture
def linking(node, target):
    """A stream with a link to the target's event 0."""
    stream = new_name("linking")
    link(node, stream, "0@" + target)
    return stream


def entry_of(node, stream, embed="", headers=None):
    feed = get(node, path(stream) + "?embed=" + embed, headers=headers).json()
    entry, = feed["entries"]
    return entry


def assert_points_at(node, entry, stream, number):
    where = node.base + path(stream, number)
    assert entry["title"] == f"{number}@{stream}"
    assert entry["id"] == where
    assert links(entry) == {"edit": where, "alternate": where}
    assert entry["summary"] == "$>"


def test_a_feed_shows_what_a_link_names(node, target, linking):
    assert_points_at(node, entry_of(node, linking), target, 0)


def test_a_link_has_never_content(node, linking):
    assert "content" not in entry_of(node, linking, "content")
    assert "content" not in get(node, path(linking, 0), ATOM).json()


def test_the_rich_entry_tells_both(node, target, linking):
    entry = entry_of(node, linking, "body")
    assert (entry["streamId"], entry["eventNumber"]) == (target, 0)
    assert (entry["eventType"], entry["data"]) == ("origin", '{"v": 1}')
    assert entry["metaData"] == '{"m": 2}'
    assert (entry["positionStreamId"], entry["positionEventNumber"]) == (
        linking, 0)
    assert (entry["linkMetaData"], entry["isLinkMetaData"]) == ("", False)
    assert_points_at(node, entry, target, 0)


def test_metadata_of_the_link_is_kept_apart(node, target):
    stream = new_name("linking")
    write(node, stream, [event("0@" + target, "$>", metadata={"l": 3})])
    entry = entry_of(node, stream, "body")
    assert (entry["metaData"], entry["linkMetaData"]) == (
        '{"m": 2}', '{"l": 3}')
    assert (entry["isMetaData"], entry["isLinkMetaData"]) == (True, True)


def test_a_single_link_is_the_event_it_names(node, target, linking):
    assert get(node, path(linking, 0), JSON).json() == {"v": 1}
    stored = get(node, path(linking, 0), EVENT).json()
    assert (stored["eventStreamId"], stored["eventType"]) == (target, "origin")
    assert_points_at(node, get(node, path(linking, 0), ATOM).json(), target, 0)


@pytest.mark.parametrize("header", ["ES-ResolveLinkTos", "ES-ResolveLinkTo"])
def test_a_link_may_be_read_as_it_is(node, target, linking, header):
    raw = {header: "false"}
    entry = entry_of(node, linking, "rich", raw)
    assert (entry["title"], entry["summary"]) == ("0@" + linking, "$>")
    assert (entry["streamId"], entry["eventType"]) == (linking, "$>")
    assert "linkMetaData" not in entry
    single = get(node, path(linking, 0), JSON, raw)
    assert single.json() == "0@" + target


def test_the_time_of_an_entry_is_that_of_the_link(node, target, linking):
    raw = entry_of(node, linking, headers=RAW)
    assert entry_of(node, linking)["updated"] == raw["updated"]


def test_links_may_name_any_event(node):
    first, second, stream = new_name("a"), new_name("g@g@"), new_name("l")
    fill(node, first, 3)
    fill(node, second, 2)
    for name in [f"2@{first}", f"1@{second}", f"0@{first}"]:
        link(node, stream, name)
    entries = get(node, path(stream)).json()["entries"]
    assert [e["title"] for e in entries] == [
        f"0@{first}", f"1@{second}", f"2@{first}"]
    assert entries[1]["id"] == node.base + path(second, 1)


# What a link names may be gone.

@pytest.fixture(params=["soft", "hard", "cut", "never"])
def gone(node, request, target):
    """A link to an event that cannot be read any more."""
    stream = new_name("broken")
    if request.param == "never":
        target = new_name("never")
    link(node, stream, "0@" + target)
    if request.param == "cut":
        fill(node, target, 3)
        set_metadata(node, target, {"$maxCount": 2})
    elif request.param != "never":
        node.request("DELETE", path(target), headers={
            "ES-HardDelete": str(request.param == "hard")})
    return stream, target


@pytest.mark.parametrize("embed", ["", "content", "rich", "body"])
def test_a_feed_goes_on_showing_the_link(node, gone, embed):
    stream, target = gone
    entry = entry_of(node, stream, embed)
    assert_points_at(node, entry, target, 0)
    assert "eventId" not in entry and "content" not in entry


def test_its_updated_is_unknown(node, gone):
    feed = get(node, path(gone[0])).json()
    assert feed["updated"] == "0001-01-01T00:00:00Z"


def test_a_single_link_to_what_is_gone_is_404(node, gone):
    assert_refused(get(node, path(gone[0], 0), JSON), 404)
    assert get(node, path(gone[0], 0), JSON, RAW).json() == "0@" + gone[1]


@pytest.mark.parametrize("text", [
    "", "@", "0", "0@", "@x", "x@y", "-1@x", "0x1@x", "1.5@x",
    "9223372036854775808@x", " 0@x", "{}", "0@\x00", "0@" + "x" * 3000])
def test_a_link_that_names_nothing_breaks_no_feed(node, text):
    stream = new_name("nonsense")
    link(node, stream, text)
    fill(node, stream, 1)
    for embed in ["", "rich", "tryharder"]:
        feed = get(node, path(stream) + "?embed=" + embed)
        assert feed.status == 200
        assert len(feed.json()["entries"]) == 2
    assert get(node, path(stream, 0)).status in (200, 404)


def test_a_link_to_a_link_is_followed_once(node, target, linking):
    stream = new_name("twice")
    link(node, stream, "0@" + linking)
    assert entry_of(node, stream)["title"] == "0@" + linking
    link(node, stream, "1@" + stream)
    assert numbers(get(node, path(stream)).json()) == [1, 0]


# What a link names may be secret.

@pytest.fixture
def secret(node, target):
    """A public stream with a link to a stream only administrators read."""
    stream = new_name("public")
    fill(node, stream, 1)
    link(node, stream, "0@" + target)
    set_metadata(node, target, {"$acl": {"$r": "$admins"}})
    return stream


def test_a_page_with_a_secret_link_is_refused(node, secret):
    assert get(node, path(secret), headers=RAW).status == 200
    for rest in [[], [1], [0, "forward", 5], ["head", "backward", 5]]:
        assert_refused(get(node, path(secret, *rest)), 401)
    assert get(node, path(secret, 0)).status == 200
    assert get(node, path(secret, 0, "forward", 1)).status == 200


def test_administrators_see_it(node, secret):
    admin = basic("admin", "changeit")
    assert get(node, path(secret), headers=admin).status == 200
    assert get(node, path(secret, 1), JSON, admin).json() == {"v": 1}
