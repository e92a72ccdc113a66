"""What the lab says it does to machines and networks, it does.

Its nodes are alone here, each its own master.
"""

import concurrent.futures
import http.client
import signal
import subprocess

import pytest

import skips
from lab import Lab
from netns import PRIVATE, PUBLIC
from node import START_SECONDS, wait_until

SECONDS = 1  # how long a connection may take that is to fail


@pytest.fixture(scope="module")
def alone(client_namespace, tmp_path_factory):
    lab = Lab(tmp_path_factory.mktemp("lab"), alone=True, clocks=True)
    for node in lab.nodes:
        node.start()
    yield lab
    lab.close()


@pytest.fixture
def healed(alone):
    yield alone
    alone.networks.heal()


def hears(node, other, network):
    """Whether a connection from one machine to another opens."""
    address = other.machine.address(network)
    port = other.port
    done = subprocess.run(
        node.machine.enter("timeout", SECONDS, "bash", "-c",
                           f"exec 3<>/dev/tcp/{address}/{port}"),
        stderr=subprocess.DEVNULL, check=False)
    return done.returncode == 0


def reached(node):
    try:
        return node.request("GET", "/ping", seconds=SECONDS).status == 200
    except (OSError, http.client.HTTPException):
        return False


def heard_pairs(lab, network):
    pairs = [(a, b) for a in lab.nodes for b in lab.nodes if a is not b]
    with concurrent.futures.ThreadPoolExecutor(len(pairs)) as pool:
        heard = pool.map(lambda pair: hears(*pair, network), pairs)
        return {(a.data.name, b.data.name)
                for (a, b), yes in zip(pairs, heard) if yes}


ALL = {(a, b) for a in "123" for b in "123" if a != b}


def test_every_machine_hears_every_other(healed):
    for network in (PRIVATE, PUBLIC):
        assert heard_pairs(healed, network) == ALL
    assert all(map(reached, healed.nodes))


def test_a_machine_can_be_cut_off_one_network(healed):
    first = healed.nodes[0]
    healed.networks.cut_off([first.machine], PRIVATE)
    assert heard_pairs(healed, PRIVATE) == {("2", "3"), ("3", "2")}
    assert reached(first)
    healed.networks.heal()
    assert heard_pairs(healed, PRIVATE) == ALL


def test_machines_that_are_cut_off_hear_nobody(healed):
    healed.networks.cut_off([n.machine for n in healed.nodes], PRIVATE, PUBLIC)
    assert heard_pairs(healed, PRIVATE) == set()
    assert not any(map(reached, healed.nodes))


def test_a_network_can_be_split_in_halves(healed):
    healed.networks.split([n.machine for n in healed.nodes[:2]], PRIVATE, PUBLIC)
    assert heard_pairs(healed, PRIVATE) == {("1", "2"), ("2", "1")}
    assert [reached(n) for n in healed.nodes] == [False, False, True]


def test_two_machines_can_be_parted_while_the_third_hears_both(healed):
    healed.networks.part([n.machine for n in healed.nodes[:2]], PRIVATE)
    assert heard_pairs(healed, PRIVATE) == ALL - {("1", "2"), ("2", "1")}


def test_a_slow_machine_is_still_there(healed):
    healed.networks.slow_down([healed.nodes[0].machine], PUBLIC)
    assert healed.nodes[0].request("GET", "/ping").status == 200


@pytest.mark.parametrize("program", ["agent", "custodian", "worker"])
def test_what_is_killed_is_started_again(alone, program):
    node = alone.nodes[1]
    before = node.pids_of(program)
    assert node.signal(program, signal.SIGKILL)
    wait_until(lambda: node.pids_of(program) not in ([], before),
               START_SECONDS, f"there is a new {program}")
    wait_until(lambda: node.append("lab", {"after": program}).status == 201,
               START_SECONDS, "the node works")


def test_lighttpd_is_killed_with_its_workers(alone):
    node = alone.nodes[1]
    before = {node.pid_of("lighttpd"), *node.worker_pids()}
    node.kill_front()
    wait_until(lambda: not any(map(node.machine.holds, before)), START_SECONDS,
               "they end")
    wait_until(lambda: reached(node), START_SECONDS, "it answers again")


def test_a_crash_leaves_nothing_and_a_wiped_disk_nothing_at_all(alone):
    node = alone.nodes[2]
    assert node.append("lab", {}).status == 201
    node.crash()
    assert node.machine.pids() == [] and not reached(node)
    node.start()
    assert node.request("GET", "/streams/lab/0").status == 200
    node.stop()
    node.wipe()
    node.start()
    assert node.request("GET", "/streams/lab/0").status == 404


def test_a_clock_that_jumps_changes_the_time_of_events(alone):
    node = alone.nodes[0]
    if not node.has_clock:
        skips.machine_cannot("give a node a clock of its own (libfaketime)")

    def year():
        assert node.append("clock", {}).status == 201
        return node.request("GET", "/streams/clock/head").json()["updated"][:4]

    now = year()
    for seconds, expected in ((2 * 365 * 86400, int(now) + 2), (0, int(now))):
        node.clock.set(seconds)
        wait_until(lambda: int(year()) in (expected, expected + 1),
                   START_SECONDS, "events have the new time")


def test_a_paused_node_answers_when_it_goes_on(alone):
    node = alone.nodes[0]
    node.machine.signal_all(signal.SIGSTOP)
    assert not reached(node)
    node.machine.signal_all(signal.SIGCONT)
    wait_until(lambda: reached(node), START_SECONDS, "it answers again")
