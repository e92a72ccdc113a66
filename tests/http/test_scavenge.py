"""Scavenging: asked for over HTTP and by rillctl, seen by clients."""

import json
import subprocess

import pytest

from events import (ADMIN, GONE, assert_refused, await_accounts, basic,
                    event, fill, get, links, new_name, numbers, path,
                    post, set_metadata, stored_ids, write)
from node import BUILD, Node, wait_until

ROUTE = "/admin/scavenge"
ALL = "/streams/%24all"
SCAVENGE_SECONDS = 60


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """A node of our own: what others hid is not ours to remove."""
    node = Node(tmp_path_factory.mktemp("scavenged"), scavenge_hours=0)
    node.start()
    await_accounts(node)
    yield node
    node.stop()


def rillctl(node, *arguments):
    return subprocess.run(
        [BUILD / "store/rillctl", "--config", node.data / "run/rill.json",
         *arguments], stdin=subprocess.DEVNULL, text=True, timeout=120,
        capture_output=True, check=False)


def scavenge(node):
    """Until it is done; what rillctl said."""
    done = rillctl(node, "scavenge")
    assert (done.returncode, done.stderr) == (0, ""), done
    return done.stdout


def everything(node):
    """All of $all forwards, page by page: (stream, number)."""
    found, where = [], f"{ALL}/{'0' * 32}/forward/50"
    while where:
        feed = get(node, where + "?embed=rich", headers=ADMIN).json()
        entries = list(reversed(feed["entries"]))
        assert len(entries) == 50 or not entries or is_last(node, feed)
        found += [(e["streamId"], e["eventNumber"]) for e in entries
                  if "streamId" in e]  # a broken link has none
        where = links(feed).get("previous", "").removeprefix(node.base)
        if not entries:
            where = None
    return found


def is_last(node, feed):
    following = links(feed)["previous"].removeprefix(node.base)
    return get(node, following, headers=ADMIN).json()["entries"] == []


def of(stream, found):
    return [number for name, number in found if name == stream]


def test_what_is_hidden_leaves_all_and_what_is_shown_stays(own):
    kept, cut, gone = new_name("kept"), new_name("cut"), new_name("gone")
    set_metadata(own, cut, {"$maxCount": 3})
    for _ in range(4):
        for stream in kept, cut, gone:
            fill(own, stream, 20)
    before = [stored_ids(own, kept), stored_ids(own, cut)]
    assert len(before[1]) == 3
    answer = own.request("DELETE", path(gone),
                         headers={"ES-HardDelete": "True"})
    assert answer.status == 204
    assert len(of(cut, everything(own))) == 80
    assert "removed     157 events" in scavenge(own)
    assert [stored_ids(own, kept), stored_ids(own, cut)] == before
    found = everything(own)
    assert of(kept, found) == list(range(80))
    assert of(cut, found) == [77, 78, 79]
    assert of(gone, found) == [GONE]
    assert get(own, path(gone)).status == 410
    assert get(own, path(cut, 5)).status == 404
    head = get(own, path(cut)).json()
    assert numbers(head) == [79, 78, 77]
    assert "removed     0 events" in scavenge(own)
    assert rillctl(own, "verify").returncode == 0


def test_a_late_repeat_of_a_removed_event_is_a_success(own):
    stream = new_name("repeated")
    batch = [event({"n": n}) for n in range(10)]
    write(own, stream, batch)
    set_metadata(own, stream, {"$tb": 8})
    scavenge(own)
    for first, last in [(0, 1), (3, 7), (0, 10), (9, 10)]:
        answer = write(own, stream, batch[first:last])
        assert answer.headers["location"].endswith(f"/{first}")
        assert answer.headers["es-currentversion"] == "9"
        # Where it stood nobody knows any more.
        assert ("es-position" in answer.headers) == (last > 8)
    assert numbers(get(own, path(stream)).json()) == [9, 8]
    refused = post(own, path(stream), [batch[0], event()])
    assert_refused(refused, 400)


def test_a_soft_deleted_stream_goes_on_counting(own):
    stream = new_name("deleted")
    fill(own, stream, 5)
    assert own.request("DELETE", path(stream)).status == 204
    scavenge(own)
    assert get(own, path(stream)).status == 404
    answer = write(own, stream, [event()], {"ES-ExpectedVersion": "-1"})
    assert answer.headers["location"].endswith("/5")
    scavenge(own)
    assert numbers(get(own, path(stream)).json()) == [5]


def test_links_to_removed_events_are_broken(own):
    stream, links_to = new_name("target"), new_name("links")
    fill(own, stream, 3)
    post(own, path(links_to), json.dumps([
        event(f"{n}@{stream}", "$>") for n in range(3)]))
    set_metadata(own, stream, {"$maxCount": 1})
    feed = path(links_to, 0, "forward", 3) + "?embed=body"
    before = get(own, feed).json()["entries"]
    scavenge(own)
    assert get(own, feed).json()["entries"] == before


def test_operators_may_ask_and_nobody_else(own):
    assert_refused(own.request("POST", ROUTE), 401, "$admins and $ops")
    assert_refused(own.request("POST", ROUTE, headers=basic("admin", "no")),
                   401)
    stream = new_name("asked")
    set_metadata(own, stream, {"$maxCount": 1})
    fill(own, stream, 30)
    answer = own.request("POST", ROUTE + "?threads=1", headers=ADMIN)
    assert (answer.status, answer.body) == (200, b"")
    assert "content-type" not in answer.headers
    assert answer.headers["access-control-allow-methods"] == "POST, OPTIONS"
    wait_until(lambda: of(stream, everything(own)) == [29], SCAVENGE_SECONDS,
               "the events are removed")
    # One that is being made already is as good.
    for _ in range(5):
        assert own.request("POST", ROUTE, headers=ADMIN).status == 200


def test_other_methods_are_refused(own):
    assert own.request("OPTIONS", ROUTE).status == 200
    assert_refused(own.request("GET", ROUTE, headers=ADMIN), 405)
    assert_refused(own.request("POST", ROUTE, headers={
        **ADMIN, "Accept": "image/png"}), 406)


def test_without_an_agents_socket_it_is_unavailable(own):
    socket = own.data / "store/agent.socket"
    hidden = socket.with_name("hidden")
    socket.rename(hidden)
    try:
        answer = own.request("POST", ROUTE, headers=ADMIN)
        assert_refused(answer, 503, "No agent is running.")
        assert answer.headers["retry-after"] == "1"
        done = rillctl(own, "scavenge")
        assert (done.returncode, done.stdout) == (69, "")
        assert done.stderr == "rillctl: No agent is running.\n"
    finally:
        hidden.rename(socket)

