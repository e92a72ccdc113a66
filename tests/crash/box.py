"""A node whose data folder is a small disk of its own.

The disk is a tmpfs in a mount namespace that only the box's processes see, so
nothing is left behind and no privileges are needed.
"""

import os
import pathlib
import signal
import subprocess

from node import Node


class Box:
    """A mount namespace in which folder is a file system of its own."""

    def __init__(self, folder, megabytes):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir()
        self.holder = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", "unshare", "-rm", "sh", "-c",
             'mount -t tmpfs -o "size=$1m" rill "$2" && echo mounted && read _',
             "box", str(megabytes), str(self.folder)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True)
        said = self.holder.stdout.readline()
        assert said == "mounted\n", (
            "these tests mount a small disk in a user namespace "
            f"(unshare -rm), and here that is refused: {said}")

    @property
    def inside(self):
        """The folder, as the box's processes see it."""
        return pathlib.Path(f"/proc/{self.holder.pid}/root{self.folder}")

    def enter(self, *command):
        """A command line that runs command in the box."""
        # Entering clears the parent-death signal.
        return ["nsenter", "-t", str(self.holder.pid), "-U", "-m",
                "--preserve-credentials", "setpriv", "--pdeathsig", "TERM",
                *map(str, command)]

    def run(self, *command):
        """Its exit status, and all that it said."""
        done = subprocess.run(
            self.enter(*command), stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            timeout=60, check=False)
        return done.returncode, done.stdout

    def free_bytes(self):
        disk = os.statvfs(self.inside)
        return disk.f_bavail * disk.f_frsize

    def fill(self, spare_bytes=0):
        """Use up the disk, but for so much."""
        with open(self.inside / "filler", "ab") as filler:
            while self.free_bytes() > spare_bytes:
                chunk = min(1 << 20, self.free_bytes() - spare_bytes)
                filler.write(bytes(chunk))
                filler.flush()

    def make_room(self):
        (self.inside / "filler").unlink()

    def close(self):
        self.holder.send_signal(signal.SIGKILL)
        self.holder.wait()
        self.holder.stdin.close()
        self.holder.stdout.close()


class BoxedNode(Node):
    """A node with its data in a box; its log is outside."""

    def __init__(self, box, **options):
        super().__init__(box.folder / "data", **options)
        self.box = box

    def command(self):
        return self.box.enter(*super().command())

    def pid_of(self, program):
        run = self.box.inside / "data/run"
        return int((run / f"{program}.pid").read_text())
