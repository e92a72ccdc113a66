"""/gossip on a node that is alone: a cluster of one."""

import re
import xml.etree.ElementTree as ElementTree

import pytest

from events import BRIEFLY, event, get, new_name, write

FIELDS = """instanceId timeStamp state isAlive internalTcpIp internalTcpPort
    internalSecureTcpPort externalTcpIp externalTcpPort externalSecureTcpPort
    internalHttpIp internalHttpPort externalHttpIp externalHttpPort
    lastCommitPosition writerCheckpoint chaserCheckpoint epochPosition
    epochNumber epochId nodePriority""".split()


def names_of_xml():
    return [name[0].upper() + name[1:] for name in FIELDS]


def test_json_has_one_member_the_node_itself(node):
    answer = get(node, "/gossip")
    assert answer.status == 200
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    assert answer.headers["cache-control"] == BRIEFLY
    assert answer.headers["vary"] == "Accept"
    assert answer.headers["access-control-allow-methods"] == "GET, OPTIONS"
    told = answer.json()
    assert list(told) == ["members", "serverIp", "serverPort"]
    assert (told["serverIp"], told["serverPort"]) == ("127.0.0.1", node.port)
    (member,) = told["members"]
    assert list(member) == FIELDS
    assert member["state"] == "Master" and member["isAlive"] is True
    assert member["externalHttpIp"] == "127.0.0.1"
    assert member["externalHttpPort"] == node.port
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z",
                        member["timeStamp"])


def test_the_position_is_that_of_the_last_event(node):
    position = int(write(node, new_name(), [event()]).headers["es-position"])
    (member,) = get(node, "/gossip").json()["members"]
    assert member["lastCommitPosition"] >= position


def test_the_id_stays_the_same(node):
    first, second = (get(node, "/gossip").json()["members"][0]["instanceId"]
                     for _ in range(2))
    assert first == second


@pytest.mark.parametrize("accept", ["application/xml", "text/xml"])
def test_xml_has_the_same_fields(node, accept):
    answer = get(node, "/gossip", accept)
    assert answer.headers["content-type"] == f"{accept}; charset=utf-8"
    root = ElementTree.fromstring(answer.body)
    assert root.tag == "ClusterInfoDto"
    assert [child.tag for child in root] == [
        "Members", "ServerIp", "ServerPort"]
    (member,) = root[0]
    assert member.tag == "MemberInfoDto"
    assert [field.tag for field in member] == names_of_xml()
    assert member.findtext("State") == "Master"
    assert root.findtext("ServerPort") == str(node.port)


def test_text_has_the_same_fields(node):
    answer = get(node, "/gossip?format=text")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    text = answer.body.decode()
    assert text.startswith(
        f"Server: 127.0.0.1:{node.port}, Members: [InstanceId: {{")
    assert re.findall(r"(\w+): ", text)[2:] == names_of_xml()


def test_other_types_and_methods_are_refused(node):
    assert get(node, "/gossip", "text/html").status == 406
    assert node.request("POST", "/gossip", "{}").status == 405
