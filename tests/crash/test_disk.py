"""A disk that is full, or that cannot be written: what is said, what is kept."""

import json

from node import BUILD, START_SECONDS, wait_until

RECOVERY_SECONDS = 60


def read_numbers(node, stream):
    """What append_until_refused() has put there."""
    answer = node.request("GET", f"/streams/{stream}/0/forward/4096?embed=body",
                          headers={"Accept": "application/json"})
    assert answer.status == 200, answer.body
    return [json.loads(entry["data"])["n"]
            for entry in reversed(answer.json()["entries"])]


def append_until_refused(node, stream):
    """How many were acknowledged, and the refusal."""
    for n in range(4000):
        answer = node.append(stream, {"n": n, "ballast": "x" * 50000})
        if answer.status != 201:
            return n, answer
    raise AssertionError("the disk does not fill up")


def takes_appends(node):
    return node.append("after", {}).status == 201


def check_whole(node):
    status, said = node.box.run(BUILD / "store/rillctl", "--config",
                                node.data / "run/rill.json", "verify")
    assert status == 0 and "no faults" in said, said


def test_a_full_disk_is_told_and_loses_nothing(boxed):
    node = boxed(megabytes=180)
    node.start()
    count, refusal = append_until_refused(node, "ballast")
    assert refusal.status == 503, (refusal.status, refusal.body, node.output)
    assert b"disk is full" in refusal.body
    assert "retry-after" in refusal.headers
    # Reading goes on.
    stored = read_numbers(node, "ballast")
    assert stored == list(range(count)), node.output


def test_a_node_works_again_once_there_is_room(boxed):
    node = boxed(megabytes=180)
    node.start()
    node.box.fill(spare_bytes=8 << 20)
    count, refusal = append_until_refused(node, "ballast")
    assert refusal.status == 503, (refusal.status, refusal.body, node.output)
    node.box.make_room()
    wait_until(lambda: takes_appends(node), RECOVERY_SECONDS,
               "appends are taken again:\n" + node.output)
    assert read_numbers(node, "ballast") == list(range(count))
    check_whole(node)
    assert node.stop() == 0, node.output
    check_whole(node)


def test_a_node_started_on_a_full_disk_waits_for_room(boxed):
    node = boxed(megabytes=180)
    node.box.fill(spare_bytes=1 << 20)
    node.start()
    wait_until(lambda: "the disk is full" in node.output, START_SECONDS,
               "the agent says so")
    assert node.append("early", {}).status == 503
    node.box.make_room()
    wait_until(lambda: takes_appends(node), RECOVERY_SECONDS,
               "appends are taken:\n" + node.output)


def make_read_only(node, yes):
    how = "remount,ro" if yes else "remount,rw"
    status, said = node.box.run("mount", "-o", how, node.box.folder)
    assert status == 0, said


def test_an_agent_refuses_data_it_cannot_write(boxed):
    node = boxed(megabytes=180)
    node.start()
    assert node.append("kept", {}).status == 201
    assert node.stop() == 0
    make_read_only(node, True)
    status, said = node.box.run(BUILD / "cluster-agent/rill-agent", "--config",
                                node.data / "run/rill.json")
    assert status != 0
    assert "cannot be written: Read-only file system" in said
    make_read_only(node, False)
    node.start()
    assert node.request("GET", "/streams/kept/0").status == 200


def test_a_worker_refuses_data_it_cannot_write(boxed, tmp_path):
    node = boxed(megabytes=180)
    node.start()
    assert node.stop() == 0
    make_read_only(node, True)
    status, said = node.box.run(
        BUILD / "fcgi/rill.fcgi", "--config", node.data / "run/rill.json",
        "--listen", tmp_path / "worker.socket")
    assert status != 0
    assert "store: Read-only file system" in said


def test_make_run_refuses_data_it_cannot_write(boxed):
    node = boxed(megabytes=180)
    make_read_only(node, True)
    node.launch()
    assert node.process.wait(START_SECONDS) == 1
    assert "cannot make the data folder" in node.output
    make_read_only(node, False)
    node.start()
    assert takes_appends(node)
