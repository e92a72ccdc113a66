"""What Makefile.am lists is what there is."""

import re

import source

MAKEFILE = source.text("Makefile.am")
LISTED = set(re.findall(
    r"\b(?:store|fcgi|cluster-agent|tests/unit|tests/fuzz)/[\w.-]+", MAKEFILE))


def test_every_source_file_is_listed():
    there = source.files(".c", ".h", folders=source.PROGRAM_FOLDERS)
    assert [str(path) for path in there if str(path) not in LISTED] == []


def test_every_listed_source_file_is_there():
    listed = [name for name in LISTED if name.endswith((".c", ".h"))]
    assert [name for name in listed if not (source.TOP / name).is_file()] == []


def test_every_file_of_the_tests_in_c_is_listed():
    """A program of one file is listed by its own name, without the .c."""
    there = source.files(".c", ".h", folders=("tests/unit", "tests/fuzz"))
    assert [str(path) for path in there
            if not {str(path), str(path.with_suffix(""))} & LISTED] == []
