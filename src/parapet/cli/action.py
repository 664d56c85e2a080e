"""`parapet action`: exact objects that somebody must look after, opened, listed and closed from a terminal."""

from __future__ import annotations

import json
from typing import Any

import click

from parapet.cli.incident.options import Reference, actor_named, reason_option, who_and_when
from parapet.cli.lazy import Group
from parapet.cli.load import load_app
from parapet.cli.options import app_option, json_option, required_app
from parapet.cli.terminal import Column, Tone, fact, table, toned
from parapet.core.types import IncidentId
from parapet.incidents.document import item_object
from parapet.incidents.durations import instant_words
from parapet.incidents.items import ActionItem, ItemState

COLUMNS = (
    Column(title="item"),
    Column(title="state"),
    Column(title="belongs to"),
    Column(title="kind", needs_width=80),
    Column(title="object", gives_way=True),
    Column(title="title", gives_way=True),
    Column(title="told", right=True, needs_width=90),
)


class ItemNumber(click.ParamType[int]):
    """ACT-7, act-7 or 7."""

    name = "item"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The number that *value* names."""
        digits = str(value).upper().removeprefix("ACT-")
        if not (digits.isascii() and digits.isdecimal()) or len(digits) > 18:
            self.fail(f"{value!r} is no action item. Write ACT-7.", param, ctx)
        return int(digits)


item_argument = click.argument("number", type=ItemNumber(), metavar="ITEM")


@click.group(cls=Group)
def action() -> None:
    """Exact objects that somebody must look after: one item for each, however often it is told.

    \b
    Examples:
      parapet action list
      parapet action open suppressed_delivery msg-1 --title "Receipt was not sent"
      parapet action resolve ACT-7 --reason "sent by hand"
    """


@action.command("open")
@click.argument("kind")
@click.argument("object_id", metavar="OBJECT")
@click.option("--title", required=True, help="What is to be done.")
@click.option("--incident", type=Reference(), metavar="INCIDENT", help="The incident it belongs to.")
@click.option("--slice", "slice_name", metavar="NAME", help="Or the promise it belongs to.")
@click.option("--url", help="Where to look at it.")
@click.option("--by", "who", metavar="NAME", help="Who says so; without it, the user who runs this.")
@app_option
@json_option
def open_item(
    kind: str,
    object_id: str,
    title: str,
    incident: IncidentId | None,
    slice_name: str | None,
    url: str | None,
    who: str | None,
    app_spec: str | None,
    as_json: bool,
) -> None:
    """Say that an object needs somebody. Told again, it stays one item.

    \b
    Examples:
      parapet action open suppressed_delivery msg-1 --title "Not sent"
    """
    app = load_app(required_app(app_spec))
    if slice_name is not None:
        app.catalog.slice(slice_name)
    item = app.action_items.open(
        kind, object_id, title=title, incident_id=incident, slice_name=slice_name, url=url, by=actor_named(who)
    )
    _say(item, f"is {item.state.value}.", as_json)


@action.command("list")
@click.option("--state", type=click.Choice([state.value for state in ItemState]), default="open", show_default=True)
@click.option("--kind", "kinds", multiple=True, metavar="KIND", help="Only these; may be repeated.")
@click.option("--limit", type=click.IntRange(1, 200), default=50, show_default=True, help="How many at most.")
@click.option("--before", metavar="PLACE", help="The page after it: what `next` said.")
@app_option
@json_option
def list_items(
    state: str, kinds: tuple[str, ...], limit: int, before: str | None, app_spec: str | None, as_json: bool
) -> None:
    """The items in one state, latest first.

    \b
    Examples:
      parapet action list --app shop.reliability:parapet
    """
    page = load_app(required_app(app_spec)).action_items.page(state, kinds=kinds, limit=limit, before=before)
    if as_json:
        shown = [item_object(one) for one in page.items]
        click.echo(json.dumps({"state": state, "items": shown, "open": page.open, "next": page.next}))
        return
    if page.items:
        click.echo(table(COLUMNS, [_row(one) for one in page.items]))
    else:
        click.echo(f"No action item is {state}.")
    click.echo(toned(f"{len(page.items)} shown; {page.open} open.", Tone.QUIET))
    if page.next is not None:
        click.echo(toned(f"More: --before '{page.next}'", Tone.QUIET))


@action.command()
@item_argument
@app_option
@json_option
def show(number: int, app_spec: str | None, as_json: bool) -> None:
    """One item.

    \b
    Examples:
      parapet action show 7
    """
    item = load_app(required_app(app_spec)).action_items.get(number)
    if as_json:
        click.echo(json.dumps(item_object(item)))
        return
    click.echo(f"{toned(item.ref, Tone.STRONG)}  {item.state.value}  {toned(item.title, Tone.STRONG)}")
    click.echo(fact("Belongs to", _about(item), label_columns=12))
    click.echo(fact("Object", f"{item.kind} {item.object_id}", label_columns=12))
    click.echo(fact("Opened", f"{instant_words(item.opened_at)}, by {item.opened_by}", label_columns=12))
    click.echo(fact("Told", f"{item.told} times, last {instant_words(item.last_told_at)}", label_columns=12))
    if item.closed_at is not None:
        closed = f"{item.state.value} {instant_words(item.closed_at)}, by {item.closed_by}: {item.reason}"
        click.echo(fact("Closed", closed, label_columns=12))


@action.command()
@item_argument
@reason_option
@who_and_when
@app_option
@json_option
def resolve(number: int, reason: str, who: str | None, seen: int | None, app_spec: str | None, as_json: bool) -> None:
    """Somebody looked after it. Told again, it is open again.

    \b
    Examples:
      parapet action resolve 7 --reason "sent by hand"
    """
    _close("resolve", number, reason, who, seen, app_spec, as_json)


@action.command()
@item_argument
@reason_option
@who_and_when
@app_option
@json_option
def dismiss(number: int, reason: str, who: str | None, seen: int | None, app_spec: str | None, as_json: bool) -> None:
    """Nobody needs to look after it, also if it is told again.

    \b
    Examples:
      parapet action dismiss 7 --reason "a test order"
    """
    _close("dismiss", number, reason, who, seen, app_spec, as_json)


def _close(
    verb: str, number: int, reason: str, who: str | None, seen: int | None, app_spec: str | None, as_json: bool
) -> None:
    items = load_app(required_app(app_spec)).action_items
    version = items.get(number).version if seen is None else seen
    words: dict[str, Any] = {"actor": actor_named(who), "reason": reason, "version": version}
    item = items.resolve(number, **words) if verb == "resolve" else items.dismiss(number, **words)
    _say(item, f"is {item.state.value}.", as_json)


def _say(item: ActionItem, words: str, as_json: bool) -> None:
    click.echo(json.dumps(item_object(item)) if as_json else f"{item.ref} {words} {item.title}")


def _row(item: ActionItem) -> list[str]:
    return [item.ref, item.state.value, _about(item), item.kind, item.object_id, item.title, str(item.told)]


def _about(item: ActionItem) -> str:
    return f"INC-{item.incident_id}" if item.incident_id is not None else item.slice or ""
