"""make cluster: what it prints, and how it starts and stops."""

import os
import signal

import pytest

from loopback import GREETING, Loopback
from node import START_SECONDS, STOP_SECONDS


@pytest.fixture
def started(tmp_path):
    made = Loopback(tmp_path / "data")
    yield made
    made.stop()


def test_it_prints_url_and_role_of_each_and_stops_them(started):
    started.await_greeting()
    printed = GREETING.findall(started.output)
    assert [(int(port), folder) for port, _, folder in printed] == [
        (started.port + n, str(started.folder / str(n))) for n in (1, 2, 3)]
    assert sorted(role for _, role, _ in printed) == [
        "master", "replica", "replica"]
    for node, (_, role, _) in zip(started.nodes, printed):
        assert started.state(node) == role.replace("replica", "slave")
    os.killpg(started.process.pid, signal.SIGINT)
    assert started.process.wait(STOP_SECONDS) == 0, started.output
    assert started.output.endswith("rill: stopped\n")
    for n in (1, 2, 3):
        assert (started.folder / f"{n}.log").read_text().endswith(
            "rill: stopped\n")


def test_a_node_that_dies_ends_all(started):
    started.await_greeting()
    agent = started.folder / "2/run/rill-agent.pid"
    os.kill(int(agent.read_text()), signal.SIGKILL)
    assert started.process.wait(STOP_SECONDS) == 1
    assert "node 2 ended by itself" in started.output


def test_a_port_out_of_range_is_refused_with_a_sentence(tmp_path):
    refused = Loopback(tmp_path / "data", 65000)
    assert refused.process.wait(START_SECONDS) == 1
    assert "PORT is a number up to" in refused.output
