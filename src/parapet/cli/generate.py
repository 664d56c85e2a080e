"""`parapet generate`: the files that other systems run, from the host's definitions."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from parapet.artifacts.bundle import FOLDERS, PARTS, Part, build, chosen
from parapet.artifacts.drift import in_words
from parapet.artifacts.files import differences, write
from parapet.cli.load import load_app
from parapet.cli.options import app_option, required_app
from parapet.slo.catalog import Catalog

WORTH_WAITING = 100
"""From so many slices on, a person is told which part is being made."""
NAMES = click.Choice([part.name for part in PARTS])
NAMED = ", ".join(NAMES.choices)


@click.command()
@app_option
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("ops"),
    show_default=True,
    help="The folder that holds the generated files.",
)
@click.option(
    "--with",
    "also",
    type=NAMES,
    metavar="PART",
    multiple=True,
    help=f"Also one of {NAMED}; repeatable.",
)
@click.option("--without", type=NAMES, metavar="PART", multiple=True, help="Leave this part out. May be repeated.")
@click.option("--check", is_flag=True, help="Write nothing; exit 1 with a diff if the folder differs.")
@click.option("--list", "only_list", is_flag=True, help="Write nothing; say what would be written, and what for.")
@click.option("--json", "as_json", is_flag=True, help="Say what was done as JSON.")
def generate(
    app_spec: str | None,
    out: Path,
    also: Sequence[str],
    without: Sequence[str],
    check: bool,
    only_list: bool,
    as_json: bool,
) -> None:
    """Write rules, alerts, their unit tests, and the configuration of the systems around them.

    The same definitions always give the same bytes. Commit the files; let the build run --check. What the folder holds
    of ours and is not generated any more is removed; files of yours are never touched.

    \b
    Examples:
      parapet generate --app shop.reliability:parapet --out ops/
      parapet generate --app shop.reliability:parapet --out ops/ --check
      parapet generate --app shop.reliability:parapet --list
      promtool test rules ops/prometheus/tests.yml
      amtool check-config ops/alertmanager/parapet.yml
    """
    app = load_app(required_app(app_spec))
    owner: dict[str, Part] = {}
    files: dict[str, str] = {}
    for part in _told(chosen(app.wiring, also=also, without=without), app.catalog):
        made = build(app.catalog, app.wiring, (part,))
        files.update(made)
        owner.update(dict.fromkeys(made, part))
    if only_list:
        _list(out, owner, as_json)
    elif check:
        again = "".join(f" --{word} {name}" for word, said in (("with", also), ("without", without)) for name in said)
        _check(out, files, as_json, f"parapet generate --out {out}{again}")
    else:
        _write(out, files, app.catalog, as_json)


def _told(parts: Sequence[Part], catalog: Catalog) -> Iterator[Part]:
    """*parts* one by one; who waits for many slices at a terminal is told which one is being made."""
    waits = sys.stderr.isatty() and len(catalog) >= WORTH_WAITING
    for number, part in enumerate(parts, start=1):
        if waits:
            click.echo(f"\r\033[K{len(catalog)} slices, {number} of {len(parts)}: {part.about}", nl=False, err=True)
        yield part
    if waits:
        click.echo("\r\033[K", nl=False, err=True)


def _list(out: Path, owner: Mapping[str, Part], as_json: bool) -> None:
    if as_json:
        listed = [{"path": name, "part": part.name, "about": part.about} for name, part in sorted(owner.items())]
        click.echo(json.dumps({"out": str(out), "files": listed}))
        return
    for part in dict.fromkeys(owner.values()):
        click.echo(f"{part.name}: {part.about}")
        for name in sorted(name for name, each in owner.items() if each is part):
            click.echo(f"  {out / name}")
    for part in PARTS:
        if part not in owner.values():
            click.echo(f"not generated: {part.name}, {part.about} (--with {part.name})")


def _write(out: Path, files: Mapping[str, str], catalog: Catalog, as_json: bool) -> None:
    done = write(out, files, FOLDERS)
    if as_json:
        click.echo(json.dumps({"out": str(out), "changes": list(done), "files": sorted(files)}))
        return
    for line in done:
        click.echo(line)
    slices = f"{len(catalog)} slices of {catalog.service}"
    click.echo(f"{out}: {slices}, {len(files)} files, {f'{len(done)} changed' if done else 'none changed'}.")


def _check(out: Path, files: Mapping[str, str], as_json: bool, again: str) -> None:
    differing = differences(out, files, FOLDERS)
    summary = in_words(out, files, differing)
    diff = "".join(differing.values())
    if as_json:
        click.echo(json.dumps({"out": str(out), "differs": bool(differing), "summary": summary, "diff": diff}))
    elif not differing:
        click.echo(f"{out} agrees with the definitions.")
    else:
        click.secho(f"{out} differs from the definitions:", bold=True)
        for line in summary:
            click.echo(f"  {line}")
        click.echo()
        for line in diff.splitlines():
            click.secho(line, **_style(line))
        click.echo(f"Run `{again}` and commit.", err=True)
    if differing:
        sys.exit(1)


def _style(line: str) -> dict[str, Any]:
    """How a line of a diff looks on a terminal; elsewhere it is plain."""
    if line.startswith(("--- ", "+++ ")):
        return {"bold": True}
    return {"fg": {"+": "green", "-": "red", "@": "cyan"}.get(line[:1])}
