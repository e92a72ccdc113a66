"""Over TLS, links begin with https."""

import http.client
import ssl

import pytest

from events import await_accounts, event, new_name, path, post
from front import ApacheTls, Lighttpd, Nginx, name_of
from node import Answer


class Secure:
    """A front, spoken to over TLS; its certificate is checked."""

    def __init__(self, server):
        self.server = server
        self.base = f"https://127.0.0.1:{server.tls_port}"
        self.context = ssl.create_default_context(
            cafile=server.backend.folder / "certificate.pem")

    def request(self, method, where, body=None, headers=None):
        connection = http.client.HTTPSConnection(
            "127.0.0.1", self.server.tls_port, timeout=30,
            context=self.context)
        try:
            connection.request(method, where, body, headers or {})
            return Answer(connection.getresponse())
        finally:
            connection.close()


@pytest.fixture(params=[Lighttpd, Nginx, ApacheTls], ids=name_of)
def secure(request, fronts):
    server = fronts(request.param)
    server.check_tls()
    return Secure(server)


def test_links_begin_with_https(secure):
    await_accounts(secure)
    stream = new_name("secure")
    added = post(secure, path(stream), [event()])
    assert added.headers["location"] == secure.base + path(stream, 0)
    feed = secure.request("GET", path(stream)).json()
    links = [each["uri"] for each in feed["links"]]
    for uri in [feed["id"], feed["selfUrl"], *links]:
        assert uri.startswith(secure.base + path(stream)), uri


def test_so_does_the_way_to_the_ui(secure):
    answer = secure.request("GET", "/")
    assert answer.headers["location"] == secure.base + "/web/index.html"
    ui = secure.request("GET", "/web/")
    assert "default-src 'none'" in ui.headers["content-security-policy"]
