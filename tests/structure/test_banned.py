"""What no file of the project contains."""

import re

import source

# Unbounded, or state shared by all threads.
FUNCTIONS = re.compile(
    r"\b(v?sprintf|strcpy|stpcpy|strcat|strtok|ato[fil]|atoll|gets|localtime|"
    r"gmtime|ctime|asctime|system|popen|alloca)\s*\(")
TYPEDEF = re.compile(r"\btypedef\b(?![^;]*\b\w+_f\s*\()")
GOTO = re.compile(r"\bgoto\s+(?!out\s*;)\w+")
# In two halves, so that this file does not hold them either.
LEFT_OPEN = re.compile(r"\b(" + "|".join(("TO" "DO", "FIX" "ME", "X" "XX")) + r")\b")


def hits(pattern, paths, read=source.code):
    found = []
    for path in paths:
        text = read(path)
        for match in pattern.finditer(text):
            line = text.count("\n", 0, match.start()) + 1
            found.append(f"{path}:{line}: {match.group()}")
    return found


def test_no_function_that_cannot_be_used_safely():
    assert hits(FUNCTIONS, source.files(".c", ".h")) == []


def test_nobody_includes_fcgi_stdio():
    """It redefines FILE and printf."""
    wrong = [str(path) for path in source.files(".c", ".h")
             if any(name == "fcgi_stdio.h" for _, name in source.includes(path))]
    assert wrong == []


def test_no_typedef_but_for_callbacks():
    assert hits(TYPEDEF, source.files(".c", ".h")) == []


def test_goto_leads_to_out_only():
    assert hits(GOTO, source.files(".c", ".h")) == []


def test_nothing_is_left_open():
    paths = source.files(".c", ".h", ".py", ".sh", ".in",
                         folders=source.PROGRAM_FOLDERS + ("tests", "www"))
    assert hits(LEFT_OPEN, paths, source.text) == []
