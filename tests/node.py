"""A node for a test: what `make run` starts, on a port of its own."""

import http.client
import json
import os
import pathlib
import signal
import socket
import subprocess
import time
import urllib.parse
import uuid

SOURCE = pathlib.Path(__file__).resolve().parent.parent
BUILD = pathlib.Path(os.environ.get("RILL_BUILDDIR", SOURCE))

START_SECONDS = 60  # sanitizers on a busy machine are slow
STOP_SECONDS = 60


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_until(claim, seconds, what):
    """Wait for claim() to be true; its value is returned."""
    end = time.monotonic() + seconds
    while True:
        value = claim()
        if value:
            return value
        assert time.monotonic() < end, f"not within {seconds} s: {what}"
        time.sleep(0.02)


def children(pid):
    """The pids of a process's living children."""
    found = []
    for status in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if fields[0] != "Z" and int(fields[1]) == pid:
            found.append(int(status.parent.name))
    return found


def program_of(pid):
    """Of its program; None when it is gone."""
    try:
        return pathlib.Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return None


def rillctl(config, *arguments):
    """Run it; returns its status and all that it said."""
    done = subprocess.run(
        [BUILD / "store/rillctl", "--config", config, *arguments],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, timeout=120, check=False)
    return done.returncode, done.stdout


class Answer:
    """What came back: status, headers (names in lower case), body."""

    def __init__(self, response):
        self.status = response.status
        headers = response.getheaders()
        self.headers = {k.lower(): v for k, v in headers}
        assert len(self.headers) == len(headers), f"twice: {headers}"
        self.body = response.read()

    def json(self):
        return json.loads(self.body)


class Node:
    """An agent and a lighttpd with its workers, started by www/run.sh.

    Settings go to rill.json, so Node(path, threads=4) has four threads.
    """

    def __init__(self, data, port=None, workers=1, log=None, **settings):
        self.data = pathlib.Path(data)
        self.log = pathlib.Path(log or f"{data}.log")
        self.port = port or free_port()
        self.workers = workers
        self.settings = settings
        self.process = None

    @property
    def base(self):
        return f"http://127.0.0.1:{self.port}"

    @property
    def output(self):
        """All that the node's processes have printed."""
        return self.log.read_text(errors="replace")

    def command(self):
        command = [str(BUILD / "www/run.sh"), "--port", str(self.port)]
        command += ["--workers", str(self.workers)]
        for key, value in self.settings.items():
            command += ["--set", f"{key}={json.dumps(value)}"]
        return command + [str(self.data)]

    def launch(self):
        """Start it, and do not wait.  It leads a process group of its own."""
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "TERM", *self.command()],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True)

    def start(self):
        """Start it, and wait until it answers."""
        self.launch()
        wait_until(self.answers_or_died, START_SECONDS, "the node answers")
        assert self.process.poll() is None, "the node died:\n" + self.output

    def answers_or_died(self):
        return self.process.poll() is not None or self.answers()

    def answers(self):
        try:
            return self.request("GET", "/ping").status == 200
        except (OSError, http.client.HTTPException):
            return False

    def stop(self, how=signal.SIGTERM):
        """End it as a user would; returns the exit status."""
        if self.process is None:
            return None
        if self.process.poll() is None:
            self.process.send_signal(how)
        try:
            return self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise AssertionError("the node does not stop:\n" + self.output)

    def request(self, method, path, body=None, headers=None, seconds=30):
        """One request on a connection of its own; the path is sent raw."""
        connection = http.client.HTTPConnection(
            "127.0.0.1", self.port, timeout=seconds)
        try:
            connection.request(method, path, body, headers or {})
            return Answer(connection.getresponse())
        finally:
            connection.close()

    def append(self, stream, data, event_type="tested", event_id=None,
               headers=None):
        """Append one JSON event to a stream, named without any escapes."""
        return self.request(
            "POST", "/streams/" + urllib.parse.quote(stream, safe=""),
            json.dumps(data),
            {"Content-Type": "application/json", "ES-EventType": event_type,
             "ES-EventId": event_id or str(uuid.uuid4()), **(headers or {})})

    def pid_of(self, program):
        """The pid run.sh printed into DATA/run/<program>.pid."""
        return int((self.data / "run" / f"{program}.pid").read_text())

    def worker_pids(self):
        """The workers; between them and lighttpd stands www/worker.sh, which
        has other children for moments."""
        keepers = children(self.pid_of("lighttpd"))
        return [pid for keeper in keepers for pid in children(keeper)
                if program_of(pid) == "rill.fcgi"]
