"""`parapet do ask | approvals | approve | deny | undo`: second persons, and the way back."""

from __future__ import annotations

import json
import sys

import click

from parapet.cli.do import by_option, do, run_argument, say
from parapet.cli.incident.options import actor_named, reason_option
from parapet.cli.load import load_app
from parapet.cli.options import app_option, json_option, required_app
from parapet.cli.terminal import Column, table
from parapet.incidents.durations import instant_words
from parapet.response.acted_document import approval_object
from parapet.response.approval import Approval, ApprovalState
from parapet.response.run import UndoState

APPROVALS = (
    Column(title="approval"),
    Column(title="state"),
    Column(title="capability"),
    Column(title="incident"),
    Column(title="asked by"),
    Column(title="until (UTC)", needs_width=90),
    Column(title="why", gives_way=True),
)


@do.command()
@click.argument("preview_id", metavar="PREVIEW")
@reason_option
@by_option
@app_option
@json_option
def ask(preview_id: str, reason: str, who: str | None, app_spec: str | None, as_json: bool) -> None:
    """Ask a second person to approve exactly what a preview shows.

    \b
    Examples:
      parapet do ask PREVIEW --reason "forty orders wait"
    """
    app = load_app(required_app(app_spec))
    asked = app.approvals.ask(preview_id, actor=actor_named(who), reason=reason)
    _say_approval(asked, as_json)


@do.command()
@click.option(
    "--state", type=click.Choice([each.value for each in ApprovalState]), default="waiting", show_default=True
)
@app_option
@json_option
def approvals(state: str, app_spec: str | None, as_json: bool) -> None:
    """Requests for a second person, latest first.

    \b
    Examples:
      parapet do approvals --app shop.reliability:parapet
    """
    found = load_app(required_app(app_spec)).approvals.page(state)
    if as_json:
        click.echo(json.dumps({"state": state, "approvals": [approval_object(one) for one in found]}))
    elif found:
        rows = [
            [
                f"{one.id}",
                one.state.value,
                one.capability,
                f"INC-{one.incident_id}",
                one.asked_by,
                instant_words(one.until_at),
                one.reason,
            ]
            for one in found
        ]
        click.echo(table(APPROVALS, rows))
    else:
        click.echo(f"No approval is {state}.")


@do.command()
@click.argument("number", type=click.IntRange(min=1), metavar="APPROVAL")
@reason_option
@by_option
@app_option
@json_option
def approve(number: int, reason: str, who: str | None, app_spec: str | None, as_json: bool) -> None:
    """Approve it, as somebody else than who asked.

    \b
    Examples:
      parapet do approve APPROVAL --reason "seen, and agreed"
    """
    _decide(number, True, reason, who, app_spec, as_json)


@do.command()
@click.argument("number", type=click.IntRange(min=1), metavar="APPROVAL")
@reason_option
@by_option
@app_option
@json_option
def deny(number: int, reason: str, who: str | None, app_spec: str | None, as_json: bool) -> None:
    """Deny it.

    \b
    Examples:
      parapet do deny APPROVAL --reason "not before noon"
    """
    _decide(number, False, reason, who, app_spec, as_json)


@do.command()
@run_argument
@reason_option
@click.option("--version", "seen", type=int, metavar="N", help="The version you read; refused if it moved since.")
@by_option
@app_option
@json_option
def undo(number: int, reason: str, seen: int | None, who: str | None, app_spec: str | None, as_json: bool) -> None:
    """Take a run back, once, while that is possible. Exit status 1 if that failed, or nobody knows whether it did.

    \b
    Examples:
      parapet do undo RUN-3 --reason "it was the wrong queue"
    """
    app = load_app(required_app(app_spec))
    version = app.records.run(number).run.version if seen is None else seen
    run = app.undoing.undo(number, actor=actor_named(who), reason=reason, version=version)
    say(run, as_json)
    if run.undo in (UndoState.FAILED, UndoState.UNKNOWN):
        sys.exit(1)


def _decide(number: int, approve: bool, reason: str, who: str | None, app_spec: str | None, as_json: bool) -> None:
    app = load_app(required_app(app_spec))
    decided = app.approvals.decide(number, approve=approve, actor=actor_named(who), reason=reason, version=1)
    _say_approval(decided, as_json)


def _say_approval(approval: Approval, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(approval_object(approval)))
    else:
        click.echo(f"Approval {approval.id} of {approval.capability} for INC-{approval.incident_id}: {approval.state}.")
