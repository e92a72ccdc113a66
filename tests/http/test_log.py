"""What the log says of requests."""

import re
import time
import uuid

import pytest

from events import ADMIN, await_accounts, basic, new_name, path
from node import Node, wait_until

FAILING = "/admin/scavenge"
LINES_OF_A_KIND, PERIOD_SECONDS = 20, 10


@pytest.fixture(name="failing", scope="module")
def a_node_that_fails(tmp_path_factory):
    """POST /admin/scavenge is a 503 there: its agent is not to be found."""
    node = Node(tmp_path_factory.mktemp("log") / "data", password_cost=1)
    try:
        node.start()
        await_accounts(node)
        (node.data / "store/agent.socket").unlink()
        yield node
    finally:
        node.stop()


def lines_about(node, text):
    return [line for line in node.output.splitlines() if text in line]


def fail(node, headers, query=""):
    answer = node.request("POST", FAILING + query,
                          headers={**ADMIN, **headers})
    assert answer.status == 503, answer.body
    return answer.headers["x-request-id"]


def test_a_failure_is_logged_once_with_the_id_that_was_sent(failing):
    sent = f"front-1.{uuid.uuid4()}_x"
    assert fail(failing, {"X-Request-Id": sent}, "?secret=1") == sent
    wait_until(lambda: lines_about(failing, sent), 10, "it is logged")
    (line,) = lines_about(failing, f" request: id={sent} ")
    assert re.search(r'Z rill\.fcgi\[\d+\] warn request: '
                     rf'id={re.escape(sent)} status=503 method="POST" '
                     r'path="/admin/scavenge" ms=\d+$', line), line
    assert lines_about(failing, f" admin: id={sent} ")


def test_an_id_that_is_not_sane_is_not_taken_over(failing):
    made = {fail(failing, {"X-Request-Id": wrong})
            for wrong in ("two words", "a=b", "x" * 65, "\u00e9", "")}
    assert len(made) == 5
    for one in made:
        assert re.fullmatch("[0-9a-f]{16}", one)
        assert len(lines_about(failing, f" request: id={one} ")) == 1


def test_what_succeeds_or_is_the_clients_fault_is_not_logged(failing):
    sent = f"quiet-{uuid.uuid4()}"
    for where in ("/ping", path(new_name())):
        answer = failing.request("GET", where, headers={"X-Request-Id": sent})
        assert "x-request-id" not in answer.headers
    assert lines_about(failing, sent) == []


def test_credentials_queries_and_bodies_stay_out_of_it(failing):
    word = uuid.uuid4().hex
    fail(failing, {}, f"?{word}")
    failing.request("GET", path("s"), headers=basic("admin", word))
    failing.request("POST", FAILING, word, ADMIN)
    assert lines_about(failing, word) == []


def test_many_refusals_of_a_kind_are_counted(failing):
    """The last test here: it stops the node, which tells the sum."""
    began = time.monotonic()
    sent = f"many-{uuid.uuid4()}"
    for _ in range(5 * LINES_OF_A_KIND):
        fail(failing, {"X-Request-Id": sent})
    periods = 1 + (time.monotonic() - began) // PERIOD_SECONDS
    assert failing.stop() == 0
    lines = lines_about(failing, f" request: id={sent} ")
    sums = re.findall(r" warn request: (\d+) more in 10 s: ", failing.output)
    assert len(lines) <= LINES_OF_A_KIND * (periods + 1)
    assert len(lines) + sum(map(int, sums)) >= 5 * LINES_OF_A_KIND
