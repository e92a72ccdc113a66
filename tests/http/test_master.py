"""Who must be asked when the master is required, by the agent's master file.

The file of a lone node is replaced here as the agent of a replica would do it,
so that the answers can be seen without a cluster.
"""

import json

import pytest

from events import (ADMIN, ATOM, EVENTS, JSON, TEXT, assert_refused,
                    await_accounts, event, get, new_id, path, post, write)
from node import START_SECONDS, Node, wait_until

MASTER = "http://master.example:2113"
REQUIRED = {"ES-RequireMaster": "True"}
SPELLINGS = ["ES-RequireMaster", "ES-RequiresMaster", "ES-RequireLeader"]


def state(node):
    return get(node, "/info").json()["state"]


def say(node, text, expected):
    """Replace the master file, and wait until the workers have seen it."""
    draft = node.data / "store/master.test"
    draft.write_text(text)
    draft.rename(node.data / "store/master")
    wait_until(lambda: state(node) == expected, START_SECONDS, expected)


def become_replica(node, url=MASTER):
    say(node, json.dumps({"generation": 9, "role": "replica", "url": url}),
        "slave")


@pytest.fixture(scope="module")
def replica(tmp_path_factory):
    """A node with the stream "some", whose master is elsewhere."""
    node = Node(tmp_path_factory.mktemp("replica"), workers=2)
    node.start()
    await_accounts(node)
    write(node, "some", [event({"n": n}) for n in range(3)])
    become_replica(node)
    yield node
    node.stop()


@pytest.fixture
def changed(replica):
    """The same, for a test that says otherwise."""
    yield replica
    become_replica(replica)


def assert_redirected(answer, target):
    assert answer.status == 307, (answer.status, answer.body)
    assert answer.headers["location"] == MASTER + target
    assert answer.headers["content-type"] == TEXT
    assert answer.headers["content-length"] == "0"
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.body == b""


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
def test_a_read_goes_to_the_master(replica, method, target):
    answer = replica.request(method, target, headers={**ADMIN, **REQUIRED})
    assert_redirected(answer, target)
    assert "GET" in answer.headers["access-control-allow-methods"]


@pytest.mark.parametrize("target", [
    "/streams/some", "/streams/%C3%A9t%2F?x=1", "/streams/some/metadata"])
def test_a_batch_goes_to_the_master(replica, target):
    answer = post(replica, target, [event({"n": 3}, "$metadata")], REQUIRED)
    assert_redirected(answer, target)


def test_a_single_event_goes_to_the_master(replica):
    for target in (path("some"), path("some", "incoming", new_id())):
        answer = replica.request("POST", target, "{}", {
            "Content-Type": JSON, "ES-EventType": "t", "ES-EventId": new_id(),
            **REQUIRED})
        assert_redirected(answer, target)


def test_a_deletion_goes_to_the_master(replica):
    answer = replica.request("DELETE", path("some"), headers=REQUIRED)
    assert_redirected(answer, path("some"))


@pytest.mark.parametrize("name", SPELLINGS)
def test_every_spelling_counts(replica, name):
    answer = get(replica, path("some"), headers={name: "true"})
    assert_redirected(answer, path("some"))


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


def test_the_master_answers_as_ever(changed):
    say(changed, '{"generation": 10, "role": "master", "url": "http://x"}',
        "master")
    assert get(changed, path("some"), ATOM, REQUIRED).status == 200
    assert post(changed, path("more"), [event()], REQUIRED).status == 201


@pytest.mark.parametrize("text", [
    '{"generation": 10, "role": "none"}',
    '{"generation": 10, "role": "replica"}',
    '{"generation": 10, "role": "emperor", "url": "http://x"}',
    '{"generation": 10, "role"', ""])
def test_without_a_master_try_again_later(changed, text):
    say(changed, text, "unknown")
    for answer in (
            get(changed, path("some"), headers=REQUIRED),
            changed.request("DELETE", path("some"), headers=REQUIRED),
            changed.request("POST", path("some"), json.dumps([event()]),
                            {"Content-Type": EVENTS, **REQUIRED})):
        assert_refused(answer, 503, "No master is known")
        assert int(answer.headers["retry-after"]) > 0
    assert get(changed, path("some")).status == 200


def test_the_newest_of_many_files_counts(changed):
    for n in range(50):
        say(changed, json.dumps({"generation": n, "role": "replica",
                                 "url": f"http://node-{n % 10}"}), "slave")
    wait_until(
        lambda: get(changed, path("some"), headers=REQUIRED).headers["location"]
        == "http://node-9" + path("some"), START_SECONDS, "the last url")
