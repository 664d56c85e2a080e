"""`parapet inbox`: every body that was handed in, as it came; what waits, what failed, and what was no alert."""

from __future__ import annotations

import json
import sys

import click

from parapet.cli.incident.options import actor_named, reason_option
from parapet.cli.lazy import Group
from parapet.cli.load import load_app
from parapet.cli.options import app_option, json_option, required_app
from parapet.cli.terminal import Column, Tone, fact, table, toned
from parapet.incidents.document import body_object
from parapet.incidents.durations import instant_words
from parapet.store.inbox import Received, Shelf
from parapet.web.port import serve_alerts

SHOWN_BYTES = 2_000
COLUMNS = (
    Column(title="number", right=True),
    Column(title="received (UTC)"),
    Column(title="from"),
    Column(title="bytes", right=True, needs_width=80),
    Column(title="state"),
    Column(title="tries", right=True),
    Column(title="error", gives_way=True),
)
by_option = click.option("--by", "who", metavar="NAME", help="Who acts; without it, the user who runs this.")


@click.group(cls=Group)
def inbox() -> None:
    """Bodies that senders handed in. What was answered with 200 is here until it is taken in.

    \b
    Examples:
      parapet inbox list --app shop.reliability:parapet
      parapet inbox list --shelf rejected
      parapet inbox show 4711
      parapet inbox replay 4711
      parapet inbox drop 4711 --reason "a test of the network team"
      parapet inbox serve --port 9095
    """


@inbox.command("list")
@click.option(
    "--shelf",
    type=click.Choice([shelf.value for shelf in Shelf]),
    default=Shelf.WAITING.value,
    show_default=True,
    help="Which: failing ones wait and failed before; rejected ones are no alerts.",
)
@click.option("--before", type=int, metavar="NUMBER", help="Only what is older than this one.")
@click.option("--limit", type=click.IntRange(1, 200), default=50, show_default=True, help="How many at most.")
@app_option
@json_option
def list_bodies(shelf: str, before: int | None, limit: int, app_spec: str | None, as_json: bool) -> None:
    """Bodies of one shelf, newest first.

    \b
    Examples:
      parapet inbox list
      parapet inbox list --shelf failing --json
    """
    bodies = load_app(required_app(app_spec)).bodies
    found, counts = bodies.page(shelf, before=before, limit=limit), bodies.counts()
    if as_json:
        shown = [body_object(one) for one in found]
        click.echo(json.dumps({"shelf": shelf, "bodies": shown, "counts": counts, "next": found.next}))
        return
    if found:
        click.echo(table(COLUMNS, [_row(one) for one in found]))
    else:
        click.echo(f"No body is {shelf}.")
    others = ", ".join(f"{number} {name}" for name, number in counts.items() if name != shelf)
    click.echo(toned(f"{len(found)} shown; {others}.", Tone.QUIET))


@inbox.command()
@click.argument("number", type=click.IntRange(1))
@click.option("--raw", is_flag=True, help="Only the bytes that came, to standard output.")
@app_option
@json_option
def show(number: int, raw: bool, app_spec: str | None, as_json: bool) -> None:
    """One body: what became of it, why, and what is in it.

    \b
    Examples:
      parapet inbox show 4711
      parapet inbox show 4711 --raw | jq .
    """
    one = load_app(required_app(app_spec)).bodies.get(number)
    if raw:
        sys.stdout.buffer.write(one.body)
        return
    text = one.body.decode("utf-8", "replace")
    if as_json:
        click.echo(json.dumps(body_object(one) | {"whole": one.whole, "body": text}))
        return
    click.echo(f"{toned(f'Body {one.id}', Tone.STRONG)}  {one.source}  {_state(one)}")
    click.echo(fact("Received", instant_words(one.received_at)))
    click.echo(fact("Size", f"{one.size_bytes:,} bytes" + ("" if one.whole else f"; the first {len(one.body):,} kept")))
    if one.error:
        click.echo(fact("Error", one.error))
    if one.state.value == "waiting":
        click.echo(fact("Next try", f"{instant_words(one.due_at)}, by the worker; or parapet inbox replay {one.id}"))
    printable = "".join(letter if letter.isprintable() or letter == "\n" else "·" for letter in text[:SHOWN_BYTES])
    click.echo(f"\n{printable}" + (toned("\n... the rest: --raw", Tone.QUIET) if len(text) > SHOWN_BYTES else ""))


@inbox.command()
@click.argument("number", type=click.IntRange(1))
@by_option
@app_option
@json_option
def replay(number: int, who: str | None, app_spec: str | None, as_json: bool) -> None:
    """Take one in now: it waits, or it was refused and may be an alert to this version. Exit status 1 if it is not.

    \b
    Example:
      parapet inbox replay 4711
    """
    bodies = load_app(required_app(app_spec)).bodies
    receipt = bodies.replay(number, actor=actor_named(who))
    error = receipt.error or (bodies.get(number).error if receipt.state == "stored" else None)
    if as_json:
        incidents = [int(each) for each in receipt.incident_ids]
        click.echo(json.dumps({"id": number, "state": receipt.state, "incidents": incidents, "error": error}))
    elif receipt.state == "done":
        named = ", ".join(f"INC-{each}" for each in receipt.incident_ids)
        told = f"It belongs to {named}." if named else "It says nothing new."
        click.echo(f"Body {number} is taken in. {told}")
    else:
        again = "It is no alert" if receipt.state == "rejected" else "It failed again, and waits"
        click.echo(f"{again}: {error}")
    if receipt.state != "done":
        sys.exit(1)


@inbox.command()
@click.argument("number", type=click.IntRange(1))
@by_option
@reason_option
@app_option
@json_option
def drop(number: int, who: str | None, reason: str, app_spec: str | None, as_json: bool) -> None:
    """Give one up: nobody tries it again. It can still be looked at.

    \b
    Example:
      parapet inbox drop 4711 --reason "a test of the network team"
    """
    dropped = load_app(required_app(app_spec)).bodies.drop(number, actor=actor_named(who), reason=reason)
    click.echo(json.dumps(body_object(dropped)) if as_json else f"Body {number} is given up.")


@inbox.command()
@click.option(
    "--port", type=click.IntRange(0, 65_535), default=9095, show_default=True, help="Where; 0 takes a free one."
)
@click.option("--host", default="127.0.0.1", show_default=True, help="The address of that port.")
@app_option
def serve(port: int, host: str, app_spec: str | None) -> None:
    """Take alerts in a process of their own, so that no storm of them is felt in the service's.

    It answers the hooks below the path of Wiring.webhook_url, whose port is to be this one, and /metrics; nobody can
    sign in there. It needs the service's code, environment and evidence, and uvicorn. SIGTERM and Ctrl-C end it once
    what is under way is answered.

    \b
    Examples:
      parapet inbox serve --app shop.reliability:parapet --port 9095
      nice -n 10 parapet inbox serve --host 0.0.0.0
    """
    app = load_app(required_app(app_spec))
    serve_alerts(
        app,
        port,
        host=host,
        told=lambda url: click.echo(f"Alerts for {app.service} at {url}. Ctrl-C ends it.", err=True),
    )


def _row(one: Received) -> list[str]:
    when = one.received_at.strftime("%Y-%m-%d %H:%M:%S")
    return [f"{one.id}", when, one.source, f"{one.size_bytes:,}", _state(one), f"{one.attempts}", one.error or ""]


def _state(one: Received) -> str:
    tones = {"rejected": Tone.TICKET, "done": Tone.GOOD, "waiting": Tone.TICKET if one.attempts else Tone.PLAIN}
    return toned(one.state.value, tones.get(one.state.value, Tone.PLAIN))
