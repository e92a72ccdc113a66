"""Many requests at once that wait for their answers, without threads."""

import http.client
import selectors
import socket
import time


class Waiter:
    """A GET on a connection of its own, after one that is answered.

    A front server that has heard of a client before notices when it goes.
    """

    def __init__(self, node, path, headers):
        self.path, self.headers = path, headers
        self.connection = http.client.HTTPConnection(
            "127.0.0.1", node.port, timeout=60)
        self.connection.request("GET", "/ping")
        self.connection.getresponse().read()
        self.socket = self.connection.sock
        self.status = self.body = self.answered = None

    def ask(self):
        lines = [f"GET {self.path} HTTP/1.1", "Host: 127.0.0.1"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        self.status = self.body = self.answered = None
        self.socket.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())

    def read(self):
        """The answer is beginning to arrive."""
        self.answered = time.monotonic()
        with http.client.HTTPResponse(self.socket, method="GET") as response:
            response.begin()
            self.body = response.read()
            self.status = response.status

    def close(self):
        self.connection.close()


class Crowd:
    """Waiters, one for each path; those answered can be told."""

    def __init__(self, node, paths, headers):
        self.waiters = [Waiter(node, path, headers) for path in paths]
        self.selector = selectors.DefaultSelector()
        self.asking = 0
        for waiter in self.waiters:
            self.ask(waiter)

    def ask(self, waiter):
        waiter.ask()
        self.selector.register(waiter.socket, selectors.EVENT_READ, waiter)
        self.asking += 1

    def leave(self, waiter):
        """It goes without its answer."""
        self.selector.unregister(waiter.socket)
        self.asking -= 1
        waiter.close()

    def some(self, seconds):
        """Those whose answers have come, none if there were none in time."""
        ready = [key.data for key, _ in self.selector.select(seconds)]
        for waiter in ready:
            self.selector.unregister(waiter.socket)
            self.asking -= 1
            waiter.read()
        return ready

    def answers(self, count=None, seconds=30):
        """Wait for so many answers, all by default."""
        answered, end = [], time.monotonic() + seconds
        wanted = self.asking if count is None else count
        while len(answered) < wanted:
            assert time.monotonic() < end, \
                f"{len(answered)} of {wanted} answers in {seconds} s"
            answered += self.some(1)
        return answered

    def close(self):
        self.selector.close()
        for waiter in self.waiters:
            waiter.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
