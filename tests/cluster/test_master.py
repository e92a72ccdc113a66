"""Whoever requires the master is sent to it, and nobody else.

The nodes are on loopback: this needs no networks of its own.
"""

import pytest

from events import (ADMIN, ATOM, JSON, TEXT, assert_refused, await_accounts,
                    event, get, new_id, path, post, write)
from loopback import Loopback

REQUIRED = {"ES-RequireMaster": "True"}
SPELLINGS = ["ES-RequireMaster", "ES-RequiresMaster", "ES-RequireLeader"]


class Pair:
    """The master, and a node that follows it."""

    def __init__(self, cluster):
        states = {cluster.state(node): node for node in cluster.nodes}
        self.master, self.replica = states["master"], states["slave"]


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    """Both have the stream "some", and know the administrator.

    The replica does when it has what came after: it is asked without a login,
    which would be checked before it waits for the position.
    """
    cluster = Loopback(tmp_path_factory.mktemp("cluster") / "data")
    try:
        cluster.await_greeting()
        two = Pair(cluster)
        await_accounts(two.master)
        position = write(two.master, "some", [
            event({"n": n}) for n in range(3)]).headers["es-position"]
        answer = get(two.replica, path("some"),
                     headers={"ES-MinimumPosition": position})
        assert answer.status == 200, answer.body
        yield two
    finally:
        cluster.stop()


@pytest.fixture
def replica(pair):
    return pair.replica


@pytest.fixture
def redirected(pair):
    """A check of an answer: it leads to the same target at the master."""
    def check(answer, target):
        assert answer.status == 307, (answer.status, answer.body)
        assert answer.headers["location"] == pair.master.base + target
        assert answer.headers["content-type"] == TEXT
        assert answer.headers["content-length"] == "0"
        assert answer.headers["access-control-allow-origin"] == "*"
        assert answer.body == b""
    return check


TARGETS = [
    "/streams/some",
    "/streams/newstream",
    "/streams/a%2Fb%20c?embed=body",
    "/streams/some/0",
    "/streams/some/head",
    "/streams/some/0/forward/5?embed=body&format=json",
    "/streams/some/head/backward/5",
    "/streams/some/metadata",
    "/streams/$all?embed=rich",
    "/streams/%24all/head/backward/2",
]


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("target", TARGETS)
def test_a_read_goes_to_the_master(replica, redirected, method, target):
    answer = replica.request(method, target, headers={**ADMIN, **REQUIRED})
    redirected(answer, target)
    assert "GET" in answer.headers["access-control-allow-methods"]


@pytest.mark.parametrize("target", [
    "/streams/some", "/streams/%C3%A9t%2F?x=1", "/streams/some/metadata"])
def test_a_batch_goes_to_the_master(replica, redirected, target):
    answer = post(replica, target, [event({"n": 3}, "$metadata")], REQUIRED)
    redirected(answer, target)


def test_a_single_event_goes_to_the_master(replica, redirected):
    for target in (path("some"), path("some", "incoming", new_id())):
        answer = replica.request("POST", target, "{}", {
            "Content-Type": JSON, "ES-EventType": "t", "ES-EventId": new_id(),
            **REQUIRED})
        redirected(answer, target)


def test_a_deletion_goes_to_the_master(replica, redirected):
    answer = replica.request("DELETE", path("some"), headers=REQUIRED)
    redirected(answer, path("some"))


@pytest.mark.parametrize("name", SPELLINGS)
def test_every_spelling_counts(replica, redirected, name):
    answer = get(replica, path("some"), headers={name: "true"})
    redirected(answer, path("some"))


@pytest.mark.parametrize("headers", [
    {}, {"ES-RequireMaster": "False"}, {"ES-RequireLeader": "false"}])
def test_other_reads_are_answered_here(replica, headers):
    assert get(replica, path("some"), headers=headers).status == 200


def test_a_malformed_header_is_refused_as_ever(replica):
    answer = get(replica, path("some"), headers={"ES-RequireMaster": "yes"})
    assert_refused(answer, 400, "ES-RequireMaster header in wrong format.")


def test_credentials_come_first(replica):
    answer = get(replica, path("some"), headers={
        "Authorization": "Basic YWRtaW46d3Jvbmc=", **REQUIRED})
    assert answer.status == 401


def test_the_master_answers_as_ever(pair):
    for target in TARGETS[:1] + TARGETS[3:]:
        answer = get(pair.master, target, ATOM, {**ADMIN, **REQUIRED})
        assert answer.status == 200, answer.body
    assert post(pair.master, path("more"), [event()], REQUIRED).status == 201


def test_a_client_that_follows_is_answered(pair):
    answer = get(pair.replica, path("some", 0), ATOM, REQUIRED)
    target = answer.headers["location"].removeprefix(pair.master.base)
    assert get(pair.master, target, ATOM, REQUIRED).json()["title"] == "0@some"
