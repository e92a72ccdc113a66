"""A node as the systemd units run it: its programs under all that these forbid.

No systemd runs here; confine.py takes its part, with systemd's own sets of
system calls.  lighttpd stands in front with the installed example, outside.
"""

import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys

import pytest

import confine
import front
from events import BYTES, JSON, await_accounts, event, fill, get, path, write
from kept import Kept, is_alive
from node import BUILD, SOURCE, START_SECONDS, children, wait_until
from skips import machine_cannot

UNITS = {"rill-agent": SOURCE / "cluster-agent/rill-agent.service.in",
         "rill.fcgi": SOURCE / "fcgi/rill-fcgi.service.in"}
SOCKET_UNIT = SOURCE / "fcgi/rill-fcgi.socket"
EXPOSURE_MOST = 2.5  # of 10, as systemd-analyze judges


class Confined(front.Backend):
    """An agent and a worker under their units; the socket is systemd's."""

    def __init__(self, change=lambda unit: unit):
        super().__init__()
        self.change = change

    def start(self):
        for name in "srv", "state", "root":
            (self.folder / name).mkdir(mode=0o755)
        front.give_away(self.folder / "state")
        shutil.copytree(SOURCE / "www/web", self.folder / "web")
        shutil.copy(BUILD / "cluster-agent/rill-agent", self.folder / "srv")
        shutil.copy(BUILD / "fcgi/rill.fcgi", self.folder / "srv")
        (self.folder / "srv/rill.json").write_text(
            '{"data": "/var/lib/rill", "url": "http://127.0.0.1",'
            ' "password_cost": 1}')
        self.config.write_text(
            f'{{"data": "{self.folder}/state", "url": "http://127.0.0.1"}}')
        self.listen()
        self.agent = self.keep("rill-agent", subprocess.DEVNULL)
        self.keeper = self.keep("rill.fcgi", self.socket)

    def keep(self, program, stdin):
        unit = self.folder / f"{program}.service"
        unit.write_text(self.change(confine.filled_in(UNITS[program])))
        return Kept([sys.executable, confine.__file__, unit,
                     self.folder / "root", front.other_user().pw_uid,
                     self.folder / "state", self.folder / "srv"],
                    self.folder, self.log, stdin)

    def worker(self):
        return self.keeper.pid

    def stop(self):
        self.keeper.stop(signal.SIGTERM)
        self.agent.stop(signal.SIGTERM)
        self.socket.close()
        shutil.rmtree(self.folder)

    def rillctl(self, *arguments):
        """As root, from outside."""
        done = subprocess.run(
            [BUILD / "store/rillctl", "--config", self.config, *arguments],
            capture_output=True, text=True, timeout=60, check=False)
        return done.returncode, done.stdout + done.stderr

    @property
    def output(self):
        return self.log.read_text(errors="replace")


class Plain(front.Lighttpd):
    """Without TLS."""

    def configuration(self):
        return self.site()


def may_confine(folder):
    """Whether this machine gives a process file systems of its own."""
    return os.getuid() == 0 and subprocess.run(
        ["unshare", "-m", "mount", "-t", "proc", "-o",
         "hidepid=invisible,subset=pid", "proc", folder],
        stderr=subprocess.DEVNULL, check=False).returncode == 0


@pytest.fixture
def confined(tmp_path):
    """confined(change) starts agent and worker by their changed units."""
    if not may_confine(tmp_path):
        machine_cannot("give a program file systems of its own: not root, or "
                       "in a container")
    started = []

    def start(*change):
        backend = Confined(*change)
        started.append(backend)
        backend.start()
        return backend

    yield start
    for backend in started:
        backend.stop()


def status_of(pid):
    """What the kernel says of a process: {name: value}."""
    text = pathlib.Path(f"/proc/{pid}/status").read_text()
    return dict(re.findall(r"^(\w+):\t(.*)$", text, re.M))


def test_a_node_works_under_all_that_its_units_forbid(confined):
    backend = confined()
    server = Plain(backend)
    server.start()
    try:
        await_accounts(server)
        fill(server, "confined", 3)
        assert get(server, path("confined", 2), JSON).json() == {"n": 2}
        assert get(server, "/metrics").status == 200
        assert backend.rillctl("scavenge")[0] == 0
        before = backend.worker()
        os.kill(before, signal.SIGKILL)
        wait_until(lambda: backend.worker() != before, START_SECONDS,
                   "another worker is started")
        wait_until(lambda: get(server, path("confined", 2), JSON).status == 200,
                   START_SECONDS, "it serves")
        write(server, "confined", [event({"n": 3})])
        assert get(server, path("confined", 3), BYTES).body == b'{"n": 3}'
        copied, said = backend.rillctl("backup", backend.folder / "backup")
        assert copied == 0, said
        verified, said = backend.rillctl("verify")
        assert verified == 0, said
        for pid in (backend.worker(), backend.agent.pid,
                    *children(backend.agent.pid)):
            status = status_of(pid)
            assert status["Seccomp"] == "2" and status["NoNewPrivs"] == "1"
            assert int(status["CapBnd"], 16) == int(status["CapPrm"], 16) == 0
            assert status["Uid"].split()[0] != "0"
    finally:
        server.stop()
    assert "not permitted" not in backend.output, backend.output


def test_a_call_that_a_unit_does_not_allow_fails(confined):
    """Else the test above would show nothing."""
    backend = confined(lambda unit: unit.replace(
        "UMask=", "SystemCallFilter=~fdatasync\nUMask="))
    wait_until(lambda: "Operation not permitted" in backend.output,
               START_SECONDS, "a flush is refused")
    assert is_alive(backend.agent.pid)


@pytest.mark.parametrize("name", UNITS)
def test_a_unit_says_nothing_that_is_not_tried_here(name):
    assert confine.unknown(
        confine.service(confine.filled_in(UNITS[name]))) == []


def analyze(folder, *arguments):
    """systemd-analyze, of the units with programs and pages that are there."""
    names = []
    for unit in *UNITS.values(), SOCKET_UNIT:
        text = re.sub(r"^Documentation=.*\n", "",
                      confine.filled_in(unit), flags=re.M)
        text = re.sub(r"^ExecStart=\S+", "ExecStart=/bin/true", text,
                      flags=re.M)
        names.append(folder / unit.name.removesuffix(".in"))
        names[-1].write_text(text)
    done = subprocess.run(
        ["systemd-analyze", *arguments, *names[:3 - len(arguments) // 2]],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        check=False)
    return done.returncode, done.stdout


def test_systemd_understands_the_units(tmp_path):
    assert analyze(tmp_path, "verify") == (0, "")


def test_systemd_finds_them_little_exposed(tmp_path):
    _, said = analyze(tmp_path, "security", "--offline=yes", "--no-pager")
    levels = re.findall(r"exposure level for (\S+): ([\d.]+)", said)
    print(levels)
    assert len(levels) == 2, said
    assert all(float(level) <= EXPOSURE_MOST for _, level in levels)
