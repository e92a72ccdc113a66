"""A node in parts, each restarted by whoever restarts it in production.

www/worker.sh restarts a worker and the agent's parent the custodian, as
everywhere.  run.sh would end when the agent's parent dies: here the test
plays systemd.
"""

import pathlib
import re
import signal

from kept import LIGHTTPD, Kept, is_alive
from node import (BUILD, START_SECONDS, STOP_SECONDS, Node, children,
                  rillctl, wait_until)


class Parts(Node):
    """A node whose agent and lighttpd the test starts and keeps."""

    def __init__(self, data, **options):
        super().__init__(data, **options)
        self.agent = self.front = None

    @property
    def config(self):
        return self.data / "run/rill.json"

    def write_configuration(self):
        """run.sh writes it; what it starts it ends again."""
        super().start()
        assert super().stop() == 0, self.output
        text = (self.data / "run/lighttpd.conf").read_text()
        socket = pathlib.Path(re.search(r'"socket" => "(.*)"', text)[1])
        # That of a long path lies in a folder that run.sh removes.
        socket.parent.mkdir(mode=0o700, exist_ok=True)

    def start(self):
        self.write_configuration()
        self.start_agent()
        self.start_front()
        wait_until(self.answers, START_SECONDS, "the node answers")

    def start_agent(self):
        self.agent = self.keep(BUILD / "cluster-agent/rill-agent",
                               "--config", self.config)

    def start_front(self):
        self.front = self.keep(LIGHTTPD, "-D", "-f",
                               self.data / "run/lighttpd.conf")

    def keep(self, *command):
        return Kept(command, self.data / "run", self.log)

    def stop_front(self):
        """As run.sh does: what is in hand is finished."""
        workers = self.worker_pids()
        status = self.front.stop(signal.SIGINT)
        wait_until(lambda: not any(map(is_alive, workers)), STOP_SECONDS,
                   "the workers end")
        self.front = None
        return status

    def stop_agent(self):
        status = self.agent.stop(signal.SIGTERM)
        self.agent = None
        return status

    def stop(self, how=signal.SIGTERM):
        """Returns both exit statuses."""
        return (self.front and self.stop_front(),
                self.agent and self.stop_agent())

    def pid_of(self, program):
        return {"rill-agent": self.agent, "lighttpd": self.front}[program].pid

    def custodian_pids(self):
        """The agent's child, which has the store open; or none just now."""
        return children(self.agent.pid)

    def rillctl(self, *arguments):
        return rillctl(self.config, *arguments)
