"""The session that README.md shows, run as it is printed.

Blocks of ```console hold commands behind "$ " (and "> " where one goes on),
and below them what they print.  There, "..." stands for anything.  Times,
ids, positions, lengths and versions are not compared.
"""

import os
import re
import subprocess

import pytest

from events import await_accounts
from node import BUILD, SOURCE

README = SOURCE / "README.md"
PRINTED_PORT = "2113"  # the one that make run takes
SECONDS = 60

# What differs from one run to the next, and what is shown in its place.
VARIES = [
    (r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", "<id>"),
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "<time>"),
    (r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT", "<date>"),
    (r"(?i)^(Content-Length|ES-Position|Server): .*$", r"\1: <any>"),
    (r"/[0-9A-F]{32}/", "/<position>/"),
]


def blocks(text):
    """The lines of each ```console block."""
    found = re.findall(r"^```console\n(.*?)^```$", text, re.M | re.S)
    return [block.splitlines() for block in found]


def steps(lines):
    """(command, expected output) of a block."""
    found = []
    for line in lines:
        if line.startswith("$ "):
            found.append(([line[2:]], []))
        elif line.startswith("> ") and found and not found[-1][1]:
            found[-1][0].append(line[2:])
        elif found:
            found[-1][1].append(line)
        else:
            raise AssertionError(f"output before any command: {line}")
    return [("\n".join(command), "\n".join(output))
            for command, output in found]


def session():
    text = README.read_text()
    found = sum(map(steps, blocks(text)), [])
    return [step for step in found if not starts_the_node(step[0])]


def starts_the_node(command):
    """The session's node runs already, on another port."""
    return "make run" in command


def run(commands, node, folder):
    """What each command prints; one shell runs them all."""
    marker = "---- end of a command ----"
    script = "".join(f"{command}\necho '{marker}'\n" for command in commands)
    script = script.replace(PRINTED_PORT, str(node.port))
    programs = [BUILD / "store", BUILD / "fcgi", BUILD / "cluster-agent"]
    environment = {
        **os.environ, "RILL_CONFIG": str(node.data / "run/rill.json"),
        "PATH": ":".join([*map(str, programs), os.environ["PATH"]])}
    done = subprocess.run(
        ["bash", "-c", script], cwd=folder, env=environment, timeout=SECONDS,
        stdin=subprocess.DEVNULL, capture_output=True)
    print("on standard error:", done.stderr.decode(errors="replace"))
    outputs = done.stdout.decode(errors="replace").split(marker + "\n")
    assert len(outputs) == len(commands) + 1, "the session ended early"
    return outputs[:-1]


def settle(text):
    """Without what varies, and without blanks at the ends of lines."""
    text = text.replace("\r", "")
    for pattern, shown in VARIES:
        text = re.sub(pattern, shown, text, flags=re.M)
    return "\n".join(line.rstrip() for line in text.strip().splitlines())


def agrees(printed, expected):
    """Whether they are the same but for what "..." stands for."""
    parts = map(re.escape, settle(expected).split("..."))
    return re.fullmatch(".*".join(parts), settle(printed), re.S) is not None


@pytest.mark.parametrize("printed, expected, same", [
    ("a\r\n", "a", True), ("a b c", "a ... c", True), ("a", "b", False),
    ("1\n2\n3\n", "1\n...\n3", True), ("1\n3", "1\n2\n3", False),
    ("Content-Length: 7", "Content-Length: 12", True),
    ("Date: Sun, 22 Nov 2026 05:25:42 GMT",
     "Date: Mon, 01 Jan 2024 00:00:00 GMT", True),
    ("ES-CurrentVersion: 1", "ES-CurrentVersion: 2", False),
    ("a.c", "abc", False)])
def test_outputs_are_compared_as_they_should_be(printed, expected, same):
    assert agrees(printed, expected) is same


def test_a_session_is_found_in_its_blocks():
    text = "```console\n$ a \\\n> b\nout\n\nmore\n$ c\n```\n```sh\n$ d\n```\n"
    assert sum(map(steps, blocks(text)), []) == [
        ("a \\\nb", "out\n\nmore"), ("c", "")]


def test_the_session_of_the_readme_runs_as_printed(node_factory, tmp_path):
    wanted = session()
    assert wanted, "README.md has no ```console block"
    node = node_factory()
    await_accounts(node)
    outputs = run([command for command, _ in wanted], node, tmp_path)
    for (command, expected), printed in zip(wanted, outputs):
        expected = expected.replace(PRINTED_PORT, str(node.port))
        assert agrees(printed, expected), (
            f"{command}\nprints:\n{printed}\nREADME.md says:\n{expected}")
