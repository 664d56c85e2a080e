"""`parapet openslo`: what others promised in OpenSLO v1, as slices in a module of the host's own."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

import click

from parapet.artifacts.openslo.imported import Imported, Remark, read_slices
from parapet.artifacts.openslo.module import module_text
from parapet.cli.lazy import Group
from parapet.core.errors import ConfigurationError


@click.group(cls=Group)
def openslo() -> None:
    """Take promises over from OpenSLO v1 documents. What is exported is written by `parapet generate`.

    \b
    Examples:
      parapet openslo import slo/*.yaml --out promises.py
      parapet openslo import slo/*.yaml --service checkout
    """


@openslo.command("import")
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="The module to write; else it is printed.")
@click.option("--service", help="Whose promises, if the files speak of several services.")
@click.option("--runbook", metavar="URL", help="The runbook of promises that page and name none.")
@click.option("--json", "as_json", is_flag=True, help="Say as JSON what was taken and what was not.")
def import_(files: Sequence[Path], out: Path | None, service: str | None, runbook: str | None, as_json: bool) -> None:
    """Turn OpenSLO v1 FILES into a Python module with slices: yours from then on, to read, edit and adopt.

    What no slice can say is refused with its document, field and reason, and makes the exit status 1; the rest is
    written all the same.

    \b
    Examples:
      parapet openslo import slo/*.yaml --service checkout > slices.py
    """
    if out is not None and out.exists():
        raise ConfigurationError(f"{out} exists, and may be yours. Move it, or choose another --out.")
    found = read_slices(files, service=service, runbook=runbook)
    text = module_text(found.slices, _about(files, found), map(str, found.refused))
    if out is not None and found.slices:
        out.write_text(text)
    if as_json:
        click.echo(json.dumps(_facts(found, out), indent=2))
    else:
        if out is None and found.slices:
            click.echo(text, nl=False)
        for line in _told(found, out):
            click.echo(line, err=True)
    if found.refused:
        sys.exit(1)


def _about(files: Sequence[Path], found: Imported) -> Iterator[str]:
    yield f"What {found.service or 'this service'} promises, taken over from OpenSLO: {', '.join(map(str, files))}."
    yield ""
    yield "Written once by `parapet openslo import`, and yours to edit. Adopt it: parapet.adopt(*SLICES)"


def _told(found: Imported, out: Path | None) -> Iterator[str]:
    yield from _grouped("note", "cyan", found.remarks)
    yield from _grouped("refused", "red", found.refused)
    if not found.slices:
        yield "Nothing could be taken, so nothing was written."
    elif out is not None:
        yield f"{out}: {len(found.slices)} slices. Adopt them: from {out.stem} import SLICES; parapet.adopt(*SLICES)"
    if found.refused:
        yield f"{len({(one.source, one.kind, one.name) for one in found.refused})} documents were refused."


def _grouped(word: str, colour: str, remarks: Sequence[Remark]) -> Iterator[str]:
    """*remarks* beneath the document that they are about."""
    for (source, kind, name), some in groupby(remarks, key=lambda one: (one.source, one.kind, one.name)):
        document = f"{kind} {name} in {source}" if kind else source
        yield f"{click.style(word, fg=colour)} {click.style(document, bold=True)}"
        for one in some:
            yield f"    {f'{one.field} ' if one.field else ''}{one.why}"


def _facts(found: Imported, out: Path | None) -> dict[str, object]:
    return {
        "service": found.service,
        "out": str(out) if out is not None and found.slices else None,
        "slices": [
            {
                "name": one.name,
                "title": one.title,
                "objective": one.objective,
                "period_seconds": one.period_seconds,
                "kind": one.sli.kind,
                "severities": [severity.value for severity in one.severities],
            }
            for one in found.slices
        ],
        "refused": [_fact(one) for one in found.refused],
        "remarks": [_fact(one) for one in found.remarks],
    }


def _fact(one: Remark) -> dict[str, str]:
    return {"source": one.source, "kind": one.kind, "name": one.name, "field": one.field, "why": one.why}
