"""A FastCGI client: speaks to a worker without a web server between.

It can stop anywhere and say anything, which no web server would.
"""

import os
import socket
import struct
import subprocess

from node import BUILD, START_SECONDS, STOP_SECONDS, wait_until

VERSION = 1
BEGIN_REQUEST, ABORT_REQUEST, END_REQUEST = 1, 2, 3
PARAMS, STDIN, STDOUT, STDERR = 4, 5, 6, 7
RESPONDER = 1
LARGEST_RECORD = 65528


def record(kind, content=b"", request=1, version=VERSION):
    header = struct.pack(">BBHHBx", version, kind, request, len(content), 0)
    return header + content


def stream(kind, content):
    """The content in records, without the empty one that ends it."""
    return b"".join(record(kind, content[at:at + LARGEST_RECORD])
                    for at in range(0, len(content), LARGEST_RECORD))


def begin(keep=False):
    """keep: the connection is for further requests, too (FCGI_KEEP_CONN)."""
    return record(BEGIN_REQUEST, struct.pack(">HB5x", RESPONDER, keep))


def length(n):
    return bytes([n]) if n < 128 else struct.pack(">I", n | 1 << 31)


def pair(name, value):
    name, value = name.encode(), os.fsencode(value)
    return length(len(name)) + length(len(value)) + name + value


def parameters(method, uri, headers=None, **more):
    """What a web server says of a request; CONTENT_LENGTH is in more."""
    said = {"REQUEST_METHOD": method, "REQUEST_URI": uri,
            "REQUEST_SCHEME": "http", "SERVER_PROTOCOL": "HTTP/1.1",
            "HTTP_HOST": "127.0.0.1"}
    for name, value in (headers or {}).items():
        name = name.upper().replace("-", "_")
        said[name if name == "CONTENT_TYPE" else "HTTP_" + name] = value
    said.update(more)
    return b"".join(pair(name, str(value)) for name, value in said.items())


class Answer:
    """What a worker wrote to STDOUT: status, headers, body."""

    def __init__(self, text):
        head, _, self.body = text.partition(b"\r\n\r\n")
        lines = [line.partition(": ") for line in head.decode().split("\r\n")]
        self.headers = {name.lower(): value for name, _, value in lines}
        self.status = int(self.headers.get("status", "200").split()[0])


class Connection:
    """One connection to a worker; it serves one request, unless it is kept."""

    def __init__(self, address, seconds=30):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(seconds)
        self.socket.connect(str(address))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, *records):
        self.socket.sendall(b"".join(records))

    def read(self, n):
        got = b""
        while len(got) < n:
            more = self.socket.recv(n - len(got))
            if not more:
                raise ConnectionError(f"ended after {len(got)} of {n} bytes")
            got += more
        return got

    def ask(self, method, uri, body=b"", headers=None, keep=False, **more):
        """Send a whole request; more replaces what the web server says."""
        more = {"CONTENT_LENGTH": len(body), **more}
        self.send(begin(keep),
                  stream(PARAMS, parameters(method, uri, headers, **more)),
                  record(PARAMS), stream(STDIN, body), record(STDIN))

    def request(self, *request, **more):
        self.ask(*request, **more)
        return self.answer()

    def answer(self):
        text = b""
        while True:
            _, kind, _, size, padding = struct.unpack(">BBHHBx", self.read(8))
            content = self.read(size + padding)[:size]
            if kind == END_REQUEST:
                return Answer(text)
            if kind == STDOUT:
                text += content


class Worker:
    """A worker with a socket of its own, on the store of a running node."""

    def __init__(self, node, address):
        self.node = node
        self.address = address
        self.process = None

    def start(self, prefix=(), log=None):
        self.process = subprocess.Popen(
            [*prefix, str(BUILD / "fcgi/rill.fcgi"), "--listen", str(self.address),
             "--config", str(self.node.data / "run/rill.json")],
            stdin=subprocess.DEVNULL, stderr=log)
        wait_until(self.answers_or_died, START_SECONDS, "the worker answers")
        assert self.process.poll() is None, "the worker died"

    def answers_or_died(self):
        if self.process.poll() is not None:
            return True
        try:
            return self.request("GET", "/ping").status == 200
        except OSError:
            return False

    def stop(self):
        self.process.terminate()
        return self.process.wait(STOP_SECONDS)

    def connect(self):
        return Connection(self.address)

    def request(self, *request, **more):
        """One whole request, on a connection of its own."""
        with self.connect() as connection:
            return connection.request(*request, **more)
