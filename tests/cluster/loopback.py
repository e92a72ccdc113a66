"""Three nodes on loopback, as make cluster starts them."""

import json
import pathlib
import re
import socket
import subprocess
import urllib.request

from node import (BUILD, START_SECONDS, STOP_SECONDS, Node, free_port,
                  wait_until)

GREETING = re.compile(
    r"^rill: http://127\.0\.0\.1:(\d+) (master|replica), data in (.+)$", re.M)


def is_free(port):
    with socket.socket() as s:
        try:
            s.bind(("127.0.0.1", port))
            return True
        except OSError:
            return False


def base_port():
    """With six above it that are free: three for clients, three for agents."""
    return wait_until(
        lambda: next((port for port in [free_port()] if port < 64000 and
                      all(is_free(port + above + n)
                          for above in (0, 1000) for n in (1, 2, 3))), None),
        START_SECONDS, "there are free ports")


class Loopback:
    """www/cluster.sh, as make cluster starts it."""

    def __init__(self, folder, port=None):
        self.folder = pathlib.Path(folder)
        self.port = port or base_port()
        self.log = self.folder.with_suffix(".log")
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "TERM", BUILD / "www/cluster.sh",
                 "--port", str(self.port), self.folder],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True)

    @property
    def output(self):
        return self.log.read_text()

    def await_greeting(self):
        wait_until(lambda: "Ctrl-C" in self.output or
                   self.process.poll() is not None, START_SECONDS,
                   "it says what it started")
        assert self.process.poll() is None, self.output

    @property
    def nodes(self):
        return [Node(self.folder / str(n), port=self.port + n)
                for n in (1, 2, 3)]

    def state(self, node):
        with urllib.request.urlopen(node.base + "/info", timeout=30) as answer:
            return json.load(answer)["state"]

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
        self.process.wait(STOP_SECONDS)
