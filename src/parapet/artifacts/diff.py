"""Unified diffs of long files: lines that occur once on each side are matched first, the rest between them by difflib.

difflib alone needs minutes for the rules of a few hundred slices: it looks through a whole file for each change.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from difflib import SequenceMatcher
from itertools import groupby, pairwise
from operator import itemgetter
from typing import Literal, TypeAlias

CONTEXT_LINES = 3

_Tag: TypeAlias = Literal["equal", "replace", "delete", "insert"]
_Opcode: TypeAlias = tuple[_Tag, int, int, int, int]


def unified(before: str, after: str, before_name: str, after_name: str) -> str:
    """A unified diff of two texts, as `diff -u` writes it; empty if they are equal."""
    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    parts = []
    for group in _Known(list(_joined(opcodes(old, new)))).get_grouped_opcodes(CONTEXT_LINES):
        (_, old_from, _, new_from, _), (_, _, old_to, _, new_to) = group[0], group[-1]
        parts.append(f"@@ -{_range(old_from, old_to)} +{_range(new_from, new_to)} @@\n")
        for tag, i, j, k, m in group:
            if tag == "equal":
                parts += [_line(" ", line) for line in old[i:j]]
                continue
            parts += [_line("-", line) for line in old[i:j]]
            parts += [_line("+", line) for line in new[k:m]]
    return f"--- {before_name}\n+++ {after_name}\n{''.join(parts)}" if parts else ""


class _Known(SequenceMatcher[str]):
    """Groups and contexts as difflib makes them, of opcodes that are known already."""

    def __init__(self, found: list[_Opcode]) -> None:
        super().__init__(None, "", "")
        self._found = found

    def get_opcodes(self) -> list[_Opcode]:
        """As they were found."""
        return self._found


def opcodes(old: Sequence[str], new: Sequence[str]) -> Iterator[_Opcode]:
    """How to make *old* into *new*: (`equal`, `replace`, `delete` or `insert`, range in *old*, range in *new*)."""
    for (i, k), (j, m) in pairwise([(0, 0), *_anchors(old, new), (len(old), len(new))]):
        if old[i:j] == new[k:m]:
            if i < j:
                yield "equal", i, j, k, m
            continue
        for tag, a, b, c, d in SequenceMatcher(None, old[i:j], new[k:m], autojunk=False).get_opcodes():
            yield tag, i + a, i + b, k + c, k + d


def _joined(parts: Iterable[_Opcode]) -> Iterator[_Opcode]:
    """*parts* with neighbours of one kind put together."""
    for tag, run in groupby(parts, key=itemgetter(0)):
        all_of_it = list(run)
        (_, i, _, k, _), (_, _, j, _, m) = all_of_it[0], all_of_it[-1]
        yield tag, i, j, k, m


def _anchors(old: Sequence[str], new: Sequence[str]) -> list[tuple[int, int]]:
    """Lines that occur once on each side, in the longest run that has the same order on both (patience sorting)."""
    once = {line for line, times in Counter(old).items() if times == 1}
    place = {line: k for k, line in enumerate(new)}
    once &= {line for line, times in Counter(new).items() if times == 1}
    pairs = [(i, place[line]) for i, line in enumerate(old) if line in once]
    lowest: list[int] = []
    ends: list[int] = []
    earlier: list[int | None] = []
    for number, (_, k) in enumerate(pairs):
        length = bisect_left(lowest, k)
        lowest[length : length + 1] = [k]
        ends[length : length + 1] = [number]
        earlier.append(ends[length - 1] if length else None)
    run: list[tuple[int, int]] = []
    at = ends[-1] if ends else None
    while at is not None:
        run.append(pairs[at])
        at = earlier[at]
    return run[::-1]


def _range(first: int, end: int) -> str:
    length = end - first
    if length == 1:
        return f"{first + 1}"
    return f"{first + 1 if length else first},{length}"


def _line(mark: str, line: str) -> str:
    return f"{mark}{line}" if line.endswith("\n") else f"{mark}{line}\n\\ No newline at end of file\n"
