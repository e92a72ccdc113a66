"""What a disk may hold after the power failed, by the record of fault.c.

Disk reads the record up to a point and keeps, for each file, what was flushed
and what was not.  fail() writes the folder as it may be then: all that was
flushed, and of the rest each block in some state that it has had since.  Names
that were made, changed or removed since the last flush of a file concerned may
or may not be so, in their order, as in a file system's journal.
"""

import collections
import os
import re
import struct

RECORD = struct.Struct("=IIQQQ")
MAGIC = 0x72696C6C
(OPEN, WRITE, TRUNCATE, FLUSH_BEGIN, FLUSH_END, RENAME, UNLINK,
 ACKNOWLEDGED) = range(1, 9)

SECTOR = 512  # what a disk writes whole
PAGE = 4096   # what the file system does, of a table: see env.h
REGION = re.compile(r"__db\.\d{3}$")  # mapped, and made anew by recovery

Record = collections.namedtuple("Record", "done file number bytes")


def read_records(path):
    data = memoryview(path.read_bytes())
    at, found = 0, []
    while at < len(data):
        magic, done, file, number, n = RECORD.unpack_from(data, at)
        assert magic == MAGIC, f"the record is broken at {at}"
        at += RECORD.size
        found.append(Record(done, file, number, data[at:at + n]))
        at += n
    return found


def note_acknowledged(path, text):
    """Into the record, among what the programs do."""
    text = text.encode()
    head = RECORD.pack(MAGIC, ACKNOWLEDGED, 0, 0, len(text))
    fd = os.open(path, os.O_WRONLY | os.O_APPEND)
    try:
        assert os.write(fd, head + text) == len(head) + len(text)
    finally:
        os.close(fd)


class File:
    def __init__(self):
        self.flushed = bytearray()
        self.pending = []  # (offset, bytes), or (length, None)

    def flush(self, count):
        for change in self.pending[:count]:
            apply(self.flushed, *change)
        del self.pending[:count]

    def fail(self, block, dice):
        """Its content after the failure."""
        image = bytearray(self.flushed)
        if any(data is None for _, data in self.pending):
            for change in self.pending[:dice.randint(0, len(self.pending))]:
                apply(image, *change)
            return image
        versions = collections.defaultdict(list)
        for change in self.pending:
            for index in blocks(change, block):
                versions[index].append(change)
        mood = dice.choice(["none", "some", "some", "all"])
        for index, changes in versions.items():
            count = {"none": 0, "all": len(changes)}.get(
                mood, dice.randint(0, len(changes)))
            for offset, data in changes[:count]:
                first = max(offset, index * block)
                last = min(offset + len(data), (index + 1) * block)
                apply(image, first, data[first - offset:last - offset])
        return image


def blocks(change, block):
    offset, data = change
    return range(offset // block, (offset + len(data) - 1) // block + 1)


def apply(image, offset, data):
    if data is None:
        del image[offset:]
        image.extend(bytes(offset - len(image)))
        return
    if len(image) < offset:
        image.extend(bytes(offset - len(image)))
    image[offset:offset + len(data)] = data


class Disk:
    def __init__(self):
        self.live = {}      # inode: File, as the programs see it
        self.names = {}     # path: File, as they see it
        self.safe = {}      # path: File, as the disk has it
        self.steps = []     # (File concerned, path, File or None)
        self.flushes = {}   # number: (File, changes, steps)
        self.acknowledged = []

    def play(self, record):
        if record.done == ACKNOWLEDGED:
            self.acknowledged.append(bytes(record.bytes).decode())
        elif record.done == OPEN:
            self.open(record)
        elif record.done == RENAME:
            old, _, new = bytes(record.bytes).decode().partition("\0")
            file = self.names.pop(old)
            self.name(file, old, None)
            self.name(file, new, file)
        elif record.done == UNLINK:
            path = bytes(record.bytes).decode()
            self.name(self.names.get(path), path, None)
        else:
            self.change(record, self.live[record.file])

    def open(self, record):
        path = bytes(record.bytes).decode()
        if path not in self.names or \
                self.live.get(record.file) is not self.names[path]:
            self.live[record.file] = File()
            self.name(self.live[record.file], path, self.live[record.file])
        if record.number & os.O_TRUNC:
            self.live[record.file].pending.append((0, None))

    def name(self, concerned, path, file):
        """A step in the file system's journal."""
        self.steps.append((concerned, path, file))
        if file is None:
            self.names.pop(path, None)
        else:
            self.names[path] = file

    def change(self, record, file):
        if record.done == WRITE:
            file.pending.append((record.number, record.bytes))
        elif record.done == TRUNCATE:
            file.pending.append((record.number, None))
        elif record.done == FLUSH_BEGIN:
            steps = [i for i, step in enumerate(self.steps, 1)
                     if step[0] is file]
            self.flushes[record.number] = (
                file, len(file.pending), steps[-1] if steps else 0)
        else:
            self.end_flush(*self.flushes.pop(record.number))

    def end_flush(self, file, changes, steps):
        file.flush(changes)
        self.walk(self.safe, steps)
        del self.steps[:steps]
        # Of flushes that go on, what they cover has become less.
        for number, (other, n, m) in self.flushes.items():
            if other is file:
                n = max(0, n - changes)
            self.flushes[number] = (other, n, max(0, m - steps))

    def walk(self, names, count):
        for _, path, file in self.steps[:count]:
            if file is None:
                names.pop(path, None)
            else:
                names[path] = file

    def fail(self, folder, dice):
        """Write what may be left into an empty folder."""
        names = dict(self.safe)
        self.walk(names, dice.randint(0, len(self.steps)))
        for path, file in names.items():
            name = os.path.basename(path)
            if REGION.match(name):
                continue
            block = SECTOR if name.startswith("log.") else PAGE
            (folder / name).write_bytes(file.fail(block, dice))
