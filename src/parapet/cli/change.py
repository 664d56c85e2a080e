"""`parapet change`: marks what changed, and shows which incidents lie near it."""

from __future__ import annotations

import getpass
import json
from datetime import datetime

import click

from parapet.cli.lazy import Group
from parapet.cli.load import load_app
from parapet.cli.options import app_option, json_option, required_app
from parapet.cli.parameters import Instant
from parapet.cli.terminal import Column, Tone, table, toned
from parapet.core.types import Actor, ActorClass
from parapet.incidents.changes import distance_words
from parapet.incidents.document import change_object, told_object
from parapet.incidents.model import ChangeKind

COLUMNS = (
    Column(title="when (UTC)"),
    Column(title="kind"),
    Column(title="change", gives_way=True),
    Column(title="by", needs_width=90),
    Column(title="incidents near"),
)


@click.group(cls=Group)
def change() -> None:
    """Mark what changed. It is shown on every incident near it, and every incident near it on the change.

    \b
    Examples:
      parapet change mark --kind flag --title "new-checkout on for everybody"
      parapet change mark --kind ai_model --title "assistant: model b" --version b
      parapet change list
    """


@change.command()
@click.option("--kind", type=click.Choice([kind.value for kind in ChangeKind]), required=True, help="What sort.")
@click.option("--title", help="In words; without it, the kind and the version.")
@click.option("--version", help="What is in force now.")
@click.option("--at", type=Instant(), metavar="TIME", help="When it took effect; without it, now.")
@click.option("--url", help="Where to read more.")
@click.option("--id", "change_id", metavar="ID", help="What the teller calls it; told again, it is the same change.")
@click.option("--by", "who", metavar="NAME", help="Who did it; without it, the user who runs this.")
@app_option
@json_option
def mark(
    kind: str,
    title: str | None,
    version: str | None,
    at: datetime | None,
    url: str | None,
    change_id: str | None,
    who: str | None,
    app_spec: str | None,
    as_json: bool,
) -> None:
    """Record one change: a flag, a setting, a migration, a model, a provider's incident.

    \b
    Examples:
      parapet change mark --kind flag --title "New basket on for 10 %"
    """
    kept = load_app(required_app(app_spec)).changes.mark(
        kind=ChangeKind(kind),
        title=title,
        version=version,
        occurred_at=at,
        url=url,
        change_id=change_id,
        actor=Actor(kind=ActorClass.OPERATOR, name=who or getpass.getuser()),
    )
    click.echo(json.dumps(change_object(kept)) if as_json else f"Marked: {kept.title}.")


@change.command("list")
@click.option("--limit", type=click.IntRange(1, 500), default=30, show_default=True, help="How many at most.")
@click.option("--before", metavar="PLACE", help="The page after it: what `next` said.")
@app_option
@json_option
def list_changes(limit: int, before: str | None, app_spec: str | None, as_json: bool) -> None:
    """The latest changes, newest first, and the incidents near each, with the distance to their onset.

    \b
    Examples:
      parapet change list --app shop.reliability:parapet
    """
    page = load_app(required_app(app_spec)).look.change_page(limit, before=before)
    if as_json:
        click.echo(json.dumps({"changes": [told_object(one) for one in page.changes], "next": page.next}))
        return
    if not page.changes:
        click.echo("Nothing was marked yet. A pipeline marks its deploys with `parapet deploy mark`.")
        return
    rows = [
        [
            told.change.occurred_at.strftime("%Y-%m-%d %H:%M"),
            told.change.kind.value.replace("_", " "),
            told.change.title,
            told.change.actor.name,
            ", ".join(f"{distance_words(seconds)} {it.ref}" for it, seconds in told.near) or toned("none", Tone.QUIET),
        ]
        for told in page.changes
    ]
    click.echo(table(COLUMNS, rows))
    if page.next is not None:
        click.echo(toned(f"More: --before '{page.next}'", Tone.QUIET))
