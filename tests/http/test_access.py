"""Who may do what, and what is said to those who may not."""

import base64
import json

import pytest

from events import (ADMIN, ATOM, JSON, assert_refused, basic, event, fill,
                    get, new_name, path, post, set_metadata, write)
from node import START_SECONDS, Node, wait_until

# What crypt makes of "pass", with a cost fit for tests.
PASS = ("$y$j7T$abcdefghijklmnopqrstu."
        "$rSncPQkrGGyUnDcW5JDqr8y708o/oKPaAmFQXGImOA.")


def assert_denied(answer):
    assert_refused(answer, 401)
    assert answer.headers["www-authenticate"] == 'Basic realm="ES"'


def make_user(node, groups=(), **more):
    """An account of its own: credentials, and the name."""
    login = new_name("user")
    account = {"loginName": login, "fullName": "A User", "password": PASS,
               "groups": list(groups), **more}
    write(node, "$user-" + login, [event(account, "$UserCreated")], ADMIN)
    return basic(login, "pass"), login


@pytest.fixture(scope="module")
def user(node):
    return make_user(node, ["staff"])


# Credentials.

@pytest.mark.parametrize("credentials", [
    "Basic", "Basic ", "Basic !!!", "Basic YWRtaW4=", "Basic YWRtaW4",
    "Bearer abc", "basic", "Digest username=admin", "nonsense", ":",
    "Basic YWRtaW46Y2hhbmdlaXQ", "Basic YWRtaW46Y2hhbmdlaXQ= x",
    "Basic Og==", "Basic " + "QUFB" * 5000,
    "Basic " + base64.b64encode(b"admin\0:changeit").decode(),
    "Basic " + base64.b64encode(b"\xff\xfe:\xff").decode()],
    ids=range(16))
def test_malformed_credentials_are_never_taken_for_none(node, credentials):
    stream = new_name("public")
    fill(node, stream, 1)
    answer = get(node, path(stream), headers={"Authorization": credentials})
    assert_denied(answer)


@pytest.mark.parametrize("login, password", [
    ("admin", "wrong"), ("admin", ""), ("admin", "changeit "),
    ("Admin", "changeit"), ("nobody", "x"), ("", ""), ("", "changeit"),
    ("admin\n", "changeit"), ("../admin", "changeit"), ("$all", "x"),
    ("x" * 2000, "x"), ("admin", "x" * 5000), ("é", "ü")],
    ids=range(13))
def test_wrong_credentials_are_refused_even_where_anybody_may_read(
        node, login, password):
    assert_denied(get(node, "/ping", headers=basic(login, password)))


def test_wrong_credentials_come_before_what_is_not_there(node):
    for where in ["/nothing", path(new_name("none"))]:
        answer = get(node, where, headers=basic("admin", "wrong"))
        assert_denied(answer)
        assert answer.headers.get("access-control-allow-methods", "") == ""


def test_the_right_credentials_are_taken(node, user):
    stream = new_name("open")
    fill(node, stream, 1)
    for who in [ADMIN, user[0], {}]:
        assert get(node, path(stream), headers=who).status == 200
    lower = {"Authorization": ADMIN["Authorization"].replace("Basic", "basic")}
    assert get(node, path(stream), headers=lower).status == 200


def test_a_disabled_account_is_refused(node):
    who, _ = make_user(node, disabled=True)
    assert_denied(get(node, "/ping", headers=who))


def test_an_account_that_was_changed_is_known_as_it_is_now(node):
    """Though its password was checked before."""
    who, login = make_user(node)
    assert get(node, "/ping", headers=who).status == 200
    account = {"loginName": login, "fullName": "A User", "disabled": True,
               "password": PASS}
    write(node, "$user-" + login, [event(account, "$UserUpdated")], ADMIN)
    assert_denied(get(node, "/ping", headers=who))


def test_a_new_node_never_refuses_its_administrator(tmp_path):
    """Until it has made the account, it says that it is not ready."""
    fresh = Node(tmp_path / "fresh")
    fresh.launch()

    def is_known():
        try:
            answer = fresh.request("GET", "/ping", headers=ADMIN)
        except OSError:
            return False
        assert answer.status in (200, 503), answer.body
        assert answer.status == 200 or "retry-after" in answer.headers
        return answer.status == 200
    try:
        wait_until(is_known, START_SECONDS, "admin is known")
    finally:
        fresh.stop()


# System streams.

@pytest.mark.parametrize("name", [
    "$users", "$user-admin", "$settings", "$nothing", "$$$users"])
def test_system_streams_are_for_administrators(node, user, name):
    for who in [{}, user[0]]:
        for answer in [get(node, path(name), headers=who),
                       get(node, path(name, 0), headers=who),
                       get(node, path(name, 0, "forward", 5), headers=who),
                       post(node, path(name), [event()], who)]:
            assert_denied(answer)
    assert get(node, path(name), headers=ADMIN).status in (200, 404)


@pytest.mark.parametrize("name", ["$users", "$user-admin", "$nothing"])
def test_so_is_their_end(node, user, name):
    for who in [{}, user[0]]:
        answer = node.request("DELETE", path(name), headers=who)
        assert_denied(answer)


def test_a_dollar_may_be_written_in_two_ways(node):
    for where in ["/streams/$users", "/streams/%24users"]:
        assert_denied(get(node, where))
        answer = get(node, where, headers=ADMIN)
        assert answer.json()["streamId"] == "$users"


def test_an_administrator_writes_a_system_stream(node):
    stream = new_name("$system")
    write(node, stream, [event({"a": 1})], ADMIN)
    assert get(node, path(stream, 0), JSON, ADMIN).json() == {"a": 1}
    assert_denied(get(node, path(stream, 0), JSON))


def test_a_new_store_knows_its_administrator(node):
    first = get(node, path("$users", 0), headers=ADMIN).json()
    assert (first["title"], first["summary"]) == ("0@$users", "$User")
    acl = get(node, path("$users", "metadata"), ATOM, ADMIN).json()
    assert acl["title"] == "0@$$$users"
    stored = get(node, path("$user-admin", 0), JSON, ADMIN).json()
    assert (stored["loginName"], stored["groups"]) == ("admin", ["$admins"])
    assert stored["password"].startswith("$y$")
    assert "changeit" not in json.dumps(stored)


# Access lists.

def allowed(answer):
    """Whether it was: what is refused is refused with 401."""
    if answer.status == 401:
        assert_denied(answer)
    else:
        assert answer.status in (200, 201, 204), answer.body
    return answer.status != 401


def rights(node, stream, who):
    """The letters of what somebody may do with a stream."""
    tries = {
        "r": lambda: get(node, path(stream), headers=who),
        "w": lambda: post(node, path(stream), [event()], who),
        "R": lambda: get(node, path(stream, "metadata"), headers=who)}
    return "".join(letter for letter, ask in tries.items() if allowed(ask()))


@pytest.mark.parametrize("acl, anybody, staff, login", [
    ({}, "rwR", "rwR", "rwR"),
    ({"$r": "staff"}, "wR", "rwR", "rwR"),
    ({"$r": ["staff", "others"]}, "wR", "rwR", "rwR"),
    ({"$r": "others"}, "wR", "wR", "wR"),
    ({"$r": ""}, "wR", "wR", "wR"), ({"$r": []}, "wR", "wR", "wR"),
    ({"$r": "$admins"}, "wR", "wR", "wR"),
    ({"$w": "STAFF"}, "rR", "rwR", "rwR"),
    ({"$mr": "staff"}, "rw", "rwR", "rwR"),
    ({"$r": "LOGIN"}, "wR", "wR", "rwR"),
    ({"$r": "$all", "$w": "$admins", "$mr": "$all"}, "rR", "rR", "rR"),
    ({"$r": "staff", "$w": "staff", "$mr": "staff"}, "", "rwR", "rwR"),
])
def test_access_lists(node, user, acl, anybody, staff, login):
    mate, _ = make_user(node, ["staff"])
    acl = {key: user[1] if value == "LOGIN" else value
           for key, value in acl.items()}
    stream = new_name("listed")
    fill(node, stream, 1)
    set_metadata(node, stream, {"$acl": acl})
    assert rights(node, stream, {}) == anybody
    assert rights(node, stream, mate) == staff
    assert rights(node, stream, user[0]) == login
    assert rights(node, stream, ADMIN) == "rwR"


def test_deleting_has_a_right_of_its_own(node, user):
    stream = new_name("kept")
    fill(node, stream, 1)
    set_metadata(node, stream, {"$acl": {"$d": "staff"}})
    assert_denied(node.request("DELETE", path(stream)))
    answer = node.request("DELETE", path(stream), headers=user[0])
    assert answer.status == 204


def test_writing_metadata_has_a_right_of_its_own(node, user):
    stream = new_name("kept")
    set_metadata(node, stream, {"$acl": {"$mw": "staff"}})
    for where in [path(stream, "metadata"), path("$$" + stream)]:
        assert_denied(post(node, where, [event()]))
    set_metadata(node, stream, {}, user[0])
    set_metadata(node, stream, {})


def test_the_metastream_follows_the_metadata_rights(node, user):
    stream = new_name("kept")
    set_metadata(node, stream, {"$acl": {"$mr": "staff"}})
    assert_denied(get(node, path("$$" + stream)))
    assert get(node, path("$$" + stream), headers=user[0]).status == 200


def test_what_not_everybody_reads_is_cached_by_no_one_between(node, user):
    stream = new_name("private")
    fill(node, stream, 1)
    set_metadata(node, stream, {"$acl": {"$r": "staff"}, "$cacheControl": 9})
    head = get(node, path(stream), headers=user[0])
    assert head.headers["cache-control"] == "max-age=9, private"
    single = get(node, path(stream, 0), headers=user[0])
    assert single.headers["cache-control"] == "max-age=31536000, private"


def test_a_tag_does_not_get_past_the_access_check(node):
    stream = new_name("secret")
    fill(node, stream, 1)
    tag = {"If-None-Match": get(node, path(stream)).headers["etag"]}
    set_metadata(node, stream, {"$acl": {"$r": "$admins"}})
    assert_denied(get(node, path(stream), headers=tag))
    assert_denied(get(node, path(stream, 0, "forward", 5), headers=tag))


def test_access_comes_before_versions_and_what_is_not_there(node):
    stream = new_name("closed")
    fill(node, stream, 1)
    set_metadata(node, stream, {"$acl": {"$w": "", "$d": ""}})
    wrong = {"ES-ExpectedVersion": "7"}
    assert_denied(post(node, path(stream), [event()], wrong))
    assert_denied(node.request("DELETE", path(stream), headers=wrong))
    assert_denied(get(node, path(new_name("$none"))))


def test_a_refused_write_leaves_nothing(node):
    stream = new_name("closed")
    set_metadata(node, stream, {"$acl": {"$w": "$admins"}})
    assert_denied(post(node, path(stream), [event()]))
    assert get(node, path(stream)).status == 404
