"""The manual pages say what the programs and rill.json know."""

import json
import re
import subprocess

import pytest

import source

PAGES = {
    "cluster-agent/rill-agent": "cluster-agent/rill-agent.8",
    "fcgi/rill.fcgi": "fcgi/rill.fcgi.8",
    "store/rillctl": "store/rillctl.1",
}
CONF_PAGE = "store/rill.json.5"


def printed_by(program, option):
    return subprocess.run([source.BUILD / program, option], text=True, timeout=30,
                          capture_output=True, check=True).stdout


def help_of(program):
    return printed_by(program, "--help")


def long_options(help_text):
    return set(re.findall(r"--([a-z][a-z-]*)", help_text))


def listed_options(page):
    """The options that have an entry of their own: .It Fl -config Ar file"""
    return set(re.findall(r"^\.It Fl -([a-z-]+)", page, re.M))


def listed_keys(page):
    return set(re.findall(r"^\.It Cm ([a-z_]+)", page, re.M))


@pytest.mark.parametrize("program", PAGES)
def test_every_option_is_in_the_page_and_no_other(program):
    options = long_options(help_of(program))
    assert "config" in options
    assert options == listed_options(source.text(PAGES[program]))


def test_every_command_of_rillctl_is_in_its_page():
    page = source.text(PAGES["store/rillctl"])
    commands = set(re.findall(r"^\.It Cm ([a-z-]+)", page, re.M))
    printed = help_of("store/rillctl")
    assert commands
    assert all(re.search(rf"\b{command}\b", printed) for command in commands)


@pytest.mark.parametrize("program", PAGES)
def test_version_is_the_one_configured(program):
    config = (source.BUILD / "config.h").read_text()
    version = re.search(r'#define PACKAGE_VERSION "(.*)"', config).group(1)
    assert version in printed_by(program, "--version")


def test_every_key_of_rill_json_is_in_its_page():
    keys = set(re.findall(r'\{"([a-z_]+)", (?:read_|NULL)',
                          source.text("store/conf.c")))
    assert {"data", "cluster"} <= keys, "the table in store/conf.c is not found"
    inner = set(re.findall(r'\{"([a-z_]+)", read_',
                           source.text("store/conf_cluster.c")))
    assert "nodes" in inner, "those in store/conf_cluster.c are not found"
    keys |= inner
    assert keys == listed_keys(source.text(CONF_PAGE))


def test_the_example_uses_known_keys():
    example = json.loads(source.text("store/rill.json"))
    assert set(example) <= listed_keys(source.text(CONF_PAGE))


@pytest.mark.parametrize("page", [*PAGES.values(), CONF_PAGE])
def test_mandoc_finds_no_fault(page):
    run = subprocess.run([source.MANDOC, "-Tlint", "-Wwarning", source.TOP / page],
                         capture_output=True, text=True)
    assert run.stdout + run.stderr == ""
