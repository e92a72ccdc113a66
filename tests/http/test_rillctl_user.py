"""rillctl user: accounts, for whoever runs it on the node."""

import os
import pty
import subprocess
import termios

import pytest

from events import (ADMIN, BYTES, await_accounts, event, new_id, new_name,
                    path, write)
from node import BUILD, START_SECONDS, Node, wait_until
from users import call, create, knows, user_path

RILLCTL = str(BUILD / "store/rillctl")
SECONDS = 30


@pytest.fixture(scope="module", autouse=True)
def accounts(node):
    await_accounts(node)


def command(node, *words):
    return [RILLCTL, "--config", str(node.data / "run/rill.json"), "user",
            *words]


def rillctl(node, *words, text=""):
    """Run it with text as standard input, which is no terminal."""
    return subprocess.run(command(node, *words), input=text, text=True,
                          capture_output=True, timeout=SECONDS)


def assert_done(run, output=""):
    assert (run.returncode, run.stdout, run.stderr) == (0, output, "")


def assert_refused(run, status, sentence):
    assert run.returncode == status, run.stderr
    assert run.stdout == ""
    assert sentence in run.stderr


def listed(node, login):
    run = rillctl(node, "list")
    assert run.returncode == 0 and run.stderr == ""
    return [line for line in run.stdout.splitlines()
            if line.split("\t")[0] == login]


def test_an_account_is_made(node):
    login = new_name("ann")
    run = rillctl(node, "add", login, "--name", "Ann ä", "--group", "a",
                  "--group", "$ops", text="pass:word ä\nand more")
    assert_done(run)
    assert knows(node, login, "pass:word ä")
    data = call(node, "GET", user_path(login)).json()["data"]
    assert (data["fullName"], data["groups"]) == ("Ann ä", ["a", "$ops"])
    assert listed(node, login) == [f"{login}\tenabled\ta,$ops\tAnn ä"]


def test_options_may_stand_anywhere(node):
    login = new_name("ann")
    assert_done(rillctl(node, "--group=a", "add", "--name", "A", login,
                        text="x"))
    assert listed(node, login) == [f"{login}\tenabled\ta\tA"]


def test_made_again_with_another_password_it_is_refused(node):
    login = create(node)
    assert_done(rillctl(node, "add", login, text="pass\n"))
    run = rillctl(node, "add", login, text="other\n")
    assert_refused(run, 73, f"there is an account {login} already")
    assert knows(node, login, "pass") and not knows(node, login, "other")


def test_a_password_is_set_and_felt_at_once(node):
    login = create(node)
    assert knows(node, login, "pass")
    assert_done(rillctl(node, "passwd", login, text="second\n"))
    assert not knows(node, login, "pass") and knows(node, login, "second")


def test_an_account_is_disabled_enabled_and_deleted(node):
    login = create(node)
    for action, state, is_known in [("disable", ["disabled"], False),
                                    ("disable", ["disabled"], False),
                                    ("enable", ["enabled"], True),
                                    ("delete", [], False)]:
        assert_done(rillctl(node, action, login))
        assert knows(node, login, "pass") is is_known
        assert [line.split("\t")[1] for line in listed(node, login)] == state
    assert call(node, "GET", user_path(login)).status == 404


@pytest.mark.parametrize("action", ["passwd", "disable", "enable", "delete"])
def test_who_is_not_there(node, action):
    login = new_name("none")
    assert_refused(rillctl(node, action, login, text="x\n"), 67,
                   f"there is no account {login}")


@pytest.mark.parametrize("words, text, sentence", [
    (["add", "a:b"], "x", "no colon"), (["add", "$a"], "x", "with $"),
    (["add", ""], "x", "needs a login"), (["add", "x" * 201], "x", "200"),
    (["add", "a", "--group", ""], "x", "group"),
    (["add", "a", "--name", "x" * 1001], "x", "1000"),
    (["add", "a"], "", "no password was read"),
    (["add", "a"], "\n", "needs a password"),
    (["add", "a"], "x" * 501 + "\n", "500 bytes"),
    (["add", "a"], "x\x01\n", "control"),
    (["passwd", "admin"], "", "no password was read"),
    (["passwd", "admin"], "x" * 100000, "500 bytes")],
    ids=range(12))
def test_what_cannot_be_is_refused(node, words, text, sentence):
    assert_refused(rillctl(node, *words, text=text), 65, sentence)
    assert knows(node, "admin", "changeit")


@pytest.mark.parametrize("words", [
    [], ["nothing"], ["add"], ["add", "a", "b"], ["passwd"], ["list", "a"],
    ["disable"], ["passwd", "a", "--name", "b"], ["list", "--group", "b"],
    ["add", "a", "--password", "x"],
    ["add", "a", *["--group=g"] * 257]], ids=range(11))
def test_wrong_usage(node, words):
    run = rillctl(node, *words, text="x\n")
    assert_refused(run, 64, "usage: rillctl")
    assert len(run.stderr.splitlines()) <= 4


def test_output_that_is_lost_is_no_success(node):
    with open("/dev/full", "w") as full:
        run = subprocess.run(command(node, "list"), stdout=full, text=True,
                             stderr=subprocess.PIPE, timeout=SECONDS)
    assert run.returncode == 74
    assert "No space left" in run.stderr


def test_what_is_printed_cannot_steer_a_terminal(node):
    login = new_name("ann")
    document = {"loginName": login, "password": "x", "fullName": "\x1b[2J\n",
                "groups": ["\x07"]}
    write(node, "$user-" + login, [event(document, "$UserCreated")], ADMIN)
    answer = node.request("POST", path("$users"), login, {
        "Content-Type": BYTES, "ES-EventType": "$User",
        "ES-EventId": new_id(), **ADMIN})
    assert answer.status == 201
    assert listed(node, login) == [f"{login}\tenabled\t?\t?[2J?"]


def test_without_an_agent_it_says_so(tmp_path):
    node = Node(tmp_path / "node")
    node.start()
    node.stop()
    assert_refused(rillctl(node, "list"), 69, "no agent runs")
    assert_refused(rillctl(node, "passwd", "admin", text="x\n"), 69,
                   "no agent runs")


def test_an_administrator_who_was_locked_out_gets_in_again(node_factory):
    node = node_factory(workers=2)
    await_accounts(node)
    for method, where in [("POST", "/users/admin/command/disable"),
                          ("DELETE", "/users/admin")]:
        assert call(node, method, where).status == 200
        assert not knows(node, "admin", "changeit")
        if method == "DELETE":
            assert_done(rillctl(node, "add", "admin", "--group", "$admins",
                                text="changeit\n"))
        else:
            assert_done(rillctl(node, "passwd", "admin", text="changeit\n"))
            assert_done(rillctl(node, "enable", "admin"))
        assert call(node, "GET", "/users/").status == 200


# At a terminal.

class Terminal:
    """A terminal of its own, and a command that runs in it."""

    def __init__(self, words):
        self.shown = ""
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execv(words[0], words)

    def read(self):
        """What it shows next; "" when the command is through."""
        try:
            text = os.read(self.fd, 4096).decode()
        except OSError:
            text = ""
        self.shown += text
        return text

    def wait_for(self, text):
        wait_until(lambda: text in self.shown or not self.read(),
                   START_SECONDS, text)
        assert text in self.shown, self.shown

    def type(self, text):
        os.write(self.fd, text.encode())

    def echoes(self):
        return bool(termios.tcgetattr(self.fd)[3] & termios.ECHO)

    def end(self):
        """Its exit status, negative if by a signal."""
        while self.read():
            pass
        status = os.waitpid(self.pid, 0)[1]
        os.close(self.fd)
        return os.waitstatus_to_exitcode(status)


def test_a_password_is_asked_for_twice_and_not_shown(node):
    login = create(node)
    terminal = Terminal(command(node, "passwd", login))
    for prompt in ["New password: ", "The same again: "]:
        terminal.wait_for(prompt)
        assert not terminal.echoes()
        terminal.type("unseen ä\n")
    assert terminal.end() == 0
    assert "unseen" not in terminal.shown
    assert knows(node, login, "unseen ä")


def test_two_different_passwords_are_refused(node):
    login = create(node)
    terminal = Terminal(command(node, "passwd", login))
    terminal.wait_for("New password: ")
    terminal.type("one\n")
    terminal.wait_for("The same again: ")
    terminal.type("two\n")
    assert terminal.end() == 65
    assert "two different passwords" in terminal.shown
    assert knows(node, login, "pass")


def test_interrupted_it_leaves_the_terminal_as_it_was(node):
    """With its echo: the shell holds the terminal open meanwhile."""
    login = create(node)
    terminal = Terminal(["/bin/sh", "-c", "trap : INT; \"$@\"; echo status $?; read end",
                         "sh", *command(node, "passwd", login)])
    terminal.wait_for("New password: ")
    terminal.type("half\x03")
    terminal.wait_for("status 130")
    assert terminal.echoes()
    terminal.type("\n")
    terminal.end()
    assert knows(node, login, "pass")
