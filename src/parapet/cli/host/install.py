"""`parapet install`: says what it found, shows what it would write, asks, writes, and proves that the app holds."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import click

from parapet import __version__
from parapet.cli.host import words
from parapet.cli.options import json_option
from parapet.core.errors import ConfigurationError
from parapet.install import manifest as manifests
from parapet.install.carry import write_all
from parapet.install.finding import Unclear
from parapet.install.manifest import Manifest
from parapet.install.plan import PARTS, USUAL, Plan, plan
from parapet.install.project import Project
from parapet.install.proof import Proof, Subject, prove

NAMES = click.Choice(list(PARTS))
OUT = "ops"
LIMIT_SECONDS = 300
SECRET = 'python -c "import secrets; print(secrets.token_urlsafe(32))"'


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """Whose files these are."""

    project: Project
    python: str
    before: Manifest | None
    """What an earlier install left."""


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
    project = Project(folder)
    host = Host(project=project, python=python, before=manifests.read(project))
    parts = (USUAL | set(also)) - set(skip)
    known = host.before.written if host.before else {}
    try:
        planned = plan(project, app=app, service=service, parts=parts, known=known)
    except Unclear as unclear:
        _refuse(unclear, as_json)
        return
    told = _as_json(planned)
    if planned.is_done:
        _say(as_json, told | {"done": False}, "Nothing to do: everything is in its place.")
        return
    if not as_json:
        click.echo(words.title(planned.wanted.service, f"{planned.target.framework}, {len(project.sources)} modules"))
        click.echo(f"{words.findings(planned.findings)}\n\n{words.plan_lines(planned)}\n\n{words.diff(planned.diff)}")
        _tell_by_hand(planned)
    if dry_run:
        _say(as_json, told | {"done": False}, "\nNothing was written: this was a dry run.")
        return
    subject = _subject(host, planned)
    first = _importable(subject)
    if not (yes or as_json) and not click.confirm("\nWrite this?"):
        click.echo("Nothing was written.")
        return
    if as_json and not yes:
        raise click.UsageError("With --json nobody is asked: add --yes, or --dry-run.")
    last = _carry_out(host, planned, subject, first)
    done = _then(host, planned)
    _say(as_json, told | {"done": True, "status": last.status, "ran": done}, "")
    if not as_json:
        click.echo(_said(host, planned, last, done))


def _carry_out(host: Host, planned: Plan, subject: Subject, first: Proof) -> Proof:
    """Write everything; the proof that the application holds with it.

    Raises:
        ConfigurationError: it does not, and everything was taken back.
    """
    texts: dict[str, str | None] = {edit.path: edit.after for edit in planned.edits}
    texts.update(planned.written)
    found: list[Proof] = []

    def holds() -> bool:
        found.append(prove(subject))
        last = found[-1]
        # Asked before it was started, an application may have no answer for anybody; that it imports is all there is.
        silent = first.status is None and last.status is None
        return last.imported and (last.mounted or silent)

    before = host.before or Manifest(
        app=planned.app, import_folder=planned.target.import_folder, options=planned.wanted.kept
    )
    kept = before.with_more(planned.written, planned.edits)
    kept = replace(kept, out=OUT if "artifacts" in planned.parts else kept.out, version=__version__)
    texts[manifests.NAME] = kept.text
    if not write_all(host.project.root, texts, holds=holds):
        last = found[-1]
        what = last.error or f"/metrics was answered with {last.status}."
        raise ConfigurationError(
            f"With these lines the application does not hold: {what}\nEverything was taken back.\n{last.trace}".rstrip()
        )
    return found[-1]


def _importable(subject: Subject) -> Proof:
    """The proof that the application imports as it is: without it, none could be had afterwards.

    Raises:
        ConfigurationError: it does not, or Parapet is not installed beside it.
    """
    probe = [subject.python, "-c", "import parapet"]
    if subprocess.run(probe, cwd=subject.folder, capture_output=True, check=False).returncode:
        raise ConfigurationError(f"{subject.python} has no Parapet. Install parapet-ops where your application runs.")
    first = prove(subject)
    if not first.imported:
        raise ConfigurationError(
            f"{subject.served} does not import here as it is, so nothing could be proved afterwards, and nothing was "
            f"written: {first.error}\n{first.trace}\nRun this where it does, with the environment that it needs."
        )
    return first


def _subject(host: Host, planned: Plan) -> Subject:
    target = planned.target
    return Subject(
        python=host.python,
        folder=host.project.root / target.import_folder,
        kind=target.kind,
        served=target.served,
        is_called=target.is_called,
        settings=target.settings,
    )


def _then(host: Host, planned: Plan) -> dict[str, str]:
    """Create the schema and generate the artifacts; what each said, `failed: ...` if it could not."""
    root = host.project.root
    commands: dict[str, list[str]] = {}
    if "evidence" in planned.parts:
        commands["evidence"] = ["db", "upgrade", "--app", planned.app]
    if "artifacts" in planned.parts:
        commands["artifacts"] = ["generate", "--app", planned.app, "--out", str(root / OUT)]
    told = {}
    for part, arguments in commands.items():
        run = subprocess.run(
            [host.python, "-m", "parapet", *arguments],
            cwd=root / planned.target.import_folder,
            capture_output=True,
            text=True,
            timeout=LIMIT_SECONDS,
            check=False,
        )
        last = (run.stdout if run.returncode == 0 else run.stderr).strip().splitlines()[-1:]
        told[part] = ("" if run.returncode == 0 else "failed: ") + "".join(last)
    return told


def _refuse(unclear: Unclear, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps({"done": False, "unclear": unclear.message, "by_hand": list(unclear.steps)}, indent=2))
    else:
        click.echo(f"{unclear.message}\nNothing was written.", err=True)
        if unclear.steps:
            click.echo("\nBy hand:\n" + "\n".join(f"  {step}" for step in unclear.steps), err=True)
    sys.exit(1)


def _as_json(planned: Plan) -> dict[str, object]:
    return {
        "app": planned.app,
        "findings": [asdict(one) for one in planned.findings],
        "edited": [edit.path for edit in planned.edits],
        "written": list(planned.written),
        "by_hand": list(planned.by_hand),
        "diff": planned.diff,
    }


def _say(as_json: bool, told: dict[str, object], sentence: str) -> None:
    if as_json:
        click.echo(json.dumps(told, indent=2))
    elif sentence:
        click.echo(sentence)


def _tell_by_hand(planned: Plan) -> None:
    if planned.by_hand:
        click.echo("\n" + words.steps("by hand", planned.by_hand))


def _said(host: Host, planned: Plan, last: Proof, done: dict[str, str]) -> str:
    """What was done, and what a person does next."""
    answered = f"answers /metrics with {last.status}" if last.status is not None else "imports"
    lines = ["", words.steps("proved", [f"{planned.target.served} {answered}"])]
    lines += [words.steps(part, [text]) for part, text in done.items()]
    there = host.project.root / planned.target.import_folder
    prefix = "" if there == Path.cwd() else f"cd {_short(there)} && "
    lines += [
        "",
        words.steps(
            "then",
            [
                f"set PARAPET_METRICS_TOKEN, PARAPET_WEBHOOK_TOKEN and PARAPET_FORM_KEY, each from: {SECRET}",
                f"say who may see the workbench, and what is promised, in {planned.target.folder}/",
                f"{prefix}parapet worker --app {planned.app}",
                f"take it all out again: parapet uninstall{_argument(host.project.root)}",
            ],
        ),
    ]
    return "\n".join(lines)


def _argument(root: Path) -> str:
    return "" if root == Path.cwd() else f" {_short(root)}"


def _short(path: Path) -> Path:
    here = Path.cwd().resolve()
    return path.relative_to(here) if path.is_relative_to(here) else path
