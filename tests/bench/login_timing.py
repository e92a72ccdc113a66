#!/usr/bin/env python3
"""Whether the time of a refusal tells which logins there are.

usage: login_timing.py [TRIES [COST]]

Starts a node, and tries TRIES wrong passwords (2000) with each kind of login,
in random order: one that is there, one that is not, one that is disabled, and
one whose password was right a moment ago.  Each try is the first from its
address, so none is refused unchecked.  COST is password_cost (1, the least:
the less a check takes, the better small differences show).

Prints the median of each kind, and how far it is from that of unknown logins
in standard errors of the difference, estimated by resampling.
"""

import base64
import http.client
import json
import os
import pathlib
import random
import statistics
import sys
import tempfile
import time

os.environ.setdefault("RILL_BUILDDIR", os.getcwd())
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

from node import START_SECONDS, Node, wait_until  # noqa: E402

RESAMPLES = 200


def basic(login, password):
    pair = base64.b64encode(f"{login}:{password}".encode()).decode()
    return {"Authorization": "Basic " + pair}


ADMIN = basic("admin", "changeit")


class Client:
    """Requests on one connection."""

    def __init__(self, node):
        self.connection = http.client.HTTPConnection("127.0.0.1", node.port)

    def status(self, method, where, body=None, headers=None):
        self.connection.request(method, where, body, headers or {})
        response = self.connection.getresponse()
        response.read()
        return response.status

    def seconds(self, login, password, n):
        address = f"10.{n >> 16 & 255}.{n >> 8 & 255}.{n & 255}"
        headers = {**basic(login, password), "X-Forwarded-For": address}
        begin = time.perf_counter()
        status = self.status("GET", "/ping", headers=headers)
        taken = time.perf_counter() - begin
        assert status == 401, status
        return taken


def make_accounts(client):
    for login in ("known", "disabled", "used"):
        document = json.dumps({"loginName": login, "password": "right"})
        assert client.status("POST", "/users/", document, {
            "Content-Type": "application/json", **ADMIN}) == 201
    assert client.status("POST", "/users/disabled/command/disable",
                         headers=ADMIN) == 200


def measure(client, tries):
    kinds = ["known", "unknown", "disabled", "used"]
    samples = {kind: [] for kind in kinds}
    order = kinds * tries
    random.shuffle(order)
    for n, kind in enumerate(order):
        if kind == "used":
            assert client.status("GET", "/ping",
                                 headers=basic("used", "right")) == 200
        samples[kind].append(client.seconds(kind, f"wrong-{n}", n))
    return samples


def error_of_median(sample):
    medians = [statistics.median(random.choices(sample, k=len(sample)))
               for _ in range(RESAMPLES)]
    return statistics.stdev(medians)


def main():
    tries = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    cost = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    with tempfile.TemporaryDirectory() as folder:
        node = Node(pathlib.Path(folder) / "node", password_cost=cost,
                    trusted_proxies=["127.0.0.1"])
        node.start()
        try:
            client = Client(node)
            wait_until(lambda: client.status("GET", "/ping", headers=ADMIN)
                       == 200, START_SECONDS, "admin is known")
            make_accounts(client)
            samples = measure(client, tries)
        finally:
            node.stop()
    base = statistics.median(samples["unknown"])
    base_error = error_of_median(samples["unknown"])
    for kind, sample in samples.items():
        median = statistics.median(sample)
        error = (error_of_median(sample) ** 2 + base_error ** 2) ** 0.5
        print(f"{kind:9} median {median * 1e6:9.1f} us  "
              f"from unknown {(median - base) * 1e6:+7.1f} us "
              f"({(median - base) / error:+.1f} standard errors)")


if __name__ == "__main__":
    main()
