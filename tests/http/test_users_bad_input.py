"""Whatever is sent to the users API, the answer says what is wrong with it."""

import json

import pytest

from events import (ADMIN, JSON, assert_refused, await_accounts, basic, event,
                    new_name, path, write)
from users import (XML, assert_done, assert_failed, call, command_path, create,
                   knows, make_user, user_path)

MAX_BODY = 131072


@pytest.fixture(scope="module", autouse=True)
def survives(node):
    await_accounts(node)
    pids = node.worker_pids()
    yield
    assert node.worker_pids() == pids, "no worker died:\n" + node.output


def sent(node, body, form=JSON, where="/users/", method="POST", who=ADMIN):
    if isinstance(body, str):
        body = body.encode()
    return node.request(method, where, body, {"Content-Type": form, **who})


def wish(**more):
    return json.dumps({"loginName": new_name(), "password": "x", **more})


@pytest.mark.parametrize("login, sentence", [
    (None, "needs a login"), ("", "needs a login"), ("$current", "with $"),
    ("$admins", "with $"), ("$", "with $"), ("a:b", "no colon"),
    ("a\n", "control"), ("\x00", "control"), ("a\x7f", "control"),
    ("x" * 201, "at most 200"), ("ä" * 101, "at most 200"),
    (1, '"loginName" must be a string'), (["a"], "must be a string"),
    ({"a": "b"}, "must be a string"), (True, "must be a string")])
def test_logins_that_cannot_be(node, login, sentence):
    assert_refused(sent(node, wish(loginName=login)), 400, sentence)


@pytest.mark.parametrize("password, sentence", [
    (None, "needs a password"), ("", "needs a password"),
    ("x" * 501, "at most 500"), ("a\0b", "control"), ("\t", "control"),
    (1, '"password" must be a string'), ([], "must be a string")])
def test_passwords_that_cannot_be(node, password, sentence):
    assert_refused(sent(node, wish(password=password)), 400, sentence)
    if isinstance(password, (str, type(None))):
        login = create(node)
        for command in ["reset-password", "change-password"]:
            answer = call(node, "POST", command_path(login, command), {
                "currentPassword": "pass", "newPassword": password})
            assert_refused(answer, 400, sentence)
        assert knows(node, login, "pass")


@pytest.mark.parametrize("details, sentence", [
    ({"fullName": "x" * 1001}, "at most 1000"), ({"fullName": "\n"}, "control"),
    ({"fullName": 1}, '"fullName" must be a string'),
    ({"groups": "a"}, "array of strings"), ({"groups": [1]}, "array of strings"),
    ({"groups": [["a"]]}, "array of strings"),
    ({"groups": {"a": "b"}}, "array of strings"),
    ({"groups": [""]}, "not empty"), ({"groups": ["a\n"]}, "control"),
    ({"groups": ["g"] * 257}, "at most 256"),
    ({"groups": ["g" * 100] * 100}, "too long together")])
def test_details_that_cannot_be(node, details, sentence):
    login = create(node)
    assert_refused(sent(node, wish(**details)), 400, sentence)
    answer = call(node, "PUT", user_path(login), details)
    assert_refused(answer, 400, sentence)


def test_everything_may_be_as_long_as_it_may(node):
    login = "l" * 180 + new_name()[-12:]
    groups = [f"{n:03}" + "g" * 24 for n in range(256)]
    create(node, login, "p" * 500, groups=groups, fullName="f" * 1000)
    data = call(node, "GET", user_path(login)).json()["data"]
    assert data["groups"] == groups
    assert knows(node, login, "p" * 500)
    escaped = "".join(f"\\u{ord(c):04x}" for c in "p" * 500)
    body = f'{{"loginName":"{login}","password":"{escaped}"}}'
    assert_done(sent(node, body), 201)


@pytest.mark.parametrize("body, form, sentence", [
    ("", JSON, "not JSON"), ("{not json", JSON, "not JSON: at byte 1"),
    ("[]", JSON, "JSON object"), ("null", JSON, "JSON object"),
    ("{} {}", JSON, "not JSON"), (b'{"loginName":"\xff"}', JSON, "UTF-8"),
    ("\ufeff{}", JSON, "not JSON"), ('{"a":' * 65, JSON, "64 levels"),
    ("[" * 100000, JSON, "64 levels"), ("{'loginName':'a'}", JSON, "not JSON"),
    ("", XML, "Line 1"), ("{}", XML, "Line 1"), ("<a>", XML, "Line 1"),
    ("<a/>", XML, "have elements"), ("<a>" * 40000, XML, "deeper than 64"),
    ("<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><a>&b;</a>", XML,
     "document type"),
    (b"<a>\xff</a>", XML, "UTF-8"),
    ('<?xml version="1.0" encoding="utf-16"?><a/>', XML, "UTF-8"),
    ("<a><loginName>a</loginName><loginName>b</loginName></a>", XML,
     "must be a string"),
    ("<a " + " ".join(f"b{n}=''" for n in range(200)) + "/>", XML,
     "attributes")], ids=range(20))
def test_bodies_that_cannot_be_read(node, body, form, sentence):
    login = create(node)
    for method, where in [
            ("POST", "/users/"), ("PUT", user_path(login)),
            ("POST", command_path(login, "reset-password")),
            ("POST", command_path(login, "change-password"))]:
        answer = sent(node, body, form, where, method)
        assert_refused(answer, 400, sentence)


def test_a_body_beyond_the_limit_is_refused(node):
    login = create(node)
    body = json.dumps({"currentPassword": "pass", "newPassword": "pass",
                       "loginName": login, "password": "pass"})
    padded = body.ljust(MAX_BODY)
    assert_done(sent(node, padded), 201)
    for who in [ADMIN, {}]:
        for method, where in [
                ("POST", "/users/"), ("PUT", user_path(login)),
                ("POST", command_path(login, "reset-password")),
                ("POST", command_path(login, "change-password"))]:
            assert_refused(sent(node, padded + " ", JSON, where, method, who),
                           413, f"at most {MAX_BODY} bytes")


def test_of_members_that_come_twice_the_last_counts(node):
    login = new_name()
    assert_done(sent(node, f'{{"loginName":"other","LOGINNAME":"{login}",'
                     '"password":"one","Password":"two"}'), 201)
    assert knows(node, login, "two") and not knows(node, login, "one")
    assert_failed(call(node, "GET", user_path("other")), 404)


def test_the_login_in_the_path_is_the_one_that_counts(node):
    login, other = create(node), create(node)
    document = {"loginName": other, "newPassword": "changed"}
    answer = call(node, "POST", command_path(login, "reset-password"), document)
    assert answer.json()["loginName"] == login
    assert knows(node, login, "changed") and knows(node, other, "pass")


@pytest.mark.parametrize("login", [
    "%ff", "%C3", "%c0%80", "..%2f..%2fetc", "%24%24admin", "a%0D%0Ab:%20c",
    "x" * 5000, "%F0%9F%98%80" * 300])
def test_paths_of_all_kinds(node, login):
    login_path = "/users/" + login
    for method, rest in [("GET", ""), ("DELETE", ""),
                         ("POST", "/command/enable")]:
        answer = node.request(method, login_path + rest, headers=ADMIN)
        assert answer.status in (400, 404), answer.body
        assert "b" not in answer.headers


def test_what_stands_in_an_accounts_stream_may_be_no_account(node):
    """It can be deleted, and is then made anew."""
    login = create(node)
    write(node, "$user-" + login, [event({"password": "x"})], ADMIN)
    for method, rest, document in [
            ("GET", [], None), ("PUT", [], {"fullName": "N"}),
            ("POST", ["command", "disable"], None),
            ("POST", ["command", "reset-password"], {"newPassword": "x"})]:
        assert_failed(
            call(node, method, user_path(login, *rest), document), 500)
    assert login.encode() not in call(node, "GET", "/users/").body
    assert node.request("GET", "/ping", headers=basic(login, "pass")
                        ).status in (401, 500)
    assert_done(call(node, "DELETE", user_path(login)))
    create(node, login)
    assert knows(node, login, "pass")


def test_a_login_whose_stream_is_gone_for_good_is_gone(node):
    login = create(node)
    gone = node.request("DELETE", path("$user-" + login),
                        headers={"ES-HardDelete": "True", **ADMIN})
    assert gone.status == 204
    assert not knows(node, login, "pass")
    assert_failed(call(node, "GET", user_path(login)), 404)
    answer = call(node, "POST", "/users/",
                  {"loginName": login, "password": "x"})
    assert_refused(answer, 410, "deleted for good")


def test_a_change_needs_both_passwords(node):
    login, me = make_user(node)
    for document in [{}, {"newPassword": "x"}, {"currentPassword": "pass"},
                     {"currentPassword": None, "newPassword": "x"}]:
        answer = call(node, "POST", command_path(login, "change-password"),
                      document, me)
        assert_refused(answer, 400)
    for current in ["", "x" * 5000, "pass\0", "Pass", "pass "]:
        answer = call(node, "POST", command_path(login, "change-password"),
                      {"currentPassword": current, "newPassword": "x"}, {})
        assert_failed(answer, 401)
    assert knows(node, login, "pass")


def test_passwords_are_in_no_log(node):
    secret = new_name("secret")
    login = create(node, password=secret)
    sent(node, f'{{"loginName":"a","password":"{secret}"')
    sent(node, wish(password=secret, groups=secret))
    knows(node, login, secret + "x")
    assert secret not in node.output
