"""HTTP/1.1 by hand, at a fraction of http.client's cost: the clients are not
to take the processor from the node that they load."""

import socket

from clients import Reply

ANSWER_SECONDS = 15  # an answer that takes longer counts as none


class Broken(Exception):
    """The connection broke: of which kind."""


class Wire:
    """One connection, opened again when it breaks; counts how it broke."""

    def __init__(self, port, broken):
        self.port, self.broken = port, broken
        self.socket = None
        self.buffer = b""

    def request(self, method, path, body=None, headers=None):
        """The reply, or None: no telling what came of it."""
        body = (body or "").encode()
        lines = [f"{method} {path} HTTP/1.1", f"Host: 127.0.0.1:{self.port}"]
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        if body or method == "POST":
            lines.append(f"Content-Length: {len(body)}")
        try:
            self.send("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
            return self.receive()
        except ConnectionRefusedError:
            self.fail("connection refused")
        except TimeoutError:
            self.fail("time-out")
        except (ConnectionResetError, BrokenPipeError):
            self.fail("connection reset")
        except Broken as e:
            self.fail(str(e))
        return None

    def send(self, request):
        if self.socket is None:
            self.socket = socket.create_connection(
                ("127.0.0.1", self.port), timeout=ANSWER_SECONDS)
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.buffer = b""
        self.socket.sendall(request)

    def fail(self, kind):
        self.broken[kind] += 1
        self.close()

    def close(self):
        if self.socket is not None:
            self.socket.close()
            self.socket = None

    def more(self):
        got = self.socket.recv(1 << 18)
        if not got:
            raise Broken("closed within an answer" if self.buffer else
                         "closed without an answer")
        self.buffer += got

    def receive(self):
        while (end := self.buffer.find(b"\r\n\r\n")) < 0:
            self.more()
        first, *lines = self.buffer[:end].decode("latin-1").split("\r\n")
        status = int(first.split(" ", 2)[1])
        headers = dict(line.split(": ", 1) for line in lines)
        assert "Transfer-Encoding" not in headers, headers
        end += 4
        length = 0 if status in (204, 304) else int(
            headers.get("Content-Length", 0))
        while len(self.buffer) < end + length:
            self.more()
        body = self.buffer[end:end + length]
        self.buffer = self.buffer[end + length:]
        if headers.get("Connection") == "close":
            self.close()
        return Reply(status, headers, body)
