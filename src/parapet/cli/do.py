"""`parapet do`: preview a capability, confirm it, and read how it ended, from a terminal."""

from __future__ import annotations

import json
import sys

import click

from parapet.cli.incident.options import actor_named, incident_argument, reason_option
from parapet.cli.lazy import Group
from parapet.cli.load import load_app
from parapet.cli.options import app_option, json_option, required_app
from parapet.cli.terminal import Column, Tone, fact, table, toned
from parapet.core.types import IncidentId, JsonObject
from parapet.incidents.acted import UNDO
from parapet.incidents.durations import instant_words
from parapet.response.acted_document import line_object, preview_object, run_object
from parapet.response.checks import Standing
from parapet.response.run import Run, RunState

TARGETS = (Column(title="target"), Column(title="version"), Column(title="about", gives_way=True))
LEFT_OUT = (Column(title="left out"), Column(title="because", gives_way=True))
RUNS = (
    Column(title="run"),
    Column(title="state"),
    Column(title="capability"),
    Column(title="incident"),
    Column(title="began (UTC)", needs_width=90),
    Column(title="done", right=True),
    Column(title="effect", needs_width=80),
    Column(title="by", gives_way=True),
)
TONES = {RunState.DONE: Tone.GOOD, RunState.FAILED: Tone.PAGE, RunState.UNKNOWN: Tone.TICKET}


class RunNumber(click.ParamType[int]):
    """RUN-7, run-7 or 7."""

    name = "run"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The number that *value* names."""
        digits = str(value).upper().removeprefix("RUN-")
        if not (digits.isascii() and digits.isdecimal()) or len(digits) > 18:
            self.fail(f"{value!r} is no run. Write RUN-7.", param, ctx)
        return int(digits)


run_argument = click.argument("number", type=RunNumber(), metavar="RUN")
by_option = click.option("--by", "who", metavar="NAME", help="Who acts; without it, the user who runs this.")


@click.group(cls=Group)
def do() -> None:
    """Preview a capability, confirm exactly what was seen, and read how it ended.

    \b
    Examples:
      parapet do preview retry-jobs INC-12
      parapet do confirm PREVIEW --digest DIGEST --reason "the provider is back"
      parapet do list
      parapet do settle RUN-3 --as done --reason "all 42 are on the queue"
    """


@do.command()
@click.argument("capability")
@incident_argument
@click.option("--input", "inputs", multiple=True, metavar="NAME=VALUE", help="What it may be asked for; repeatable.")
@by_option
@app_option
@json_option
def preview(
    capability: str,
    number: IncidentId,
    inputs: tuple[str, ...],
    who: str | None,
    app_spec: str | None,
    as_json: bool,
) -> None:
    """What it would do, exactly. Nothing runs.

    \b
    Examples:
      parapet do preview retry-dead-jobs INC-12
    """
    app = load_app(required_app(app_spec))
    given = dict(_pair(one) for one in inputs)
    made = app.actions.preview(capability, number, actor=actor_named(who), inputs=given)
    standing = app.actions.standing(made.id)
    if as_json:
        click.echo(json.dumps(preview_object(made, standing)))
    else:
        _show_preview(standing)


@do.command()
@click.argument("preview_id", metavar="PREVIEW")
@click.option("--digest", required=True, help="As the preview shows it.")
@reason_option
@click.option("--typed", default="", metavar="WORDS", help="What the preview says must be typed.")
@click.option("--break-glass", is_flag=True, help="Past the second person, the breaker and the cooldown; it is told.")
@click.option("--key", metavar="KEY", help="What this request is called: sent again, it is done once.")
@by_option
@app_option
@json_option
def confirm(
    preview_id: str,
    digest: str,
    reason: str,
    typed: str,
    break_glass: bool,
    key: str | None,
    who: str | None,
    app_spec: str | None,
    as_json: bool,
) -> None:
    """Run exactly what was previewed, once. Exit status 1 if it failed, or nobody knows whether it ran.

    \b
    Examples:
      parapet do confirm PREVIEW --digest DIGEST --reason "it is back"
    """
    app = load_app(required_app(app_spec))
    run = app.actions.confirm(
        preview_id,
        digest=digest,
        actor=actor_named(who),
        reason=reason,
        typed=typed,
        break_glass=break_glass,
        key=key,
    )
    say(run, as_json)
    if run.state in (RunState.FAILED, RunState.UNKNOWN):
        sys.exit(1)


@do.command("list")
@click.option("--capability", metavar="NAME", help="Only runs of it.")
@click.option("--limit", type=click.IntRange(1, 200), default=50, show_default=True, help="How many at most.")
@click.option("--before", type=int, metavar="NUMBER", help="Only what is older than this: what `next` said.")
@app_option
@json_option
def list_runs(capability: str | None, limit: int, before: int | None, app_spec: str | None, as_json: bool) -> None:
    """What was run, latest first.

    \b
    Examples:
      parapet do list --app shop.reliability:parapet
    """
    found = load_app(required_app(app_spec)).records.runs(capability=capability, before=before, limit=limit)
    if as_json:
        click.echo(json.dumps({"runs": [run_object(one) for one in found], "next": found.next}))
    elif found:
        click.echo(table(RUNS, [_row(one) for one in found]))
    else:
        click.echo("Nothing was run yet.")


@do.command()
@run_argument
@app_option
@json_option
def show(number: int, app_spec: str | None, as_json: bool) -> None:
    """One run, and its lines of the ledger.

    \b
    Examples:
      parapet do show RUN-3
    """
    file = load_app(required_app(app_spec)).records.run(number)
    if as_json:
        lines = [line_object(one) for one in file.lines]
        click.echo(json.dumps({**run_object(file.run), "preview": preview_object(file.preview), "ledger": lines}))
        return
    say(file.run, as_json=False)
    click.echo(fact("Why", file.run.reason))
    for line in file.lines:
        click.echo(fact(f"{line.recorded_at:%H:%M:%S}", f"{line.kind.value.replace('_', ' ')}, by {line.actor.name}"))


@do.command()
@run_argument
@click.option("--as", "outcome", type=click.Choice(["done", "failed"]), required=True, help="How it ended.")
@reason_option
@click.option("--version", "seen", type=int, metavar="N", help="The version you read; refused if it moved since.")
@by_option
@app_option
@json_option
def settle(
    number: int, outcome: str, reason: str, seen: int | None, who: str | None, app_spec: str | None, as_json: bool
) -> None:
    """Say how a run ended whose outcome is unknown, after looking. Nothing runs.

    \b
    Examples:
      parapet do settle RUN-3 --as done --reason "all are on the queue"
    """
    app = load_app(required_app(app_spec))
    version = app.records.run(number).run.version if seen is None else seen
    settled = app.actions.settle(
        number, outcome=RunState(outcome), actor=actor_named(who), reason=reason, version=version
    )
    say(settled, as_json)


def _pair(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign:
        raise click.UsageError(f"--input {text!r}: write NAME=VALUE.")
    return name, value


def _show_preview(standing: Standing) -> None:
    preview, capability = standing.preview, standing.capability
    proposal = preview.proposal
    count = capability.count_words(len(preview.targets))
    click.echo(f"{toned(capability.title, Tone.STRONG)}: {count}. Nothing has run.")
    if proposal.will_do:
        click.echo(fact("Will", proposal.will_do))
    for warning in proposal.warnings:
        click.echo(fact("Warning", toned(warning, Tone.TICKET)))
    if preview.targets:
        click.echo(table(TARGETS, [[one.id, one.version, one.label] for one in preview.targets]))
    if proposal.left_out:
        click.echo(table(LEFT_OUT, [[one.id, one.because] for one in proposal.left_out]))
    click.echo(fact("Expires", instant_words(preview.expires_at)))
    if standing.typed_words:
        click.echo(fact("Type", f"--typed '{standing.typed_words}'"))
    if standing.needs_second_person and standing.approved_by is None:
        click.echo(fact("Second", "a second person must approve it first"))
    if preview.targets:
        click.echo(f'Confirm: parapet do confirm {preview.id} --digest {preview.digest} --reason "..."')


def say(run: Run, as_json: bool) -> None:
    """How a run stands."""
    if as_json:
        document: JsonObject = run_object(run)
        click.echo(json.dumps(document))
        return
    state = toned(run.state.value, TONES.get(run.state, Tone.PLAIN))
    back = f" {UNDO[run.undo.value]}." if run.undo.value in UNDO else ""
    click.echo(f"{run.ref} is {state}: {run.done_count} of {run.target_count} done. {run.note}".rstrip() + back)
    if run.state is RunState.UNKNOWN:
        click.echo(f"It may have run. Do not run it again: verify, then parapet do settle {run.ref} --as done|failed.")


def _row(run: Run) -> list[str]:
    effect = run.effect.value.replace("_", " ") if run.effect is not None else ""
    began, done = instant_words(run.started_at), f"{run.done_count}/{run.target_count}"
    state = UNDO.get(run.undo.value, run.state.value).lower()
    return [run.ref, state, run.capability, f"INC-{run.incident_id}", began, done, effect, run.actor.name]
