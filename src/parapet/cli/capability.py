"""`parapet capability list | show`: the named actions of the host, and their limits."""

from __future__ import annotations

import json

import click

from parapet.cli.lazy import Group
from parapet.cli.load import load_app
from parapet.cli.options import app_option, json_option, required_app
from parapet.cli.terminal import Column, Tone, fact, table, toned
from parapet.core.errors import UnknownName
from parapet.incidents.durations import duration_words
from parapet.response.acted_document import capability_object
from parapet.response.capability import Capability

COLUMNS = (
    Column(title="capability"),
    Column(title="title", gives_way=True),
    Column(title="at most", right=True),
    Column(title="runs/h", right=True),
    Column(title="undo", needs_width=90),
    Column(title="watched", needs_width=90),
)


@click.group(cls=Group)
def capability() -> None:
    """The named actions of the service: what may be previewed and run.

    \b
    Examples:
      parapet capability list
      parapet capability show retry-jobs
    """


@capability.command("list")
@app_option
@json_option
def list_capabilities(app_spec: str | None, as_json: bool) -> None:
    """Every capability.

    \b
    Examples:
      parapet capability list --app shop.reliability:parapet
    """
    known = load_app(required_app(app_spec)).capabilities
    if as_json:
        click.echo(json.dumps({"capabilities": [capability_object(one) for one in known]}))
    elif known:
        click.echo(table(COLUMNS, [_row(one) for one in known]))
    else:
        click.echo("No capability is registered. See parapet.capability(...).")


@capability.command()
@click.argument("name")
@app_option
@json_option
def show(name: str, app_spec: str | None, as_json: bool) -> None:
    """One capability and its limits.

    \b
    Examples:
      parapet capability show retry-dead-jobs
    """
    known = {one.name: one for one in load_app(required_app(app_spec)).capabilities}
    if name not in known:
        raise UnknownName.of("capability", name, known)
    one = known[name]
    if as_json:
        click.echo(json.dumps(capability_object(one)))
        return
    click.echo(f"{toned(one.name, Tone.STRONG)}  {one.title}")
    for label, words in (
        ("Touches", one.touches or "not said"),
        ("Permission", one.permitted_as),
        ("At most", one.count_words(one.max_targets)),
        ("Breaker", f"{one.breaker_limit} runs on one slice within an hour"),
        ("Cooldown", duration_words(one.cooldown_seconds) if one.cooldown_seconds else "none"),
        ("Typed", f"from {one.count_words(one.typed_from)} on" if one.typed_from else "never"),
        ("Second", f"person from {one.count_words(one.second_person_from)} on" if one.second_person_from else "nobody"),
        ("Undo", f"for {duration_words(one.undo_seconds)}" if one.undo else "none"),
        ("Watched", f"for {duration_words(one.watch_seconds)}" if one.verify else "no"),
        ("Inputs", ", ".join(f"{key}={value}" for key, value in one.inputs.items()) or "none"),
    ):
        click.echo(fact(label, words, label_columns=12))


def _row(one: Capability) -> list[str]:
    undo = f"for {duration_words(one.undo_seconds)}" if one.undo else "none"
    watched = f"for {duration_words(one.watch_seconds)}" if one.verify else "no"
    return [one.name, one.title, f"{one.max_targets:,}", f"{one.breaker_limit}", undo, watched]
