"""How findings, plans and diffs look in a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import click

from parapet.cli.terminal import Column, Tone, fact, table, toned
from parapet.install.finding import Finding
from parapet.install.plan import Plan


def findings(found: Iterable[Finding]) -> str:
    """What was found, where, and the words that say so."""
    columns = [
        Column(title="found"),
        Column(title="", tone=Tone.STRONG),
        Column(title="where"),
        Column(title="why", tone=Tone.QUIET, gives_way=True),
    ]
    return table(columns, [(one.about, one.name, one.place, one.why) for one in found], indent=2)


def plan_lines(plan: Plan) -> str:
    """What would be done, in a line for each file."""
    rows = [("edit", edit.path, _count(edit.after.count("\n") - edit.before.count("\n"))) for edit in plan.edits]
    rows += [("write", path, _count(text.count("\n"))) for path, text in plan.written.items()]
    return table([Column(title="plan"), Column(title=""), Column(title="", tone=Tone.QUIET)], rows, indent=2)


def diff(text: str) -> str:
    """A unified diff with colours where there are any."""
    return "\n".join(_toned(line) for line in text.splitlines())


def steps(label: str, lines: Sequence[str]) -> str:
    """What comes next, one below the other."""
    return "\n".join(fact(label if not number else "", line) for number, line in enumerate(lines))


def title(text: str, more: str) -> str:
    """What this is about."""
    return f"{toned(text, Tone.STRONG)}  {more}"


def _count(lines: int) -> str:
    return "1 line" if lines == 1 else f"{lines} lines"


def _toned(line: str) -> str:
    if line.startswith(("--- ", "+++ ")):
        return click.style(line, bold=True)
    colour = {"+": "green", "-": "red", "@": "cyan"}.get(line[:1])
    return click.style(line, fg=colour) if colour else line
