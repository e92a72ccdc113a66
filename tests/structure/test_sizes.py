"""How long, how wide and how deep: the limits of the house style."""

import collections
import re
import statistics
import subprocess

import pytest

import source

MEDIAN_LINES = 18
MOST_LINES = 50  # for 95 of 100 functions
MAX_LINES = 80
MAX_PARAMETERS = 4
MAX_DEPTH = 3
MAX_FILE_LINES = 700
MAX_HEADER_LINES = 160
MAX_COLUMNS = 80

# Whose parameters are the library's to choose.
CALLED_BY_A_LIBRARY = {
    ("store/env_copy.c", "on_write"),
    ("store/group.c", "on_message"),
    ("store/patience.c", "select"),
}


# A table, a flat switch or the options of a main may be longer than
# MAX_LINES: ("folder/file.c", "function"): "why it reads better whole".
LONG_FUNCTIONS = {}

Function = collections.namedtuple("Function", "name file first last parameters")


def read_functions():
    listed = subprocess.run(
        [source.CTAGS, "-x", "--c-kinds=f", "--fields=+neS",
         "--_xformat=%N\t%F\t%n\t%e\t%S",
         *map(str, source.files(".c", folders=source.PROGRAM_FOLDERS))],
        cwd=source.TOP, capture_output=True, text=True, check=True).stdout
    found = []
    for line in listed.splitlines():
        name, file, first, last, signature = line.split("\t")
        found.append(Function(name, file, int(first), int(last),
                              count_parameters(signature)))
    return found


def count_parameters(signature):
    """Commas at the outer level of "(a, void (*f)(int, int))", plus one."""
    inner = signature.strip()[1:-1].strip()
    if inner in ("", "void"):
        return 0
    depth = commas = 0
    for c in inner:
        depth += (c in "([") - (c in ")]")
        commas += c == "," and depth == 0
    return commas + 1


@pytest.fixture(scope="module")
def functions():
    return read_functions()


def length(function):
    return function.last - function.first + 1


def where(function):
    return f"{function.file}:{function.first} {function.name}"


def test_ctags_sees_functions_and_where_they_end(functions):
    assert any(length(f) > 1 for f in functions)


def test_the_median_function_is_short(functions):
    assert statistics.median(map(length, functions)) <= MEDIAN_LINES


def test_nearly_every_function_fits_a_screen(functions):
    long = [f for f in functions if length(f) > MOST_LINES]
    assert len(long) <= len(functions) * 0.05, [where(f) for f in long]


def test_no_function_is_very_long(functions):
    long = [f"{where(f)}: {length(f)} lines" for f in functions
            if length(f) > MAX_LINES and (f.file, f.name) not in LONG_FUNCTIONS]
    assert long == []


def test_every_exception_is_still_needed(functions):
    long = {(f.file, f.name) for f in functions if length(f) > MAX_LINES}
    assert set(LONG_FUNCTIONS) <= long


def test_no_function_takes_many_parameters(functions):
    many = [f"{where(f)}: {f.parameters}" for f in functions
            if f.parameters > MAX_PARAMETERS
            and (f.file, f.name) not in CALLED_BY_A_LIBRARY]
    assert many == [], "a fifth parameter means a struct"


def test_no_function_is_deeply_nested(functions):
    deep = []
    for f in functions:
        lines = source.code(f.file).split("\n")[f.first - 1:f.last]
        if any(starts_statement(line, before) and tabs(line) > MAX_DEPTH + 1
               for before, line in zip(lines, lines[1:])):
            deep.append(where(f))
    assert deep == []


def tabs(line):
    return len(line) - len(line.lstrip("\t"))


def starts_statement(line, before):
    """Not blank, and not the continuation of the line before."""
    return line.strip() and re.search(r"([;{}:)]|\belse)\s*$", before)


def test_no_file_is_too_long():
    long = []
    for path in source.files(".c", ".h"):
        lines = source.text(path).count("\n")
        limit = MAX_HEADER_LINES if path.suffix == ".h" else MAX_FILE_LINES
        if lines > limit:
            long.append(f"{path}: {lines} lines, not {limit}")
    assert long == []


def test_no_line_is_too_wide():
    wide = [f"{path}:{number}" for path in source.files(".c", ".h")
            for number, line in enumerate(source.text(path).split("\n"), 1)
            if len(line.expandtabs(8)) > MAX_COLUMNS]
    assert wide == []
