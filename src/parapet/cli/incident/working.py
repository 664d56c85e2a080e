"""The commands that change an incident. Each calls one verb and says what is true now."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime

import click

from parapet.app import Parapet
from parapet.cli.incident.options import Reference, actor_named, incident_argument, reason_option, who_and_when
from parapet.cli.load import load_app
from parapet.cli.options import app_option, json_option, required_app
from parapet.cli.parameters import Instant
from parapet.core.types import IncidentId
from parapet.incidents.document import incident_object
from parapet.incidents.model import Incident, Severity

SEVERITIES = click.Choice([severity.value for severity in Severity])


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
      parapet incident declare "Nobody can pay" --severity page --reason "three calls" --slice checkout
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
@who_and_when
@app_option
@json_option
def ack(
    number: IncidentId, reason: str, who: str | None, seen: int | None, app_spec: str | None, as_json: bool
) -> None:
    """Take an incident: say what you will look at first."""

    def run(app: Parapet, version: int) -> Incident:
        return app.operator.acknowledge(number, actor=actor_named(who), reason=reason, version=version)

    _run(number, seen, app_spec, as_json, run, "is yours.")


@click.command()
@incident_argument
@click.option("--to", required=True, metavar="NAME", help="Who gets it.")
@reason_option
@who_and_when
@app_option
@json_option
def assign(
    number: IncidentId, to: str, reason: str, who: str | None, seen: int | None, app_spec: str | None, as_json: bool
) -> None:
    """Hand an incident over. Whoever gets it has still to acknowledge it."""

    def run(app: Parapet, version: int) -> Incident:
        return app.operator.hand_over(number, to=to, actor=actor_named(who), reason=reason, version=version)

    _run(number, seen, app_spec, as_json, run, f"belongs to {to}.")


@click.command()
@incident_argument
@reason_option
@who_and_when
@app_option
@json_option
def release(
    number: IncidentId, reason: str, who: str | None, seen: int | None, app_spec: str | None, as_json: bool
) -> None:
    """Say that nobody works on it now."""

    def run(app: Parapet, version: int) -> Incident:
        return app.operator.release(number, actor=actor_named(who), reason=reason, version=version)

    _run(number, seen, app_spec, as_json, run, "belongs to nobody.")


@click.command()
@incident_argument
@click.argument("text")
@who_and_when
@app_option
@json_option
def note(number: IncidentId, text: str, who: str | None, seen: int | None, app_spec: str | None, as_json: bool) -> None:
    """Write into the chronology, for good.

    \b
    Example:
      parapet incident note INC-12 "The provider confirms an outage in one region"
    """

    def run(app: Parapet, version: int) -> Incident:
        return app.operator.note(number, actor=actor_named(who), text=text, version=version)

    _run(number, seen, app_spec, as_json, run, "has one more note.")


@click.command()
@incident_argument
@click.argument("to", type=SEVERITIES)
@reason_option
@who_and_when
@app_option
@json_option
def severity(
    number: IncidentId, to: str, reason: str, who: str | None, seen: int | None, app_spec: str | None, as_json: bool
) -> None:
    """Say how bad it is. That holds until an alert that began later is worse."""

    def run(app: Parapet, version: int) -> Incident:
        return app.operator.set_severity(
            number, severity=Severity(to), actor=actor_named(who), reason=reason, version=version
        )

    _run(number, seen, app_spec, as_json, run, f"is a {to}.")


@click.command()
@incident_argument
@click.option("--into", type=Reference(), required=True, metavar="INCIDENT", help="The one that takes it over.")
@reason_option
@who_and_when
@app_option
@json_option
def merge(
    number: IncidentId,
    into: IncidentId,
    reason: str,
    who: str | None,
    seen: int | None,
    app_spec: str | None,
    as_json: bool,
) -> None:
    """Two incidents are one trouble: the first ends as superseded, its alerts go along."""

    def run(app: Parapet, version: int) -> Incident:
        return app.operator.merge(number, into=into, actor=actor_named(who), reason=reason, version=version)

    _run(number, seen, app_spec, as_json, run, f"took INC-{number} over.")


@click.command()
@incident_argument
@click.option("--alert", "alerts", multiple=True, required=True, metavar="FINGERPRINT", help="May be repeated.")
@click.option("--title", required=True, help="What the new incident is called.")
@reason_option
@who_and_when
@app_option
@json_option
def split(
    number: IncidentId,
    alerts: tuple[str, ...],
    title: str,
    reason: str,
    who: str | None,
    seen: int | None,
    app_spec: str | None,
    as_json: bool,
) -> None:
    """Some of its alerts are another trouble: they go into an incident of their own, now and later.

    \b
    Example:
      parapet incident show INC-12 --json | jq -r '.alerts[] | .fingerprint, .labels'
      parapet incident split INC-12 --alert 6f1c... --title "Cards are declined" --reason "another bank"
    """

    def run(app: Parapet, version: int) -> Incident:
        return app.operator.split(
            number, fingerprints=alerts, title=title, actor=actor_named(who), reason=reason, version=version
        )

    _run(number, seen, app_spec, as_json, run, f"was split off from INC-{number}.")


@click.command()
@incident_argument
@reason_option
@who_and_when
@app_option
@json_option
def resolve(
    number: IncidentId, reason: str, who: str | None, seen: int | None, app_spec: str | None, as_json: bool
) -> None:
    """Say that it is over. While alerts still fire, the answer says so."""

    def run(app: Parapet, version: int) -> Incident:
        return app.operator.resolve(number, actor=actor_named(who), reason=reason, version=version)

    _run(number, seen, app_spec, as_json, run, "is resolved.")


@click.command()
@incident_argument
@reason_option
@who_and_when
@app_option
@json_option
def reopen(
    number: IncidentId, reason: str, who: str | None, seen: int | None, app_spec: str | None, as_json: bool
) -> None:
    """Say that it is not over."""

    def run(app: Parapet, version: int) -> Incident:
        return app.operator.reopen(number, actor=actor_named(who), reason=reason, version=version)

    _run(number, seen, app_spec, as_json, run, "is open again.")


def _run(
    number: IncidentId,
    seen: int | None,
    app_spec: str | None,
    as_json: bool,
    verb: Callable[[Parapet, int], Incident],
    words: str,
) -> None:
    app = load_app(required_app(app_spec))
    version = app.look.incident(number).incident.version if seen is None else seen
    _say(verb(app, version), words, as_json)


def _say(incident: Incident, words: str, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(incident_object(incident)))
        return
    click.echo(f"{incident.ref} {words} {incident.title}")
    if incident.resolution is not None and incident.firing:
        click.echo(f"{incident.firing} of its alerts still fire: a repeat reopens it.", err=True)
