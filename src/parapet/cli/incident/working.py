"""The commands that change an incident. Each calls one verb and says what is true now."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from typing import Concatenate, ParamSpec

import click

from parapet.cli.incident.options import Reference, actor_named, incident_argument, reason_option, who_and_when
from parapet.cli.load import load_app
from parapet.cli.options import app_option, json_option, required_app
from parapet.cli.parameters import Instant
from parapet.core.types import IncidentId
from parapet.incidents.document import incident_object
from parapet.incidents.model import Incident, Severity

P = ParamSpec("P")

SEVERITIES = click.Choice([severity.value for severity in Severity])


@dataclass(frozen=True, slots=True, kw_only=True)
class OnAnIncident:
    """What every command on an incident is told: which one, who acts, what they read, and how to answer."""

    number: IncidentId
    who: str | None
    seen: int | None
    app_spec: str | None
    as_json: bool

    def do(self, verb: Callable[..., Incident], words: str) -> None:
        """Do *verb* with the application, the actor and the version that was read, and say what is true now."""
        app = load_app(required_app(self.app_spec))
        version = app.look.standing(self.number).version if self.seen is None else self.seen
        _say(verb(app, actor=actor_named(self.who), version=version), words, self.as_json)


def on_an_incident(command: Callable[Concatenate[OnAnIncident, P], None]) -> Callable[..., None]:
    """A command on an incident, which `incident_argument` names: its last options, the same for all of them."""

    @who_and_when
    @app_option
    @json_option
    @wraps(command)
    def run(
        number: IncidentId,
        who: str | None,
        seen: int | None,
        app_spec: str | None,
        as_json: bool,
        *own: P.args,
        **named: P.kwargs,
    ) -> None:
        on = OnAnIncident(number=number, who=who, seen=seen, app_spec=app_spec, as_json=as_json)
        command(on, *own, **named)

    return run


@click.command()
@click.argument("title")
@click.option("--severity", type=SEVERITIES, required=True, help="page: somebody is woken; ticket: during the day.")
@click.option("--slice", "slice_name", metavar="NAME", help="The promise it breaks: its alerts will join.")
@click.option("--at", type=Instant(), metavar="TIME", help="When it began; without it, now.")
@click.option("--by", "who", metavar="NAME", help="Who says so; without it, the user who runs this.")
@reason_option
@app_option
@json_option
def declare(
    title: str,
    severity: str,
    slice_name: str | None,
    at: datetime | None,
    who: str | None,
    reason: str,
    app_spec: str | None,
    as_json: bool,
) -> None:
    """Open an incident that no alert speaks of. A person closes it.

    \b
    Example:
      parapet incident declare "Nobody can pay" --severity page --reason "3 calls"
    """
    app = load_app(required_app(app_spec))
    if slice_name is not None:
        app.catalog.slice(slice_name)
    opened = app.operator.declare(
        title=title,
        severity=Severity(severity),
        actor=actor_named(who),
        reason=reason,
        slice_name=slice_name,
        started_at=at,
    )
    _say(opened, "is open.", as_json)


@click.command()
@incident_argument
@reason_option
@on_an_incident
def ack(on: OnAnIncident, reason: str) -> None:
    """Take an incident: say what you will look at first.

    \b
    Examples:
      parapet incident ack INC-12 --reason "looking at the last deploy"
    """
    on.do(lambda app, **seen: app.operator.acknowledge(on.number, reason=reason, **seen), "is yours.")


@click.command()
@incident_argument
@click.option("--to", required=True, metavar="NAME", help="Who gets it.")
@reason_option
@on_an_incident
def assign(on: OnAnIncident, to: str, reason: str) -> None:
    """Hand an incident over. If people are called for it, they are, at once; they have to acknowledge it.

    \b
    Examples:
      parapet incident assign INC-12 --to Ben --reason "it is the queue"
    """
    on.do(lambda app, **seen: app.operator.hand_over(on.number, to=to, reason=reason, **seen), f"belongs to {to}.")


@click.command()
@incident_argument
@reason_option
@on_an_incident
def release(on: OnAnIncident, reason: str) -> None:
    """Say that nobody works on it now.

    \b
    Examples:
      parapet incident release INC-12 --reason "end of my shift"
    """
    on.do(lambda app, **seen: app.operator.release(on.number, reason=reason, **seen), "belongs to nobody.")


@click.command()
@incident_argument
@click.argument("text")
@on_an_incident
def note(on: OnAnIncident, text: str) -> None:
    """Write into the chronology, for good.

    \b
    Example:
      parapet incident note INC-12 "The provider confirms an outage in one region"
    """
    on.do(lambda app, **seen: app.operator.note(on.number, text=text, **seen), "has one more note.")


@click.command()
@incident_argument
@click.argument("to", type=SEVERITIES)
@reason_option
@on_an_incident
def severity(on: OnAnIncident, to: str, reason: str) -> None:
    """Say how bad it is. That holds until an alert that began later is worse.

    \b
    Examples:
      parapet incident severity INC-12 ticket --reason "nobody is hurt"
    """
    on.do(
        lambda app, **seen: app.operator.set_severity(on.number, severity=Severity(to), reason=reason, **seen),
        f"is a {to}.",
    )


@click.command()
@incident_argument
@click.option("--into", type=Reference(), required=True, metavar="INCIDENT", help="The one that takes it over.")
@reason_option
@on_an_incident
def merge(on: OnAnIncident, into: IncidentId, reason: str) -> None:
    """Two incidents are one trouble: the first ends as superseded, its alerts go along.

    \b
    Examples:
      parapet incident merge INC-12 --into INC-9 --reason "one outage"
    """
    on.do(
        lambda app, **seen: app.operator.merge(on.number, into=into, reason=reason, **seen),
        f"took INC-{on.number} over.",
    )


@click.command()
@incident_argument
@click.option("--alert", "alerts", multiple=True, required=True, metavar="FINGERPRINT", help="May be repeated.")
@click.option("--title", required=True, help="What the new incident is called.")
@reason_option
@on_an_incident
def split(on: OnAnIncident, alerts: tuple[str, ...], title: str, reason: str) -> None:
    """Some of its alerts are another trouble: they go into an incident of their own, now and later.

    \b
    Example:
      parapet incident show INC-12 --json | jq '.alerts[] | .fingerprint'
      parapet incident split INC-12 --alert 6f1c --title Cards --reason "a bank"
    """
    on.do(
        lambda app, **seen: app.operator.split(on.number, fingerprints=alerts, title=title, reason=reason, **seen),
        f"was split off from INC-{on.number}.",
    )


@click.command()
@incident_argument
@reason_option
@on_an_incident
def resolve(on: OnAnIncident, reason: str) -> None:
    """Say that it is over. While alerts still fire, the answer says so.

    \b
    Examples:
      parapet incident resolve INC-12 --reason "paid once, it works"
    """
    on.do(lambda app, **seen: app.operator.resolve(on.number, reason=reason, **seen), "is resolved.")


@click.command()
@incident_argument
@reason_option
@on_an_incident
def reopen(on: OnAnIncident, reason: str) -> None:
    """Say that it is not over.

    \b
    Examples:
      parapet incident reopen INC-12 --reason "it fails again"
    """
    on.do(lambda app, **seen: app.operator.reopen(on.number, reason=reason, **seen), "is open again.")


def _say(incident: Incident, words: str, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(incident_object(incident)))
        return
    click.echo(f"{incident.ref} {words} {incident.title}")
    if incident.resolution is not None and incident.firing:
        click.echo(f"{incident.firing} of its alerts still fire: a repeat reopens it.", err=True)
