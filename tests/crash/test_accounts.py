"""SIGKILL for the worker while accounts are made, changed and deleted."""

import base64
import http.client
import json
import threading
import time

from node import START_SECONDS, wait_until
from test_killed import kill, worker

MAKERS = 4
KILLS = 6
SECONDS = 30  # for one request and its repeats; far beyond what it takes


def basic(login, password):
    pair = f"{login}:{password}".encode()
    return {"Authorization": "Basic " + base64.b64encode(pair).decode()}


ADMIN = basic("admin", "changeit")


def status(node, method, where, document=None, who=ADMIN):
    """0: there was no answer, or only lighttpd's that there is none."""
    headers = {"Content-Type": "application/json", **who}
    try:
        answer = node.request(method, where, json.dumps(document), headers)
    except (OSError, http.client.HTTPException):
        return 0
    return 0 if answer.status >= 500 else answer.status


def until_answered(*request):
    """As a client does: again, until there is an answer."""
    end = time.monotonic() + SECONDS
    while True:
        answered = status(*request)
        if answered:
            return answered
        assert time.monotonic() < end, f"no answer to {request[1:]}"


class Makers:
    """Clients that give accounts a life, each step repeated until it is done."""

    def __init__(self, node):
        self.node = node
        self.made, self.deleted, self.faults = [], [], []
        self.stopping = threading.Event()
        self.threads = [threading.Thread(target=self.run, args=(i,))
                        for i in range(MAKERS)]

    def run(self, maker):
        number = 0
        while not self.stopping.is_set():
            number += 1
            try:
                self.live(f"m{maker}-{number}", number % 3 == 0)
            except AssertionError as fault:
                self.faults.append(str(fault))
                return

    def live(self, login, is_deleted):
        where = "/users/" + login
        change = {"currentPassword": "first", "newPassword": "second"}
        steps = [("POST", "/users/",
                  {"loginName": login, "password": "first"}, ADMIN, 201),
                 ("POST", where + "/command/change-password", change, {}, 200),
                 ("POST", where + "/command/disable", None, ADMIN, 200),
                 ("POST", where + "/command/enable", None, ADMIN, 200)]
        for *request, wanted in steps:
            answered = until_answered(self.node, *request)
            assert answered == wanted, (request, answered)
        if is_deleted:
            # A repeat may find that it is done.
            answered = until_answered(self.node, "DELETE", where)
            assert answered in (200, 404), answered
            self.deleted.append(login)
        else:
            self.made.append(login)

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        for thread in self.threads:
            thread.join()

    def await_progress(self):
        enough = len(self.made) + 3
        wait_until(lambda: len(self.made) >= enough or self.faults,
                   SECONDS, "accounts are made")


def test_accounts_survive_the_worker(node_factory):
    node = node_factory(password_cost=1)
    wait_until(lambda: status(node, "GET", "/ping") == 200, START_SECONDS,
               "admin is known")
    with Makers(node) as makers:
        for _ in range(KILLS):
            makers.await_progress()
            kill(worker(node))
        makers.await_progress()
    assert makers.faults == []
    listed = node.request("GET", "/users/", headers=ADMIN).json()["data"]
    assert [each["loginName"] for each in listed] == sorted(
        ["admin", *makers.made])
    for login in makers.made:
        assert status(node, "GET", "/users/" + login,
                      who=basic(login, "second")) == 200
    for login in makers.deleted:
        assert status(node, "GET", "/ping", who=basic(login, "second")) == 401
