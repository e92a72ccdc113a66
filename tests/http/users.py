"""Requests to the users API, in JSON or XML."""

import json
import urllib.parse
import xml.etree.ElementTree as ET
from xml.sax.saxutils import escape

from events import ADMIN, JSON, basic, new_name

XML = "text/xml"


def user_path(login, *rest):
    return "/".join(["/users", urllib.parse.quote(login, safe=""), *rest])


def command_path(login, command):
    return user_path(login, "command", command)


def as_xml(document):
    def element(name, value):
        values = value if isinstance(value, list) else [value]
        return "".join(f"<{name}>{escape(v)}</{name}>" for v in values)
    inner = "".join(element(*member) for member in document.items())
    return f"<request>{inner}</request>".encode()


def call(node, method, where, document=None, who=ADMIN, form=JSON):
    """One request; the document is sent, and the answer asked for, in form."""
    headers = {"Accept": form, **who}
    body = None
    if document is not None:
        headers["Content-Type"] = form
        body = (json.dumps(document) if form == JSON else as_xml(document))
    return node.request(method, where, body, headers)


def xml_members(element):
    """{name: [text or members, ...]} of an element's children."""
    found = {}
    for child in element:
        found.setdefault(child.tag, []).append(
            xml_members(child) if len(child) else child.text or "")
    return found


def result(answer):
    """success and error of an answer in either form, as JSON spells them."""
    if answer.headers["content-type"] == XML + "; charset=utf-8":
        members = xml_members(ET.fromstring(answer.body))
        return members["success"] == ["true"], members["error"][0]
    assert answer.headers["content-type"] == JSON + "; charset=utf-8"
    document = answer.json()
    return document["success"], document["error"]


ERRORS = {404: "NotFound", 409: "Conflict", 401: "Unauthorized", 500: "Error"}


def assert_done(answer, status=200):
    assert answer.status == status, answer.body
    assert result(answer) == (True, "Success")
    return answer


def assert_failed(answer, status):
    assert answer.status == status, answer.body
    assert result(answer) == (False, ERRORS[status])
    challenge = 'Basic realm="ES"' if status == 401 else None
    assert answer.headers.get("www-authenticate") == challenge


def create(node, login=None, password="pass", who=ADMIN, **more):
    """Make an account; its login."""
    login = login or new_name("user")
    document = {"loginName": login, "password": password, **more}
    assert_done(call(node, "POST", "/users/", document, who), 201)
    return login


def make_user(node, *groups):
    """An account of its own: login and credentials."""
    login = create(node, groups=list(groups), fullName="A User")
    return login, basic(login, "pass")


def knows(node, login, password):
    """Whether somebody can log in so."""
    answer = node.request("GET", "/ping", headers=basic(login, password))
    assert answer.status in (200, 401)
    assert b"Too many logins" not in answer.body, "it was not even tried"
    return answer.status == 200
