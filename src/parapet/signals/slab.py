"""One memory-mapped file, written by one process and read by many."""

from __future__ import annotations

import os
from collections.abc import Iterator
from mmap import ACCESS_READ, mmap
from pathlib import Path
from threading import RLock

from parapet.signals import layout
from parapet.signals.layout import Block, Place

FIRST_BYTES = 1 << 16
NOTE_BYTES = 512
MOST_NOTES = 64


class Slab:
    """A file to count into. Grows by doubling; views of what it was before stay good.

    Raises:
        OSError: it cannot be made, or the disk is full.
    """

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        self._capacity = os.fstat(self._file).st_size
        self._lock = RLock()  # re-entrant, because a garbage collection may record in the middle
        self._writing = 0
        self._used = layout.HEADER_BYTES
        if self._capacity == 0:
            self._grow(0)
        else:
            self._remap()
        self._used = max(layout.used(self._map), layout.HEADER_BYTES)
        layout.set_used(self._map, self._used)

    def blocks(self) -> Iterator[tuple[Place, memoryview[float]]]:
        """What was in the file when it was opened.

        Raises:
            ValueError: it is not in our layout.
        """
        for block in layout.blocks(self._map, layout.HEADER_BYTES, self._used):
            yield block.place, block.view(self._doubles)

    def add(self, place: Place, help_text: str) -> memoryview[float]:
        """Room for the numbers of one label set, at zero.

        Raises:
            OSError: the disk is full.
        """
        data, entry_bytes = layout.written(place, help_text)
        with self._lock:
            while self._used + len(data) > self._capacity:
                self._grow(len(data))
            start = self._used
            self._used = start + len(data)
            self._writing += 1
            try:
                self._map[start : start + len(data)] = data
            finally:
                self._writing -= 1
            if not self._writing:  # whoever we interrupted says so when its own part is there too
                layout.set_used(self._map, self._used)
            return Block(place, (start + entry_bytes - layout.VALUE_BYTES) // 8, entry_bytes // 8).view(self._doubles)

    def close(self) -> None:
        """Close the file. Views of it stay good."""
        os.close(self._file)

    def _grow(self, more_bytes: int) -> None:
        capacity = max(self._capacity, FIRST_BYTES)
        while capacity < self._used + more_bytes:
            capacity *= 2
        _allocate(self._file, capacity)
        self._capacity = capacity
        self._remap()

    def _remap(self) -> None:
        self._map = mmap(self._file, self._capacity)
        self._doubles = memoryview(self._map).cast("d")


class Glass:
    """A file of some process, to look at. What was parsed once is remembered, so a look costs what is new.

    Raises:
        OSError: it is gone, or its process has only just begun it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.inode = 0
        self.found: list[tuple[Place, memoryview[float]]] = []
        self._parsed = layout.HEADER_BYTES
        self._remap()

    def look(self) -> list[tuple[Place, memoryview[float]]]:
        """Everything in it, newest last; the same list every time.

        Raises:
            OSError: it is gone.
            ValueError: it is not in our layout.
        """
        end = layout.used(self._map)
        if end > self._parsed:
            if end > len(self._map):
                self._remap()
            self.found += [
                (block.place, block.view(self._doubles)) for block in layout.blocks(self._map, self._parsed, end)
            ]
            self._parsed = end
        return self.found

    def _remap(self) -> None:
        file = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            status = os.fstat(file)
            if not status.st_size:
                raise FileNotFoundError(self.path)
            self.inode = status.st_ino
            self._map = mmap(file, 0, access=ACCESS_READ)
        finally:
            os.close(file)
        self._doubles = memoryview(self._map).cast("d")


class Notes:
    """Short texts of one process, of which only the last are kept; others may read them.

    Raises:
        OSError: the file cannot be made, or the disk is full.
    """

    def __init__(self, path: Path) -> None:
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            _allocate(file, NOTE_BYTES * MOST_NOTES)
            self._map = mmap(file, NOTE_BYTES * MOST_NOTES)
        finally:
            os.close(file)
        self._next = 0

    def write(self, note: bytes) -> None:
        """Keep *note*, which is shorter than `NOTE_BYTES`, in place of the oldest one."""
        at = self._next % MOST_NOTES * NOTE_BYTES
        self._next += 1
        self._map[at : at + NOTE_BYTES] = note.ljust(NOTE_BYTES, b"\0")


def notes(path: Path) -> list[bytes]:
    """The notes of some process.

    Raises:
        OSError: there are none.
    """
    data = path.read_bytes()
    parts = (data[at : at + NOTE_BYTES].rstrip(b"\0") for at in range(0, len(data), NOTE_BYTES))
    return [part for part in parts if part]


def _allocate(file: int, size: int) -> None:
    # A file with holes would kill the process when a full disk has no page for one; this raises instead.
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(file, 0, size)
    else:
        os.ftruncate(file, size)
