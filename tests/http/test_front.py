"""What the front server must let through as it is."""

import pytest

from events import assert_refused, new_id

NAMES = ["a/b", "a%2Fb", "a b", "..", "a//b", "ä€", "a?b#c", "$x", "a\\b"]


@pytest.mark.parametrize("name", NAMES)
def test_a_stream_may_have_any_name(node, name):
    """The path arrives raw: neither decoded, nor cleaned, nor cut."""
    stream = "front " + name
    added = node.append(stream, {"name": name})
    assert added.status == 201
    path = added.headers["location"].removeprefix(node.base)
    assert node.request("GET", path).status == 200
    content = node.request("GET", path, headers={"Accept": "application/json"})
    assert content.json() == {"name": name}


def test_a_slash_in_a_name_is_not_a_slash_of_the_path(node):
    assert node.append("front/0", {}).status == 201
    assert node.request("GET", "/streams/front%2F0").status == 200
    assert node.request("GET", "/streams/front/0").status == 404


def test_get_may_have_a_body(node):
    answer = node.request("GET", "/ping", body="ignored")
    assert answer.status == 200


def test_an_error_keeps_its_body(node):
    answer = node.request("GET", "/streams/front-none")
    assert answer.status == 404
    assert answer.headers["content-type"].startswith("text/plain")
    assert len(answer.body.splitlines()) == 1


def test_credentials_reach_the_worker(node):
    headers = {"Authorization": "Basic bm9ib2R5Ondyb25n"}
    assert node.request("GET", "/ping", headers=headers).status == 401


def post_bytes(node, n):
    return node.request("POST", "/streams/front", b"x" * n, {
        "Content-Type": "application/octet-stream", "ES-EventType": "large",
        "ES-EventId": new_id()})


def test_a_body_beyond_the_limit_is_refused_by_rill(node):
    """In words, and so that scripts of other sites may read them."""
    answer = post_bytes(node, 16 * 1024 * 1024 + 1)
    assert_refused(answer, 413, "at most 16777216 bytes")
    assert answer.headers["access-control-allow-origin"] == "*"


def test_a_body_far_beyond_the_limit_is_refused(node):
    assert post_bytes(node, 32 * 1024 * 1024 + 1).status == 413
