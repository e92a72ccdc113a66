"""Apache with mod_cache answers for Rill what can never change, and only that.

While the worker is stopped, what is answered comes from the cache.
"""

import contextlib
import os
import pathlib
import signal

import pytest

from events import (ADMIN, ATOM, FOREVER, JSON, await_accounts, basic, fill,
                    get, link, new_name, numbers, path, set_metadata)
from front import ApacheCache
from node import START_SECONDS, wait_until


@pytest.fixture
def node(fronts):
    server = fronts(ApacheCache)
    await_accounts(server)
    return server


@pytest.fixture
def stream(node):
    name = new_name("kept")
    fill(node, name, 30)
    return name


@contextlib.contextmanager
def stopped(node):
    """No worker answers meanwhile."""
    pid = node.backend.worker()
    os.kill(pid, signal.SIGSTOP)
    try:
        # The signal alone does not keep a thread that runs from answering.
        wait_until(lambda: all(
            task.read_text().rpartition(")")[2].split()[0] == "T"
            for task in pathlib.Path(f"/proc/{pid}/task").glob("*/stat")),
            START_SECONDS, "the worker's threads have stopped")
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def is_cached(node, where, headers=None):
    """Whether it is answered without a worker; the answer, or None."""
    with stopped(node):
        try:
            return node.request("GET", where, headers=headers, seconds=0.5)
        except TimeoutError:
            return None


@pytest.mark.parametrize("rest, accept", [
    ([0], JSON), ([0], ATOM), ([0, "forward", 20], ATOM),
    ([19, "backward", 20], ATOM), ([3], "application/atom+xml")])
def test_what_can_never_change_comes_from_the_cache(
        node, stream, rest, accept):
    where, headers = path(stream, *rest), {"Accept": accept}
    first = get(node, where, accept)
    assert first.headers["cache-control"] == FOREVER
    again = is_cached(node, where, headers)
    assert again, "the worker was asked"
    assert (again.status, again.body) == (200, first.body)
    for name in "content-type", "access-control-allow-origin":
        assert again.headers[name] == first.headers[name]
    assert "Accept" in again.headers["vary"].split(",")


def test_each_representation_is_its_own(node, stream):
    answers = [get(node, path(stream, 0), accept).body
               for accept in (JSON, ATOM, JSON, ATOM)]
    assert answers[0] == answers[2] != answers[1] == answers[3]


def test_it_is_for_those_with_credentials_too(node, stream):
    """Public is public; whoever they are, they may read it."""
    get(node, path(stream, 0), JSON, ADMIN)
    assert is_cached(node, path(stream, 0), {"Accept": JSON, **ADMIN})


def test_the_newest_page_is_always_asked_for(node, stream):
    for _ in range(3):
        assert numbers(get(node, path(stream)).json())[0] == 29
    assert is_cached(node, path(stream)) is None
    fill(node, stream, 1)
    assert numbers(get(node, path(stream)).json())[0] == 30


def test_what_is_not_there_is_asked_for_again(node, stream):
    assert get(node, path(stream, 30)).status == 404
    fill(node, stream, 1)
    assert get(node, path(stream, 30)).status == 200


def test_what_is_private_is_never_kept(node):
    stream = new_name("private")
    fill(node, stream, 30)
    set_metadata(node, stream, {"$acl": {"$r": "$admins"}})
    headers = {"Accept": JSON, **ADMIN}
    for _ in range(2):
        answer = get(node, path(stream, 0), headers=headers)
        assert answer.headers["cache-control"].endswith("private")
    assert is_cached(node, path(stream, 0), headers) is None
    assert get(node, path(stream, 0), JSON).status == 401
    assert get(node, path(stream, 0), JSON, basic("no", "no")).status == 401


def test_a_way_to_resolve_links_does_not_answer_for_another(node, stream):
    links = new_name("links")
    for n in range(20):
        link(node, links, f"{n}@{stream}")
    where = path(links, 0, "forward", 20) + "?embed=body"
    unlike = {"ES-ResolveLinkTos": "false"}
    followed = get(node, where, ATOM).body
    bare = get(node, where, ATOM, unlike).body
    assert followed != bare
    assert get(node, where, ATOM).body == followed
    assert get(node, where, ATOM, unlike).body == bare


@pytest.mark.parametrize("name, value", [
    ("X-Forwarded-Host", "evil.example"), ("X-Forwarded-Prefix", "evil"),
    ("X-Forwarded-Port", "6666"), ("X-Forwarded-Proto", "https")])
def test_nobody_writes_links_into_what_others_read(node, stream, name, value):
    where = path(stream, 1)
    get(node, where, ATOM, {name: value})
    assert get(node, where, ATOM).json()["id"] == node.base + where
