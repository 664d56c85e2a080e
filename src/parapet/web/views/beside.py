"""What stands beside an incident: links out, who was told, the alerts behind it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from parapet.core import names
from parapet.incidents.firings import Alerts
from parapet.incidents.model import Incident
from parapet.response.looks import Looked
from parapet.response.runbook import Runbook
from parapet.web import text
from parapet.web.reads import Notification
from parapet.web.views.calls import ABOUT, whom
from parapet.web.views.links import Link

MOST_RAIL_ROWS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Out:
    """A link to elsewhere."""

    title: str
    url: str
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """Somebody was told, or was not."""

    words: str
    failed: bool


def links_out(
    incident: Incident,
    expression: str | None,
    links: Sequence[Link],
    runbooks: Sequence[Runbook],
    start: datetime,
    end: datetime,
) -> tuple[Out, ...]:
    """Where else to look for *incident*: the host's links, the alert's *expression*, the alert's runbook."""
    found: list[Out] = []
    for link in links:
        url = link.filled(service=incident.service, slice_name=incident.slice, start=start, end=end)
        if url is not None:
            found.append(Out(title=link.title, url=url, note=link.note))
    url = text.web_link(expression)
    if url is not None:
        found.append(Out(title="Prometheus: the expression behind the alert", url=url, note=""))
    url = text.web_link(incident.runbook)
    here = incident.annotations.get(names.WORKBENCH_URL)  # what an alert names that has no runbook of its own
    if url is not None and incident.runbook != here and all(runbook.url != url for runbook in runbooks):
        found.append(Out(title="Runbook named by the alert", url=url, note=""))
    return tuple(found)


def told(notifications: Sequence[Notification], channels: int, now: datetime) -> tuple[Told, ...]:
    """The latest notifications: delivered, waiting or given up. *channels*: how many are set up."""
    if not notifications:
        nobody = "Nobody: nothing was worth telling yet" if channels else "Nobody: no channel is set up"
        return (Told(words=nobody, failed=not channels),)
    rows = []
    for one in notifications[-MOST_RAIL_ROWS:]:
        name = whom(one)
        about = ABOUT.get(str(one.announcement), str(one.announcement).replace("_", " "))
        if one.delivered_at is not None:
            rows.append(Told(words=f"{name}: {about}, delivered {text.stamp(one.delivered_at, now)}", failed=False))
        elif str(one.state) == "dead":
            rows.append(Told(words=f"{name}: {about}, not delivered", failed=True))
        else:
            rows.append(Told(words=f"{name}: {about}, waiting since {text.stamp(one.created_at, now)}", failed=False))
    return tuple(rows)


def alerts_behind(incident: Incident, alerts: Alerts, now: datetime) -> tuple[str, ...]:
    """The alerts of *incident*, firing ones first."""
    if not alerts.firings:
        return ("None: a person opened it" if incident.declared_by else "None is known any more",)
    rows = []
    for episode in alerts.shown:
        name = text.capped(episode.labels.get("slice") or episode.labels.get("alertname") or "alert", 60)
        started, since = text.clock(episode.started_at, now), text.stamp(episode.started_at, now)
        until = f"{started} to {text.stamp(episode.ended_at, now)}" if episode.ended_at else f"firing since {since}"
        rows.append(f"{name}, {episode.severity.value}: {until}")
    if len(alerts.firings) > len(alerts.shown):
        rows.append(f"and {len(alerts.firings) - len(alerts.shown):,} more")
    return tuple(rows)


def looks_of(looks: Sequence[Looked], now: datetime) -> tuple[str, ...]:
    """Who opened the page before, in words."""
    return tuple(
        f"{text.capped(one.who, 60)}, {text.stamp(one.last_at, now)}"
        + (f", {one.times} times that day" if one.times > 1 else "")
        for one in looks
    )
