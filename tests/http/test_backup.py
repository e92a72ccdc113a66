"""Backups that the agent makes, asked for over HTTP."""

import json

import pytest

from events import (ADMIN, assert_refused, await_accounts, basic, fill,
                    new_name, path)
from node import Node, rillctl, wait_until

ROUTE = "/admin/backup"
SECONDS = 60


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    folder = tmp_path_factory.mktemp("backed up")
    node = Node(folder / "node", backup_folder=str(folder / "copy"),
                backup_log_mb=1024)
    node.data.mkdir()
    node.start()
    await_accounts(node)
    yield node
    node.stop()


def config(node):
    return node.data / "run/rill.json"


def copies(node):
    return node.data.parent / "copy"


def listens(node):
    """The agent lets workers in a moment before it listens to them."""
    return node.request("GET", ROUTE, headers=ADMIN).status == 200


def report(node):
    wait_until(lambda: listens(node), SECONDS, "the agent listens")
    answer = node.request("GET", ROUTE, headers=ADMIN)
    assert answer.status == 200, answer.body
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"
    return answer.json()


def back_up(node, query=""):
    """Until it is done; returns what came of it."""
    before = report(node)["last"]
    answer = node.request("POST", ROUTE + query, headers=ADMIN)
    assert answer.status == 202, answer.body
    begun = answer.json()
    assert set(begun) == {"folder", "running", "last"}
    wait_until(lambda: report(node)["last"] != before, SECONDS, "it ends")
    done = report(node)
    assert done["running"] is None
    return done["last"]


def test_a_backup_is_made_and_restored_and_made_again(own, tmp_path):
    assert report(own) == {"folder": str(copies(own)), "running": None,
                           "last": None}
    stream = new_name("kept")
    fill(own, stream, 30)
    full = back_up(own)
    assert full["error"] is None and not full["isIncrement"]
    assert full["bytes"] > 10000 and full["begunAt"] <= full["endedAt"]
    fill(own, stream, 10)
    more = back_up(own)
    assert more["error"] is None and more["isIncrement"]
    assert more["begunAt"] >= full["endedAt"]
    assert not back_up(own, "?full=true")["isIncrement"]
    status, output = rillctl(config(own), "restore", copies(own), "--to",
                             tmp_path / "store")
    assert status == 0 and "no faults" in output
    # rillctl uses the folder when it is told no other.
    status, output = rillctl(config(own), "backup")
    assert status == 0 and "added what was written since" in output
    own.stop()
    own.start()
    assert report(own)["last"]["isIncrement"] is False
    assert own.request("GET", path(stream, 39)).status == 200


def test_what_goes_wrong_is_told_and_the_backup_stays(own):
    back_up(own)
    manifest = copies(own) / "backup.json"
    good = manifest.read_text()
    manifest.write_text("{")
    try:
        last = back_up(own)
        assert str(copies(own)) in last["error"]
        assert manifest.read_text() == "{"
    finally:
        manifest.write_text(good)
    assert back_up(own)["error"] is None


def test_without_the_log_since_it_is_a_full_one(own):
    back_up(own)
    manifest = copies(own) / "backup.json"
    there = json.loads(manifest.read_text())
    log = copies(own) / f"store-{there['folder']}/log.{there['lastLog']:010}"
    # As if the store's log had taken another way.
    log.write_bytes(bytes(len(log.read_bytes())))
    last = back_up(own)
    assert last["error"] is None and not last["isIncrement"]


def test_the_folder_is_not_the_clients_to_name(own, tmp_path):
    for query in f"?folder={tmp_path}/x", f"?dir={tmp_path}/x":
        assert back_up(own, query)["error"] is None
    answer = own.request("POST", ROUTE, json.dumps({"folder": f"{tmp_path}/x"}),
                         {"Content-Type": "application/json", **ADMIN})
    assert answer.status == 202
    assert answer.json()["folder"] == str(copies(own))
    wait_until(lambda: report(own)["running"] is None, SECONDS, "it ends")
    assert not (tmp_path / "x").exists()


def test_operators_may_ask_and_nobody_else(own):
    for method in "GET", "POST":
        assert_refused(own.request(method, ROUTE), 401, "$admins and $ops")
        assert_refused(own.request(method, ROUTE, headers=basic("admin", "no")),
                       401)
    made = own.request("POST", "/users/", json.dumps({
        "loginName": "op", "password": "x", "groups": ["$ops"]}), {
            "Content-Type": "application/json", **ADMIN})
    assert made.status == 201
    assert own.request("GET", ROUTE, headers=basic("op", "x")).status == 200
    assert_refused(own.request("DELETE", ROUTE, headers=ADMIN), 405)
    # The same backup, when it is asked for twice.
    first = own.request("POST", ROUTE, headers=basic("op", "x"))
    second = own.request("POST", ROUTE, headers=basic("op", "x"))
    assert (first.status, second.status) == (202, 202)
    wait_until(lambda: report(own)["running"] is None, SECONDS, "it ends")


def test_a_node_without_a_folder_says_what_is_missing(node):
    assert report(node)["folder"] is None
    answer = node.request("POST", ROUTE, headers=ADMIN)
    assert_refused(answer, 409, '"backup_folder" in rill.json')
    status, output = rillctl(config(node), "backup")
    assert status == 64 and '"backup_folder"' in output


def test_without_an_agents_socket_it_is_unavailable(own):
    socket = own.data / "store/agent.socket"
    hidden = socket.with_name("hidden")
    socket.rename(hidden)
    try:
        for method in "GET", "POST":
            answer = own.request(method, ROUTE, headers=ADMIN)
            assert_refused(answer, 503, "No agent is running.")
    finally:
        hidden.rename(socket)
