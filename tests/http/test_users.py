"""The users API: accounts made, shown, changed and deleted."""

import concurrent.futures
import json
import re
import xml.etree.ElementTree as ET

import pytest

import fastcgi
from events import (ADMIN, JSON, assert_refused, await_accounts, basic, event,
                    fill, get, new_name, path, post)
from users import (XML, assert_done, assert_failed, call, command_path, create,
                   knows, make_user, result, user_path, xml_members)

FORMS = pytest.mark.parametrize("form", [JSON, XML])


@pytest.fixture(scope="module", autouse=True)
def accounts(node):
    await_accounts(node)


# What is answered, member by member.

def indented(text, **values):
    """An expected document: 4 blanks off, <name> filled in."""
    text = re.sub(r"(?m)^    ", "", text).strip()
    for name, value in values.items():
        text = text.replace(f"<{name}>", value)
    return text


UPDATED = """
    {
      "loginName": "<login>",
      "success": true,
      "error": "Success",
      "msgTypeId": 50
    }"""

DETAILS = """
    {
      "data": {
        "loginName": "<login>",
        "fullName": "A User",
        "groups": [
          "staff"
        ],
        "disabled": false,
        "links": [
          {
            "href": "<url>/command/reset-password",
            "rel": "reset-password"
          },
          {
            "href": "<url>/command/change-password",
            "rel": "change-password"
          },
          {
            "href": "<url>",
            "rel": "edit"
          },
          {
            "href": "<url>",
            "rel": "delete"
          },
          {
            "href": "<url>/command/disable",
            "rel": "disable"
          }
        ]
      },
      "success": true,
      "error": "Success",
      "msgTypeId": 51
    }"""

NOT_FOUND = """
    {
      "success": false,
      "error": "NotFound",
      "msgTypeId": 51
    }"""


def test_an_account_is_made_and_shown(node):
    login = new_name("a/b ä")
    answer = call(node, "POST", "/users/", {
        "loginName": login, "fullName": "A User", "groups": ["staff"],
        "password": "pass"})
    assert answer.status == 201
    assert answer.headers["location"] == node.base + user_path(login)
    assert answer.body.decode() == indented(UPDATED, login=login)
    answer = call(node, "GET", user_path(login))
    assert answer.status == 200
    assert answer.body.decode() == indented(
        DETAILS, login=login, url=node.base + user_path(login))
    answer = call(node, "GET", user_path(login + "x"))
    assert answer.status == 404
    assert answer.body.decode() == indented(NOT_FOUND)


def test_links_follow_the_name_the_client_used(node):
    login = create(node)
    answer = node.request("GET", user_path(login), headers={
        **ADMIN, "X-Forwarded-Proto": "https",
        "X-Forwarded-Prefix": "/events"})
    links = answer.json()["data"]["links"]
    assert {link["href"].split("/users/")[0] for link in links} == {
        node.base.replace("http:", "https:") + "/events"}


def test_what_was_not_given_is_left_out(node):
    login = create(node)
    data = call(node, "GET", user_path(login)).json()["data"]
    assert list(data) == ["loginName", "disabled", "links"]


def test_a_disabled_account_can_be_enabled(node):
    login = create(node)
    for command, links, disabled in [("disable", "enable", True),
                                     ("enable", "disable", False)]:
        for method in ["POST", "PUT", "POST"]:
            assert_done(call(node, method, command_path(login, command)))
        data = call(node, "GET", user_path(login)).json()["data"]
        assert data["disabled"] is disabled
        assert data["links"][-1] == {
            "href": node.base + command_path(login, links), "rel": links}


def test_xml_says_the_same(node):
    login = create(node, groups=["a", "b"], fullName="<&>")
    answer = call(node, "GET", user_path(login), form=XML)
    root = ET.fromstring(answer.body)
    json = call(node, "GET", user_path(login)).json()
    data = xml_members(root)["data"][0]
    assert root.tag == "UserDetailsResult"
    assert data["loginName"] == [login]
    assert data["fullName"] == ["<&>"]
    assert data["groups"] == ["a", "b"]
    assert data["disabled"] == ["false"]
    assert [{"href": each["href"][0], "rel": each["rel"][0]}
            for each in data["links"]] == json["data"]["links"]
    assert call(node, "GET", user_path(login) + "?format=xml",
                form="*/*").body == answer.body


@FORMS
def test_the_list_has_them_all_in_order(node, form):
    mine = sorted(create(node, new_name("listed")) for _ in range(3))
    call(node, "DELETE", user_path(mine[1]))
    assert_done(call(node, "POST", command_path(mine[2], "disable")))
    for where in ["/users/", "/users"]:
        answer = assert_done(call(node, "GET", where, form=form))
        if form == XML:
            members = xml_members(ET.fromstring(answer.body))["data"]
            logins = [each["loginName"][0] for each in members]
        else:
            members = answer.json()["data"]
            assert list(answer.json()) == [
                "data", "success", "error", "msgTypeId"]
            logins = [each["loginName"] for each in members]
        assert logins == sorted(logins) and "admin" in logins
        assert [each for each in logins if each in mine] == [mine[0], mine[2]]


def test_who_i_am(node):
    login, me = make_user(node, "staff")
    for where in ["/users/$current", "/users/%24current"]:
        answer = call(node, "GET", where, who=me)
        data = answer.json()["data"]
        assert list(data) == ["loginName", "fullName", "groups",
                              "dateLastUpdated", "disabled"]
        assert data["loginName"] == login
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,7})?"
                            r"\+00:00", data["dateLastUpdated"])
    assert_failed(call(node, "GET", "/users/$current", who={}), 401)


def test_nothing_of_it_may_be_kept_by_caches(node):
    login = create(node)
    for where in ["/users/", user_path(login), "/users/$current"]:
        answer = call(node, "GET", where)
        assert answer.headers["cache-control"] == (
            "max-age=0, no-cache, must-revalidate")
        assert answer.headers["vary"] == "Accept"


def test_a_hash_is_never_shown(node):
    login = create(node)
    for where in ["/users/", user_path(login), "/users/$current"]:
        assert b"$y$" not in call(node, "GET", where).body
        assert b"\"password\"" not in call(node, "GET", where).body


# Who may do what.

DETAILED = {"fullName": "Another", "groups": ["a"]}

ROUTES = [
    ("GET", "/users/", None, "admins"),
    ("GET", "{}", None, "admins and itself"),
    ("GET", "/users/$current", None, "anybody with an account"),
    ("POST", "/users/", {"loginName": "none", "password": ""}, "admins"),
    ("PUT", "{}", DETAILED, "admins"),
    ("POST", "{}/command/disable", None, "admins"),
    ("POST", "{}/command/enable", None, "admins"),
    ("POST", "{}/command/reset-password", {"newPassword": "pass"}, "admins"),
    ("POST", "{}/command/change-password",
     {"currentPassword": "pass", "newPassword": "pass"}, "everybody"),
    ("DELETE", "{}", None, "admins"),
]


def may(who, allowed):
    return (allowed == "everybody" or who == "an admin" or
            allowed == "anybody with an account" and who != "nobody" or
            allowed == "admins and itself" and who == "itself")


@pytest.fixture(scope="module")
def callers(node):
    return {"nobody": {}, "another": make_user(node, "staff")[1],
            "an operator": make_user(node, "$ops")[1],
            "an admin": make_user(node, "$ADMINS")[1]}


@FORMS
@pytest.mark.parametrize("method, where, document, allowed", ROUTES,
                         ids=[f"{r[0]} {r[1]}" for r in ROUTES])
@pytest.mark.parametrize("who", ["nobody", "another", "itself", "an operator",
                                 "an admin"])
def test_who_may(node, callers, who, method, where, document, allowed, form):
    """An admin's account here is of the group, in other letters."""
    login, itself = make_user(node)
    answer = call(node, method, where.format(user_path(login)), document,
                  {**callers, "itself": itself}[who], form)
    if not may(who, allowed):
        assert_failed(answer, 401)
        assert knows(node, login, "pass")
    elif document == ROUTES[3][2]:
        assert_refused(answer, 400)
    else:
        assert_done(answer)


def test_who_may_not_learns_nothing(node):
    """Whether there is such an account, or what is wrong with the body."""
    login, me = make_user(node)
    for who in [{}, me]:
        for there in [new_name("none"), "admin", "$current", "\x7f"]:
            for method, rest, body in [
                    ("GET", [], None), ("PUT", [], "{"), ("DELETE", [], None),
                    ("POST", ["command", "enable"], None),
                    ("POST", ["command", "reset-password"], "{")]:
                if (method, there) == ("GET", "$current"):
                    continue
                answer = node.request(
                    method, user_path(there, *rest), body,
                    {"Content-Type": JSON, **who})
                assert_failed(answer, 401)
        answer = node.request("POST", "/users/", "{not json",
                              {"Content-Type": JSON, **who})
        assert_failed(answer, 401)


def test_only_an_admin_learns_from_a_change_whether_an_account_is_there(node):
    nobody = command_path(new_name("none"), "change-password")
    document = {"currentPassword": "a", "newPassword": "b"}
    assert_failed(call(node, "POST", nobody, document), 404)
    assert_failed(call(node, "POST", nobody, document, who={}), 401)


@pytest.mark.parametrize("method, rest, document", [
    ("PUT", [], DETAILED), ("DELETE", [], None),
    ("POST", ["command", "disable"], None),
    ("POST", ["command", "enable"], None),
    ("POST", ["command", "reset-password"], {"newPassword": "x"}),
    ("POST", ["command", "change-password"],
     {"currentPassword": "x", "newPassword": "y"})])
@FORMS
def test_an_account_that_is_not_there(node, method, rest, document, form):
    for login in [new_name("none"), "$current", "$admins", "x" * 300, "é/%"]:
        answer = call(node, method, user_path(login, *rest), document,
                      form=form)
        assert_failed(answer, 404)


# A life.

@FORMS
def test_the_life_of_an_account(node, form):
    login = new_name("life")
    stream = new_name("open")
    fill(node, stream, 1)

    def changed(method, rest=(), document=None, who=ADMIN):
        return call(node, method, user_path(login, *rest), document, who, form)

    def logs_in(password):
        answer = get(node, path(stream), headers=basic(login, password))
        assert answer.status in (200, 401)
        return answer.status == 200

    document = {"loginName": login, "fullName": "N", "groups": ["g"],
                "password": "first"}
    assert not logs_in("first")
    assert_done(call(node, "POST", "/users/", document, form=form), 201)
    assert logs_in("first")
    assert_done(changed("POST", ["command", "disable"]))
    assert not logs_in("first")
    assert_done(changed("POST", ["command", "enable"]))
    assert logs_in("first")
    assert_done(changed("POST", ["command", "reset-password"],
                        {"newPassword": "second"}))
    assert not logs_in("first") and logs_in("second")
    change = ["command", "change-password"]
    third = {"currentPassword": "first", "newPassword": "third"}
    assert_failed(changed("POST", change, third, {}), 401)
    third["currentPassword"] = "second"
    assert_done(changed("POST", change, third, {}))
    assert not logs_in("second") and logs_in("third")
    assert_done(changed("DELETE"))
    assert not logs_in("third")
    assert_failed(changed("GET"), 404)
    assert_done(call(node, "POST", "/users/", document, form=form), 201)
    assert logs_in("first") and not logs_in("third")
    assert_done(changed("GET"))


def test_groups_are_felt_at_once(node):
    login, me = make_user(node)
    assert call(node, "GET", "/users/", who=me).status == 401
    for groups, status in [(["$admins"], 200), (["a", "$ADMINS"], 200),
                           (["$ops"], 401), ([], 401)]:
        assert_done(call(node, "PUT", user_path(login), {
            "fullName": "N", "groups": groups}))
        assert call(node, "GET", "/users/", who=me).status == status


def test_an_update_leaves_password_and_state(node):
    login = create(node, groups=["a"], fullName="N")
    assert_done(call(node, "POST", command_path(login, "disable")))
    assert_done(call(node, "PUT", user_path(login), {"fullName": "M"}))
    data = call(node, "GET", user_path(login)).json()["data"]
    assert data["fullName"] == "M" and data["disabled"] is True
    assert "groups" not in data
    assert_done(call(node, "POST", command_path(login, "enable")))
    assert knows(node, login, "pass")


def test_making_it_again(node):
    login = create(node, password="one")
    create(node, login, password="one")
    answer = call(node, "POST", "/users/",
                  {"loginName": login, "password": "two"})
    assert_failed(answer, 409)
    assert "location" not in answer.headers
    assert knows(node, login, "one") and not knows(node, login, "two")


@pytest.mark.parametrize("password", [
    " ", ":", "a:b", "ä€😀", "x" * 500, "\\\"'<&>", "+%20"])
@FORMS
def test_passwords_of_all_kinds(node, password, form):
    login = new_name("user")
    document = {"loginName": login, "password": password}
    if form == XML and password == " ":
        assert_refused(call(node, "POST", "/users/", document, form=XML), 400)
        return
    assert_done(call(node, "POST", "/users/", document, form=form), 201)
    assert knows(node, login, password)
    assert not knows(node, login, password + "x")


@pytest.mark.parametrize("text", [
    "a b", "ä", "a/b", "a%2Fb", "%", "?x", "a+b", ".", "..", "#", "a@b.c",
    "日本", "x" * 150])
def test_logins_of_all_kinds(node, text):
    login = create(node, new_name(text))
    assert_done(call(node, "GET", user_path(login)))
    assert call(node, "GET", "/users/$current",
                who=basic(login, "pass")).json()["data"]["loginName"] == login
    assert_done(call(node, "PUT", user_path(login), DETAILED))
    assert_done(call(node, "DELETE", user_path(login)))
    assert_failed(call(node, "GET", user_path(login)), 404)


def test_logins_in_other_letters_are_others(node):
    login = create(node)
    assert_failed(call(node, "GET", user_path(login.upper())), 404)
    assert not knows(node, login.upper(), "pass")


# What stands in the streams.

def stored(node, stream):
    """(type, data) of a stream's events, from the first on."""
    feed = get(node, path(stream, 0, "forward", 100) + "?embed=body",
               headers=ADMIN)
    return [(each["eventType"], each["data"])
            for each in reversed(feed.json()["entries"])]


def test_the_events_of_an_account(node):
    login = create(node, groups=["a"], fullName="N", password="first")
    assert_done(call(node, "POST", command_path(login, "disable")))
    assert_done(call(node, "POST", command_path(login, "enable")))
    events = stored(node, "$user-" + login)
    assert [kind for kind, _ in events] == [
        "$UserCreated", "$UserUpdated", "$UserUpdated"]
    assert re.sub(r"\$y\$[^\"]*", "<hash>", events[1][1]) == indented("""
    {
      "loginName": "<login>",
      "fullName": "N",
      "password": "<hash>",
      "disabled": true,
      "groups": [
        "a"
      ]
    }""", login=login)
    assert events[0][1] == events[2][1]
    assert "disabled" not in events[0][1]
    metadata = get(node, path("$user-" + login, "metadata"), JSON, ADMIN)
    assert metadata.json() == {
        "$acl": {"$w": "$admins", "$d": "$admins", "$mw": "$admins"}}
    newest = get(node, path("$users", "head"), "application/octet-stream",
                 ADMIN)
    assert newest.body.decode() == login
    newest = get(node, path("$users", "head") + "?embed=body", headers=ADMIN)
    assert newest.json()["summary"] == "$User"


def test_each_change_of_a_password_is_notified(node):
    stream = "$users-password-notifications"
    login = create(node, password="1")
    for method, rest, document in [
            ("POST", ["command", "disable"], None),
            ("POST", ["command", "reset-password"], {"newPassword": "2"}),
            ("DELETE", [], None)]:
        assert_done(call(node, method, user_path(login, *rest), document))
        newest = get(node, path(stream, "head"), JSON, ADMIN)
        assert newest.body.decode() == f'{{\n  "loginName": "{login}"\n}}'
    assert get(node, path(stream, "metadata"), JSON,
               ADMIN).json() == {"$maxAge": 3600}


def test_a_new_account_goes_on_behind_the_old_one(node):
    login = create(node, password="one")
    assert_done(call(node, "DELETE", user_path(login)))
    create(node, login, password="two")
    answer = get(node, path("$user-" + login, "head") + "?embed=body",
                 headers=ADMIN)
    assert answer.json()["title"] == f"1@$user-{login}"
    assert get(node, path("$user-" + login, 0),
               headers=ADMIN).status == 404
    assert get(node, path("$user-" + login, "metadata"), JSON,
               ADMIN).json()["$acl"]["$w"] == "$admins"


def test_only_administrators_see_these_streams(node):
    login, me = make_user(node)
    for stream in ["$user-" + login, "$users",
                   "$users-password-notifications"]:
        for who in [{}, me]:
            assert get(node, path(stream), headers=who).status == 401
            assert post(node, path(stream), [event()], who).status == 401


# Of HTTP.

@pytest.mark.parametrize("where, methods", [
    ("/users", "GET, POST"), ("/users/", "GET, POST"),
    ("/users/admin", "GET, PUT, DELETE"),
    ("/users/$current", "GET, PUT, DELETE"),
    ("/users/admin/command/enable", "POST"),
    ("/users/admin/command/disable", "POST"),
    ("/users/admin/command/reset-password", "POST"),
    ("/users/admin/command/change-password", "POST")])
def test_methods(node, where, methods):
    answer = node.request("OPTIONS", where)
    assert answer.status == 200 and answer.body == b""
    assert answer.headers["access-control-allow-methods"] == (
        methods + ", OPTIONS")
    answer = node.request("PATCH", where, headers=ADMIN)
    assert_refused(answer, 405)
    assert answer.headers["access-control-allow-methods"] == (
        methods + ", OPTIONS")


@pytest.mark.parametrize("where", [
    "/users/admin/", "/users//", "/users/admin/command",
    "/users/admin/command/", "/users/admin/command/enable/",
    "/users/admin/command/promote", "/users/admin/enable"])
def test_what_is_no_resource(node, where):
    for method in ["GET", "POST"]:
        assert_refused(node.request(method, where, headers=ADMIN), 404)


def test_head_is_get_without_the_body(node):
    for where in ["/users/", "/users/admin", "/users/$current"]:
        answer = node.request("HEAD", where, headers=ADMIN)
        assert answer.status == 200 and answer.body == b""
    assert node.request("HEAD", "/users/").status == 401


@pytest.mark.parametrize("content_type", [
    None, "", "text/plain", "application/x-www-form-urlencoded",
    "application/xml", "application/json; charset=latin-1"])
def test_bodies_are_json_or_xml(node, content_type):
    headers = {**ADMIN}
    if content_type is not None:
        headers["Content-Type"] = content_type
    for method, where in [
            ("POST", "/users/"), ("PUT", "/users/admin"),
            ("POST", "/users/admin/command/reset-password"),
            ("POST", "/users/admin/command/change-password")]:
        answer = node.request(method, where, b"{}", headers)
        assert_refused(answer, 415, "application/json or text/xml")


def test_answers_are_json_or_xml(node):
    for accept, form in [("*/*", JSON), ("text/*", XML), (XML, XML),
                         ("application/*", JSON), (f"{XML};q=0.5,*/*", JSON)]:
        answer = call(node, "GET", "/users/admin", form=accept)
        assert answer.headers["content-type"] == form + "; charset=utf-8"
        assert result(answer) == (True, "Success")
    for accept in ["image/png", "application/vnd.eventstore.atom+json"]:
        answer = call(node, "GET", "/users/admin", form=accept)
        assert_refused(answer, 406, "application/json or text/xml")


# Of several processes.

@pytest.fixture
def other_worker(node, tmp_path):
    """A second worker process on the node's store."""
    worker = fastcgi.Worker(node, tmp_path / "socket")
    worker.start()
    yield worker
    worker.stop()


def test_what_one_worker_changes_the_others_know(node, other_worker):
    """Though they know the password, since they have checked it before."""
    login = create(node, password="first")

    def both(password, status):
        credentials = basic(login, password)
        answers = [node.request("GET", "/ping", headers=credentials),
                   other_worker.request("GET", "/ping", headers=credentials)]
        return [answer.status for answer in answers] == [status] * 2

    def through_the_other(command, document):
        answer = other_worker.request(
            "POST", command_path(login, command),
            json.dumps(document).encode(), {"Content-Type": JSON, **ADMIN})
        assert answer.status == 200, answer.body

    assert both("first", 200) and both("second", 401)
    through_the_other("reset-password", {"newPassword": "second"})
    assert both("first", 401) and both("second", 200)
    through_the_other("disable", {})
    assert both("second", 401)
    assert_done(call(node, "POST", command_path(login, "enable")))
    assert both("second", 200)
    through_the_other("change-password",
                      {"currentPassword": "second", "newPassword": "third"})
    assert both("second", 401) and both("third", 200)
    assert_done(call(node, "DELETE", user_path(login)))
    assert both("third", 401)


def at_once(*calls):
    """What each returns, all called by threads of their own."""
    with concurrent.futures.ThreadPoolExecutor(len(calls)) as pool:
        return [done.result() for done in [*map(pool.submit, calls)]]


def test_of_two_who_make_an_account_in_two_workers_one_does(
        node, other_worker):
    for _ in range(10):
        login = new_name("raced")

        def make(worker, password, name=login):
            body = json.dumps({"loginName": name, "password": password})
            return worker.request("POST", "/users/", body.encode(),
                                  {"Content-Type": JSON, **ADMIN}).status

        statuses = at_once(lambda: make(node, "one"),
                           lambda: make(other_worker, "two"))
        assert sorted(statuses) == [201, 409]
        assert knows(node, login, "one") == (statuses[0] == 201)
        assert len(stored(node, "$user-" + login)) == 1


def test_changes_in_two_workers_do_not_undo_each_other(node, other_worker):
    login = create(node)

    def name(text):
        body = json.dumps({"fullName": text}).encode()
        return other_worker.request("PUT", user_path(login), body, {
            "Content-Type": JSON, **ADMIN}).status

    def toggle(command):
        return call(node, "POST", command_path(login, command)).status

    for turn in range(10):
        command = "enable" if turn % 2 else "disable"
        assert at_once(lambda: name(f"name {turn}"),
                       lambda: toggle(command)) == [200, 200]
        data = call(node, "GET", user_path(login)).json()["data"]
        assert data["fullName"] == f"name {turn}"
        assert data["disabled"] is (command == "disable")
    assert len(stored(node, "$user-" + login)) == 21
