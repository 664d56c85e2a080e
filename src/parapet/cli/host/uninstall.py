"""`parapet uninstall`: takes out what an install put in, and nothing else."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from parapet.cli.host import words
from parapet.cli.options import json_option
from parapet.core.errors import ConfigurationError
from parapet.install import manifest as manifests
from parapet.install.carry import remove_empty, write_all
from parapet.install.manifest import Manifest, Undoing
from parapet.install.plan import diff_of
from parapet.install.project import Project


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, exists=True, path_type=Path), default=Path())
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--dry-run", is_flag=True, help="Change nothing.")
@click.option("--force", is_flag=True, help="Remove files of the reliability package that you changed, too.")
@json_option
def uninstall(folder: Path, yes: bool, dry_run: bool, force: bool, as_json: bool) -> None:
    """Take out of FOLDER what `parapet install` put in.

    Every file that nobody changed since is as it was before, byte for byte. Generated artifacts and the evidence
    database stay: they are named, and removing them is one command of yours.

    \b
    Examples:
      parapet uninstall --dry-run
      parapet uninstall services/api --yes
    """
    project = Project(folder)
    manifest = manifests.read(project)
    if manifest is None:
        raise ConfigurationError(
            f"There is no {manifests.NAME} in {folder.resolve()}, so nothing was installed there by Parapet."
        )
    undoing = manifests.undoing(manifest, project)
    if undoing.stuck:
        _refuse(undoing, as_json)
    if undoing.kept and not force:
        raise ConfigurationError(
            f"You changed {', '.join(undoing.kept)} since they were written. Nothing was changed. With --force "
            "they are removed too; your version control still has them."
        )
    texts: dict[str, str | None] = dict(undoing.texts)
    texts.update(dict.fromkeys((*undoing.removed, *undoing.kept, manifests.NAME)))
    told = {"restored": sorted(undoing.texts), "removed": sorted((*undoing.removed, *undoing.kept))}
    if not as_json:
        click.echo(words.diff(_diff(project, undoing)))
        click.echo("\n" + words.steps("remove", told["removed"]))
    if dry_run:
        words.say(as_json, told | {"done": False}, "\nNothing was changed: this was a dry run.")
        return
    if not words.agreed(yes, as_json, "Do this?"):
        click.echo("Nothing was changed.")
        return
    write_all(project.root, texts, holds=lambda: True)
    remove_empty([(project.root / path).parent for path, text in texts.items() if text is None])
    words.say(as_json, told | {"done": True}, "\n" + words.steps("left", _left(manifest)))


def _left(manifest: Manifest) -> list[str]:
    lines = [f"{manifest.out}/ holds what was generated"] if manifest.out else []
    return [*lines, "the evidence database, with every incident: parapet-evidence.db, or where PARAPET_EVIDENCE points"]


def _refuse(undoing: Undoing, as_json: bool) -> None:
    stuck = {path: [text.strip("\n") for text in texts] for path, texts in undoing.stuck.items()}
    if as_json:
        click.echo(json.dumps({"done": False, "take_out_by_hand": stuck}, indent=2))
    else:
        click.echo("These lines were changed since they were put in, so nothing was changed.", err=True)
        for path, texts in stuck.items():
            click.echo(
                f"\nTake out of {path}:\n" + "\n".join(f"  {line}" for text in texts for line in text.split("\n")),
                err=True,
            )
        click.echo("\nThen run this again.", err=True)
    sys.exit(1)


def _diff(project: Project, undoing: Undoing) -> str:
    return "".join(diff_of(path, project.text(path), text) for path, text in sorted(undoing.texts.items()))
