"""`parapet slo diff`: what a change of definitions does, in words fit for a pull request."""

from __future__ import annotations

import json
from pathlib import Path

import click

from parapet.cli.load import load_app
from parapet.cli.options import app_option, required_app
from parapet.cli.slo.revision import read_snapshot, snapshot_at
from parapet.cli.terminal import Tone, draws, fact, paragraph, toned, width
from parapet.core.codec import encode
from parapet.slo.diff import Change, Difference, Kind, Row, compare, in_sentences
from parapet.slo.facts import Snapshot, snapshot_of

WORKING_TREE = "the working tree"
SNAPSHOT_SUFFIX = ".json"
TONES = {Kind.ADDED: Tone.GOOD, Kind.REMOVED: Tone.PAGE, Kind.RENAMED: Tone.TICKET, Kind.CHANGED: Tone.TICKET}


@click.command()
@click.argument("before", default="HEAD")
@click.argument("after", required=False)
@app_option
@click.option("--markdown", "form", flag_value="markdown", help="Markdown, for a comment on a pull request.")
@click.option("--json", "form", flag_value="json", help="JSON, for scripts.")
@click.option(
    "--fail-on",
    type=click.Choice(["changes", "warnings"]),
    help="Exit with status 1 if anything changed, or if anything is warned of.",
)
def diff(before: str, after: str | None, app_spec: str | None, form: str | None, fail_on: str | None) -> None:
    """What changes from BEFORE to AFTER: allowed failures, minutes to page, who is woken.

    BEFORE and AFTER are git revisions, or files that `parapet slo list --json` wrote. Without AFTER it is the working
    tree; without BEFORE it is HEAD. A revision is loaded from a temporary copy, in a process of its own.

    \b
    Examples:
      parapet slo diff --app shop.reliability:parapet
      parapet slo diff --app shop.reliability:parapet main
      parapet slo diff --app shop.reliability:parapet v1.8 v1.9 --markdown
      parapet slo diff before.json after.json --fail-on warnings
    """
    old, new = _side(before, app_spec), _side(after, app_spec)
    difference = compare(old, new)
    between = f"from {before} to {after or WORKING_TREE}"
    if form == "json":
        click.echo(json.dumps({"between": between, **_as_json(difference)}, indent=2))
    elif form == "markdown":
        click.echo(_markdown(difference, between))
    else:
        click.echo(_plain(difference, between))
    if (fail_on == "changes" and not difference.nothing) or (fail_on == "warnings" and difference.warnings):
        raise SystemExit(1)


def _side(name: str | None, app_spec: str | None) -> Snapshot:
    if name is not None and name.endswith(SNAPSHOT_SUFFIX):
        return read_snapshot(Path(name))
    spec = required_app(app_spec)
    return snapshot_of(load_app(spec).catalog) if name is None else snapshot_at(name, spec)


def _as_json(difference: Difference) -> dict[str, object]:
    return {
        "service": difference.service,
        "unchanged": difference.unchanged,
        "sentences": list(in_sentences(difference)),
        "warnings": [{"slice": name, "text": text} for name, text in difference.warnings],
        "changes": [encode(change) for change in difference.changes],
    }


def _plain(difference: Difference, between: str) -> str:
    heading = toned(f"Promises of {difference.service}, {between}", Tone.STRONG)
    if difference.nothing:
        return f"{heading}\n\nNothing changes: {_as_they_were(difference)}."
    parts = [heading, "\n".join(paragraph(sentence) for sentence in in_sentences(difference))]
    if difference.warnings:
        width = max(len(name) for name, _ in difference.warnings) + 2
        lines = (fact(name, text, indent=2, label_columns=width) for name, text in difference.warnings)
        parts.append("\n".join([toned("Think twice", Tone.PAGE), *lines]))
    parts += [_plain_change(change) for change in difference.changes]
    if difference.unchanged:
        parts.append(toned(f"{_as_they_were(difference).capitalize()}.", Tone.QUIET))
    return "\n\n".join(parts)


def _plain_change(change: Change) -> str:
    label_columns = max((len(row.subject) for row in change.rows), default=0) + 2
    lines = [_plain_row(row, label_columns) for row in change.rows]
    head = f"{toned(change.slice, Tone.STRONG)}  {toned(change.kind.value, TONES[change.kind])}  {change.title}"
    return "\n".join([head, *lines])


def _plain_row(row: Row, label_columns: int) -> str:
    arrow = "\N{RIGHTWARDS ARROW}" if draws() else "->"
    if not row.before or not row.after:
        return fact(row.subject, row.before or row.after, label_columns=label_columns)
    change = f"{row.before} {arrow} {row.after}"
    if len(change) <= width() - label_columns - 2:
        return fact(row.subject, change, label_columns=label_columns)
    return "\n".join(
        (
            fact(row.subject, row.before, label_columns=label_columns),
            fact("", f"{arrow} {row.after}", label_columns=label_columns),
        )
    )


def _markdown(difference: Difference, between: str) -> str:
    heading = f"### Promises of `{difference.service}`, {between}"
    if difference.nothing:
        return f"{heading}\n\nNothing changes: {_as_they_were(difference)}."
    parts = [heading, " ".join(in_sentences(difference))]
    if difference.warnings:
        lines = (f"> - `{name}`: {text}" for name, text in difference.warnings)
        parts.append("\n".join(["> [!WARNING]", *lines]))
    parts += [_markdown_change(change) for change in difference.changes]
    if difference.unchanged:
        parts.append(f"{_as_they_were(difference).capitalize()}.")
    return "\n\n".join(parts)


def _markdown_change(change: Change) -> str:
    head = f"#### `{change.slice}` is {change.kind.value}: {_cell(change.title)}"
    if change.kind in {Kind.ADDED, Kind.REMOVED}:
        title = "promise" if change.kind is Kind.ADDED else "promised until now"
        rows = [f"| {row.subject} | {_cell(row.after or row.before)} |" for row in change.rows]
        return "\n".join([head, "", f"| | {title} |", "|---|---|", *rows])
    rows = [f"| {row.subject} | {_cell(row.before)} | {_cell(row.after)} |" for row in change.rows]
    return "\n".join([head, "", "| | before | after |", "|---|---|---|", *rows])


def _cell(text: str) -> str:
    return text.replace("|", "\\|") or " "


def _as_they_were(difference: Difference) -> str:
    return (
        "1 promise is as it was" if difference.unchanged == 1 else f"{difference.unchanged} promises are as they were"
    )
