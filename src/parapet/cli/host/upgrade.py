"""`parapet upgrade`: what a new version of Parapet changes in a host's files, schema and artifacts, as one diff."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from parapet import __version__
from parapet.cli.host import words
from parapet.cli.host.carried import Host, carry_out, drift, finish, pending, proved_before, subject_of
from parapet.cli.host.install import DONE, as_values, refuse
from parapet.cli.options import json_option
from parapet.core.errors import ConfigurationError
from parapet.install import manifest as manifests
from parapet.install.finding import Unclear
from parapet.install.plan import Plan


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, exists=True, path_type=Path), default=Path())
@click.option("--python", default=sys.executable, metavar="PATH", help="The Python that runs your application.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--dry-run", is_flag=True, help="Change nothing.")
@json_option
def upgrade(folder: Path, python: str, yes: bool, dry_run: bool, as_json: bool) -> None:
    """Bring FOLDER, where an install wired Parapet, to what this version of Parapet would write.

    Three things may be behind: files of the reliability package whose template has changed, merged by git with what you
    made of them; the schema of the evidence database; and the generated artifacts. All of it is shown first. Afterwards
    the application is proved to hold, or everything is taken back.

    \b
    Examples:
      parapet upgrade --dry-run
      parapet upgrade services/api --yes
    """
    host = Host.at(folder, python)
    if host.before is None:
        raise ConfigurationError(
            f"There is no {manifests.NAME} in {folder.resolve()}. Begin with: parapet install {folder}"
        )
    try:
        planned = host.planned(None, None)
    except Unclear as unclear:
        refuse(unclear, as_json)
    subject = subject_of(host, planned)
    first = proved_before(subject)
    schema = pending(host, planned) if "evidence" in planned.parts else []
    out = host.before.out if "artifacts" in planned.parts else None
    artifacts = drift(host, planned, out) if out else ""
    told = as_values(planned) | {
        "from": host.before.version,
        "to": __version__,
        "schema": schema,
        "artifacts": artifacts,
    }
    if planned.is_done and not schema and not artifacts:
        words.say(as_json, told | {"done": False}, words.steps("by hand", planned.stuck) or DONE)
        return
    if not as_json:
        click.echo(_shown(host, planned, schema, artifacts))
    if dry_run:
        words.say(as_json, told | {"done": False}, "\nNothing was changed: this was a dry run.")
        return
    if not words.agreed(yes, as_json, "Do this?"):
        click.echo("Nothing was changed.")
        return
    if not planned.is_done:
        carry_out(host, planned, subject, first, app=None)
    # New templates may change what is generated, so it is generated again whatever the folder said before.
    done = finish(host, planned, evidence=bool(schema), artifacts=out is not None, out=out or "")
    said = "\n" + "\n".join(words.steps(part, [text]) for part, text in done.items())
    words.say(as_json, told | {"done": True, "ran": done}, said)


def _shown(host: Host, planned: Plan, schema: list[str], artifacts: str) -> str:
    before = host.before.version if host.before else ""
    parts = [words.title(planned.wanted.service, f"Parapet {before} to {__version__}")]
    if not planned.is_done:
        parts += [words.plan_lines(planned), words.diff(planned.diff)]
    if planned.by_hand:
        parts.append(words.steps("by hand", planned.by_hand))
    if schema:
        parts.append(words.steps("schema", schema))
    if artifacts:
        parts.append(words.diff(artifacts))
    return "\n\n".join(parts)
