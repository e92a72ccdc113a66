"""The web UI in a real browser; ui.mjs says what is done there.

Needs Chromium, Node.js and the packages playwright-core and axe-core, which
./autogen.sh --install-deps=dev brings.  Where one is absent the tests are
skipped, with the reason.  Screenshots are kept in browser-shots/ of the build
folder.
"""

import json
import os
import pathlib
import re
import shutil
import subprocess

import pytest

from node import BUILD, START_SECONDS, Node, wait_until
from skips import machine_cannot

HERE = pathlib.Path(__file__).resolve().parent
SCRIPT = HERE / "ui.mjs"
SECONDS = 240

# A scenario is a method whose name is a text.
SCENARIOS = re.findall(r'^  async "([^"]+)"\(v\)', SCRIPT.read_text(), re.M)


def programs():
    """Node.js and Chromium, or the reason why there are none."""
    found = []
    for name in ("node", "nodejs"), ("chromium",):
        path = next(filter(None, map(shutil.which, name)), None)
        if path is None:
            machine_cannot(f"{name[0]} is not installed")
        found.append(path)
    return found


def check_packages():
    for package in "playwright-core", "axe-core":
        if not (HERE / "node_modules" / package).is_dir():
            machine_cannot(f"{package} is not installed")


@pytest.fixture(scope="session")
def outcomes(tmp_path_factory):
    """The fault of each scenario by its name, None where there was none."""
    nodejs, chromium = programs()
    check_packages()
    shots = BUILD / "browser-shots"
    shots.mkdir(exist_ok=True)
    ui_node = Node(tmp_path_factory.mktemp("ui"), backup_log_mb=64,
                   backup_folder=str(tmp_path_factory.mktemp("copy")))
    ui_node.start()
    try:
        wait_until(lambda: "default password" in ui_node.output, START_SECONDS,
                   "the account admin is there")
        run = subprocess.run(
            [nodejs, SCRIPT, chromium, ui_node.base, shots], text=True,
            capture_output=True, timeout=SECONDS, cwd=HERE,
            env={**os.environ, "HOME": str(tmp_path_factory.mktemp("home"))})
        assert run.returncode == 0, run.stderr
        lines = map(json.loads, run.stdout.splitlines())
        return {line["name"]: line["fault"] for line in lines}
    finally:
        ui_node.stop()


def test_there_are_scenarios():
    assert len(SCENARIOS) > 15


@pytest.mark.parametrize("name", SCENARIOS)
def test_in_a_browser(outcomes, name):
    assert outcomes[name] is None, outcomes[name]
