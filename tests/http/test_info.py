"""What the node says of itself: its settings and what it is made of."""

import re

import pytest

from events import ADMIN, assert_refused, await_accounts, get
from node import SOURCE, Node


def settings_of_the_manual():
    """The keys of rill.json(5), but for those inside of "cluster"."""
    text = (SOURCE / "store/rill.json.5").read_text()
    names = re.findall(r"^\.It Cm (\w+)$", text, re.M)
    return names[:names.index("cluster") + 1]


def options_of(node):
    answer = get(node, "/info/options", headers=ADMIN)
    assert answer.status == 200
    assert answer.headers["cache-control"].startswith("max-age=0, no-cache")
    return {option.pop("name"): option for option in answer.json()}


def test_options_are_for_administrators(node):
    answer = get(node, "/info/options")
    assert_refused(answer, 401, "$admins")
    assert answer.headers["www-authenticate"] == 'Basic realm="ES"'


def test_options_are_all_there_is_to_set(node):
    options = options_of(node)
    assert sorted(options) == sorted(settings_of_the_manual())
    for option in options.values():
        assert option["description"] and option["group"]
        assert isinstance(option["value"], str)
    assert options["threads"]["value"] == "32"
    assert options["stats"]["possibleValues"] == ["all", "ops"]


def test_options_tell_what_was_set(tmp_path):
    node = Node(tmp_path / "data", hosts=["a.example", "b.example"],
                trusted_proxies=["192.0.2.1", "2001:db8::1"], stats="ops")
    try:
        node.start()
        await_accounts(node)
        options = options_of(node)
    finally:
        node.stop()
    assert options["hosts"]["value"] == "a.example,b.example"
    assert options["trusted_proxies"]["value"] == "192.0.2.1,2001:db8::1"
    assert options["stats"]["value"] == "ops"
    assert options["cluster"]["value"] == ""


def test_there_are_no_subsystems(node):
    answer = get(node, "/sys/subsystems")
    assert answer.json() == []
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    assert_refused(get(node, "/sys/subsystems", "text/xml"), 406)


@pytest.mark.parametrize("where", ["/info/options", "/sys/subsystems"])
def test_they_are_read_only(node, where):
    assert node.request("POST", where, "{}", ADMIN).status == 405
