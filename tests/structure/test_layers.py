"""Who includes what: the layers of the design, tested."""

import re

import pytest

import source

ALLOWED = {
    "store": {"store"},
    "cluster-agent": {"cluster-agent", "store"},
    "fcgi": {"fcgi", "store"},
}


def test_a_layer_includes_only_itself_and_what_is_below():
    wrong = []
    for path in source.files(".c", ".h", folders=ALLOWED):
        for kind, name in source.includes(path):
            folder, slash, _ = name.partition("/")
            if kind == '"' and slash and folder not in ALLOWED[path.parts[0]]:
                wrong.append(f"{path} includes {name}")
    assert wrong == []


@pytest.mark.parametrize("header,folder", [("db.h", "store"), ("fcgiapp.h", "fcgi")])
def test_only_one_folder_knows_the_library(header, folder):
    wrong = [str(path) for path in source.files(".c", ".h", folders=ALLOWED)
             if ("<", header) in source.includes(path)
             and path.parts[0] != folder]
    assert wrong == [], f"only {folder}/ may include <{header}>"


def test_no_header_needs_itself():
    """The headers of the project include each other without a cycle."""
    needs = {str(path): [name for kind, name in source.includes(path)
                         if kind == '"']
             for path in source.files(".h")}
    done = set()

    def walk(header, trail):
        assert header not in trail, "cycle: " + " -> ".join([*trail, header])
        if header in done:
            return
        for name in needs.get(header, []):
            walk(name, [*trail, header])
        done.add(header)

    for header in needs:
        walk(header, [])


def test_project_headers_are_named_from_the_top():
    wrong = [f"{path}: {name}" for path in source.files(".c", ".h")
             for kind, name in source.includes(path)
             if kind == '"' and name != "config.h"
             and not name.endswith(".inc")  # made by make
             and not (source.TOP / name).is_file()]
    assert wrong == []


def test_a_c_file_begins_with_config_h_and_has_its_own_header():
    wrong = []
    for path in source.files(".c", folders=ALLOWED):
        included = source.includes(path)
        if not included or included[0] != ('"', "config.h"):
            wrong.append(f"{path} does not include config.h first")
        header = path.with_suffix(".h")
        if (source.TOP / header).is_file() and ('"', str(header)) not in included:
            wrong.append(f"{path} does not include {header}")
    assert wrong == []


def test_every_header_compiles_alone():
    complaints = map(source.compile_alone, source.files(".h"))
    assert [text for text in complaints if text] == []


def test_every_header_has_a_guard_named_after_it():
    wrong = []
    for header in source.files(".h"):
        guard = re.sub(r"\W", "_", str(header)).upper()
        if f"#ifndef {guard}\n#define {guard}\n" not in source.text(header):
            wrong.append(f"{header}: not {guard}")
    assert wrong == []
