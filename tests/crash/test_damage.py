"""rillctl verify finds what is wrong with a store's files."""

import json
import os
import pty
import shutil
import subprocess

import pytest

from node import BUILD, Node, rillctl

PAGE = 4096
TABLES = ("streams", "events", "all", "event_ids", "counters")


@pytest.fixture(scope="module")
def node(tmp_path_factory):
    """One that has stopped, with a backup beside its store."""
    node = Node(tmp_path_factory.mktemp("node"), scavenge_hours=0)
    node.start()
    for i in range(300):
        assert node.append(f"s{i % 40}", {"n": i}).status == 201
    assert node.stop() == 0  # so that its files have all their pages
    node.start()
    status, output = rillctl(node.data / "run/rill.json", "backup",
                             node.data / "backup")
    assert status == 0, output
    assert node.stop() == 0
    return node


@pytest.fixture
def store(node):
    return node.data / "store"


@pytest.fixture
def copy(store, tmp_path, monkeypatch):
    # Memory of the library's stays behind when it has panicked: see env.h.
    monkeypatch.setenv("ASAN_OPTIONS", "detect_leaks=0")
    shutil.copytree(store, tmp_path / "store")
    (tmp_path / "rill.json").write_text(
        json.dumps({"data": str(tmp_path / "store"), "cache_mb": 4}))
    return tmp_path / "store"


def verify(folder):
    return rillctl(folder.parent / "rill.json", "verify")


def assert_found(folder):
    status, output = verify(folder)
    assert status == 65, output
    lines = output.splitlines()
    assert lines[-1].endswith("fault(s)") and len(lines) > 1, output


def change(path, at, how):
    data = bytearray(path.read_bytes())
    data[at] = how(data[at])
    path.write_bytes(data)


def test_what_is_whole_has_no_faults(copy):
    status, output = verify(copy)
    assert status == 0 and "no faults" in output


@pytest.mark.parametrize("table", TABLES)
def test_a_flipped_byte_in_a_page_is_found(copy, table):
    """In the number of entries, which stands in byte 20 of a page's head."""
    change(copy / f"{table}.db", PAGE + 20, lambda byte: byte ^ 1)
    assert_found(copy)


@pytest.mark.parametrize("table", TABLES)
def test_so_is_one_in_a_page_of_a_backup(node, table, tmp_path):
    shutil.copytree(node.data / "backup", tmp_path / "backup")
    change(tmp_path / f"backup/store-1/{table}.db", PAGE + 20,
           lambda byte: byte ^ 1)
    status, output = rillctl(node.data / "run/rill.json", "restore",
                             tmp_path / "backup", "--to", tmp_path / "store")
    assert status == 65, output


@pytest.mark.parametrize("table", TABLES)
def test_a_file_that_ends_too_early_is_found(copy, table):
    path = copy / f"{table}.db"
    os.truncate(path, path.stat().st_size - PAGE)
    assert_found(copy)


def test_a_missing_log_is_found(copy):
    for path in copy.glob("log.*"):
        path.unlink()
    assert_found(copy)


def test_a_missing_table_is_found(copy):
    (copy / "event_ids.db").unlink()
    assert_found(copy)


def test_a_bar_is_drawn_on_a_terminal(copy):
    ours, theirs = pty.openpty()
    done = subprocess.run(
        [BUILD / "store/rillctl", "--config", copy.parent / "rill.json",
         "verify"], stderr=theirs, stdout=subprocess.PIPE, text=True,
        timeout=60, check=True)
    os.close(theirs)
    shown = os.read(ours, 4096)
    os.close(ours)
    assert b"rows" in shown and b"] " in shown
    assert done.stdout.count("\n") == 1
