"""A cluster of real nodes on machines of their own, and what may befall them.

Each node is an agent and a lighttpd with its workers, as on a server of its
own; the test plays systemd, which starts again what dies.
"""

import http.client
import json
import os
import pathlib
import shutil
import signal
import tempfile

from kept import LIGHTTPD, Kept
from netns import PRIVATE, PUBLIC, Networks
from node import (BUILD, SOURCE, START_SECONDS, STOP_SECONDS, Answer, Node,
                  children, rillctl, wait_until)
from wallclock import WallClock

HTTP_PORT, AGENT_PORT = 2113, 7001
LAST_BYTES, LAST_LINES = 100_000, 40
ROLES = {"master": "master", "slave": "replica"}


def signal_pid(pid, how):
    """False: it is gone."""
    try:
        os.kill(pid, how)
        return True
    except ProcessLookupError:
        return False


class ClusterNode(Node):
    """One node of a lab."""

    def __init__(self, lab, machine, workers=1):
        super().__init__(lab.folder / str(machine.number), port=HTTP_PORT,
                         workers=workers)
        self.lab, self.machine = lab, machine
        self.host = machine.address(PUBLIC)
        self.agent = self.front = None
        self.data.mkdir(parents=True)
        self.clock = WallClock(self.data / "clock")
        self.has_clock = (lab.has_clocks and
                          self.clock.works_with(BUILD / "fcgi/rill.fcgi"))

    @property
    def environment(self):
        """Of agent and workers."""
        return self.clock.environment if self.has_clock else {}

    @property
    def base(self):
        return f"http://{self.host}:{self.port}"

    @property
    def config(self):
        return self.data / "run/rill.json"

    @property
    def store(self):
        return self.data / "store"

    @property
    def member(self):
        """Its entry in the list of nodes."""
        return {"listen": f"{self.machine.address(PRIVATE)}:{AGENT_PORT}",
                "url": self.base}

    def request(self, method, path, body=None, headers=None, seconds=30):
        connection = http.client.HTTPConnection(
            self.host, self.port, timeout=seconds)
        try:
            connection.request(method, path, body, headers or {})
            return Answer(connection.getresponse())
        finally:
            connection.close()

    def configure(self, members, **settings):
        """Write rill.json, and what lighttpd reads.  No members: alone."""
        for folder in ("run", "store"):
            (self.data / folder).mkdir(parents=True, exist_ok=True)
        text = {"data": str(self.store), "url": self.base, "cache_mb": 16,
                "backup_folder": str(self.data / "backup"), **settings}
        if members:
            text["cluster"] = {"listen": self.member["listen"],
                               "nodes": members, **self.lab.cluster}
        self.config.write_text(json.dumps(text, indent=2))
        self.write_lighttpd_config()

    def write_lighttpd_config(self):
        """As run.sh makes it of www/lighttpd.conf.in, on all addresses."""
        run = self.data / "run"
        worker = run / "worker"
        worker.unlink(missing_ok=True)
        worker.symlink_to(SOURCE / "www/worker.sh")
        environment = {"RILL_WORKER": BUILD / "fcgi/rill.fcgi",
                       "RILL_CONFIG": self.config, **self.environment}
        said = ", ".join(f'"{k}" => "{v}"' for k, v in environment.items())
        spawn = (f'"bin-path" => "./worker", "bin-environment" => ({said}), '
                 f'"min-procs" => {self.workers}, '
                 f'"max-procs" => {self.workers}, "kill-signal" => 15,')
        text = (SOURCE / "www/lighttpd.conf.in").read_text()
        for name, value in {"port": self.port, "folder": run,
                            "errorlog": run / "lighttpd.log",
                            "socket": self.lab.sockets / self.data.name,
                            "spawn": spawn}.items():
            text = text.replace(f"@{name}@", str(value))
        (run / "lighttpd.conf").write_text(
            text.replace('"127.0.0.1"', '"0.0.0.0"'))

    def keep(self, *command):
        return Kept(self.machine.enter(*command), self.data / "run", self.log)

    def launch(self):
        """Start what is not running."""
        if not self.agent:
            said = [f"{k}={v}" for k, v in self.environment.items()]
            self.agent = self.keep("env", *said,
                                   BUILD / "cluster-agent/rill-agent",
                                   "--config", self.config)
        if not self.front:
            self.front = self.keep(LIGHTTPD, "-D", "-f",
                                   self.data / "run/lighttpd.conf")

    def start(self):
        self.launch()
        wait_until(self.answers, START_SECONDS, f"{self.base} answers")

    @property
    def is_up(self):
        return self.agent is not None

    def stop(self, how=signal.SIGTERM):
        """As systemd would; whatever is in hand is finished."""
        if self.front:
            workers = self.worker_pids()
            self.front.stop(signal.SIGINT)
            wait_until(lambda: not any(map(self.machine.holds, workers)),
                       STOP_SECONDS, "the workers end")
        if self.agent:
            self.agent.stop(how)
        self.agent = self.front = None

    def crash(self):
        """SIGKILL for everything on the machine; nothing starts it again."""
        for kept in (self.agent, self.front):
            if kept:
                kept.stopping.set()
        self.machine.kill_all()
        for kept in (self.agent, self.front):
            if kept:
                kept.stop(signal.SIGKILL)
        self.agent = self.front = None

    def pids_of(self, program):
        """Of agent, custodian, worker or lighttpd; none while it is down."""
        if not self.is_up:
            return []
        if program in ("agent", "lighttpd"):
            return [self.pid_of(program)]
        if program == "custodian":
            return children(self.agent.pid)
        return self.worker_pids()

    def pid_of(self, program):
        return {"agent": self.agent, "lighttpd": self.front}[program].pid

    def signal(self, program, how):
        """True when there was one to signal."""
        return any([signal_pid(pid, how) for pid in self.pids_of(program)])

    def kill_front(self):
        """lighttpd, and what it started: they share a control group."""
        workers = self.worker_pids()
        keepers = children(self.front.pid)
        for pid in [self.front.pid, *keepers, *workers]:
            signal_pid(pid, signal.SIGKILL)

    def last_words(self):
        """The end of its log; a line that repeats the one before is left out
        but for its time."""
        if not self.log.exists():
            return ""
        with open(self.log, "rb") as log:
            log.seek(max(0, self.log.stat().st_size - LAST_BYTES))
            lines = log.read().decode(errors="replace").splitlines()
        kept = [b for a, b in zip(["", *lines], lines)
                if a.partition(" ")[2] != b.partition(" ")[2]]
        return "\n".join(kept[-LAST_LINES:])

    def wipe(self):
        """A new disk.  The node is down."""
        assert not self.is_up
        shutil.rmtree(self.store)
        self.store.mkdir()

    def remove_logs(self, keep=1):
        """All of the library's log files but the newest.  It is down."""
        assert not self.is_up
        for path in sorted(self.store.glob("log.*"))[:-keep]:
            path.unlink()

    def rillctl(self, *arguments):
        return rillctl(self.config, *arguments)

    def state(self):
        """What /info says; None when nothing does."""
        try:
            return self.request("GET", "/info", seconds=2).json()["state"]
        except (OSError, http.client.HTTPException, ValueError, KeyError):
            return None

    @property
    def role(self):
        return ROLES.get(self.state())


class Lab:
    """Three nodes or more, or one that is alone.

    Only who sets the nodes' clocks asks for clocks: libfaketime has a lock that
    a process may die with.
    """

    def __init__(self, folder, count=3, workers=1, *, alone=False,
                 clocks=False, **cluster):
        self.folder = pathlib.Path(folder)
        self.has_clocks = clocks
        self.cluster = cluster
        self.networks = Networks(count)
        # The path of a Unix socket is short.
        self.sockets = pathlib.Path(tempfile.mkdtemp(prefix="rill-lab."))
        self.nodes = [ClusterNode(self, m, workers)
                      for m in self.networks.machines]
        members = [] if alone else [node.member for node in self.nodes]
        for node in self.nodes:
            node.configure(members)

    def start(self):
        for node in self.nodes:
            node.launch()
        self.await_whole()

    def await_whole(self, seconds=START_SECONDS):
        """All are up, one is master, and all others know it."""
        def whole():
            roles = [node.role for node in self.nodes]
            return roles.count("master") == 1 and None not in roles
        wait_until(whole, seconds, "every node has a role")

    def find_master(self):
        """The node that says so; of two the later is the true one."""
        masters = [node for node in self.nodes if node.role == "master"]
        return masters[0] if len(masters) == 1 else None

    @property
    def master(self):
        return wait_until(self.find_master, START_SECONDS, "there is a master")

    @property
    def followers(self):
        master = self.master
        return [node for node in self.nodes if node is not master]

    def at(self, url):
        """The node that has this URL."""
        return next(node for node in self.nodes
                    if url.startswith(node.base + "/"))

    def tell(self):
        """What the nodes said last: for pytest to show of a failed test."""
        for node in self.nodes:
            print(f"--- {node.base}\n{node.last_words()}")

    def close(self):
        for node in self.nodes:
            node.machine.signal_all(signal.SIGCONT)
            node.crash()
        self.networks.close()
        shutil.rmtree(self.sockets, ignore_errors=True)
