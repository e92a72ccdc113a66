"""The wall clock of one node, which a test may set.

libfaketime (Debian: libfaketime), loaded into a node's programs, adds to the
time of day what stands in a file.  What measures durations is left alone.
"""

import contextlib
import glob
import os
import pathlib
import subprocess

LIBRARY = next(iter(glob.glob(
    "/usr/lib/*/faketime/libfaketimeMT.so.1")), None)
CACHE_SECONDS = 1  # until a program looks into the file again


def forget_the_dead():
    """A killed process leaves what libfaketime shares with its children; one
    that gets its pid later does not start."""
    for left in pathlib.Path("/dev/shm").glob("*faketime_s*_[0-9]*"):
        if not pathlib.Path("/proc", left.name.rpartition("_")[2]).exists():
            with contextlib.suppress(OSError):
                left.unlink()


class WallClock:
    def __init__(self, path):
        forget_the_dead()
        self.path = path
        self.set(0)

    def set(self, seconds):
        """So far off the true time, from a second from now on."""
        draft = self.path.with_suffix(".new")
        draft.write_text(f"{seconds:+d}\n")
        draft.rename(self.path)

    @property
    def environment(self):
        return {"LD_PRELOAD": LIBRARY,
                "FAKETIME_TIMESTAMP_FILE": str(self.path),
                "FAKETIME_CACHE_DURATION": str(CACHE_SECONDS),
                "FAKETIME_DONT_FAKE_MONOTONIC": "1",
                # Else stat() holds a semaphore that all processes of an agent
                # share; one that ends inside leaves the next to wait for ever.
                "NO_FAKE_STAT": "1",
                # Without it waiting on the monotonic clock ends at once.
                "FAKETIME_FORCE_MONOTONIC_FIX": "0"}

    def works_with(self, program):
        """Not with one that was built for a sanitizer."""
        return LIBRARY is not None and subprocess.run(
            [program, "--version"], env={**os.environ, **self.environment},
            capture_output=True, check=False).returncode == 0
