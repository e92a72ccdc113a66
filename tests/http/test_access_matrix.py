"""Every right, for every kind of user, on every kind of stream and route.

Each cell is a request to a node, and what comes of it is what the plain model
in access_model.py says.
"""

import http.client
import json

import pytest

from access_model import is_allowed, is_public
from events import (ADMIN, EVENTS, await_accounts, basic, event, link, new_id,
                    new_name, path, set_metadata, write)
from node import Answer
from users import make_user

RIGHTS = ["$r", "$w", "$d", "$mr", "$mw"]

# As an expected version: who has the right is told that it is wrong.
WRONG_VERSION = {"ES-ExpectedVersion": "77777"}

ALL_PAGE = "/streams/$all/00000000000000000000000000000000/forward/1"


class Cells:
    """Requests on one connection, and those that went wrong."""

    def __init__(self, node):
        self.connection = http.client.HTTPConnection("127.0.0.1", node.port)
        self.count = 0
        self.wrong = []

    def ask(self, method, where, body=None, headers=None):
        self.connection.request(method, where, body, headers or {})
        return Answer(self.connection.getresponse())

    def expect(self, cell, answer, allowed, status):
        self.count += 1
        if allowed:
            ok = answer.status == status
        else:
            ok = (answer.status == 401 and answer.headers.get(
                "www-authenticate") == 'Basic realm="ES"')
        if not ok:
            self.wrong.append((*cell, "allowed" if allowed else "denied",
                               answer.status))


def batch():
    return json.dumps([event()])


def sends(where, more=None):
    return ("POST", where, batch, {"Content-Type": EVENTS, **(more or {})})


def reads(where, method="GET"):
    return (method, where, None, {})


# What is asked for: name, the right it takes, the stream whose it is (by the
# name of the base stream), what is answered with the right, and the request.
def routes_of(stream, links):
    meta = "$$" + stream
    deletes = ("DELETE", path(stream), None, WRONG_VERSION)
    single = {"Content-Type": "application/json", "ES-EventType": "t"}
    return [
        ("feed", "$r", stream, 200, reads(path(stream))),
        ("HEAD", "$r", stream, 200, reads(path(stream), "HEAD")),
        ("event", "$r", stream, 200, reads(path(stream, 0))),
        ("head event", "$r", stream, 200, reads(path(stream, "head"))),
        ("forward", "$r", stream, 200, reads(path(stream, 0, "forward", 1))),
        ("backward", "$r", stream, 200, reads(path(stream, 0, "backward", 1))),
        ("no event", "$r", stream, 404, reads(path(stream, 999999))),
        ("link", "$r", stream, 200, reads(path(links, 0))),
        ("link in a page", "$r", stream, 200,
         reads(path(links, 0, "forward", 1) + "?embed=body")),
        ("append", "$w", stream, 201, sends(path(stream))),
        ("wrong append", "$w", stream, 400, sends(path(stream), WRONG_VERSION)),
        ("incoming", "$w", stream, 201,
         ("POST", path(stream, "incoming", new_id()), lambda: "{}", single)),
        ("delete", "$d", stream, 400, deletes),
        ("hard delete", "$d", stream, 400,
         deletes[:3] + ({**WRONG_VERSION, "ES-HardDelete": "True"},)),
        ("metadata", "$r", meta, 200, reads(path(stream, "metadata"))),
        ("metadata event", "$r", meta, 200,
         reads(path(stream, "metadata", "head"))),
        ("metadata page", "$r", meta, 200,
         reads(path(stream, "metadata", "head", "backward", 1))),
        ("metastream", "$r", meta, 200, reads(path(meta))),
        ("metastream event", "$r", meta, 200, reads(path(meta, "head"))),
        ("write metadata", "$w", meta, 400,
         sends(path(stream, "metadata"), WRONG_VERSION)),
        ("write metastream", "$w", meta, 400,
         sends(path(meta), WRONG_VERSION)),
        ("delete metastream", "$d", meta, None,
         ("DELETE", path(meta), None, {})),
    ]


def refused(login):
    return (basic(login, "wrong"), "refused")


@pytest.fixture(scope="module")
def people(node):
    """{kind: (headers, roles)}; the roles of who cannot log in: "refused"."""
    found = {"anybody": ({}, None), "admin": (ADMIN, {"admin", "$admins"})}
    for kind, groups in [("plain", []), ("member", ["staff"]),
                         ("other case", ["STAFF"]), ("ops", ["$ops"]),
                         ("another admin", ["$ADMINS", "x"]), ("listed", [])]:
        login, who = make_user(node, *groups)
        found[kind] = (who, {login, *groups})
    login, who = make_user(node, "staff", "$admins")
    assert node.request("POST", f"/users/{login}/command/disable",
                        headers=ADMIN).status == 200
    found["disabled"] = (who, "refused")
    found["wrong password"] = refused(make_user(node, "$admins")[0])
    found["unknown"] = refused(new_name("nobody"))
    return found


def login_of(person):
    return next(role for role in person[1] if role.startswith("user-"))


def check_all(node, people, stream, acl, settings=None, links=None):
    """Try each route as each of the people; how many cells that were."""
    cells = Cells(node)
    for name, right, of, status, request in routes_of(stream, links or stream):
        if links is None and name.startswith("link"):
            continue
        method, where, body, headers = request
        for kind, (who, roles) in people.items():
            answer = cells.ask(method, where, body and body(),
                               {**headers, **who})
            allowed = roles != "refused" and is_allowed(
                roles, of, right, acl, settings or {})
            cells.expect((kind, name), answer, allowed, status)
            keeps = answer.headers.get("cache-control", "")
            if ("public" in keeps and not is_public(
                    of, "$r", acl, settings or {})):
                cells.wrong.append((kind, name, keeps))
    assert cells.wrong == []
    return cells.count


def make_stream(node, name, acl):
    """A stream with an event, its $acl, and a stream with a link to it."""
    write(node, name, [event()], ADMIN)
    set_metadata(node, name, {"$acl": acl}, ADMIN)
    links = new_name("links")
    link(node, links, "0@" + name)
    return links


LISTS = ["staff", ["others", "Staff"], "LISTED", ["listed"], "", [], "$all",
         ["others", "$all"], "$ALL", "$ops", "others"]


def fill_in(names, people):
    """LISTED and listed stand for a login, in upper or in lower case."""
    login = login_of(people["listed"])
    swap = {"LISTED": login.upper(), "listed": login}
    if isinstance(names, list):
        return [swap.get(name, name) for name in names]
    return swap.get(names, names)


@pytest.mark.parametrize("prefix", ["", "$"], ids=["user", "system"])
def test_a_stream_without_lists(node, people, prefix):
    name = new_name(prefix + "stream")
    links = make_stream(node, name, {})
    assert check_all(node, people, name, {}, links=links) > 200


@pytest.mark.parametrize("names", LISTS, ids=json.dumps)
@pytest.mark.parametrize("right", RIGHTS)
@pytest.mark.parametrize("prefix", ["", "$"], ids=["user", "system"])
def test_a_stream_with_one_list(node, people, prefix, right, names):
    name = new_name(prefix + "stream")
    acl = {right: fill_in(names, people)}
    links = make_stream(node, name, acl)
    some = people if names in ("staff", "LISTED") else {
        kind: people[kind] for kind in ("anybody", "member", "listed", "ops",
                                        "admin")}
    check_all(node, some, name, acl, links=links)


def test_a_stream_with_all_lists(node, people):
    name = new_name("stream")
    acl = {"$r": "staff", "$w": "$ops", "$d": [], "$mr": ["x", "staff"],
           "$mw": login_of(people["listed"])}
    links = make_stream(node, name, acl)
    check_all(node, people, name, acl, links=links)


# Everything together.

def check_all_of_all(node, people, settings):
    cells = Cells(node)
    for kind, (who, roles) in people.items():
        may_read = roles != "refused" and is_allowed(
            roles, "$all", "$r", {}, settings)
        for method, where in [("GET", "/streams/$all"),
                              ("HEAD", "/streams/$all"),
                              ("GET", "/streams/%24all/head/backward/1"),
                              ("GET", ALL_PAGE)]:
            answer = cells.ask(method, where, headers=who)
            cells.expect((kind, method, where), answer, may_read, 200)
        for method in ["POST", "DELETE"]:
            answer = cells.ask(method, "/streams/$all", batch(),
                               {"Content-Type": EVENTS, **who})
            cells.expect((kind, method), answer, False, None)
    assert cells.wrong == []


def test_all(node, people):
    check_all_of_all(node, people, {})


# $settings, on a node of their own.

@pytest.fixture(scope="module")
def own_node(tmp_path_factory):
    from node import Node
    node = Node(tmp_path_factory.mktemp("settings") / "node")
    node.start()
    await_accounts(node)
    yield node
    node.stop()


@pytest.fixture(scope="module")
def residents(own_node):
    """Fewer kinds of people: their logins do not matter here."""
    found = {"anybody": ({}, None), "admin": (ADMIN, {"admin", "$admins"})}
    for kind, groups in [("member", ["staff"]), ("ops", ["$ops"])]:
        login, who = make_user(own_node, *groups)
        found[kind] = (who, {login, *groups})
    found["wrong password"] = refused(login)
    return found


@pytest.fixture(scope="module")
def streams(own_node):
    """{name: (acl, stream with a link to it)}"""
    acls = {"open": {}, "$open": {}, "listed": {"$r": "$ops", "$mw": "staff"},
            "$listed": {"$r": "$all", "$w": "staff", "$d": ""}}
    return {name: (acl, make_stream(own_node, name, acl))
            for name, acl in acls.items()}


DEFAULTS = [
    {"$userStreamAcl": {"$r": "staff"}},
    {"$userStreamAcl": {"$r": ["$ops"], "$w": "", "$d": [], "$mr": "staff",
                        "$mw": "$admins"}},
    {"$systemStreamAcl": {"$r": "$all", "$w": "staff", "$mr": "$ops"}},
    {"$userStreamAcl": {"$w": "staff", "$mw": ["staff", "$ops"]},
     "$systemStreamAcl": {"$d": "$ops", "$mw": "$all"}, "other": [1]},
    {},
]

# Whatever is wrong with a document, it counts as none.
NO_DEFAULTS = ["[]", "{", '{"$userStreamAcl": "staff"}',
               '{"$userStreamAcl": {"$r": 1}}',
               '{"$userStreamAcl": {"$r": "staff", "$x": "staff"}}',
               '{"$userStreamAcl": {"$r": ""}, "$systemStreamAcl": null}']


def set_defaults(node, text):
    answer = node.request("POST", path("$settings"), text, {
        "Content-Type": "application/json", "ES-EventType": new_name("any"),
        "ES-EventId": new_id(), **ADMIN})
    assert answer.status == 201, answer.body


def check_defaults(node, people, streams, settings):
    for name, (acl, links) in streams.items():
        # Who may not read the links themselves sees no target.
        readers = is_public(links, "$r", {}, settings)
        check_all(node, people, name, acl, settings,
                  links if readers else None)
    check_all_of_all(node, people, settings)


@pytest.mark.parametrize("settings", DEFAULTS, ids=range(len(DEFAULTS)))
def test_defaults_come_after_a_streams_own_lists(
        own_node, residents, streams, settings):
    set_defaults(own_node, json.dumps(settings))
    check_defaults(own_node, residents, streams, settings)


@pytest.mark.parametrize("text", NO_DEFAULTS)
def test_what_is_no_document_leaves_the_built_in_defaults(
        own_node, residents, streams, text):
    set_defaults(own_node, json.dumps(DEFAULTS[1]))
    set_defaults(own_node, text)
    check_defaults(own_node, residents, {"open": streams["open"]}, {})


def test_settings_that_are_deleted_leave_them_too(
        own_node, residents, streams):
    set_defaults(own_node, json.dumps(DEFAULTS[1]))
    check_defaults(own_node, residents, {"open": streams["open"]}, DEFAULTS[1])
    answer = own_node.request("DELETE", path("$settings"), headers=ADMIN)
    assert answer.status == 204
    check_defaults(own_node, residents, {"open": streams["open"]}, {})
