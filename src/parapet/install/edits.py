"""Insertions at exact places of a text. Whatever stood there stays as it was, byte for byte, and is proved to."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from parapet.install.finding import Unclear

IMPORT = re.compile(r"(?P<before>(\r?\n)*)(?P<line>from [^\r\n]+)(?P<newline>\r?\n)(?P<after>(\r?\n)*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Insertion:
    """*text*, put before the character at *offset* of what is there."""

    offset: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """What goes into one file that is there already."""

    path: str
    """From the project's folder."""
    before: str
    insertions: tuple[Insertion, ...]

    @property
    def after(self) -> str:
        """The text with everything put in."""
        return put_in(self.before, self.insertions)


def one_each(edits: Iterable[Edit]) -> tuple[Edit, ...]:
    """One edit for each file, with everything that any of *edits* puts in."""
    by_path: dict[str, Edit] = {}
    for edit in edits:
        there = by_path.get(edit.path)
        insertions = dict.fromkeys((*(there.insertions if there else ()), *edit.insertions))  # one import for two calls
        by_path[edit.path] = Edit(path=edit.path, before=edit.before, insertions=_imports_together(insertions))
    return tuple(by_path.values())


def _imports_together(insertions: Iterable[Insertion]) -> tuple[Insertion, ...]:
    """*insertions*, with imports at one place in their order and without empty lines between them."""
    imports = {one: found for one in insertions if (found := IMPORT.fullmatch(one.text))}
    made: list[Insertion] = [one for one in insertions if one not in imports]
    for offset in {one.offset for one in imports}:
        here = sorted(
            (found for one, found in imports.items() if one.offset == offset), key=lambda found: found["line"]
        )
        before, after = max(found["before"] for found in here), max(found["after"] for found in here)
        for number, found in enumerate(here, start=1):
            newline = found["newline"]
            text = (before if number == 1 else "") + found["line"] + newline + (after if number == len(here) else "")
            made.append(Insertion(offset=offset, text=text))
    return tuple(sorted(made, key=lambda one: one.offset))


def put_in(text: str, insertions: Iterable[Insertion]) -> str:
    """*text* with *insertions*; those at the same place in the order given."""
    parts, at = [], 0
    for one in sorted(insertions, key=lambda one: one.offset):
        parts += [text[at : one.offset], one.text]
        at = one.offset
    return "".join([*parts, text[at:]])


def taken_out(text: str, inserted: Sequence[str]) -> str | None:
    """*text* without *inserted*; None if one of them is there more or less often, so that nobody can say which."""
    for one in sorted(set(inserted), key=len, reverse=True):
        times = inserted.count(one)
        bare = one.strip("\r\n")  # formatters move lines, and change what is empty around them
        if text.count(one) == times:
            text = text.replace(one, "")
        elif one.endswith("\n") and [line.rstrip("\r\n") for line in lines_of(text)].count(bare) == times:
            text = "".join(line for line in lines_of(text) if line.rstrip("\r\n") != bare)
        else:
            return None
    return text


def refuse_broken(edit: Edit) -> Edit:
    """*edit* of a Python file, if what was there means the same as before.

    Raises:
        Unclear: it does not.
    """
    try:
        after = ast.parse(edit.after.removeprefix("\ufeff"))
    except SyntaxError as error:
        raise Unclear(f"What would go into {edit.path} does not parse there: {error}.") from error
    _Without(edit).visit(after)
    if ast.dump(after) != ast.dump(ast.parse(edit.before.removeprefix("\ufeff"))):
        raise Unclear(f"What would go into {edit.path} would change what is there already.")
    return edit


class _Without(ast.NodeTransformer):
    """Takes the inserted statements and elements out of a tree."""

    def __init__(self, edit: Edit) -> None:
        after = edit.after
        self._starts = line_starts(after)
        self._lines = lines_of(after)
        self._spans: list[tuple[int, int]] = []
        shift = 0
        for one in sorted(edit.insertions, key=lambda one: one.offset):
            begin = one.offset + shift
            shift += len(one.text)
            self._spans.append((begin, begin + len(one.text)))

    def visit(self, node: ast.AST) -> ast.AST | None:
        if isinstance(node, ast.stmt | ast.expr | ast.alias):
            at = self._offset(node)
            if any(begin <= at < end for begin, end in self._spans):
                return None
        return self.generic_visit(node)

    def _offset(self, node: ast.stmt | ast.expr | ast.alias) -> int:
        line = self._lines[node.lineno - 1]
        return self._starts[node.lineno - 1] + characters(line, node.col_offset)


def line_starts(text: str) -> list[int]:
    """Where each line of *text* begins; and where one more would, as last."""
    starts = [0]
    for line in lines_of(text):
        starts.append(starts[-1] + len(line))
    return starts


def lines_of(text: str) -> list[str]:
    """The lines of *text* with their ends, as Python counts them: a form feed ends none."""
    return re.findall(r"[^\n]*\n|[^\n]+", text)


def characters(line: str, column: int) -> int:
    """How many characters the first *column* bytes of *line* are, which is how syntax trees count."""
    return len(line.encode()[:column].decode(errors="ignore"))


def newline_of(text: str) -> str:
    """How the lines of *text* end."""
    return "\r\n" if "\r\n" in text else "\n"
