"""Which representation is given: Accept and ?format=."""

import pytest

from events import (ATOM, BYTES, EVENT, EVENTS, JSON, assert_refused, fill,
                    get, new_id, new_name, path)

XML = "application/atom+xml"
KURRENT = ATOM.replace("eventstore", "kurrent")


@pytest.fixture(scope="module")
def stream(node):
    name = new_name("asked")
    fill(node, name, 1)
    return name


def given(node, where, accept=None):
    answer = get(node, where, accept)
    assert answer.status == 200, answer.body
    return answer.headers["content-type"].removesuffix("; charset=utf-8")


PREFERENCES = [
    (None, ATOM), ("*/*", ATOM), ("", ATOM), ("application/*", XML),
    (ATOM, ATOM), (JSON, JSON), ("APPLICATION/JSON", JSON),
    ("application/json; charset=utf-8", JSON),
    (f"{ATOM}, */*;q=0.1", ATOM), (f"{JSON}, */*;q=0.1", JSON),
    (f"*/*;q=0.1, {JSON}", JSON), (f"*/*, {JSON}", JSON),
    (f"application/*, {JSON}", JSON), ("*/*, application/*;q=0.5", "text/xml"),
    (f"{JSON};q=0.5, {ATOM};q=0.9", ATOM),
    (f"{JSON};q=0.9, {ATOM};q=0.5", JSON),
    (f"{JSON};q=0.9, application/*", XML),
    (f"{JSON}, {ATOM}", ATOM), (f"{ATOM}, {JSON}", ATOM),
    (f"image/png, {JSON};q=0.001", JSON), ("image/png, */*;q=0.1", ATOM),
    (f"{ATOM};q=0, */*", None), (f"nonsense, {JSON}", JSON),
    (f",, {JSON} ,", JSON), (f"{JSON};q=1.000", JSON),
    (f"text/html, {JSON};q=0.2, {ATOM};q=0.4", None),
]


@pytest.mark.parametrize("accept, media", PREFERENCES)
def test_the_best_of_what_is_accepted_is_given(node, stream, accept, media):
    """None: whatever it is, it is not what was ruled out."""
    for where in [path(stream), path(stream, 0),
                  path(stream, 0, "forward", 5)]:
        if media is None:
            assert get(node, where, accept).status == 200
        else:
            assert given(node, where, accept) == media


def test_what_has_quality_0_is_not_given(node, stream):
    assert given(node, path(stream), f"{ATOM};q=0, */*;q=0.1") != ATOM
    answer = get(node, path(stream), f"{JSON};q=0")
    assert_refused(answer, 406)


@pytest.mark.parametrize("accept", [
    "image/png", "image/*", "text/plain", "nonsense", "application/jsonx",
    "image/png, video/mp4;q=0.5", "a/b" + ";c=d" * 500])
def test_nothing_acceptable_is_406_with_a_sentence(node, stream, accept):
    for where in [path(stream), path(stream, 0), path(stream, "metadata")]:
        assert_refused(get(node, where, accept), 406, ATOM)


@pytest.mark.parametrize("accept", [
    ATOM, JSON, EVENT, EVENTS])
def test_feeds(node, stream, accept):
    assert given(node, path(stream), accept) == accept


@pytest.mark.parametrize("accept", [ATOM, JSON, EVENT, BYTES])
def test_single_events(node, stream, accept):
    assert given(node, path(stream, 0), accept) == accept


def test_a_refusal_names_the_types_of_its_own_resource(node, stream):
    answer = get(node, "/ping", "image/png")
    assert_refused(answer, 406, "application/json", "xml or text/plain.")
    assert ATOM not in answer.body.decode()
    answer = node.request("POST", path(stream, "incoming", new_id()), "[]",
                          {"Content-Type": EVENTS})
    assert_refused(answer, 415, JSON)
    assert EVENTS not in answer.body.decode()
    answer = node.request("POST", path(stream), "[]",
                          {"Content-Type": "text/plain"})
    assert_refused(answer, 415, EVENTS, f" or {BYTES}.")


def test_a_feed_is_no_octet_stream(node, stream):
    assert_refused(get(node, path(stream), BYTES), 406)


@pytest.mark.parametrize("media", [ATOM, EVENT, EVENTS])
def test_newer_names_are_answered_under_the_newer_name(node, stream, media):
    newer = media.replace("eventstore", "kurrent")
    older = get(node, path(stream), media)
    answer = get(node, path(stream), newer)
    assert answer.headers["content-type"] == newer + "; charset=utf-8"
    assert answer.body == older.body


def test_the_tag_of_a_newer_name_works(node, stream):
    tag = get(node, path(stream), KURRENT).headers["etag"]
    answer = get(node, path(stream), KURRENT, {"If-None-Match": tag})
    assert answer.status == 304


@pytest.mark.parametrize("query, media", [
    ("format=json", JSON), ("format=JSON", JSON), ("format=atomxj", ATOM),
    ("embed=rich&format=json", JSON), ("format=%6Ason", JSON),
    ("FORMAT=json", ATOM), ("formatted=json", ATOM)])
def test_a_format_in_the_query_wins(node, stream, query, media):
    for where in [path(stream), path(stream, 0)]:
        for accept in [None, ATOM, "*/*"]:
            assert given(node, where + "?" + query, accept) == media
        assert get(node, where + "?format=json", "image/png").status == 200


@pytest.mark.parametrize("query", [
    "format=nothing", "format=atomsvc", "format=text"])
def test_a_format_that_is_not_there_is_refused(node, stream, query):
    answer = get(node, path(stream) + "?" + query)
    assert_refused(answer, answer.status)
    assert answer.status in (400, 406)


@pytest.mark.parametrize("where", ["/ping", "/info"])
def test_the_node_answers_in_json(node, where):
    assert get(node, where, JSON).json()
    assert get(node, where).status == 200
