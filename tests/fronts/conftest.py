"""One agent and one worker for the fronts of this suite."""

import sys

import pytest

import front
from node import SOURCE

sys.path.append(str(SOURCE / "tests/http"))

from events import await_accounts  # noqa: E402


@pytest.fixture(scope="session")
def backend():
    running = front.Backend()
    running.start()
    yield running
    running.stop()


@pytest.fixture(scope="session")
def fronts(backend):
    """fronts(kind) is the server of a kind, started when first asked for."""
    started = {}

    def find(kind):
        if kind not in started:
            server = kind(backend)
            server.start()
            started[kind] = server
        return started[kind]

    yield find
    for server in started.values():
        server.stop()


@pytest.fixture(params=front.KINDS, ids=front.name_of)
def node(request, fronts):
    server = fronts(request.param)
    await_accounts(server)
    return server
