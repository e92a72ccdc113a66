"""The web UI's files, and what leads to them; tests/browser uses them."""

import pytest

from events import assert_refused, basic, get

WRONG = basic("nobody", "wrong")


@pytest.mark.parametrize("where", ["/", "/web"])
def test_the_way_to_the_ui(node, where):
    answer = get(node, where)
    assert answer.status == 302
    assert answer.headers["location"] == node.base + "/web/index.html"
    assert answer.body == b"Moved"


def test_the_way_follows_the_address_that_a_proxy_tells(node):
    answer = get(node, "/", headers={"X-Forwarded-Prefix": "store"})
    assert answer.headers["location"] == node.base + "/store/web/index.html"


@pytest.mark.parametrize("where,kind", [
    ("/web/", "text/html; charset=utf-8"),
    ("/web/index.html", "text/html; charset=utf-8"),
    ("/web/rill.css", "text/css; charset=utf-8"),
    ("/web/icon.svg", "image/svg+xml"),
    ("/web/js/app.js", "text/javascript; charset=utf-8")])
def test_its_files_come_with_a_strict_policy(node, where, kind):
    answer = get(node, where)
    assert answer.status == 200
    assert answer.headers["content-type"] == kind
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("where", [
    "/web/none.js", "/web/../lighttpd.conf", "/web/..%2flighttpd.conf",
    "/web/%2e%2e/lighttpd.conf.in", "/web/js/../../worker.sh"])
def test_nothing_else_is_served(node, where):
    assert get(node, where).status in (400, 404)


def test_the_ui_is_refused_without_calling_up_a_dialog(node):
    asked = {"X-Requested-With": "rill-web"}
    for headers in WRONG, {}:
        answer = get(node, "/streams/%24all", headers={**headers, **asked})
        assert answer.status == 401
        assert answer.headers["www-authenticate"] == 'X-Basic realm="ES"'


@pytest.mark.parametrize("headers", [
    {}, WRONG, {"X-Requested-With": "XMLHttpRequest"}])
def test_everybody_else_is_told_how_to_sign_in(node, headers):
    answer = get(node, "/streams/%24all", headers=headers)
    assert answer.headers["www-authenticate"] == 'Basic realm="ES"'
    assert_refused(answer, 401)
