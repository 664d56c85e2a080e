"""How numbers lie in a file that several processes read: prometheus_client's own layout, so that its collector can too.

A file begins with its used length. Then come entries: a JSON key, its length before it, and a double with a timestamp
after it. All keys of a label set are padded to the same length, so its doubles lie at equal distances and one strided
view holds them like a list: counting into a file is the same two additions as counting into memory. The first
timestamp says how many there are; prometheus_client reads timestamps of one kind of gauge only, which we never write.
"""

from __future__ import annotations

import json
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from mmap import mmap

HEADER_BYTES = 8
MOST_CELLS = 1_000
VALUE_BYTES = 16  # a double, and a timestamp

_LENGTH = struct.Struct("i")
_DOUBLE = struct.Struct("d")
_BOUND = re.compile(rb'"le": "([^"]*)"')  # cannot be inside a text, where its quotes would be escaped


@dataclass(frozen=True, slots=True)
class Place:
    """Which numbers these are: one label set of one metric, with its bucket bounds if it is a histogram."""

    metric: str
    labels: tuple[tuple[str, str], ...]
    """Name and value of each label, by name."""
    bounds: tuple[str, ...]
    """The values of `le`, in order, with the infinite one; none if it is a single number."""

    @property
    def cells(self) -> int:
        """How many numbers there are: one for each bound, and the sum of seconds; or a single one."""
        return len(self.bounds) + 1


@dataclass(frozen=True, slots=True)
class Block:
    """Where the numbers of a place lie in a file."""

    place: Place
    first: int
    """The first number, counted in doubles from the beginning of the file."""
    stride: int
    """From one number to the next, in doubles."""

    def view(self, doubles: memoryview[float]) -> memoryview[float]:
        """Its numbers, given a whole file as doubles."""
        return doubles[self.first : self.first + (self.place.cells - 1) * self.stride + 1 : self.stride]


def written(place: Place, help_text: str) -> tuple[bytes, int]:
    """The entries of a place, all at zero; and the length of each in bytes."""
    name, labels = place.metric, dict(place.labels)
    if place.bounds:
        samples = [(f"{name}_bucket", {**labels, "le": bound}) for bound in place.bounds] + [(f"{name}_sum", labels)]
    else:
        samples = [(name, labels)]
    family = name.removesuffix("_total")
    keys = [json.dumps([family, sample, pairs, help_text], sort_keys=True).encode() for sample, pairs in samples]
    width = max(map(len, keys))
    entry = _entry_bytes(width)
    head, zero = _LENGTH.pack(width), bytes(VALUE_BYTES)
    data = bytearray().join((head + key.ljust(width)).ljust(entry - VALUE_BYTES) + zero for key in keys)
    _DOUBLE.pack_into(data, entry - 8, len(keys))
    return bytes(data), entry


def used(data: mmap) -> int:
    """How many bytes of a file are in use."""
    length: int = _LENGTH.unpack_from(data, 0)[0]
    return length


def set_used(data: mmap, length: int) -> None:
    """Say how many bytes are in use, once they are written: a reader sees all of a block or nothing."""
    data[:4] = _LENGTH.pack(length)


def blocks(data: mmap, start: int, end: int) -> Iterator[Block]:
    """What lies between *start* and *end*, which is the used length or less.

    Raises:
        ValueError: it is not in this layout.
    """
    position = start
    while position < end:
        width: int = _LENGTH.unpack_from(data, position)[0]
        entry = _entry_bytes(width)
        if width <= 0 or position + entry > end:
            raise ValueError(f"What begins at byte {position} is no entry.")
        cells = _DOUBLE.unpack_from(data, position + entry - 8)[0]
        after = position + int(cells) * entry
        if not 1 <= cells <= MOST_CELLS or after > end:
            raise ValueError(f"What begins at byte {position} is no label set.")
        family, sample, labels, _ = json.loads(data[position + 4 : position + 4 + width])
        bounds: tuple[str, ...] = ()
        if "le" in labels:
            bounds = _decoded(tuple(_BOUND.findall(data[position:after])))
            sample = family
            del labels["le"]
        if len(bounds) + 1 != cells:
            raise ValueError(f"What begins at byte {position} has {cells:g} numbers for {len(bounds)} bounds.")
        yield Block(
            Place(sample, tuple(sorted(labels.items())), bounds), (position + entry - VALUE_BYTES) // 8, entry // 8
        )
        position = after


@lru_cache(maxsize=64)  # a family's label sets all have the same
def _decoded(bounds: tuple[bytes, ...]) -> tuple[str, ...]:
    return tuple(bound.decode() for bound in bounds)


def _entry_bytes(width: int) -> int:
    return 4 + width + 8 - (width + 4) % 8 + VALUE_BYTES
