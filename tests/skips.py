"""The one reason for which a test may be skipped: the machine cannot do it.

Everything else that the tests need is installed, and a test that is skipped
for want of it counts as failed; see conftest.py.
"""

import pytest

MACHINE = "this machine cannot: "


def machine_cannot(what):
    pytest.skip(MACHINE + what)


def reason(report):
    """Why the machine could not, of a skipped test's report; else None."""
    if not report.skipped or not isinstance(report.longrepr, tuple):
        return None
    text = report.longrepr[2].removeprefix("Skipped: ")
    return text if text.startswith(MACHINE) else None
