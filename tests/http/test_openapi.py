"""/openapi.json is well-formed and describes the routes that there are."""

import json
import re

import pytest

from events import ADMIN, basic, event, new_id, new_name, write
from node import SOURCE

DOCUMENT = json.loads((SOURCE / "fcgi/openapi.json").read_text("ascii"))
METHODS = ("get", "post", "put", "delete")
OPERATIONS = [(path, method) for path, item in DOCUMENT["paths"].items()
              for method in item]
NAME = re.compile(r"\{(\w+)\}")

# The reference has these methods, for an account that cannot be.
NEVER_THERE = {("/users/$current", "put"), ("/users/$current", "delete")}


def resolve(thing):
    """What it is, or what it refers to."""
    while "$ref" in thing:
        start, *keys = thing["$ref"].split("/")
        assert start == "#"
        thing = DOCUMENT
        for key in keys:
            thing = thing[key]
    return thing


def walk(thing):
    yield thing
    inner = thing.values() if isinstance(thing, dict) else thing
    for value in inner if isinstance(thing, (dict, list)) else ():
        yield from walk(value)


def check_keys(thing, required, optional=""):
    """An object of the specification has these members and no others."""
    there = set(thing)
    assert set(required.split()) <= there, thing
    assert there <= set((required + " " + optional).split()), thing


def check_content(content):
    for name, what in content.items():
        assert re.fullmatch(r"[\w.+-]+/[\w.+-]+", name)
        check_keys(what, "", "schema")
        check_schema(what.get("schema", {}))


def check_schema(schema):
    for part in walk(resolve(schema)):
        if isinstance(part, dict) and isinstance(part.get("type"), str):
            assert part["type"] in ("string", "integer", "number", "boolean",
                                    "array", "object")
            assert set(part.get("required", [])) <= set(
                part.get("properties", {}))
            assert ("items" in part) == (part["type"] == "array")


def test_it_is_served_as_it_stands(node):
    answer = node.request("GET", "/openapi.json")
    assert answer.status == 200
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    assert answer.body == (SOURCE / "fcgi/openapi.json").read_bytes()


def test_the_document_is_one_of_openapi_3_1(node):
    check_keys(DOCUMENT, "openapi info paths",
               "servers tags security components")
    assert re.fullmatch(r"3\.1\.\d+", DOCUMENT["openapi"])
    check_keys(DOCUMENT["info"], "title version",
               "summary description license")
    told = node.request("GET", "/info").json()
    assert DOCUMENT["info"]["version"] == told["rillVersion"]
    for part in walk(DOCUMENT):
        if isinstance(part, dict) and isinstance(part.get("$ref"), str):
            assert resolve(part) is not None
    for kind in DOCUMENT["components"].values():
        assert all(re.fullmatch(r"[\w.-]+", name) for name in kind)
    operations = [DOCUMENT["paths"][path][m] for path, m in OPERATIONS]
    ids = [operation["operationId"] for operation in operations]
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("path,method", OPERATIONS)
def test_an_operation_is_well_formed(path, method):
    assert method in METHODS
    operation = DOCUMENT["paths"][path][method]
    check_keys(operation, "operationId responses tags summary",
               "parameters requestBody")
    assert set(operation["tags"]) <= {t["name"] for t in DOCUMENT["tags"]}
    in_path, seen = [], set()
    for p in map(resolve, operation.get("parameters", [])):
        check_keys(p, "name in schema", "description required")
        assert p["in"] in ("path", "query", "header")
        assert (p["in"], p["name"]) not in seen
        seen.add((p["in"], p["name"]))
        check_schema(p["schema"])
        if p["in"] == "path":
            assert p["required"] is True
            in_path.append(p["name"])
    assert sorted(in_path) == sorted(NAME.findall(path))
    if "requestBody" in operation:
        check_content(resolve(operation["requestBody"])["content"])
    assert operation["responses"]
    for status, response in operation["responses"].items():
        assert re.fullmatch("[2-5]\\d\\d", status)
        response = resolve(response)
        check_keys(response, "description", "headers content")
        check_content(response.get("content", {}))
        for header in map(resolve, response.get("headers", {}).values()):
            check_keys(header, "description schema")


def resources():
    """The paths in the tables of the worker: {path: methods for CORS}."""
    text = "".join(f.read_text() for f in sorted(
        (SOURCE / "fcgi").glob("h_*.c")))
    return {path: methods.split(", ") for path, methods in
            re.findall(r'^    \{"(/[^"]*)", "([A-Z, ]+)",', text, re.M)}


def test_all_resources_are_described_and_no_others():
    tables = resources()
    assert len(tables) > 30
    described = {NAME.sub("*", path): [m.upper() for m in item]
                 for path, item in DOCUMENT["paths"].items()}
    assert len(described) == len(DOCUMENT["paths"])
    assert sorted(described) == sorted(tables)
    for path, methods in tables.items():
        assert set(methods) - {"OPTIONS"} <= set(described[path]), path


def fill_in(node, path):
    """A path to what there is, which may be deleted."""
    stream, login = new_name(), new_name("login")
    if "{stream}" in path:
        write(node, stream, [event()])
        node.request("POST", f"/streams/{stream}/metadata", "{}", {
            "Content-Type": "application/json", "ES-EventId": new_id(),
            **ADMIN})
    if "{login}" in path:
        made = node.request("POST", "/users/", json.dumps({
            "loginName": login, "password": "x"}), {
                "Content-Type": "application/json", **ADMIN})
        assert made.status == 201, made.body
    values = {"stream": stream, "login": login, "guid": new_id(), "event": 0,
              "count": 1, "position": 32 * "0", "group": "es", "group2": "queue",
              "group3": "writer"}
    return NAME.sub(lambda match: str(values[match[1]]), path)


@pytest.mark.parametrize("path", DOCUMENT["paths"])
def test_the_methods_are_those_that_a_node_has(node, path):
    for method in METHODS:
        answer = node.request(method.upper(), fill_in(node, path),
                              headers=ADMIN)
        if method in DOCUMENT["paths"][path]:
            assert (answer.status not in (404, 405)
                    or (path, method) in NEVER_THERE), (method, answer.body)
            assert str(answer.status) in DOCUMENT["paths"][path][method][
                "responses"], (method, answer.status, answer.body)
        else:
            assert answer.status == 405, method


@pytest.mark.parametrize("path", [path for path, method in OPERATIONS
                                  if method == "get"])
def test_the_types_are_those_that_a_node_gives(node, path):
    responses = DOCUMENT["paths"][path]["get"]["responses"]
    where = fill_in(node, path)
    for name in resolve(responses.get("200", {})).get("content", {}):
        answer = node.request("GET", where, headers={"Accept": name, **ADMIN})
        assert answer.status == 200 or "incoming" in path, (name, answer.body)
        if answer.status == 200:
            assert answer.headers["content-type"].startswith(name)


@pytest.mark.parametrize("path", DOCUMENT["paths"])
def test_refusals_are_among_the_answers(node, path):
    where = fill_in(node, path)
    for method, operation in DOCUMENT["paths"][path].items():
        for body, headers in [
                (None, {"Accept": "image/png", **ADMIN}),
                (None, basic("admin", "wrong")),
                ("a,b", {"Content-Type": "text/csv", **ADMIN}),
                ("{", {"Content-Type": "application/json",
                       "ES-EventType": "t", **ADMIN})]:
            answer = node.request(method.upper(), where, body, headers)
            assert str(answer.status) in {*operation["responses"], "401"}, (
                method, headers, answer.body)
