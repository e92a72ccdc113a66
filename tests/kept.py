"""Programs that a test starts and keeps running, as systemd would."""

import os
import shutil
import subprocess
import threading

from node import STOP_SECONDS

RESTART_SECONDS = 0.1  # RestartSec of rill-agent.service

LIGHTTPD = (os.environ.get("RILL_LIGHTTPD") or
            shutil.which("lighttpd", path=os.environ["PATH"] + ":/usr/sbin"))


class Kept:
    """A program that is started again whenever it ends, until stop()."""

    def __init__(self, command, folder, log, stdin=subprocess.DEVNULL):
        self.command, self.folder, self.log = command, folder, log
        self.stdin = stdin
        self.stopping = threading.Event()
        self.lock = threading.Lock()  # launch or end, one at a time
        self.process = self.launch()
        self.thread = threading.Thread(target=self.keep, daemon=True)
        self.thread.start()

    def launch(self):
        with open(self.log, "ab") as log:
            return subprocess.Popen(
                ["setpriv", "--pdeathsig", "TERM", *map(str, self.command)],
                cwd=self.folder, stdin=self.stdin, stdout=log, stderr=log)

    def keep(self):
        self.process.wait()
        while not self.stopping.wait(RESTART_SECONDS):
            with self.lock:
                if self.stopping.is_set():
                    return
                self.process = self.launch()
            self.process.wait()

    @property
    def pid(self):
        return self.process.pid

    def stop(self, how):
        """End it for good; returns its exit status."""
        with self.lock:
            self.stopping.set()
            self.process.send_signal(how)
        self.thread.join(STOP_SECONDS)
        if self.thread.is_alive():
            self.process.kill()
            raise AssertionError(f"{self.command[0]} does not stop")
        return self.process.returncode


def is_alive(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as stat:
            return stat.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
