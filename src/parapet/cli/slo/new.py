"""`parapet slo new`: a journey to begin with, and where it goes."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import click

from parapet.app import Parapet
from parapet.artifacts.scaffold import NewJourney, import_line, journey_module, journey_test, wired
from parapet.cli.load import load_app
from parapet.cli.options import app_option, json_option
from parapet.cli.parameters import Latency, Ratio
from parapet.cli.terminal import Column, Tone, fact, paragraph, table, toned
from parapet.core.errors import ConfigurationError
from parapet.slo.budget import percent
from parapet.slo.burn import BurnPolicy
from parapet.slo.durations import spoken
from parapet.slo.reach import worst_case_seconds

NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
SERVICE = "service"
"""What the generated test calls a service that it cannot know."""
OWNER = "parapet"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where the files of one journey go."""

    module: Path
    test: Path
    imported: str
    """The module's name, as Python imports it from the current folder."""


@click.command()
@click.argument("name")
@click.option("--objective", type=Ratio(), required=True, metavar="RATIO", help="Share of attempts that must not fail.")
@click.option(
    "--latency",
    type=Latency(),
    metavar="SECONDS:RATIO",
    help="So many of the successful attempts end within that time.",
)
@click.option(
    "--route", "routes", multiple=True, metavar="'POST /checkout'", help="Whose answers are the attempts; repeatable."
)
@click.option("--title", help="What people call it; without it, the name.")
@app_option
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder of the module; without it, beside the app's module, or here.",
)
@click.option(
    "--tests",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("tests"),
    show_default=True,
    help="Folder of the test.",
)
@click.option("--force", is_flag=True, help="Overwrite files that are there.")
@click.option("--no-wire", is_flag=True, help="Leave the app's module alone; print what to put into it.")
@json_option
def new(
    name: str,
    objective: float,
    latency: tuple[float, float] | None,
    routes: tuple[str, ...],
    title: str | None,
    app_spec: str | None,
    out: Path | None,
    tests: Path,
    force: bool,
    no_wire: bool,
    as_json: bool,
) -> None:
    """Begin with the journey NAME: its promise, a runbook to fill in, and a test that runs.

    Two files are written and are yours from then on. If --app names your Parapet object, two lines go into its module:
    an import and a call. Without --app they are printed.

    \b
    Examples:
      parapet slo new checkout --objective 0.999 --app shop.reliability:parapet
      parapet slo new checkout --objective 0.999 --route 'POST /checkout'
      parapet slo new sign-in --objective 0.995 --out shop/journeys --no-wire
    """
    app = load_app(app_spec) if app_spec else None
    journey = _journey(name, title, objective, latency, routes, app)
    place = _place(journey, app_spec if app else None, out, tests)
    known = app is not None and any(one.name in journey.slices for one in app.catalog)
    if known and not force:
        raise ConfigurationError(f"{app_spec} promises {name!r} already. See `parapet slo explain {name}`.")
    texts = {
        place.module: journey_module(journey),
        place.test: journey_test(journey, place.imported, app.service if app else SERVICE),
    }
    _write(texts, force)
    changed = None if known or no_wire or not app_spec else _wire(app_spec, journey, place)
    by_hand = [] if known or changed else _lines(journey, place, app_spec)
    if as_json:
        written = [str(path) for path in texts]
        click.echo(json.dumps({"written": written, "changed": changed and str(changed), "put_in": by_hand}, indent=2))
        return
    click.echo(_said(journey, place, changed, by_hand, app_spec))


def _journey(
    name: str,
    title: str | None,
    objective: float,
    latency: tuple[float, float] | None,
    routes: tuple[str, ...],
    app: Parapet | None,
) -> NewJourney:
    """What is wanted, tried out on an empty service: whatever cannot hold is refused before anything is written."""
    if not NAME.fullmatch(name):
        near = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:63]
        hint = f" Did you mean {near!r}?" if near else ""
        raise click.BadParameter(
            f"{name!r} is no name: expected lower case letters, digits, dashes and underscores.{hint}",
            param_hint="NAME",
        )
    scratch = Parapet(service=SERVICE, burn=app.burn if app else BurnPolicy())
    scratch.journey(name, objective=objective, latency=latency, routes=routes)
    return NewJourney(
        name=name,
        title=title or scratch.catalog.slice(name).title,
        objective=objective,
        latency=latency,
        routes=routes,
        policy=scratch.catalog.policy_of(scratch.catalog.slice(name)),
    )


def _place(journey: NewJourney, app_spec: str | None, out: Path | None, tests: Path) -> Place:
    here = Path.cwd()
    folder = out or (here if app_spec is None else _module_file(app_spec).parent)
    module = folder / f"{journey.module}.py"
    roots = [root for entry in sys.path if (root := Path(entry).resolve()) in module.resolve().parents]
    within = module.resolve().relative_to(max(roots, key=lambda root: len(root.parts), default=here))
    if app_spec is not None and out is None:
        package = app_spec.partition(":")[0].rpartition(".")[0]
        imported = f"{package}.{journey.module}" if package else journey.module
    else:
        imported = ".".join(within.with_suffix("").parts)
    return Place(module=_short(module), test=tests / f"test_{journey.module}.py", imported=imported)


def _module_file(app_spec: str) -> Path:
    found = sys.modules[app_spec.partition(":")[0]].__file__
    if found is None:
        raise ConfigurationError(f"{app_spec} lives in no file. Say where the journey goes: --out FOLDER.")
    return Path(found).resolve()


def _short(path: Path) -> Path:
    """*path* from here, if it lies beneath."""
    here = Path.cwd().resolve()
    return path.resolve().relative_to(here) if path.resolve().is_relative_to(here) else path


def _write(texts: dict[Path, str], force: bool) -> None:
    there = [str(path) for path in texts if path.exists()]
    if there and not force:
        raise ConfigurationError(f"Nothing is written, because it is there already: {', '.join(there)}. See --force.")
    for path, text in texts.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def _wire(app_spec: str, journey: NewJourney, place: Place) -> Path | None:
    """Put the two lines into the app's module; None if they have no place there, or if it would not load any more."""
    path, owner = _module_file(app_spec), app_spec.partition(":")[2]
    before = path.read_text()
    after = wired(before, owner, journey, place.imported)
    if after is None:
        return None
    path.write_text(after)
    command = [sys.executable, "-m", "parapet", "slo", "explain", journey.name, "--app", app_spec]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        path.write_text(before)
        return None
    return _short(path)


def _lines(journey: NewJourney, place: Place, app_spec: str | None) -> list[str]:
    owner = app_spec.partition(":")[2] if app_spec else OWNER
    return [import_line(journey, place.imported), f"{journey.variable} = {journey.function}({owner})"]


def _said(journey: NewJourney, place: Place, changed: Path | None, by_hand: list[str], app_spec: str | None) -> str:
    told = worst_case_seconds(journey.policy, journey.objective, 1.0)
    fast = (
        f" {percent(journey.latency[1])} of what succeeds takes at most {journey.latency[0]:g} s."
        if journey.latency
        else ""
    )
    rows = [
        ("written", str(place.module), "the promise, and a runbook to fill in"),
        ("written", str(place.test), f"python -m pytest {place.test}"),
    ]
    if changed:
        rows.append(("changed", str(changed), f"an import, and {journey.function}(...)"))
    parts = [
        f"{toned(journey.name, Tone.STRONG)}  {journey.title}",
        paragraph(f"{journey.promise}.{fast} A total outage pages after {spoken(told or 0)}.", indent=2),
        "",
        table([Column(title=""), Column(title=""), Column(title="", tone=Tone.QUIET)], rows, indent=2).lstrip("\n"),
    ]
    if by_hand:
        where = f"Put into the module of {app_spec}" if app_spec else "Put beside your Parapet object"
        parts += ["", f"  {where}:", "", *(f"    {line}" for line in by_hand)]
    measured = "its routes are counted already" if journey.routes else f"@{journey.variable}.measured on its handler"
    parts += [
        "",
        fact("then", f"count attempts: {measured}"),
        fact("", f"parapet slo explain {journey.name}"),
        fact("", "parapet generate"),
    ]
    return "\n".join(parts)
