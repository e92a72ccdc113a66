"""Every front serves the web UI's files with the same strict policy."""

from test_web import (  # noqa: F401: tests, run here for every front
    test_everybody_else_is_told_how_to_sign_in,
    test_its_files_come_with_a_strict_policy, test_nothing_else_is_served,
    test_the_ui_is_refused_without_calling_up_a_dialog,
    test_the_way_to_the_ui)
