"""What a cluster's nodes answer: the master, the others, and all in trouble."""

import json
import time
import uuid

import pytest

from events import basic
from lab import Lab
from netns import PRIVATE
from node import START_SECONDS, wait_until
from recorder import ADMIN, ATOM_JSON, BATCH_JSON

REQUIRED = {"ES-RequireMaster": "True"}
TEXT = "text/plain; charset=utf-8"


def await_joined(lab):
    """While members join, who is master may be unknown for a moment."""
    def joined():
        members = lab.master.request("GET", "/gossip").json()["members"]
        return (len(members) == len(lab.nodes)
                and all(member["isAlive"] for member in members)
                and all(post(node, "first", {}).status == 201
                        for node in lab.nodes))
    wait_until(joined, START_SECONDS, "all have joined")
    lab.await_whole()


@pytest.fixture(scope="module")
def cluster(client_namespace, tmp_path_factory):
    lab = Lab(tmp_path_factory.mktemp("lab"))
    try:
        lab.start()
        await_joined(lab)
        yield lab
    finally:
        lab.tell()
        lab.close()


@pytest.fixture
def healed(cluster):
    """For a test that cuts networks."""
    yield cluster
    cluster.networks.heal()
    cluster.await_whole()


def batch(*data):
    return json.dumps([{"eventId": str(uuid.uuid4()), "eventType": "tested",
                        "data": each} for each in data])


def post(node, stream, *data, **headers):
    return node.request("POST", f"/streams/{stream}", batch(*data),
                        {"Content-Type": BATCH_JSON, **headers})


def write(node, stream, *data):
    """Append what must be taken; its position."""
    answer = post(node, stream, *data)
    assert answer.status == 201, answer.body
    return int(answer.headers["es-position"])


def get(node, path, **headers):
    return node.request("GET", path, headers={"Accept": ATOM_JSON, **headers})


def up_to(position):
    return {"ES-MinimumPosition": str(position)}


def assert_redirected(answer, url):
    assert answer.status == 307, (answer.status, answer.body)
    assert answer.headers["location"] == url
    assert answer.headers["content-length"] == "0"
    assert answer.headers["content-type"] == TEXT


def test_the_session_of_the_documentation(cluster):
    """curl -i ".../streams/newstream" -H "ES-RequireMaster: True"."""
    master = cluster.master
    write(master, "newstream", {"a": 1})
    path = "/streams/newstream"
    assert get(master, path, **REQUIRED).status == 200
    for node in cluster.followers:
        assert_redirected(get(node, path, **REQUIRED), master.base + path)


def test_every_method_goes_to_the_master_when_it_must(cluster):
    master, (node, _) = cluster.master, cluster.followers
    for method, path in [("GET", "/streams/some/0/forward/5?embed=body"),
                         ("HEAD", "/streams/some"), ("GET", "/streams/some/0"),
                         ("DELETE", "/streams/some"),
                         ("GET", "/streams/some/metadata")]:
        answer = node.request(method, path, headers={**ADMIN, **REQUIRED})
        assert_redirected(answer, master.base + path)
    for path in ("/streams/some", "/streams/some/metadata"):
        answer = node.request("POST", path, batch({}),
                              {"Content-Type": BATCH_JSON, **REQUIRED})
        assert_redirected(answer, master.base + path)


def test_a_write_at_any_node_is_the_masters(cluster):
    for node in cluster.nodes:
        before = post(node, "anywhere", {"at": node.base})
        assert before.status == 201, before.body
        number = before.headers["location"].rpartition("/")[2]
        assert before.headers["location"] == \
            f"{node.base}/streams/anywhere/{number}"
        assert before.headers["es-currentversion"] == number
    for node in cluster.nodes:
        answer = get(node, "/streams/anywhere/2/backward/5",
                     **up_to(before.headers["es-position"]))
        assert len(answer.json()["entries"]) == 3


def test_a_forwarded_write_is_refused_as_the_master_refuses(cluster):
    node = cluster.followers[0]
    write(node, "versions", {"n": 0}, {"n": 1})
    answer = post(node, "versions", {}, **{"ES-ExpectedVersion": "0"})
    assert answer.status == 400
    assert answer.headers["es-currentversion"] == "1"


def test_a_forwarded_repeat_is_known(cluster):
    body, headers = batch({"n": 0}), {"Content-Type": BATCH_JSON}
    answers = [node.request("POST", "/streams/repeated", body, headers)
               for node in cluster.nodes * 2]
    assert {a.status for a in answers} == {201}
    assert {a.headers["es-position"] for a in answers} == \
        {answers[0].headers["es-position"]}


def test_deletions_and_metadata_at_any_node(cluster):
    for i, node in enumerate(cluster.nodes):
        name = f"deleted-{i}"
        write(node, name, {"n": 0})
        answer = node.request(
            "POST", f"/streams/{name}/metadata",
            json.dumps([{"eventId": str(uuid.uuid4()), "data": {"m": i},
                         "eventType": "$metadata"}]),
            {"Content-Type": BATCH_JSON})
        assert answer.status == 201, answer.body
        assert node.request("DELETE", f"/streams/{name}").status == 204
        position = write(node, "deleted", {"n": i})
        for other in cluster.nodes:
            answer = get(other, f"/streams/{name}", **up_to(position))
            assert answer.status == 404


def test_rights_hold_at_every_node(cluster):
    for node in cluster.nodes:
        wait_until(lambda: get(node, "/streams/%24all", **ADMIN).status == 200,
                   START_SECONDS, "the administrator is known")
        assert get(node, "/streams/%24all").status == 401
        assert post(node, "$own", {}).status == 401
        assert post(node, "$own", {}, **ADMIN).status == 201


def test_an_account_made_at_any_node_is_good_at_every_node(cluster):
    for i, maker in enumerate(cluster.nodes):
        name, password = f"ann-{i}", f"secret {i}"
        answer = maker.request("POST", "/users/", json.dumps({
            "loginName": name, "fullName": "Ann", "groups": [],
            "password": password}), {"Content-Type": "application/json",
                                     **ADMIN})
        assert answer.status == 201, answer.body
        for node in cluster.nodes:
            wait_until(lambda: node.request(
                "GET", "/users/%24current", headers=basic(name, password)
                ).status == 200, START_SECONDS, f"{name} is known")
            answer = node.request("GET", "/users/%24current",
                                  headers=basic(name, "another"))
            assert answer.status == 401


def test_a_read_waits_for_its_minimum_position(cluster):
    """It is sent at once, and sees what it could not have seen."""
    for n in range(20):
        position = write(cluster.master, "waited", {"n": n})
        for node in cluster.nodes:
            answer = get(node, "/streams/waited/head", **up_to(position))
            assert answer.status == 200
            assert answer.json()["title"] == f"{n}@waited"


def test_gossip_knows_every_member(cluster):
    write(cluster.master, "gossip", {})
    for node in cluster.nodes:
        def whole():
            told = get(node, "/gossip", Accept="application/json").json()
            states = {f"http://{m['externalHttpIp']}:{m['externalHttpPort']}":
                      m["state"] for m in told["members"] if m["isAlive"]}
            ends = {m["lastCommitPosition"] for m in told["members"]}
            return len(ends) == 1 and states == {
                n.base: "Master" if n is cluster.master else "Slave"
                for n in cluster.nodes}
        wait_until(whole, START_SECONDS, "it knows all, and where they are")
        assert get(node, "/gossip", Accept="application/json").json()[
            "serverIp"] == node.host


def test_a_dead_member_is_told_from_the_living(healed):
    dead = healed.followers[0]
    dead.crash()
    for node in healed.nodes:
        if node is not dead:
            wait_until(lambda: sorted(
                m["isAlive"] for m in get(
                    node, "/gossip", Accept="application/json").json()["members"])
                == [False, True, True], START_SECONDS, "one is dead")
    dead.start()


def test_without_a_quorum_nothing_is_promised(healed):
    """Three agents that hear nobody; clients hear all."""
    position = write(healed.master, "cut", {"n": 0})
    for node in healed.nodes:
        assert get(node, "/streams/cut", **up_to(position)).status == 200
    healed.networks.cut_off([n.machine for n in healed.nodes], PRIVATE)
    deadline = time.monotonic() + START_SECONDS
    while any(node.role == "master" for node in healed.nodes):
        assert time.monotonic() < deadline, "a master without a quorum"
    for node in healed.nodes:
        for answer in (post(node, "cut", {"n": 1}),
                       post(node, "cut", {"n": 2}, **REQUIRED),
                       get(node, "/streams/cut", **REQUIRED)):
            assert answer.status == 503, (answer.status, answer.body)
            assert int(answer.headers["retry-after"]) > 0
        assert get(node, "/streams/cut").status == 200


def test_a_master_that_is_cut_off_is_followed_by_another(healed):
    old = healed.master
    healed.networks.cut_off([old.machine], PRIVATE)
    rest = [node for node in healed.nodes if node is not old]
    wait_until(lambda: any(node.role == "master" for node in rest),
               START_SECONDS, "there is another master")
    position = write(rest[0], "after", {"n": 0})
    assert get(old, "/streams/after", **REQUIRED).status in (307, 503)
    assert get(old, "/streams/after").status == 404
    healed.networks.heal()
    wait_until(lambda: get(old, "/streams/after", **up_to(position)).status
               == 200, START_SECONDS, "the old master has it, too")


def test_a_position_that_does_not_come_is_not_waited_for_for_ever(healed):
    position = write(healed.master, "never", {})
    lost = healed.followers[0]
    healed.networks.cut_off([lost.machine], PRIVATE)
    begun = time.monotonic()
    answer = get(lost, "/streams/never", **up_to(position + 1000))
    assert answer.status == 503 and int(answer.headers["retry-after"]) > 0
    assert time.monotonic() - begun >= 1
