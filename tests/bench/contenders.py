"""What Rill is compared with.  Each starts and stops what it needs.

A contender that is not installed raises Missing, which says why.
"""

import glob
import os
import pathlib
import pwd
import shutil
import socket
import subprocess
import tempfile
import time

from load import Missing, answer_bytes, append_rate, figure, need, run, wrk
from node import BUILD, SOURCE, free_port, wait_until

START_SECONDS = 60
RECORD_BYTES = 1024  # of the disk's log: about what an append costs Rill


def end(process):
    if process is not None and process.poll() is None:
        process.terminate()
        process.wait(START_SECONDS)


def accepts(where):
    family = socket.AF_UNIX if isinstance(where, str) else socket.AF_INET
    with socket.socket(family) as s:
        return s.connect_ex(where) == 0


def serve(*command, **more):
    """Start a server that ends with this process."""
    return subprocess.Popen(
        ["setpriv", "--pdeathsig", "TERM", *map(str, command)],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL, **more)


class Empty:
    """empty.c behind the lighttpd that `make run` sets up for Rill."""

    def __init__(self, folder, answer, threads=32):
        self.folder = pathlib.Path(folder)
        self.port = free_port()
        self.base = f"http://127.0.0.1:{self.port}"
        self.server = None
        self.answer = answer
        self.threads = threads
        self.sockets = tempfile.mkdtemp(prefix="rill-bench.")  # a short path

    def start(self):
        if not (BUILD / "tests/bench/empty").exists():
            raise Missing("tests/bench/empty is not built: make bench does")
        self.launch(0)
        head = answer_bytes(self.port, "/")
        end(self.server)
        self.launch(max(0, self.answer - head))

    def launch(self, count):
        self.folder.mkdir(parents=True, exist_ok=True)
        program = self.folder / "empty"
        program.write_text(f"#!/bin/sh\nexec {BUILD}/tests/bench/empty "
                           f"{count} {self.threads}\n")
        program.chmod(0o700)
        text = (SOURCE / "www/lighttpd.conf.in").read_text()
        for word, value in [
                ("port", self.port), ("folder", self.folder),
                ("web", self.folder), ("errorlog", self.folder / "error.log"),
                ("socket", f"{self.sockets}/s"),
                ("spawn", '"bin-path" => "./empty", "min-procs" => 1,\n'
                 '"max-procs" => 1,')]:
            text = text.replace(f"@{word}@", str(value))
        (self.folder / "lighttpd.conf").write_text(text)
        self.server = serve(need("lighttpd"), "-D", "-f", "lighttpd.conf",
                            cwd=self.folder)
        wait_until(lambda: accepts(("127.0.0.1", self.port)), START_SECONDS,
                   "lighttpd answers")

    def appender(self, _, rate_of):
        """It takes what Rill takes."""
        return rate_of(self)

    def stop(self):
        end(self.server)
        shutil.rmtree(self.sockets, ignore_errors=True)


class Disk:
    """A growing file that is flushed after each record, like a log."""

    def __init__(self, folder):
        self.path = pathlib.Path(folder) / "disk"

    def flushes(self, seconds):
        record, count = b"x" * RECORD_BYTES, 0
        fd = os.open(self.path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
        try:
            begin = time.monotonic()
            while time.monotonic() - begin < seconds:
                os.write(fd, record)
                os.fdatasync(fd)
                count += 1
            return count / (time.monotonic() - begin)
        finally:
            os.close(fd)
            self.path.unlink()


POSTGRES_TABLE = """
CREATE TABLE events (
    position bigserial PRIMARY KEY,
    stream text NOT NULL, number bigint NOT NULL,
    id uuid NOT NULL UNIQUE, type text NOT NULL, data text NOT NULL,
    created timestamptz NOT NULL DEFAULT now(),
    UNIQUE (stream, number));
"""

# Each client has a stream of its own and counts its numbers itself, so that
# nothing need be read and nobody waits for another.
POSTGRES_APPEND = """
\\set number :number + 1
INSERT INTO events (stream, number, id, type, data)
    VALUES ('load-' || :run || '-' || :client_id, :number, gen_random_uuid(),
            'benched', :data);
"""


class Other:
    """A store that is spoken to in its own way."""

    def appender(self, clients, _):
        return lambda seconds: self.appends(clients, seconds)


class Postgres(Other):
    """A cluster of its own, with Debian's settings but for the sockets."""

    def __init__(self, folder, event_bytes):
        self.folder = pathlib.Path(folder)
        self.event_bytes = event_bytes
        self.server = None
        self.runs = 0

    def program(self, name):
        places = sorted(glob.glob(f"/usr/lib/postgresql/*/bin/{name}"))
        if not places:
            raise Missing(f"{name} of Debian's postgresql is not installed")
        return places[-1]

    def as_user(self):
        """PostgreSQL refuses to run as root."""
        if os.geteuid() != 0:
            return []
        user = pwd.getpwnam("postgres")
        os.chown(self.folder, user.pw_uid, user.pw_gid)
        return ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}",
                "--clear-groups"]

    def start(self):
        initdb = self.program("initdb")
        self.folder.mkdir(parents=True)
        self.user = self.as_user()
        try:
            run(*self.user, initdb, "-D", self.folder / "data", "-U", "bench",
                "-A", "trust", "-E", "UTF8", "--locale=C", cwd="/")
        except RuntimeError as e:
            raise Missing(f"initdb does not work here: {e}") from e
        self.sockets = tempfile.mkdtemp(prefix="rill-bench.")
        os.chmod(self.sockets, 0o777)
        self.server = serve(
            *self.user, "setpriv", "--pdeathsig", "TERM",
            self.program("postgres"), "-D", self.folder / "data", "-k",
            self.sockets, "-h", "", "-c", "max_connections=300", cwd="/")
        wait_until(lambda: accepts(f"{self.sockets}/.s.PGSQL.5432"),
                   START_SECONDS, "PostgreSQL answers")
        wait_until(self.is_ready, START_SECONDS, "PostgreSQL is ready")
        (self.folder / "append.sql").write_text(POSTGRES_APPEND)

    def is_ready(self):
        try:
            run(self.program("psql"), "-qh", self.sockets, "-U", "bench",
                "-d", "postgres", "-c", POSTGRES_TABLE)
        except RuntimeError:
            return False
        return True

    def appends(self, clients, seconds):
        """Its time includes that of connecting, its figure does not."""
        said = self.run(clients, max(seconds, clients // 64))
        if "tps = " not in said:  # all of it went into connecting
            said = self.run(clients, 10 * seconds)
        return figure(r"tps = ([\d.]+)", said)

    def run(self, clients, seconds):
        self.runs += 1
        return run(self.program("pgbench"), "-nM", "prepared", "-h",
                   self.sockets, "-U", "bench", f"-c{clients}",
                   f"-j{min(2, clients)}", f"-T{seconds}",
                   "-D", f"run={self.runs}", "-D", "number=0",
                   "-D", "data=" + "x" * self.event_bytes,
                   "-f", self.folder / "append.sql", "postgres")

    def stop(self):
        if self.server is not None:
            end(self.server)
            shutil.rmtree(self.sockets, ignore_errors=True)


class Redis(Other):
    """Streams, appendfsync always: an answer is on disk, as Rill's is."""

    def __init__(self, folder, event_bytes, streams):
        self.folder = pathlib.Path(folder)
        self.event_bytes = event_bytes
        self.streams = streams
        self.server = None

    def start(self):
        need("redis-benchmark")
        server = need("redis-server")
        self.folder.mkdir(parents=True)
        self.port = free_port()
        self.server = serve(
            server, "--bind", "127.0.0.1", "--port", self.port, "--dir",
            self.folder, "--appendonly", "yes", "--appendfsync", "always",
            "--save", "")
        wait_until(lambda: accepts(("127.0.0.1", self.port)), START_SECONDS,
                   "Redis answers")

    def run(self, clients, count):
        said = run(need("redis-benchmark"), "-p", self.port, "-c", clients,
                   "-n", count, "-r", self.streams, "--csv", "XADD",
                   "load-__rand_int__", "*", "id",
                   "xxxxxxxxxxxxxxxx", "type", "benched", "data",
                   "x" * self.event_bytes)
        return figure(r'"XADD[^"]*","([\d.]+)"', said)

    def appends(self, clients, seconds):
        """It counts requests, not seconds: ask it first how many it does."""
        rate = self.run(clients, clients * 20)
        return self.run(clients, max(clients * 20, int(rate * seconds)))

    def stop(self):
        end(self.server)


class Etcd(Other):
    """Keys over HTTP, each written in a transaction that finds it absent:
    what an expected version is to Rill.  An answer is on disk."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.server = None

    def start(self):
        server = need("etcd")
        self.port = free_port()
        self.base = f"http://127.0.0.1:{self.port}"
        peers = f"http://127.0.0.1:{free_port()}"
        self.server = serve(
            server, "--data-dir", self.folder, "--log-level", "error",
            "--listen-client-urls", self.base, "--advertise-client-urls",
            self.base, "--listen-peer-urls", peers,
            "--initial-advertise-peer-urls", peers, "--initial-cluster",
            f"default={peers}", "--quota-backend-bytes", 8 << 30)
        wait_until(lambda: accepts(("127.0.0.1", self.port)), START_SECONDS,
                   "etcd answers")

    def appends(self, clients, seconds):
        return wrk(self.base, "etcd.lua", clients, seconds)

    def stop(self):
        end(self.server)
