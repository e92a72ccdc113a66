"""What every suite shares: TAP for automake, and the node fixture.

With RILL_TAP=1 (tests/pytest.sh sets it) the outcome is printed as TAP in
place of pytest's own report.  A skipped test counts as failed, since everything
the tests need is installed by ./autogen.sh --install-deps; but for those that
say what the machine cannot do, see skips.py.
"""

import os
import signal

import pytest

import skips
from node import Node

TAP = os.environ.get("RILL_TAP") == "1"


class TapReport:
    """Prints one TAP line a test, and the plan at the end."""

    def __init__(self):
        self.count = 0

    def line(self, ok, name, detail=""):
        self.count += 1
        print(f"{'ok' if ok else 'not ok'} {self.count} - {name}")
        for text in detail.splitlines():
            print("# " + text)
        os.sys.stdout.flush()

    def pytest_collectreport(self, report):
        if not report.passed:
            self.line(False, report.nodeid + " loads", str(report.longrepr))

    def pytest_runtest_logreport(self, report):
        name = report.nodeid.replace("#", "%23")
        cannot = skips.reason(report)
        if report.passed and report.when == "call":
            self.line(True, name)
        elif cannot:
            self.line(True, f"{name} # SKIP {cannot}")
        elif not report.passed:
            if report.when != "call":
                name += f" ({report.when})"
            detail = report.longreprtext
            for title, text in report.sections:
                detail += f"\n--- {title}\n{text}"
            self.line(False, name, detail)

    def pytest_internalerror(self, excrepr):
        self.line(False, "pytest itself", str(excrepr))

    def pytest_sessionfinish(self):
        if self.count:
            print(f"1..{self.count}", flush=True)
        else:
            print("Bail out! this suite holds no tests", flush=True)


def end_session(_signal, _frame):
    pytest.exit("ended by SIGTERM", returncode=1)


@pytest.hookimpl(trylast=True)
def pytest_configure(config):
    signal.signal(signal.SIGTERM, end_session)
    if TAP:
        config.pluginmanager.unregister(name="terminalreporter")
        config.pluginmanager.register(TapReport(), "tap")


@pytest.fixture
def node_factory(tmp_path):
    """make(**settings) starts a node of its own; all end with the test."""
    nodes = []

    def make(**options):
        node = Node(tmp_path / f"node{len(nodes)}", **options)
        nodes.append(node)
        node.start()
        return node

    yield make
    for node in nodes:
        node.stop()


@pytest.fixture(scope="session")
def node(tmp_path_factory):
    """One node that the tests of a suite share; they use streams of their own."""
    shared = Node(tmp_path_factory.mktemp("node"), password_cost=1)
    shared.start()
    yield shared
    shared.stop()
