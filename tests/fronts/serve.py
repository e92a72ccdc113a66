#!/usr/bin/env python3
"""Run the fronts until SIGTERM or Ctrl-C, one agent and one worker for all.

usage: RILL_BUILDDIR=... serve.py

Prints a line for each that can be run here, its name and its address; then
"ready".
"""

import pathlib
import signal
import sys

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parent.parent / part)
                for part in ("", "http", "fronts")]

import pytest

import front
from events import await_accounts

def serve(backend, servers):
    for kind in front.KINDS:
        server = kind(backend)
        try:
            server.start()
        except pytest.skip.Exception as reason:
            print(f"{server.name}: {reason}", file=sys.stderr)
            continue
        servers.append(server)
        await_accounts(server)
        print(server.name, server.base, flush=True)
    print("ready", flush=True)
    signal.pause()


def main():
    for number in signal.SIGTERM, signal.SIGINT:
        signal.signal(number, lambda *_: sys.exit(0))
    backend, servers = front.Backend(), []
    try:
        backend.start()
        serve(backend, servers)
    finally:
        for server in servers:
            server.stop()
        backend.stop()


if __name__ == "__main__":
    main()
