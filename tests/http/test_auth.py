"""Who asks: passwords that are remembered, guesses, trusted fronts."""

import json
import re

import pytest

from events import (ADMIN, assert_refused, await_accounts, basic, event, fill,
                    get, new_name, path, post, set_metadata, write)
from node import Node, wait_until
from test_access import PASS
from test_long_poll import LONG, Poll
from users import call, command_path, knows, make_user, user_path

WRONG = "Login or password is wrong"
TOO_MANY = "Too many logins have failed"


@pytest.fixture(scope="module")
def guarded(tmp_path_factory):
    """A node with two workers that believes in this machine's headers."""
    node = Node(tmp_path_factory.mktemp("guarded") / "node", workers=2,
                trusted_auth=["127.0.0.1"], trusted_proxies=["127.0.0.1"],
                password_cost=2)
    node.start()
    await_accounts(node)
    yield node
    node.stop()


def via(address, who):
    """The same credentials, through a proxy from another address."""
    return {**who, "X-Forwarded-For": address}


def ping(node, headers):
    return node.request("GET", "/ping", headers=headers)


# What is remembered.

CHANGES = {
    "another password": lambda node, login: call(
        node, "POST", command_path(login, "reset-password"),
        {"newPassword": "other"}),
    "a change by its owner": lambda node, login: call(
        node, "POST", command_path(login, "change-password"),
        {"currentPassword": "pass", "newPassword": "other"}, {}),
    "disabled": lambda node, login: call(
        node, "POST", command_path(login, "disable")),
    "deleted": lambda node, login: call(node, "DELETE", user_path(login)),
    "its stream deleted": lambda node, login: node.request(
        "DELETE", path("$user-" + login), headers=ADMIN),
    "its stream truncated": lambda node, login: post(
        node, path("$user-" + login, "metadata"), [event({"$tb": 99})], ADMIN),
}


@pytest.mark.parametrize("change", CHANGES)
def test_every_worker_feels_a_change_at_once(guarded, change):
    login, who = make_user(guarded)
    for _ in range(20):  # so that both workers know it
        assert ping(guarded, who).status == 200
    assert CHANGES[change](guarded, login).status in (200, 201, 204)
    for _ in range(20):
        assert_refused(ping(guarded, who), 401, WRONG)


def test_a_wrong_password_that_becomes_right_is_taken(guarded):
    login, _ = make_user(guarded)
    soon = basic(login, "soon")
    for _ in range(20):
        assert_refused(ping(guarded, soon), 401, WRONG)
    call(guarded, "POST", command_path(login, "reset-password"),
         {"newPassword": "soon"})
    for _ in range(20):
        assert ping(guarded, soon).status == 200


def test_new_groups_count_at_once(guarded):
    login, who = make_user(guarded)
    stream = new_name("team")
    fill(guarded, stream, 1)
    set_metadata(guarded, stream, {"$acl": {"$r": "team"}}, ADMIN)
    for groups, status in [([], 401), (["team"], 200), (["other"], 401)]:
        call(guarded, "PUT", user_path(login), {"fullName": "", "groups": groups})
        for _ in range(10):
            assert get(guarded, path(stream), headers=who).status == status


def test_who_waits_for_events_must_still_be_known_when_they_come(guarded):
    login, who = make_user(guarded)
    known = make_user(guarded)[1]
    stream = new_name("awaited")
    fill(guarded, stream, 1)
    polls = [Poll(guarded, path(stream, 1, "forward", 1), {**LONG, **each})
             for each in (who, known)]
    wait_until(lambda: "rill_waiting_requests 2\n" in get(
        guarded, "/metrics").body.decode(), 10, "both wait")
    call(guarded, "POST", command_path(login, "disable"))
    write(guarded, stream, [event()])
    assert [p.result().status for p in polls] == [401, 200]


def test_an_old_hash_is_made_anew_at_a_good_login(guarded):
    login = new_name("user")
    account = {"loginName": login, "password": PASS, "fullName": "A User",
               "groups": ["staff", "x"]}
    write(guarded, "$user-" + login, [event(account, "$UserCreated")], ADMIN)

    def stored():
        return get(guarded, path("$user-" + login, "head"), "application/json",
                   ADMIN).json()
    assert_refused(ping(guarded, basic(login, "wrong")), 401, WRONG)
    assert stored() == account
    for _ in range(10):
        assert knows(guarded, login, "pass")
    new = stored()
    assert re.match(r"\$y\$j85\$", new.pop("password"))
    assert new == {k: v for k, v in account.items() if k != "password"}
    assert get(guarded, path("$user-" + login, 2), headers=ADMIN).status == 404


# Guesses.

def guess(node, login, address, count, first=0):
    return [ping(node, via(address, basic(login, f"guess{first + n}")))
            for n in range(count)]


def test_after_some_guesses_the_next_must_wait(guarded):
    login, _ = make_user(guarded)
    # Each of the two workers counts for itself.
    answers = guess(guarded, login, "192.0.2.10", 20)
    for answer in answers:
        assert_refused(answer, 401)
    assert_refused(answers[0], 401, WRONG)
    refused = [a for a in answers if TOO_MANY in a.body.decode()]
    assert refused
    for answer in refused:
        assert int(answer.headers["retry-after"]) >= 1


def test_who_has_not_guessed_does_not_wait(guarded):
    login, who = make_user(guarded)
    guess(guarded, login, "192.0.2.20", 20)
    for n in range(30, 40):
        assert ping(guarded, via(f"192.0.2.{n}", who)).status == 200


def test_who_is_known_does_not_wait_behind_one_address(guarded):
    login, who = make_user(guarded)
    for _ in range(20):
        assert ping(guarded, via("192.0.2.40", who)).status == 200
    guess(guarded, login, "192.0.2.40", 20)
    for _ in range(20):
        assert ping(guarded, via("192.0.2.40", who)).status == 200


def test_a_client_with_an_old_password_does_not_keep_others_out(guarded):
    """It repeats one guess, which is checked once."""
    login, who = make_user(guarded)
    for _ in range(40):
        assert_refused(ping(guarded, via("192.0.2.50", basic(login, "old"))),
                       401, WRONG)
    assert ping(guarded, via("192.0.2.50", who)).status == 200


def test_unknown_logins_are_counted_alike(guarded):
    login = new_name("nobody")
    answers = guess(guarded, login, "192.0.2.60", 20)
    assert any(TOO_MANY in a.body.decode() for a in answers)


def test_changing_a_password_is_a_guess_too(guarded):
    login, _ = make_user(guarded)

    def change(n):
        return call(guarded, "POST", command_path(login, "change-password"),
                    {"currentPassword": f"guess{n}", "newPassword": f"new{n}"},
                    via("192.0.2.70", {}))
    answers = [change(n) for n in range(20)]
    assert {a.status for a in answers} == {401}
    assert any(TOO_MANY in a.body.decode() for a in answers)


def test_a_burst_of_guesses_is_logged_with_a_count(guarded):
    login, _ = make_user(guarded)
    guess(guarded, login, "192.0.2.80", 30)
    lines = [line for line in guarded.output.splitlines()
             if "failed logins from 192.0.2.80" in line and login in line]
    assert 1 <= len(lines) <= 2, "one a worker"
    assert all(re.search(r"auth: .*\b\d+ failed logins", line) for line in lines)


# Trusted fronts.

def trusted(value):
    return {"ES-TrustedAuth": value}


def test_a_trusted_front_says_who_asks(guarded):
    stream = new_name("team")
    fill(guarded, stream, 1)
    set_metadata(guarded, stream, {"$acl": {"$r": "team"}}, ADMIN)
    for value, status in [("ann; team", 200), ("ann;x , TEAM", 200),
                          ("team", 200), ("ann", 401), ("ann; x", 401),
                          ("ann; $admins", 200), ("", 401)]:
        answer = get(guarded, path(stream), headers=trusted(value))
        assert answer.status == status, value


@pytest.mark.parametrize("value", [";", "; team", "a; b; c"])
def test_what_it_cannot_mean_is_refused(guarded, value):
    assert_refused(ping(guarded, trusted(value)), 401, "ES-TrustedAuth must")


def test_credentials_come_before_it(guarded):
    wrong = {**basic("admin", "wrong"), **trusted("admin; $admins")}
    assert_refused(ping(guarded, wrong), 401, WRONG)


def test_elsewhere_the_header_has_no_effect(node):
    answer = get(node, "/streams/$all", headers=trusted("admin; $admins"))
    assert answer.status == 401
    assert ping(node, trusted("; ;")).status == 200


def test_nor_does_a_forwarded_address_make_it_trusted(node):
    headers = {**trusted("admin; $admins"), "X-Forwarded-For": "127.0.0.1"}
    assert get(node, "/streams/$all", headers=headers).status == 401


# Many at once.

def test_many_with_the_same_credentials_are_all_let_in(node_factory):
    node = node_factory(threads=4)
    await_accounts(node)
    login, who = make_user(node)
    stream = new_name("shared")
    fill(node, stream, 1)
    crowd = [Poll(node, path(stream, 0), who) for _ in range(32)]
    assert {each.result().status for each in crowd} == {200}


def test_a_crowd_of_strangers_leaves_threads_for_those_who_are_known(
        node_factory):
    node = node_factory(threads=4)
    await_accounts(node)
    strangers = [Poll(node, "/ping", basic(new_name("nobody"), "x"))
                 for _ in range(32)]
    assert ping(node, ADMIN).status == 200
    statuses = {each.result().status for each in strangers}
    assert statuses <= {401, 503}
    assert 401 in statuses
    assert json.loads(get(node, "/info").body)
