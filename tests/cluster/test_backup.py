"""Backups, exports and imports at the nodes of a cluster."""

import json
import subprocess
import uuid

from events import ADMIN
from node import BUILD, Node, wait_until


def rillctl(node, *arguments):
    """On the node's own machine."""
    done = subprocess.run(
        node.machine.enter(BUILD / "store/rillctl", "--config", node.config,
                           *arguments),
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True, timeout=120, check=False)
    return done.returncode, done.stdout, done.stderr


def has_all(node, stream, n):
    answer = node.request("GET", f"/streams/{stream}/{n - 1}")
    return answer.status == 200


def test_a_replica_can_be_backed_up_and_takes_no_import(lab, tmp_path):
    back_up_and_restore(lab, tmp_path)
    back_up_by_the_agents(lab)
    import_at_the_master_only(lab, tmp_path)


def back_up_and_restore(lab, folder):
    """The copy is a node's own."""
    follower = lab.followers[0]
    for i in range(20):
        assert lab.master.append("kept", {"n": i}).status == 201
    wait_until(lambda: has_all(follower, "kept", 20), 60, "they are there")
    status, _, errors = rillctl(follower, "backup", folder / "backup")
    assert status == 0, errors
    copy = Node(folder / "copy", scavenge_hours=0)
    copy.data.mkdir()
    status, output, errors = rillctl(
        follower, "restore", folder / "backup", "--to", copy.data / "store")
    assert status == 0 and "no faults" in output, output + errors
    assert not list((copy.data / "store").glob("__db.rep*"))
    assert not (copy.data / "store/group").exists()
    copy.start()
    assert has_all(copy, "kept", 20)
    assert copy.append("kept", {"n": 20}).status == 201
    assert copy.stop() == 0


def back_up_by_the_agents(lab):
    """Each node's agent makes one of what it has."""
    for node in (lab.master, lab.followers[0]):
        answer = node.request("POST", "/admin/backup", headers=ADMIN)
        assert answer.status == 202, answer.body
        last = wait_until(lambda: node.request(
            "GET", "/admin/backup", headers=ADMIN).json()["last"], 60,
            "the backup ends")
        assert last["error"] is None, last
        assert (node.data / "backup/backup.json").is_file()


def import_at_the_master_only(lab, folder):
    line = {"stream": "taken", "number": 0, "id": str(uuid.uuid4()),
            "type": "t", "created": "2026-01-01T00:00:00.0000000Z",
            "dataIsJson": True, "metadataIsJson": False, "data": 1}
    (folder / "x").write_text(json.dumps(line) + "\n")
    follower, master = lab.followers[0], lab.master
    status, _, errors = rillctl(follower, "import", folder / "x")
    assert status == 69 and f"import on the master, {master.base}." in errors
    status, output, errors = rillctl(master, "import", folder / "x")
    assert status == 0, errors
    assert output == "1 events written, 0 lines passed over\n"
    wait_until(lambda: has_all(follower, "taken", 1), 60, "it is passed on")
    for node in (master, follower):
        status, output, errors = rillctl(
            node, "export", "--stream", "taken")
        assert status == 0, errors
        found = json.loads(output)
        assert found.pop("position") >= 0 and found == line
        assert rillctl(node, "verify")[0] == 0
