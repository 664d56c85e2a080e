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
SECRETS = (
    "for name in METRICS_TOKEN WEBHOOK_TOKEN FORM_KEY; do",
    "  echo \"PARAPET_$name=$(python3 -c 'import secrets; print(secrets.token_urlsafe(32))')\"",
    "done",
)
"""What prints three lines for wherever the service keeps its environment."""
SECRETS_FOR = (
    "Secrets. Until they are set, /metrics, the webhook and the workbench stay closed. Put these lines where "
    "the service, its worker and the commands below have their environment:"
)
DONE = "Nothing to do: everything is in its place."
OWN_INBOX = (
    "Under storms of alerts, take them in a process of their own: `parapet inbox serve`, once webhook_url in {service} "
    "names its port, 9095."
)
OWN_DOOR = (
    "For a workbench that answers while every worker of your server is stuck, start a second server of the same "
    "application, and let the proxy send /parapet/ there."
)


@click.command(epilog="\b\nParts:\n" + "\n".join(f"  {name:<12}{about}" for name, about in PARTS.items()))
@click.argument("folder", type=click.Path(file_okay=False, exists=True, path_type=Path), default=Path())
@click.option(
    "--app", metavar="MODULE:OBJECT", help="Your application, as its server is told; for Django, its settings."
)
@click.option(
    "--service",
    help="What the service is called; without it, as its package or folder.",
)
@click.option("--with", "also", type=NAMES, metavar="PART", multiple=True, help="Do this part too. May be repeated.")
@click.option("--skip", type=NAMES, metavar="PART", multiple=True, help="Leave this part out. May be repeated.")
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
        about = f"{planned.target.framework}, {_count(len(host.project.sources))}; called so by {planned.named_by}"
        click.echo(words.title(planned.wanted.service, about))
        click.echo(f"{words.findings(planned.findings)}\n\n{words.plan_lines(planned)}\n\n{words.diff(planned.diff)}")
        if planned.by_hand and not yes:  # else it is said at the end, among what is left
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
        "service": planned.wanted.service,
        "named_by": planned.named_by,
        "findings": [asdict(one) for one in planned.findings],
        "edited": [edit.path for edit in planned.edits],
        "written": list(planned.written),
        "merged": list(planned.merges),
        "by_hand": list(planned.by_hand),
        "diff": planned.diff,
    }


def _count(modules: int) -> str:
    return "1 module" if modules == 1 else f"{modules} modules"


def _said(host: Host, planned: Plan, last: Proof, done: dict[str, str]) -> str:
    """What was done, and what is left to a person, in order."""
    target, root = planned.target, host.project.root
    lines = ["", words.steps("proved", [f"{target.served} {_answered(last)}"])]
    lines += [words.steps(part, [text.replace(f"{root}/", "")]) for part, text in done.items()]
    prefix = "" if root == Path.cwd().resolve() else f"cd {_short(root)} && "
    access = "staff, as Django's own login knows them" if planned.wanted.login else "nobody yet"
    steps: list[tuple[str, tuple[str, ...]]] = [(step, ()) for step in planned.by_hand]
    steps += [
        (SECRETS_FOR, SECRETS),
        (f"Who may see the workbench, in {target.folder}/access.py: {access}.", ()),
        (f"What is promised to whom, in {target.folder}/journeys.py: nothing yet, beside the packs in slices.py.", ()),
    ]
    if not any("parapet worker" in step for step in planned.by_hand):
        steps.append(("Beside the application, and left running:", (f"{prefix}parapet worker",)))
    doctor = f"{prefix}{_settings(host, planned)}parapet doctor"
    steps.append(("What is missing yet, and the way out:", (doctor,)))
    lines += ["", "Left to you:", "", *words.numbered(steps), "", "Where it pays:", ""]
    lines.append(words.bullet(OWN_INBOX.format(service=f"{target.folder}/service.py")))
    if target.is_wsgi:
        lines.append(words.bullet(OWN_DOOR))
    return "\n".join([*lines, "", f"To take all of it out again: parapet uninstall{_argument(root)}"])


def _answered(last: Proof) -> str:
    if last.status is None:
        return "imports"
    closed = {401: ", which asks for its token", 403: ", which is closed until its token is set"}
    return f"answers /metrics with {last.status}{closed.get(last.status, '')}"


def _settings(host: Host, planned: Plan) -> str:
    """Which of several settings Django was proved with, if its server is told others."""
    target = planned.target
    door = f"{target.host.partition(':')[0].replace('.', '/')}.py"
    there = host.project.text("/".join(part for part in (target.import_folder, door) if part))
    return f"DJANGO_SETTINGS_MODULE={target.settings} " if there is not None and target.settings not in there else ""


def _argument(root: Path) -> str:
    return "" if root == Path.cwd().resolve() else f" {_short(root)}"


def _short(path: Path) -> Path:
    here = Path.cwd().resolve()
    return path.relative_to(here) if path.is_relative_to(here) else path
