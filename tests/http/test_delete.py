"""Deleting streams, for now and for good, and what may be written after."""

import pytest

from events import (ADMIN, ATOM, GONE, JSON, TEXT, assert_refused, event,
                    fill, get, new_name, numbers, path, post, set_metadata,
                    stored_ids, write)

HARD = {"ES-HardDelete": "True"}


def delete(node, stream, headers=None):
    return node.request("DELETE", path(stream), headers=headers or {})


def assert_deleted(answer):
    assert (answer.status, answer.body) == (204, b""), answer.body


@pytest.fixture
def deleted(node):
    """A stream of three events, soft-deleted."""
    stream = new_name("deleted")
    fill(node, stream, 3)
    assert_deleted(delete(node, stream))
    return stream


@pytest.fixture
def destroyed(node):
    """A stream of three events, deleted for good."""
    stream = new_name("destroyed")
    fill(node, stream, 3)
    assert_deleted(delete(node, stream, HARD))
    return stream


READS = [[], [0], [2], ["head"], [0, "forward", 5], ["head", "backward", 5]]


# For now.

@pytest.mark.parametrize("rest", READS)
def test_a_deleted_stream_is_not_there(node, deleted, rest):
    for accept in [ATOM, JSON]:
        assert_refused(get(node, path(deleted, *rest), accept), 404)


def test_its_metadata_says_that_it_is_deleted(node, deleted):
    metadata = get(node, path(deleted, "metadata"), JSON)
    assert metadata.status == 200
    assert metadata.body == b'{"$tb":9223372036854775807}'
    entry = get(node, path(deleted, "metadata")).json()
    assert entry["summary"] == "$metadata"


def test_deleting_replaces_all_metadata(node):
    stream = new_name("described")
    fill(node, stream, 1)
    set_metadata(node, stream, {"owner": "somebody"})
    assert_deleted(delete(node, stream))
    assert get(node, path(stream, "metadata"), JSON).json() == {"$tb": GONE}


@pytest.mark.parametrize("expected", ["-2", "-1", "2"])
def test_writing_makes_it_anew(node, deleted, expected):
    """Its numbers go on where they were, and what was stays hidden."""
    answer = write(node, deleted, [event()], {"ES-ExpectedVersion": expected})
    assert answer.headers["location"] == node.base + path(deleted, 3)
    assert answer.headers["es-currentversion"] == "3"
    assert numbers(get(node, path(deleted)).json()) == [3]
    assert get(node, path(deleted, 2)).status == 404
    metadata = get(node, path(deleted, "metadata"), JSON)
    assert metadata.body == b'{"$tb":3}'


@pytest.mark.parametrize("expected, status", [
    ("-4", 410), ("0", 400), ("1", 400), ("3", 400)])
def test_a_wrong_version_does_not(node, deleted, expected, status):
    answer = post(node, path(deleted), [event()],
                  {"ES-ExpectedVersion": expected})
    assert_refused(answer, status, "Stream deleted. ES-ExpectedVersion asks"
                   if status == 410 else "last event number is 2.")
    if status == 400:
        assert answer.headers["es-currentversion"] == "2"
    assert get(node, path(deleted)).status == 404


def test_a_known_event_does_not_make_it_anew(node):
    """It is a repeat, as ever."""
    stream, known = new_name("known"), event()
    write(node, stream, [known])
    assert_deleted(delete(node, stream))
    answer = write(node, stream, [known])
    assert answer.headers["location"].endswith("/0")
    assert get(node, path(stream)).status == 404


def test_metadata_may_be_written_first(node, deleted):
    """Then the stream is there again, without events."""
    set_metadata(node, deleted, {"owner": "somebody"})
    metadata = get(node, path(deleted, "metadata"), JSON).json()
    assert metadata == {"owner": "somebody", "$tb": 3}
    feed = get(node, path(deleted))
    assert (feed.status, feed.json()["entries"]) == (200, [])
    write(node, deleted, [event()])
    assert numbers(get(node, path(deleted)).json()) == [3]


def test_it_may_be_deleted_and_made_anew_again_and_again(node):
    stream = new_name("again")
    for number in range(4):
        write(node, stream, [event()])
        assert numbers(get(node, path(stream)).json()) == [number]
        assert_deleted(delete(node, stream))
        assert get(node, path(stream)).status == 404


def test_deleting_twice_is_deleting(node, deleted):
    assert_deleted(delete(node, deleted))
    assert get(node, path(deleted)).status == 404


@pytest.mark.parametrize("headers", [{}, HARD])
def test_what_never_was_may_be_deleted(node, headers):
    stream = new_name("never")
    assert_deleted(delete(node, stream, headers))
    assert get(node, path(stream)).status == (410 if headers else 404)


def test_a_deleted_stream_may_be_deleted_for_good(node, deleted):
    assert_deleted(delete(node, deleted, HARD))
    assert get(node, path(deleted)).status == 410


# For good.

@pytest.mark.parametrize("rest", READS + [["metadata"]])
def test_a_stream_deleted_for_good_is_gone(node, destroyed, rest):
    for accept in [ATOM, JSON]:
        answer = get(node, path(destroyed, *rest), accept)
        assert_refused(answer, 410, "Deleted")
        assert "cache-control" not in answer.headers


@pytest.mark.parametrize("expected", ["-4", "-2", "-1", "0", "2", "5"])
def test_nothing_makes_it_anew(node, destroyed, expected):
    answer = post(node, path(destroyed), [event()],
                  {"ES-ExpectedVersion": expected})
    assert_refused(answer, 410, "Stream deleted")
    assert get(node, path(destroyed)).status == 410


def test_nor_can_its_metadata_be_written(node, destroyed):
    answer = post(node, path(destroyed, "metadata"), [event()])
    assert_refused(answer, 410, "Stream deleted")


@pytest.mark.parametrize("headers", [{}, HARD])
def test_it_cannot_be_deleted_again(node, destroyed, headers):
    assert_refused(delete(node, destroyed, headers), 410, "Stream deleted")


def test_its_end_is_seen_in_all(node, destroyed):
    feed = get(node, "/streams/$all?embed=rich", headers=ADMIN).json()
    newest = feed["entries"][0]
    assert newest["eventType"] == "$streamDeleted"
    assert newest["streamId"] == destroyed


# Versions and headers.

@pytest.mark.parametrize("expected", ["2", "-2", "-4"])
@pytest.mark.parametrize("hard", ["True", "False"])
def test_the_right_version_deletes(node, expected, hard):
    stream = new_name("version")
    fill(node, stream, 3)
    assert_deleted(delete(node, stream, {
        "ES-ExpectedVersion": expected, "ES-HardDelete": hard}))


@pytest.mark.parametrize("expected", ["-1", "0", "1", "3"])
@pytest.mark.parametrize("hard", ["True", "False"])
def test_a_wrong_version_deletes_nothing(node, expected, hard):
    stream = new_name("version")
    ids = fill(node, stream, 3)
    answer = delete(node, stream, {
        "ES-ExpectedVersion": expected, "ES-HardDelete": hard})
    assert_refused(answer, 400, "Wrong expected EventNumber",
                   "last event number is 2.")
    assert "es-currentversion" not in answer.headers
    assert stored_ids(node, stream) == ids


@pytest.mark.parametrize("header, value", [
    ("ES-HardDelete", "perhaps"), ("ES-HardDelete", "1"),
    ("ES-ExpectedVersion", "soon"), ("ES-RequireMaster", "perhaps")])
def test_a_header_in_a_wrong_format_deletes_nothing(node, header, value):
    stream = new_name("header")
    ids = fill(node, stream, 1)
    answer = delete(node, stream, {header: value})
    assert_refused(answer, 400, header + " header in wrong format.")
    assert stored_ids(node, stream) == ids


def test_the_content_type_does_not_matter(node):
    stream = new_name("typed")
    fill(node, stream, 1)
    answer = delete(node, stream, {"Content-Type": "text/plain"})
    assert_deleted(answer)
    assert answer.headers.get("content-type", TEXT) == TEXT


def test_what_is_accepted_matters(node):
    stream = new_name("accept")
    fill(node, stream, 1)
    assert_refused(delete(node, stream, {"Accept": "image/png"}), 406)
    assert get(node, path(stream)).status == 200


@pytest.mark.parametrize("headers", [{}, ADMIN])
@pytest.mark.parametrize("name", ["$$metadata-of", "$all"])
def test_metastreams_and_all_are_deleted_by_nobody(node, name, headers):
    for how in [{}, HARD]:
        answer = delete(node, name, {**headers, **how})
        assert_refused(answer, 401)


def test_a_slash_at_the_end_is_redirected(node):
    stream = new_name("slash")
    answer = node.request("DELETE", path(stream, ""))
    assert answer.status == 307
    assert answer.headers["location"] == node.base + path(stream)
