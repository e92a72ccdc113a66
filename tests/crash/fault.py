"""Faults below a node's programs, by the library of tests/fault/fault.c.

Fault(folder) makes what the library is told by.  While a program runs that was
started with environment(), arm() has one of its calls fail, or several.
"""

import contextlib
import errno
import mmap
import os
import struct

from node import BUILD

LIBRARY = BUILD / "tests/fault/fault.so"

# As in fault.c.
CALLS = ["write", "pwrite", "fdatasync", "fsync", "open", "mmap",
         "posix_fallocate", "rename", "ftruncate", "unlink", "alloc"]
CONTROL = struct.Struct(f"=QQII16s32sQ{len(CALLS)}Q")
HITS = struct.Struct("=QQII16s32s").size
SHORT_WRITE = 0
HANG = 0xffffffff  # until disarm(), and then it is carried out
FOR_EVER = 1 << 62


class Fault:
    def __init__(self, folder, store):
        self.store = store
        self.path = folder / "fault.control"
        self.record = folder / "fault.record"
        self.path.write_bytes(bytes(CONTROL.size))
        self.record.touch()
        with open(self.path, "r+b") as control:
            self.memory = mmap.mmap(control.fileno(), CONTROL.size)

    def environment(self, records=False):
        """What a program must be started with."""
        assert LIBRARY.is_file(), f"{LIBRARY} is missing: make check builds it"
        made = {"LD_PRELOAD": str(LIBRARY),
                "RILL_FAULT_FOLDER": str(self.store),
                "RILL_FAULT_CONTROL": str(self.path)}
        if records:
            made["RILL_FAULT_RECORD"] = str(self.record)
        return made

    @contextlib.contextmanager
    def armed(self, program, call, error, nth, **more):
        """With this call of the program failing, from the nth from now on."""
        self.arm(program, call, error, nth, **more)
        try:
            yield
        finally:
            self.disarm()

    def arm(self, program, call, error, nth, times=1, file=""):
        self.disarm()
        number = getattr(errno, error) if isinstance(error, str) else error
        fields = CONTROL.pack(0, nth + times - 1, CALLS.index(call), number,
                              program.encode(), file.encode(), 0,
                              *[0] * len(CALLS))
        self.memory[8:] = fields[8:]
        self.memory[:8] = struct.pack("=Q", nth)

    def disarm(self):
        self.memory[:8] = bytes(8)

    def forget(self):
        """What has failed so far."""
        struct.pack_into("=Q", self.memory, HITS, 0)

    @property
    def hits(self):
        return struct.unpack_from("=Q", self.memory, HITS)[0]

    @property
    def counts(self):
        """How often each was called since arm()."""
        return dict(zip(CALLS, CONTROL.unpack(self.memory[:])[7:]))


@contextlib.contextmanager
def started_with(environment):
    """Programs that are started meanwhile have these variables."""
    before = {name: os.environ.get(name) for name in environment}
    os.environ.update(environment)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
