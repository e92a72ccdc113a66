"""The source tree as these tests see it."""

import os
import pathlib
import re
import shlex
import subprocess

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = pathlib.Path(os.environ.get("RILL_BUILDDIR", TOP))
CC = shlex.split(os.environ.get("RILL_CC", "cc"))
CPPFLAGS = shlex.split(os.environ.get("RILL_CPPFLAGS", ""))
CTAGS = os.environ.get("RILL_CTAGS", "ctags")
MANDOC = os.environ.get("RILL_MANDOC", "mandoc")

PROGRAM_FOLDERS = ("store", "fcgi", "cluster-agent")

LITERAL = re.compile(r'"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'')
COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.S)
COMMENT_OR_LITERAL = re.compile(f"{COMMENT.pattern}|{LITERAL.pattern}", re.S)


def files(*endings, folders=PROGRAM_FOLDERS + ("tests",)):
    """Paths below the folders, relative to the top, in order."""
    found = []
    for folder in folders:
        for path in sorted((TOP / folder).rglob("*")):
            if path.suffix in endings:
                found.append(path.relative_to(TOP))
    return found


def text(path):
    return (TOP / path).read_text(encoding="utf-8")


def code(path):
    """C text with comments blanked and literals emptied; lines stay."""
    def blank(match):
        token = match.group()
        if token.startswith("/"):
            return "\n" * token.count("\n") or " "
        return token[0] * 2
    return COMMENT_OR_LITERAL.sub(blank, text(path))


def includes(path):
    """What a file includes: ("<" or '"', name), in order."""
    return re.findall(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', text(path), re.M)


def compile_alone(include):
    """The compiler's complaint about a file that only includes this."""
    run = subprocess.run(
        [*CC, "-std=c11", "-D_GNU_SOURCE", f"-I{BUILD}", f"-I{TOP}", *CPPFLAGS,
         "-Wall", "-Wextra", "-Werror", "-fsyntax-only", "-x", "c", "-"],
        input=f'#include "{include}"\n', capture_output=True, text=True)
    return run.stderr if run.returncode else ""
