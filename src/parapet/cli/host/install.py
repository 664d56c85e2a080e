"""`parapet install`: says what it found, shows what it would write, asks, writes, and proves that the app holds."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import NoReturn

import click

from parapet.cli.host import words
from parapet.cli.host.carried import Host, carry_out, finish, proved_before, subject_of
from parapet.cli.options import json_option
from parapet.install.finding import Unclear
from parapet.install.plan import PARTS, Plan
from parapet.install.proof import Proof

NAMES = click.Choice(list(PARTS))
SECRET = 'python -c "import secrets; print(secrets.token_urlsafe(32))"'
DONE = "Nothing to do: everything is in its place."


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, exists=True, path_type=Path), default=Path())
@click.option(
    "--app", metavar="MODULE:OBJECT", help="Your application, as its server is told; for Django, its settings."
)
@click.option("--service", help="What the service is called; without it, like its package.")
@click.option("--with", "also", type=NAMES, multiple=True, help="Do this too. May be repeated.")
@click.option("--skip", type=NAMES, multiple=True, help="Leave this out. May be repeated.")
@click.option("--python", default=sys.executable, metavar="PATH", help="The Python that runs your application.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--dry-run", is_flag=True, help="Write nothing.")
@json_option
def install(
    folder: Path,
    app: str | None,
    service: str | None,
    also: tuple[str, ...],
    skip: tuple[str, ...],
    python: str,
    yes: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Wire Parapet into the FastAPI, Starlette, Django or Flask application in FOLDER.

    Your files are read, never run, to find out what there is. You see every line before it is written. What is written
    is yours: a package `reliability`, and a few lines that call it. Afterwards the application is imported and asked
    for /metrics in a process of its own; if it does not hold, everything is taken back. Doing it again changes nothing.

    \b
    Examples:
      parapet install --dry-run
      parapet install --app shop.main:app
      parapet install services/api --yes --skip artifacts
    """
    host = Host.at(folder, python)
    try:
        planned = host.planned(app, service, also, skip)
    except Unclear as unclear:
        refuse(unclear, as_json)
    told = as_values(planned)
    if planned.is_done:
        words.say(as_json, told | {"done": False}, words.steps("by hand", planned.stuck) or DONE)
        return
    if not as_json:
        click.echo(
            words.title(planned.wanted.service, f"{planned.target.framework}, {len(host.project.sources)} modules")
        )
        click.echo(f"{words.findings(planned.findings)}\n\n{words.plan_lines(planned)}\n\n{words.diff(planned.diff)}")
        if planned.by_hand:
            click.echo("\n" + words.steps("by hand", planned.by_hand))
    if dry_run:
        words.say(as_json, told | {"done": False}, "\nNothing was written: this was a dry run.")
        return
    subject = subject_of(host, planned)
    first = proved_before(subject)
    if not words.agreed(yes, as_json, "Write this?"):
        click.echo("Nothing was written.")
        return
    last = carry_out(host, planned, subject, first, app=app)
    done = finish(host, planned, evidence="evidence" in planned.parts, artifacts="artifacts" in planned.parts)
    words.say(as_json, told | {"done": True, "status": last.status, "ran": done}, _said(host, planned, last, done))


def refuse(unclear: Unclear, as_json: bool) -> NoReturn:
    """Say what is unclear and what to do by hand, and end with status 1.

    Raises:
        SystemExit: always.
    """
    if as_json:
        click.echo(json.dumps({"done": False, "unclear": unclear.message, "by_hand": list(unclear.steps)}, indent=2))
    else:
        click.echo(f"{unclear.message}\nNothing was written.", err=True)
        if unclear.steps:
            click.echo("\nBy hand:\n" + "\n".join(f"  {step}" for step in unclear.steps), err=True)
    sys.exit(1)


def as_values(planned: Plan) -> dict[str, object]:
    """A plan for scripts."""
    return {
        "app": planned.app,
        "findings": [asdict(one) for one in planned.findings],
        "edited": [edit.path for edit in planned.edits],
        "written": list(planned.written),
        "merged": list(planned.merges),
        "by_hand": list(planned.by_hand),
        "diff": planned.diff,
    }


def _said(host: Host, planned: Plan, last: Proof, done: dict[str, str]) -> str:
    """What was done, and what a person does next."""
    target = planned.target
    answered = f"answers /metrics with {last.status}" if last.status is not None else "imports"
    lines = ["", words.steps("proved", [f"{target.served} {answered}"])]
    lines += [words.steps(part, [text]) for part, text in done.items()]
    there = host.project.root / target.import_folder
    prefix = "" if there == Path.cwd() else f"cd {_short(there)} && "
    checked = f" --host {target.host}" if target.host else ""
    steps = [
        f"set PARAPET_METRICS_TOKEN, PARAPET_WEBHOOK_TOKEN and PARAPET_FORM_KEY, each from: {SECRET}",
        f"say who may see the workbench, and what is promised, in {target.folder}/",
        f"{prefix}parapet doctor --app {planned.app}{checked}",
        f"{prefix}parapet worker --app {planned.app}",
        f"take it all out again: parapet uninstall{_argument(host.project.root)}",
    ]
    return "\n".join([*lines, "", words.steps("then", steps)])


def _argument(root: Path) -> str:
    return "" if root == Path.cwd() else f" {_short(root)}"


def _short(path: Path) -> Path:
    here = Path.cwd().resolve()
    return path.relative_to(here) if path.is_relative_to(here) else path
