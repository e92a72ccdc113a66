"""What a death or an accident leaves behind, and programs in a wrong order."""

import concurrent.futures
import json
import os
import pathlib
import random
import signal
import subprocess
import uuid

import pytest

from clients import BATCH_JSON
from node import BUILD, START_SECONDS, Node, wait_until

RECOVERY_SECONDS = 60
PATIENCE_SECONDS = 15  # a worker gives up a request well before


def takes_appends(node):
    return node.append("after", {}).status == 201


def await_appends(node):
    wait_until(lambda: takes_appends(node), RECOVERY_SECONDS,
               "appends are taken:\n" + node.output)


def check_whole(parts):
    status, said = parts.rillctl("verify")
    assert status == 0 and "no faults" in said, said


# A store with much to recover.

BATCH, BATCHES = 700, 15  # of 10 kB events: about 100 MB


def append_batch(node, stream):
    ballast = {"ballast": "x" * 10000}
    events = [{"eventId": str(uuid.uuid4()), "eventType": "heavy",
               "data": ballast} for _ in range(BATCH)]
    answer = node.request("POST", f"/streams/{stream}", json.dumps(events),
                          {"Content-Type": BATCH_JSON})
    assert answer.status == 201, answer.body


def last_number(node, stream):
    answer = node.request("GET", f"/streams/{stream}/head?embed=rich")
    assert answer.status == 200, answer.body
    return answer.json()["content"]["eventNumber"]


def bytes_read(pid):
    counters = pathlib.Path(f"/proc/{pid}/io").read_text()
    return int(counters.partition("rchar: ")[2].split()[0])


def kill_while_it_recovers(parts, known, so_far):
    """Once it has read so many bytes.  Returns the pid of the custodian, which
    was not among the known ones."""
    pid = wait_until(lambda: [p for p in parts.custodian_pids()
                              if p not in known], 10, "a custodian")[0]
    wait_until(lambda: bytes_read(pid) >= so_far, 10, "it reads the log")
    os.kill(pid, signal.SIGKILL)
    return pid


def test_an_agent_killed_while_it_recovers_starts_over(parts):
    parts.start()
    await_appends(parts)
    custodian = parts.custodian_pids()[0]
    # Stopped, it writes no checkpoint that would shorten what is to be done.
    os.kill(custodian, signal.SIGSTOP)
    try:
        for _ in range(BATCHES):
            append_batch(parts, "heavy")
        recovered = parts.output.count("recovered in")
    finally:
        os.kill(custodian, signal.SIGKILL)
    known = {custodian}
    for so_far in range(0, 80_000_000, 10_000_000):
        known.add(kill_while_it_recovers(parts, known, so_far))
    assert parts.output.count("recovered in") == recovered
    await_appends(parts)
    assert last_number(parts, "heavy") == BATCH * BATCHES - 1
    check_whole(parts)


# Files that lie about.

GENERATION_MAX = 2**63 - 1
LEFTOVERS = {
    "empty files": lambda name: b"",
    "noise": lambda name: random.Random(name).randbytes(10000),
    "the largest numbers": lambda name: json.dumps(
        {"generation": GENERATION_MAX, "role": "master", "url": 1}).encode(),
    "another kind of document": lambda name: b"[1, 2, 3]\n" * 1000,
}
# Those that hold nothing which must survive.
PASSING = ["master", "master.new", "agent.lock", "env.lock", "workers",
           "wakeup.2", "tally.1", "__db.001", "__db.002", "__db.003",
           "__db.register"]


@pytest.mark.parametrize("leftover", LEFTOVERS)
def test_a_node_starts_on_leftover_files(node_factory, leftover):
    node = node_factory()
    assert node.append("kept", {"n": 1}).status == 201
    assert node.stop() == 0
    for name in PASSING:
        (node.data / "store" / name).write_bytes(LEFTOVERS[leftover](name))
    node.start()
    await_appends(node)
    assert node.request("GET", "/streams/kept/0").status == 200
    master = json.loads((node.data / "store/master").read_text())
    assert master["role"] == "master" and master["url"] == node.base
    assert 0 < master["generation"] <= GENERATION_MAX


def test_a_master_file_that_is_a_folder_is_told(node_factory):
    node = node_factory()
    assert node.stop() == 0
    master = node.data / "store/master"
    master.unlink()
    master.mkdir()
    node.start()
    wait_until(lambda: "master: writing" in node.output, START_SECONDS,
               "the agent says so")
    master.rmdir()
    await_appends(node)


# Workers before the agent, and two agents.

@pytest.fixture
def without_agent(parts):
    parts.write_configuration()
    parts.start_front()
    wait_until(parts.answers, START_SECONDS, "a worker answers")
    return parts


def test_a_worker_without_an_agent_asks_to_come_again(without_agent):
    node = without_agent
    for answer in (node.request("GET", "/streams/some", seconds=PATIENCE_SECONDS),
                   node.append("some", {})):
        assert answer.status == 503
        assert int(answer.headers["retry-after"]) > 0
        assert b"store" in answer.body
    node.start_agent()
    await_appends(node)


def test_a_request_waits_for_the_agent(without_agent):
    node = without_agent
    with concurrent.futures.ThreadPoolExecutor() as pool:
        asked = [pool.submit(node.append, "some", {"n": n}) for n in range(8)]
        node.start_agent()
        assert [a.result().status for a in asked] == [201] * 8


def test_workers_survive_a_while_without_an_agent(parts):
    parts.start()
    assert takes_appends(parts)
    workers = parts.worker_pids()
    assert parts.stop_agent() == 0
    assert parts.append("some", {}).status == 503
    parts.start_agent()
    await_appends(parts)
    assert parts.worker_pids() == workers


def test_a_second_agent_is_refused(parts):
    parts.start()
    second = subprocess.run(
        [BUILD / "cluster-agent/rill-agent", "--config", parts.config],
        stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        timeout=START_SECONDS, check=False)
    assert second.returncode != 0
    assert "another rill-agent is looking after" in second.stderr
    custodians = parts.custodian_pids()
    assert takes_appends(parts)
    assert parts.custodian_pids() == custodians
    assert parts.output.count("recovered in") == 2  # one was run.sh's


def test_a_second_make_run_on_the_port_is_refused(node_factory, tmp_path):
    node = node_factory()
    second = Node(tmp_path / "second", port=node.port)
    second.launch()
    assert second.process.wait(START_SECONDS) == 1
    assert f"port {node.port} of 127.0.0.1 is in use" in second.output
    assert takes_appends(node)
