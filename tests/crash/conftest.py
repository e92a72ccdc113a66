"""What the suites of this folder share."""

import pytest

from box import Box, BoxedNode
from parts import Parts


@pytest.fixture
def parts(tmp_path):
    """A node in parts, with two workers; the test starts it."""
    node = Parts(tmp_path / "node", workers=2)
    yield node
    node.stop()


@pytest.fixture
def boxed(tmp_path):
    """make(megabytes) gives a node on a small disk; the test starts it."""
    made = []

    def make(megabytes):
        box = Box(tmp_path / "box", megabytes)
        node = BoxedNode(box, log=tmp_path / "node.log", cache_mb=8)
        made.append(node)
        return node

    yield make
    for node in made:
        node.stop()
        node.box.close()
