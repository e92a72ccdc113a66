"""make run: what it prints, and how it starts and stops."""

import os
import re
import signal
import socket
import subprocess

import pytest

import fastcgi
from node import BUILD, START_SECONDS, Node, free_port, wait_until


def processes_of(node):
    """The pids of everything a running node consists of."""
    agent, lighttpd = node.pid_of("rill-agent"), node.pid_of("lighttpd")
    return [node.process.pid, agent, lighttpd, *node.worker_pids()]


def is_alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def refusal(node):
    """Start a node that cannot start; what it says."""
    node.launch()
    assert node.process.wait(START_SECONDS) == 1
    return node.output


def test_the_printed_commands_write_an_event_and_read_it(node):
    wait_until(lambda: node.output.count("  curl ") == 2, START_SECONDS,
               "the greeting")
    commands = re.findall(r"^  (curl .*)$", node.output, re.M)
    answers = [subprocess.run(command, shell=True, text=True, check=True,
                              capture_output=True).stdout
               for command in commands]
    assert " 201 " in answers[0].splitlines()[0]
    assert " 200 " in answers[1].splitlines()[0]
    assert "world" in answers[1]


def stop_and_check(node, end):
    pids = processes_of(node)
    assert len(pids) == 4 and all(map(is_alive, pids))
    end()
    assert node.process.wait(START_SECONDS) == 0, node.output
    assert [pid for pid in pids if is_alive(pid)] == []
    assert node.output.endswith("stopped\n")


def test_sigterm_stops_everything(node_factory):
    node = node_factory()
    stop_and_check(node, node.process.terminate)


def test_ctrl_c_stops_everything(node_factory):
    node = node_factory()
    stop_and_check(node, lambda: os.killpg(node.process.pid, signal.SIGINT))


def test_it_starts_again_with_what_was_written(node_factory):
    node = node_factory()
    assert node.append("kept", {"n": 1}).status == 201
    assert node.stop() == 0
    node.start()
    assert node.request("GET", "/streams/kept/0").status == 200


@pytest.mark.parametrize("program", ["rill-agent", "lighttpd"])
def test_when_one_dies_the_other_is_stopped_too(node_factory, program):
    node = node_factory()
    pids = processes_of(node)
    os.kill(node.pid_of(program), signal.SIGKILL)
    assert node.process.wait(START_SECONDS) == 1
    assert f"{program} ended by itself (SIGKILL)" in node.output
    wait_until(lambda: not any(map(is_alive, pids)), START_SECONDS,
               "everything ends")


def test_a_port_in_use_is_refused_with_a_sentence(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = refusal(Node(tmp_path / "node", port=port))
    assert f"port {port} of 127.0.0.1 is in use" in said


def test_a_data_folder_in_use_is_refused_with_a_sentence(node, tmp_path):
    second = Node(tmp_path / "second", port=free_port())
    second.data.symlink_to(node.data)
    assert "still uses" in refusal(second)


def test_a_data_folder_that_cannot_be_made_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    said = refusal(Node(tmp_path / "file" / "data", log=tmp_path / "log"))
    assert "cannot make the data folder" in said


def test_a_wrong_setting_is_refused_with_file_and_line(tmp_path):
    node = Node(tmp_path / "node", threads="many")
    said = refusal(node)
    assert re.search(r"rill\.json:\d+: .*threads", said)


def listen(node, path):
    """Start a worker that cannot listen there; what it says."""
    run = subprocess.run(
        [str(BUILD / "fcgi/rill.fcgi"), "--listen", str(path), "--config",
         str(node.data / "run/rill.json")], stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE, text=True, timeout=START_SECONDS)
    assert run.returncode == 71
    return run.stderr


def test_where_a_worker_cannot_listen_is_told_and_left_as_it_is(node, tmp_path):
    (tmp_path / "file").write_text("kept")
    assert "is no socket" in listen(node, tmp_path / "file")
    assert (tmp_path / "file").read_text() == "kept"
    assert "No such file" in listen(node, tmp_path / "none/socket")
    assert "at most 107 bytes" in listen(node, tmp_path / ("x" * 108))
    worker = fastcgi.Worker(node, tmp_path / "socket")
    worker.start()
    try:
        assert "listens there already" in listen(node, worker.address)
        assert worker.answers_or_died()
    finally:
        assert worker.stop() == 0
    assert not worker.address.exists()


def test_a_worker_takes_over_the_socket_of_a_dead_one(node, tmp_path):
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(tmp_path / "socket"))
    worker = fastcgi.Worker(node, tmp_path / "socket")
    worker.start()
    assert worker.stop() == 0


def test_a_data_folder_may_have_a_long_name_with_blanks(tmp_path):
    node = Node(tmp_path / ("long name " * 12).strip())
    try:
        node.start()
    finally:
        assert node.stop() == 0
