"""The suites of this folder run in a network namespace of their own."""

import pytest

from lab import Lab
from netns import Client


@pytest.fixture(scope="session")
def client_namespace():
    """Where the bridges are, and from now on this process."""
    client = Client()
    client.enter()
    yield client
    client.leave()


@pytest.fixture
def make_lab(client_namespace, tmp_path):
    """make(count=3, ...) gives a lab; the test starts it."""
    made = []

    def make(**options):
        made.append(Lab(tmp_path / f"lab{len(made)}", **options))
        return made[-1]

    yield make
    for lab in made:
        lab.tell()
        lab.close()


@pytest.fixture
def lab(make_lab):
    """Three nodes, up and with a master."""
    three = make_lab()
    three.start()
    return three
