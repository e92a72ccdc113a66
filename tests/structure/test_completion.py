"""bash completes what rillctl --help tells of, and nothing else."""

import re
import shlex
import subprocess

import pytest

import source

SCRIPT = source.TOP / "store/rillctl.bash"
HELP = subprocess.run([source.BUILD / "store/rillctl", "--help"], text=True,
                      capture_output=True, timeout=30, check=True).stdout
COMMANDS = set(re.findall(r"^  ([a-z][a-z-]*)", HELP, re.M))
OPTIONS = set(re.findall(r"--[a-z]+", HELP))
USER_COMMANDS = set(re.findall(r"\buser ([a-z]+)", HELP))


def complete(*words, folder="/"):
    """What is offered for the last of the words."""
    script = f"""
        set -u
        source {shlex.quote(str(SCRIPT))}
        COMP_WORDS=(rillctl {shlex.join(words)})
        COMP_CWORD={len(words)}
        $(complete -p rillctl | sed 's/.*-F \\([^ ]*\\).*/\\1/')
        printf '%s\\n' ${{COMPREPLY[@]+"${{COMPREPLY[@]}}"}}"""
    done = subprocess.run(["bash", "-c", script], cwd=folder, text=True,
                          capture_output=True, timeout=30, check=True)
    assert done.stderr == ""
    return set(done.stdout.split())


def test_help_was_understood():
    assert {"status", "user", "step-down"} <= COMMANDS
    assert {"list", "add"} <= USER_COMMANDS and "--config" in OPTIONS


def test_all_that_help_lists_is_offered_and_no_more():
    assert complete("") == COMMANDS
    assert complete("--") == OPTIONS
    assert complete("user", "") == USER_COMMANDS


@pytest.mark.parametrize("words,offered", [
    (["st"], {"status", "step-down"}),
    (["verify", "--h"], {"--help"}),
    (["--config", "status", "ver"], {"verify"}),
    (["user", "p"], {"passwd"}),
    (["--name", "user", "user", "d"], {"disable", "delete"}),
    (["user", "add", ""], set()),
    (["status", ""], set()),
    (["user", "add", "ann", "--group", ""], set()),
])
def test_what_fits_the_place_is_offered(words, offered):
    assert complete(*words) == offered


def test_files_are_offered_where_files_are_meant(tmp_path):
    (tmp_path / "rill.json").touch()
    for words in (["--config", "ri"], ["--to", "ri"], ["export", "ri"],
                  ["import", "ri"], ["backup", "ri"], ["restore", "ri"]):
        assert complete(*words, folder=tmp_path) == {"rill.json"}
