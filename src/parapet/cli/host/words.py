"""How findings, plans and diffs look in a terminal."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence

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
    rows = [
        ("edit", edit.path, _count(edit.after.count("\n") - plan.present.get(edit.path, edit.before).count("\n")))
        for edit in plan.edits
    ]
    rows += [
        ("merge", path, _count(text.count("\n") - plan.present[path].count("\n"))) for path, text in plan.merges.items()
    ]
    rows += [("write", path, _count(text.count("\n"))) for path, text in plan.written.items()]
    return table([Column(title="plan"), Column(title=""), Column(title="", tone=Tone.QUIET)], rows, indent=2)


def diff(text: str) -> str:
    """A unified diff with colours where there are any."""
    return "\n".join(_toned(line) for line in text.splitlines())


def steps(label: str, lines: Sequence[str]) -> str:
    """What comes next, one below the other."""
    return "\n".join(fact(label if not number else "", line) for number, line in enumerate(lines))


def numbered(steps: Sequence[tuple[str, Sequence[str]]]) -> Iterator[str]:
    """Steps as a list with numbers, each with the lines of its command below it, which no terminal may break."""
    for number, (sentence, command) in enumerate(steps, start=1):
        yield fact(f"{number:4d}.", sentence, indent=0, label_columns=6)
        yield from (f"        {toned(line, Tone.STRONG)}" for line in command)


def bullet(sentence: str) -> str:
    """One of several things that may be done, or not."""
    return fact("   -", sentence, indent=0, label_columns=6)


def say(as_json: bool, told: Mapping[str, object], sentence: str) -> None:
    """*told* for scripts, or *sentence* for people."""
    click.echo(json.dumps(told, indent=2) if as_json else sentence)


def agreed(yes: bool, as_json: bool, question: str) -> bool:
    """Whether a person wants it, or said so beforehand.

    Raises:
        click.UsageError: nobody can be asked.
    """
    if as_json and not yes:
        raise click.UsageError("With --json nobody is asked: add --yes, or --dry-run.")
    return yes or click.confirm(f"\n{question}")


def title(text: str, more: str) -> str:
    """What this is about."""
    return f"{toned(text, Tone.STRONG)}  {more}"


def _count(lines: int) -> str:
    if lines == 0:
        return "as many lines"
    said = "1 line" if abs(lines) == 1 else f"{abs(lines)} lines"
    return said if lines > 0 else f"{said} fewer"


def _toned(line: str) -> str:
    if line.startswith(("--- ", "+++ ")):
        return click.style(line, bold=True)
    colour = {"+": "green", "-": "red", "@": "cyan"}.get(line[:1])
    return click.style(line, fg=colour) if colour else line
