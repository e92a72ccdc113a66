"""The suites of this folder share a node that knows its administrator."""

import pytest

from events import await_accounts


@pytest.fixture(scope="session")
def node(node):
    await_accounts(node)
    return node
