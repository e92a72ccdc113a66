"""Machines of the lab: they are there, and then they are gone."""

import os
import subprocess

from netns import Networks, run


def interfaces():
    return {line.split()[1] for line in run("ip", "-o", "link").splitlines()}


def processes_in(spaces):
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            if os.readlink(f"/proc/{pid}/ns/net") in spaces:
                found.append(pid)
        except OSError:
            continue
    return found


def test_closed_machines_leave_no_process_and_no_interface(client_namespace):
    before = interfaces()
    networks = Networks(2)
    spaces = {m.space for m in networks.machines}
    started = subprocess.Popen(networks.machines[0].enter("sleep", "1000"))
    assert len(interfaces()) == len(before) + 8
    assert str(started.pid) in processes_in(spaces)
    networks.close()
    started.wait()
    assert processes_in(spaces) == []
    assert interfaces() == before
