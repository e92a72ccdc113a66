"""Backups of a running node, and what is restored from them."""

import json
import os
import resource
import shutil
import signal
import stat
import subprocess
import threading
import uuid

import pytest

from node import BUILD, START_SECONDS, Node, rillctl, wait_until

EVENTS = "application/vnd.eventstore.events+json"
MOST = 100  # events in a batch
LIMIT = 65536  # bytes that a process may write to a file


def config(node):
    return node.data / "run/rill.json"


def batch(node, stream, n=MOST):
    body = json.dumps([{"eventId": str(uuid.uuid4()), "eventType": "t",
                        "data": {"i": i, "text": "x" * 200}}
                       for i in range(n)])
    return node.request("POST", f"/streams/{stream}", body,
                        {"Content-Type": EVENTS})


class Load:
    """Appends batches to a stream of its own until it is stopped."""

    def __init__(self, node):
        self.node = node
        self.stream = "load-" + str(uuid.uuid4())
        self.acknowledged = 0
        self.stopping = False
        self.thread = threading.Thread(target=self.run)

    def run(self):
        while not self.stopping:
            try:
                if batch(self.node, self.stream).status == 201:
                    self.acknowledged += MOST
            except OSError:
                pass

    def __enter__(self):
        self.thread.start()
        wait_until(lambda: self.acknowledged >= 20 * MOST, 60, "there is load")
        return self

    def __exit__(self, *_):
        self.stopping = True
        self.thread.join()


def backup(node, folder, *arguments, status=0):
    found, output = rillctl(config(node), "backup", folder, *arguments)
    assert found == status, output
    return output


def restore(node, folder, to):
    """Returns a node on what was restored; its events are all there."""
    to.mkdir()
    store = to / "store"
    status, output = rillctl(config(node), "restore", folder, "--to", store)
    assert status == 0 and "no faults" in output, output
    assert stat.S_IMODE(store.stat().st_mode) == 0o700
    return Node(to, scavenge_hours=0)


def count(node, stream):
    """How many events a stream has, numbered without gaps."""
    # A node that answers may still wait for its agent.
    wait_until(lambda: node.request("GET", f"/streams/{stream}/0").status == 200,
               START_SECONDS, "the store is open")
    status, output = rillctl(config(node), "export", "--stream", stream)
    assert status == 0, output
    numbers = [json.loads(line)["number"] for line in output.splitlines()]
    assert numbers == list(range(len(numbers)))
    return len(numbers)


def contents(folder):
    return {path.relative_to(folder): path.read_bytes()
            for path in sorted(folder.rglob("*")) if path.is_file()}


def test_under_load_all_that_was_acknowledged_is_there(node_factory, tmp_path):
    node = node_factory(scavenge_hours=0, backup_log_mb=1024)
    folder = tmp_path / "backup"
    with Load(node) as load:
        at_least = load.acknowledged
        assert "a full backup" in backup(node, folder)
        first = restore(node, folder, tmp_path / "first")
        for name in ("second", "third"):
            batch(node, name)
            at_least = load.acknowledged
            assert "added what was written since" in backup(node, folder)
    before = contents(folder)
    copy = restore(node, folder, tmp_path / "copy")
    assert contents(folder) == before and first.data.is_dir()
    copy.start()
    assert count(copy, load.stream) >= at_least
    assert count(copy, "second") == count(copy, "third") == MOST
    assert count(node, load.stream) >= count(copy, load.stream)
    assert batch(copy, load.stream).status == 201
    assert rillctl(config(copy), "verify")[0] == 0
    copy.stop()
    check_other_stores(node, copy, folder)


def check_other_stores(node, copy, folder):
    """The copy went another way than the store since."""
    batch(node, "fourth")
    backup(node, folder)
    copy.start()
    output = backup(copy, folder, status=73)
    assert "--full" in output
    assert "a full backup" in backup(copy, folder, "--full")
    copy.stop()
    assert "--full" in backup(node, folder, status=73)
    files = {path.name for path in folder.iterdir()}
    assert len(files) == 2 and "backup.json" in files
    for path in folder.rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) == (
            0o700 if path.is_dir() else 0o600)


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """A node with some events, and without logs of before."""
    node = Node(tmp_path_factory.mktemp("kept"), scavenge_hours=0)
    node.start()
    for _ in range(10):
        assert batch(node, "s").status == 201
    yield node
    node.stop()


def run_out_of(limit):
    def limit_files():
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    return limit_files


def test_killed_in_the_midst_it_is_no_backup_and_the_node_goes_on(
        kept, tmp_path):
    """The kernel kills it in the midst of a table, inside the library."""
    folder = tmp_path / "backup"
    killed = subprocess.run(
        [BUILD / "store/rillctl", "--config", config(kept), "backup", folder],
        preexec_fn=run_out_of(LIMIT), capture_output=True, timeout=60)
    assert killed.returncode == -signal.SIGXFSZ, killed
    assert list(folder.rglob("*.db")) and not (folder / "backup.json").exists()
    wait_until(lambda: batch(kept, "s").status == 201, 60, "it goes on")
    status, output = rillctl(
        config(kept), "restore", folder, "--to", tmp_path / "x")
    assert status == 66 and "not finished" in output
    backup(kept, folder)
    assert restore(kept, folder, tmp_path / "y").data.is_dir()


def test_what_is_broken_off_leaves_the_backup_as_it_was(kept, tmp_path):
    folder = tmp_path / "backup"
    backup(kept, folder)
    before = (folder / "backup.json").read_bytes()
    batch(kept, "since")
    size = max(path.stat().st_size for path in folder.rglob("log.*"))
    subprocess.run(
        [BUILD / "store/rillctl", "--config", config(kept), "backup", folder],
        preexec_fn=run_out_of(size + 100), capture_output=True, timeout=60)
    assert (folder / "backup.json").read_bytes() == before
    assert restore(kept, folder, tmp_path / "x").data.is_dir()
    wait_until(lambda: batch(kept, "since").status == 201, 60, "it goes on")
    backup(kept, folder)
    assert (folder / "backup.json").read_bytes() != before
    assert restore(kept, folder, tmp_path / "y").data.is_dir()


def test_a_damaged_backup_is_not_restored(kept, tmp_path):
    folder = tmp_path / "backup"
    backup(kept, folder)
    inner = folder / "store-1"

    def refused(break_it, what):
        broken = tmp_path / what
        shutil.copytree(folder, broken)
        break_it(broken)
        status, output = rillctl(
            config(kept), "restore", broken, "--to", tmp_path / (what + ".to"))
        assert status == 65 and "damaged" in output, output

    table = "store-1/events.db"
    log = sorted(path.name for path in inner.glob("log.*"))[-1]
    refused(lambda b: (b / table).unlink(), "table")
    refused(lambda b: os.truncate(b / table, 4096), "short")
    refused(lambda b: (b / "store-1" / log).unlink(), "log")
    refused(lambda b: (b / "backup.json").write_text("{}\n"), "manifest")
    refused(lambda b: (b / "backup.json").write_text("{"), "text")


def test_a_store_is_not_restored_over(kept, tmp_path):
    folder = tmp_path / "backup"
    backup(kept, folder)
    status, output = rillctl(config(kept), "restore", folder)
    assert status == 65 and "holds a store" in output
    half = tmp_path / "half"
    half.mkdir()
    (half / "restoring").touch()
    status, output = rillctl(config(kept), "restore", folder, "--to", half)
    assert status == 65 and "holds a store" in output
    (tmp_path / "rill.json").write_text(json.dumps({"data": str(half)}))
    with subprocess.Popen(
            [BUILD / "cluster-agent/rill-agent", "--config",
             tmp_path / "rill.json"], stderr=subprocess.PIPE, text=True,
            ) as agent:
        assert any("a restore was not finished" in line
                   for line in agent.stderr)
        agent.terminate()
        agent.communicate(timeout=60)
    assert not (half / "events.db").exists()


def test_a_folder_with_something_else_is_left_alone(kept, tmp_path):
    other = tmp_path / "2026"
    other.mkdir()
    output = backup(kept, tmp_path, status=65)
    assert "holds other files and no backup" in output
    assert list(tmp_path.iterdir()) == [other]
    other.rename(tmp_path / "store-1")
    (tmp_path / "store-1/note").write_text("mine")
    assert "not empty" in backup(kept, tmp_path, status=74)
    assert (tmp_path / "store-1/note").read_text() == "mine"


def test_an_increment_needs_the_log_since(kept, tmp_path):
    folder = tmp_path / "backup"
    backup(kept, folder)
    manifest = json.loads((folder / "backup.json").read_text())
    log = kept.data / "store" / f"log.{manifest['lastLog']:010}"
    big = json.dumps({"text": "x" * 3000000})
    for _ in range(200):
        if not log.exists():
            break
        assert kept.request(
            "POST", "/streams/big", big,
            {"Content-Type": "application/json", "ES-EventType": "t",
             "ES-EventId": str(uuid.uuid4())}).status == 201
    wait_until(lambda: not log.exists(), 60, "the agent removes the log file")
    output = backup(kept, folder, status=73)
    assert "a full backup is needed" in output
    before = (folder / "backup.json").read_bytes()
    assert "a full backup" in backup(kept, folder, "--full")
    assert (folder / "backup.json").read_bytes() != before
    assert restore(kept, folder, tmp_path / "x").data.is_dir()
