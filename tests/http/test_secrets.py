"""Passwords are nowhere but where they are checked."""

import base64
import os
import re

import pytest

from events import (ADMIN, await_accounts, basic, event, fill, get,
                    new_name, path, post, write)
from node import Node
from test_long_poll import LONG, Poll
from users import call, command_path, make_user, user_path

# Words that stand nowhere else.
OLD = "correct-horse-battery-7310"
NEW = "staple-of-tomorrow-2291"
GUESS = "guessed-in-vain-5544"


def encodings(login, password):
    """How a password travels: as it is, and as HTTP Basic."""
    whole = base64.b64encode(f"{login}:{password}".encode())
    # The last group depends on nothing, the first on the login alone.
    return [password.encode(), whole[:-4]]


@pytest.fixture(scope="module")
def used(tmp_path_factory):
    """A node with everything that handles passwords done once, and a login."""
    node = Node(tmp_path_factory.mktemp("used") / "node")
    # AddressSanitizer's allocator knows no mallopt().
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ASAN_OPTIONS", ":".join(
            [os.environ.get("ASAN_OPTIONS", ""), "max_free_fill_size=1000000"]))
        node.start()
    await_accounts(node)
    login = new_name("user")
    call(node, "POST", "/users/", {"loginName": login, "password": OLD,
                                   "groups": ["staff"]})
    call(node, "POST", "/users/", {"loginName": login, "password": GUESS})
    for password in (OLD, GUESS, GUESS):
        get(node, path(login), headers=basic(login, password))
    post(node, path(login), "not JSON", basic(login, OLD))
    call(node, "POST", command_path(login, "change-password"),
         {"currentPassword": GUESS, "newPassword": NEW}, {})
    call(node, "POST", command_path(login, "change-password"),
         {"currentPassword": OLD, "newPassword": NEW}, {})
    call(node, "POST", command_path(login, "change-password"),
         {"currentPassword": NEW}, {})
    get(node, "/ping", headers=basic(login, NEW))
    for n in range(10):
        get(node, "/ping", headers=basic(login, f"{GUESS}{n}"))
    get(node, "/ping", headers=basic(login, OLD))
    fill(node, login, 1)
    yield node, login
    node.stop()


def all_secrets(login):
    return [word for password in (OLD, NEW, GUESS)
            for word in encodings(login, password)] + [
                ADMIN["Authorization"].removeprefix("Basic ").encode()]


def test_no_log_has_a_password(used):
    node, login = used
    log = node.log.read_bytes()
    assert b"failed logins" in log
    for file in (node.data / "run").glob("*.log"):
        log += file.read_bytes()
    assert [word for word in all_secrets(login) if word in log] == []
    assert b"Authorization" not in log and b"$y$" not in log


def test_no_answer_has_a_password_or_a_hash(used):
    """Of those that are for others than administrators."""
    node, login = used
    _, other = make_user(node, "staff")
    own = basic(login, NEW)
    answers = [get(node, where, headers=who)
               for who in ({}, other, own, basic(login, GUESS))
               for where in ("/info", "/ping", "/users/", "/streams/$all",
                             "/users/$current", user_path(login),
                             path("$user-" + login) + "?embed=body",
                             path("$user-" + login, 0),
                             path("$users", 0, "forward", 20),
                             path("$users-password-notifications"),
                             path(login, 0), "/no/such/thing", "/gossip")]
    answers.append(post(node, path(login), '[{"eventId": 1}]', own))
    answers.append(call(node, "POST", command_path(login, "reset-password"),
                        {"newPassword": OLD}, own))
    assert {a.status for a in answers} >= {200, 400, 401, 404}
    text = b"".join(a.body + repr(a.headers).encode() for a in answers)
    assert [word for word in all_secrets(login) if word in text] == []
    assert b"$y$" not in text and b'"password"' not in text


def core_of(pid):
    """What a core file would hold: the private memory of a process that is
    not marked as left out (dd)."""
    areas, area = [], None
    with open(f"/proc/{pid}/smaps") as smaps:
        for line in smaps:
            head = re.match(r"([0-9a-f]+)-([0-9a-f]+) (\S+) \S+ \S+ \d+ *(.*)",
                            line)
            if head:
                area = [int(head[1], 16), int(head[2], 16), head[3], head[4]]
            elif line.startswith("VmFlags:"):
                flags = line.split()[1:]
                if "dd" not in flags and "io" not in flags and (
                        area[2].startswith("r")):
                    areas.append(area)
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for begin, end, _, name in areas:
            if name == "[vvar]":
                continue
            memory.seek(begin)
            yield name, memory.read(end - begin)


def test_no_core_file_has_a_password(used):
    """Also while somebody waits who has sent one."""
    node, login = used
    known = basic(login, NEW)
    poll = Poll(node, path(login, 1, "forward", 1), {**LONG, **known})
    for _ in range(40):  # what each thread keeps from its last request
        assert get(node, "/ping", headers=known).status == 200
    marker = new_name("marker")  # so that the search is known to find things
    fill(node, marker, 1)
    pid, = node.worker_pids()
    found, marked = set(), False
    for name, memory in core_of(pid):
        marked = marked or marker.encode() in memory
        found |= {(name, word) for word in all_secrets(login)
                  if word in memory}
    write(node, login, [event()])
    assert poll.result().status == 200
    assert marked, "the search finds what is there"
    assert found == set()
