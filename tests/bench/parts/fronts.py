"""The web servers that Rill stands behind, with the installed examples and one
worker for all; and what Apache's cache answers, beside a static file."""

import contextlib
import functools

import pytest

import front
from events import await_accounts
from load import append_arguments, figure, fill, read_arguments, read_rate, \
    refusals, run, wrk_command
from results import Row

THREADS = 128  # more than connections that are kept, each of which holds one
READERS, WRITERS = 32, 64
STREAMS, EVENTS = 1000, 40
PAGE = "/streams/load-1/0/forward/20?embed=body"
STATIC = "/web/page.json"


class Cached(front.ApacheCache):
    """mod_cache, and a file to compare with."""

    def site(self):
        return super().site().replace(
            'Alias "/web/"', 'CacheDisable "/web/"\n    Alias "/web/"')


FRONTS = [("lighttpd", front.Lighttpd), ("nginx", front.Nginx),
          ("Apache mod_proxy_fcgi", front.Apache),
          ("Apache mod_fcgid", front.Fcgid)]


@contextlib.contextmanager
def running(bench):
    backend = front.Backend(bench.folder, THREADS)
    backend.start()
    try:
        yield backend
    finally:
        backend.stop()


def start(part, name, kind, backend, stack):
    """None: it cannot be run here."""
    server = kind(backend)
    try:
        server.start()
    except pytest.skip.Exception as why:
        part.missing[name] = str(why)
        return None
    stack.callback(server.stop)
    await_accounts(server)
    return server


def measure(bench, part):
    with running(bench) as backend, contextlib.ExitStack() as stack:
        servers = {name: start(part, name, kind, backend, stack)
                   for name, kind in FRONTS}
        servers = {name: s for name, s in servers.items() if s}
        fill(servers["lighttpd"], range(1, STREAMS + 1), EVENTS, EVENTS)
        head = "/streams/load-N"
        for label, clients, what in [
                ("one event", READERS,
                 read_arguments(head + "/M", STREAMS, EVENTS)),
                ("head feed of 20", READERS, read_arguments(head, STREAMS)),
                ("append", WRITERS, append_arguments(STREAMS))]:
            part.add(compare(bench, Row(label, "/s"), servers, clients, what))


def compare(bench, row, servers, clients, what):
    """A server may be beyond what it can do, and refuse: it is noted."""
    refused = {}

    def rate_of(name, seconds):
        said = run(*wrk_command(servers[name].base, what[0], clients, seconds,
                                *what[1:]))
        refused[name] = refused.get(name, 0) + refusals(said)
        return figure(r"Requests/sec:\s*([\d.]+)", said)

    bench.compare(row, [(name, functools.partial(rate_of, name))
                        for name in servers])
    row.note = ", ".join(f"{name} refused {n:,}"
                         for name, n in refused.items() if n)
    return row


def measure_cache(bench, part):
    with running(bench) as backend, contextlib.ExitStack() as stack:
        server = start(part, "Apache mod_cache", Cached, backend, stack)
        if server:
            fill(server, [1], EVENTS, EVENTS)
            add_cached(bench, part, server)


def add_cached(bench, part, server):
    page = server.request("GET", PAGE)
    file = server.backend.folder / STATIC.lstrip("/")
    file.write_bytes(page.body)
    file.chmod(0o644)

    def rate_of(where):
        return lambda seconds: read_rate(server.base, READERS, seconds, where,
                                         1)

    row = bench.compare(
        Row(f"a page of 20 with bodies, {len(page.body) // 1024} KiB", "/s"),
        [("Apache mod_cache", rate_of(PAGE)), ("static file",
                                               rate_of(STATIC))])
    of = row.ratio("static file", "Apache mod_cache")
    row.note = f"{of:.2f} of the static file"
    part.add(row)
