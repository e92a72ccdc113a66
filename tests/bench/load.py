"""Load for a server: wrk, and clients that fill a store fast."""

import functools
import http.client
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import threading

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent)]

from events import EVENTS, event, path  # noqa: E402

EVENT_BYTES = 300
PAD = "x" * (EVENT_BYTES - len('{"p":""}'))
FILLERS = 4
VARIANTS = 16


class Missing(Exception):
    """Something cannot take part, and why."""


def need(program):
    """Its path; Debian keeps servers where not every PATH leads."""
    found = shutil.which(program, path=os.environ.get("PATH", "") +
                         ":/usr/sbin:/sbin")
    if found is None:
        raise Missing(f"{program} is not installed")
    return found


def run(*command, **more):
    done = subprocess.run([str(part) for part in command], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          stdin=subprocess.DEVNULL, check=False, **more)
    if done.returncode != 0:
        raise RuntimeError(f"{command[0]} failed:\n{done.stdout}")
    return done.stdout


def figure(pattern, said):
    found = re.search(pattern, said)
    if found is None:
        raise RuntimeError("no figure in:\n" + said)
    return float(found[1])


def wrk_command(base, script, clients, seconds, *arguments):
    return [need("wrk"), f"-t{min(2, clients)}", f"-c{clients}",
            f"-d{seconds}", "--timeout", "400", "--latency", "-s",
            HERE / script, base, "--", *arguments]


def refusals(said):
    """How many requests had no answer or one that says no."""
    return sum(map(int, re.findall(
        r"(?:responses:|connect|read|write|timeout) (\d+)", said)))


def rate(said):
    """Requests a second, of what wrk has said; every one was answered."""
    if refusals(said):
        raise RuntimeError(said)
    return figure(r"Requests/sec:\s*([\d.]+)", said)


def wrk(base, script, clients, seconds, *arguments):
    return rate(run(*wrk_command(base, script, clients, seconds, *arguments)))


def read_arguments(where, streams, events=1, headers=None):
    """In where N becomes a stream's number, M an event's."""
    flat = [part for pair in (headers or {}).items() for part in pair]
    return ["get.lua", where, streams, events, *flat]


def append_arguments(streams, events=1):
    return ["post.lua", "/streams/load-N", streams, events, EVENT_BYTES]


def append_rate(base, clients, events, streams, seconds):
    """Events a second, in requests of so many."""
    script, *arguments = append_arguments(streams, events)
    return events * wrk(base, script, clients, seconds, *arguments)


def read_rate(base, clients, seconds, *what):
    """Requests a second."""
    script, *arguments = read_arguments(*what)
    return wrk(base, script, clients, seconds, *arguments)


def answer_bytes(port, where, headers=None):
    """How long an answer is on the wire, its head included."""
    head = "".join(f"{k}: {v}\r\n" for k, v in (headers or {}).items())
    with socket.create_connection(("127.0.0.1", port)) as s:
        s.sendall(f"GET {where} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{head}"
                  "Connection: close\r\n\r\n".encode())
        count = 0
        while got := s.recv(65536):
            count += len(got)
    return count


def name_of(stream):
    return f"load-{stream}"


def fill(node, streams, events, batch=100):
    """Append so many events to each of streams, whose numbers are given.  They
    grow side by side, a batch each in turn, as streams do."""
    work = ((stream, step) for step in range(0, events, batch)
            for stream in streams)
    lock, failed = threading.Lock(), []

    def take():
        with lock:
            return None if failed else next(work, None)

    def client():
        try:
            append_batches(node, iter(take, None), batch)
        except Exception as e:  # told by the caller's thread
            failed.append(e)

    threads = [threading.Thread(target=client) for _ in range(FILLERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise failed[0]


def append_batches(node, work, batch):
    connection = http.client.HTTPConnection("127.0.0.1", node.port)
    for stream, step in work:
        connection.request("POST", path(name_of(stream)),
                           body(stream % VARIANTS, step, batch),
                           {"Content-Type": EVENTS})
        answer = connection.getresponse()
        said = answer.read()
        if answer.status != 201:
            raise RuntimeError(f"{answer.status}: {said!r}")
    connection.close()


@functools.lru_cache(maxsize=VARIANTS)
def body(variant, step, count):
    """Ids are unique in a stream, so streams may share them."""
    return json.dumps([event({"p": PAD}, "benched") for _ in range(count)],
                      separators=(",", ":"))
