"""How output looks in a terminal: its width, a few tones, tables that give way, and bars. No sentences of its own."""

from __future__ import annotations

import re
import shutil
import sys
import textwrap
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum

import click

NARROWEST = 60
WIDEST = 120
USUAL = 100
"""Columns where nobody can be asked, as in a pipe or a file."""
GAP = "  "
NO_BREAK = "\u00a0"
_CODE = re.compile(r"`[^`]+`")
CUT = "..."


class Tone(StrEnum):
    """What a text is, which decides its colour where colours are shown at all."""

    PLAIN = "plain"
    STRONG = "strong"  # what a section is about
    QUIET = "quiet"  # labels and second lines
    GOOD = "good"
    PAGE = "page"
    TICKET = "ticket"


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of a table."""

    title: str
    right: bool = False
    """Numbers end at the same place."""
    tone: Tone = Tone.PLAIN
    needs_width: int = 0
    """Shown only in terminals at least this wide."""
    gives_way: bool = False
    """Cut when the table is too wide."""


def width() -> int:
    """Columns to write in: those of the terminal within reason, or the usual ones."""
    columns = shutil.get_terminal_size((USUAL, 0)).columns
    return max(NARROWEST, min(columns, WIDEST))


def draws() -> bool:
    """Whether standard output can say more than ASCII."""
    return (getattr(sys.stdout, "encoding", None) or "").lower().replace("-", "") == "utf8"


def toned(text: str, tone: Tone) -> str:
    """*text* in its tone. What is no terminal, or asked for no colour, shows the text alone."""
    if not text:
        return text
    match tone:
        case Tone.STRONG:
            return click.style(text, bold=True)
        case Tone.QUIET:
            return click.style(text, dim=True)
        case Tone.GOOD:
            return click.style(text, fg="green")
        case Tone.PAGE:
            return click.style(text, fg="red", bold=True)
        case Tone.TICKET:
            return click.style(text, fg="yellow")
        case Tone.PLAIN:
            return text


def table(columns: Sequence[Column], rows: Iterable[Sequence[str]], *, indent: int = 0) -> str:
    """*rows* beneath their titles. A column that gives way is cut to what the width leaves for it."""
    room = width() - indent
    places = [place for place, column in enumerate(columns) if room + indent >= column.needs_width]
    shown = [columns[place] for place in places]
    cells = [[column.title for column in shown], *([row[place] for place in places] for row in rows)]
    widths = [max(len(click.unstyle(row[place])) for row in cells) for place in range(len(shown))]
    excess = sum(widths) + len(GAP) * (len(widths) - 1) - room
    for place, column in enumerate(shown):
        if column.gives_way and excess > 0:
            cut = min(excess, widths[place] - len(CUT) - len(column.title))
            widths[place] -= max(cut, 0)
            excess -= max(cut, 0)
    title, *body = (
        GAP.join(_cell(text, column, size) for text, column, size in zip(row, shown, widths, strict=True)).rstrip()
        for row in cells
    )
    return textwrap.indent("\n".join([toned(click.unstyle(title).rstrip(), Tone.QUIET), *body]), " " * indent)


def bar(share: float, columns: int) -> str:
    """A horizontal bar that is *share* of *columns* long, at least a trace; none for a share of 0."""
    if share <= 0:
        return ""
    return ("━" if draws() else "=") * max(round(min(share, 1.0) * columns), 1)


def paragraph(text: str, *, indent: int = 0) -> str:
    """*text* in lines of readable length."""
    edge = " " * indent
    return textwrap.indent("\n".join(_wrapped(text, min(width(), USUAL) - indent)), edge)


def fact(label: str, text: str, *, indent: int = 2, label_columns: int = 10) -> str:
    """A quiet label with *text* beside it, wrapped to stay beside it."""
    beside = indent + label_columns
    lines = _wrapped(text, width() - beside) or [""]
    first = f"{' ' * indent}{toned(f'{label:<{label_columns}}', Tone.QUIET)}{lines[0]}"
    return "\n".join([first, *(f"{' ' * beside}{line}" for line in lines[1:])])


def _wrapped(text: str, columns: int) -> list[str]:
    """Lines of whole words; names with dashes are words, and so is what stands between backticks: it is copied."""
    one_line = _CODE.sub(lambda found: found[0].replace(" ", NO_BREAK), " ".join(text.split()))
    lines = textwrap.wrap(one_line, columns, break_on_hyphens=False, break_long_words=False)
    return [line.replace(NO_BREAK, " ") for line in lines]


def _cell(text: str, column: Column, size: int) -> str:
    plain = click.unstyle(text)
    if len(plain) > size:
        text = plain = f"{plain[: size - len(CUT)].rstrip()}{CUT}"
    padding = " " * (size - len(plain))
    shown = toned(text, column.tone) if text == plain else text
    return f"{padding}{shown}" if column.right else f"{shown}{padding}"


@contextmanager
def progress(label: str, length: int) -> Iterator[Callable[[int], None]]:
    """A bar on standard error while something is read, in a terminal; elsewhere nothing. Yields what moves it."""
    if not sys.stderr.isatty():
        yield lambda steps: None
        return
    fill = "━" if draws() else "="
    template = "%(label)s  %(bar)s  %(info)s"
    with click.progressbar(
        length=length, label=label, file=sys.stderr, fill_char=fill, empty_char=" ", bar_template=template
    ) as shown:
        yield shown.update
