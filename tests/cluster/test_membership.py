"""How a cluster comes to be, and what becomes of its nodes' stores."""

import json
import re

from node import START_SECONDS, wait_until
from lab import AGENT_PORT
from netns import PRIVATE
from recorder import ADMIN, read_all


def test_a_lone_nodes_store_becomes_the_clusters_and_its_own_again(make_lab):
    lab = make_lab(alone=True)
    first, *others = lab.nodes
    first.start()
    assert first.append("before", {"n": 0}).status == 201
    first.stop()

    for node in lab.nodes:
        node.configure([n.member for n in lab.nodes])
    lab.start()
    position = first.append("during", {"n": 0}).headers["es-position"]
    for node in others:
        for stream in ("before", "during"):
            answer = node.request("GET", f"/streams/{stream}/0", headers={
                "ES-MinimumPosition": position})
            assert answer.status == 200, answer.body
    wait_until(lambda: read_all(first) == read_all(others[0]), START_SECONDS,
               "all have the same")

    for node in lab.nodes:
        node.stop()
    first.configure([])
    first.start()
    wait_until(lambda: first.role == "master", START_SECONDS, "it is alone")
    for stream in ("before", "during"):
        assert first.request("GET", f"/streams/{stream}/0").status == 200
    assert first.append("after", {"n": 0}).status == 201


def test_a_node_with_a_new_disk_gets_everything(lab):
    for n in range(3):
        assert lab.master.append("kept", {"n": n}).status == 201
    node = lab.followers[0]
    node.stop()
    node.wipe()
    assert lab.master.append("kept", {"n": 3}).status == 201
    node.start()
    wait_until(lambda: node.role == "replica" and
               node.request("GET", "/streams/kept/3").status == 200,
               START_SECONDS, "it has all")
    wait_until(lambda: node.request(
        "GET", "/streams/%24all", headers=ADMIN).status == 200, START_SECONDS,
        "it knows the administrator")
    assert read_all(node) == read_all(lab.master)


def test_a_node_that_alone_is_left_of_a_new_group_lets_the_others_in(lab):
    """Members by the list, which cannot vote: what is left of nodes that die
    again and again while they are let in."""
    first, *others = lab.nodes
    wait_until(lambda: first.append("kept", {"n": 0}).status == 201,
               START_SECONDS, "there is a master")
    wait_until(lambda: first.request("GET", "/streams/kept/0").status == 200,
               START_SECONDS, "the first node has it, too")
    for node in lab.nodes:
        node.stop()
    for node in others:
        node.wipe()
    (first.store / "settled").unlink(missing_ok=True)  # after a minute
    lab.start()
    assert "all other nodes have nothing" in first.output
    assert first.request("GET", "/streams/kept/0").status == 200
    for node in others:
        wait_until(lambda: read_all(node) == read_all(first), START_SECONDS,
                   "it has everything")


def told(node):
    """What rillctl cluster says: the role of each URL."""
    _, said = node.rillctl("cluster")
    return {url: role for role, url in
            re.findall(r"^(\w+) .*(http://\S+)", said, re.M)}


def test_a_node_that_was_replaced_is_forgotten(make_lab):
    """Until then its machine counts: three and a dead one are four."""
    lab = make_lab(count=4)
    *kept, new = lab.nodes
    *_, old = kept
    for node in kept:
        node.configure([n.member for n in kept])
        node.launch()
    wait_until(lambda: [n.role for n in kept].count("replica") == 2,
               START_SECONDS, "three are up")
    assert kept[0].append("kept", {"n": 0}).status == 201
    old.crash()

    now = [node for node in lab.nodes if node is not old]
    for node in now:
        node.stop()
        node.configure([n.member for n in now])
        node.launch()
    wait_until(lambda: [n.role for n in now].count("replica") == 2,
               START_SECONDS, "the new one has joined")
    unlisted = f"{old.machine.address(PRIVATE)}:{AGENT_PORT}"
    assert re.search(rf"^unlisted .* {unlisted}$", now[0].rillctl("cluster")[1],
                     re.M)
    for wrong in (now[1].member["listen"], "10.9.9.9:1", "\udcff"):
        status, said = now[0].rillctl("forget", wrong)
        assert status != 0 and "unlisted" in said
    # An agent that has just joined may begin anew, and know no master then.
    wait_until(lambda: now[0].rillctl("forget", unlisted)[0] == 0,
               START_SECONDS, "it is put out")
    wait_until(lambda: not any("unlisted" in n.rillctl("cluster")[1]
                               for n in now), START_SECONDS, "it is forgotten")
    # Two of three are more than half again, and elect one of them.
    lab.master.crash()
    left = next(node for node in now if node.is_up)
    wait_until(lambda: left.append("kept", {"n": 1}).status == 201,
               START_SECONDS, "two go on alone")


def says_what_it_is(node):
    """Whether the master file does."""
    line = json.loads((node.store / "master").read_text())
    return line["role"] == node.role and line.get("url") == node.lab.master.base


def test_a_master_that_steps_down_is_followed_by_another(lab):
    old = lab.master
    # One that cannot write its master file meanwhile.
    hindered = lab.followers[0]
    (hindered.store / "master.new").mkdir()
    status, said = lab.followers[0].rillctl("step-down")
    assert status != 0 and "not the master" in said
    assert old.rillctl("step-down")[0] == 0
    wait_until(lambda: lab.find_master() not in (None, old), START_SECONDS,
               "there is another master")
    lab.await_whole()
    for node in lab.nodes:
        wait_until(lambda: told(node) == {
            n.base: n.role for n in lab.nodes}, START_SECONDS,
            "rillctl cluster says what they are")
    wait_until(lambda: "master: Is a directory" in hindered.output,
               START_SECONDS, "it could not")
    (hindered.store / "master.new").rmdir()
    for node in lab.nodes:
        wait_until(lambda: says_what_it_is(node), START_SECONDS,
                   "the master file says what it is")
