"""Whether what the pages say can be trusted: is anything heard, does the worker go round, is anybody told."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from parapet.web import text
from parapet.web.reads import Sky, Trust
from parapet.web.views.journeys import RESTING, UNSURE

WORKER_LATE_SECONDS = 60.0
CLOCKS_APART_SECONDS = 30.0
"""A worker whose last round lies so far in the future has another clock than we do."""
FIND_OUT = "parapet doctor --live says why"


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One short number with its label and its context."""

    label: str
    value: str
    context: str
    tone: str = ""


def worker_is_late(trust: Trust, now: datetime) -> bool:
    """True when nothing drained the due work lately: nothing closes by itself, nobody is told."""
    return trust.worker_seen_at is None or (now - trust.worker_seen_at).total_seconds() > WORKER_LATE_SECONDS


def worker_is_ahead(trust: Trust, now: datetime) -> bool:
    """True when its clock, or ours, is wrong: what is due, and how long ago anything was, is not to be relied on."""
    return trust.worker_seen_at is not None and (trust.worker_seen_at - now).total_seconds() > CLOCKS_APART_SECONDS


def alerts_are_silent(trust: Trust, now: datetime, stale_seconds: float) -> bool:
    """True when nothing was handed in for so long that quiet says nothing: the watchdog should have come."""
    return trust.last_received_at is not None and (now - trust.last_received_at).total_seconds() > stale_seconds


def trusted(sky: Sky, trust: Trust, now: datetime, *, stale_seconds: float) -> tuple[str, str]:
    """Whether what the pages say can be trusted, and the tone of that; the worst comes first."""
    if sky.problem:
        return "Only the incidents: Prometheus cannot be asked", "stale"
    if worker_is_late(trust, now):
        return "Not quite: no worker is running", "ticket"
    if worker_is_ahead(trust, now):
        return "Not quite: the worker has another time", "ticket"
    if trust.last_received_at is None:
        return "Not yet: Alertmanager was never heard", "stale"
    if alerts_are_silent(trust, now, stale_seconds):
        return "Not quite: Alertmanager is not heard any more", "stale"
    if trust.outbox_dead_24h:
        return "Not quite: some people were not told", "ticket"
    if trust.outbox_failing:
        return "Not quite: people cannot be told right now", "ticket"
    if any(str(card.state) in {*UNSURE, RESTING} for card in sky.readings):
        return "Yes, except where it says otherwise", "good"
    return "Yes", "good"


def trust_figures(
    sky: Sky, trust: Trust, now: datetime, *, stale_seconds: float, channels: int
) -> tuple[Figure, Figure, Figure, Figure]:
    """What that rests on, and what to do where it does not hold."""
    heard = sky.heard_at
    deaf = sky.problem is not None or heard is None
    prometheus = Figure(
        label="Prometheus",
        value="Not heard" if deaf else "Answers",
        context="why is said above" if deaf else _ago("answered", heard, now),
        tone="stale" if deaf else "",
    )
    return (
        prometheus,
        _alertmanager(trust, now, stale_seconds),
        _worker(trust, now),
        _notifications(trust, now, channels),
    )


def _worker(trust: Trust, now: datetime) -> Figure:
    seen = trust.worker_seen_at
    if worker_is_late(trust, now):
        said = f"{_ago('last round', seen, now)}. Nothing closes by itself, nobody is told. Start parapet worker."
        return Figure(label="Worker", value="Not running", context=said, tone="ticket")
    if seen is not None and worker_is_ahead(trust, now):
        said = (
            f"its last round is {text.between(now, seen)} in the future: set the clocks of its machine and of this one"
        )
        return Figure(label="Worker", value="Another time", context=said, tone="ticket")
    return Figure(label="Worker", value="On time", context=_ago("last round", seen, now))


def _alertmanager(trust: Trust, now: datetime, stale_seconds: float) -> Figure:
    received = trust.last_received_at
    if received is None:
        said = f"no alert can open an incident yet: {FIND_OUT}"
        return Figure(label="Alertmanager", value="Never heard", context=said, tone="stale")
    value = f"Heard {text.between(received, now)} ago"
    if alerts_are_silent(trust, now, stale_seconds):
        said = f"a new alert may not arrive: {FIND_OUT}"
        return Figure(label="Alertmanager", value=value, context=said, tone="stale")
    failing = f", {trust.inbox_failing} of them failing" if trust.inbox_failing else ""
    refused = text.several(trust.inbox_rejected_24h, "body", "bodies")
    return Figure(
        label="Alertmanager",
        value=value,
        context=f"{trust.inbox_waiting} waiting{failing}, {refused} refused in 24 h",
        tone="ticket" if trust.inbox_waiting or trust.inbox_rejected_24h else "",
    )


def _notifications(trust: Trust, now: datetime, channels: int) -> Figure:
    if not channels and not trust.outbox_waiting:
        said = "no channel is set up: Parapet(channels=...)"
        return Figure(label="Notifications", value="Nobody is told", context=said, tone="ticket")
    worse = bool(trust.outbox_failing or trust.outbox_dead_24h)
    failing = f", {trust.outbox_failing} failing" if trust.outbox_failing else ""
    told = [f"{trust.outbox_waiting} waiting{failing}", _ago("last one delivered", trust.last_delivered_at, now)]
    if trust.outbox_dead_24h:
        told.insert(0, f"{trust.outbox_dead_24h} given up in 24 h")
    if worse:
        told.append("Calls says why")
    value, *context = told
    return Figure(label="Notifications", value=value, context="; ".join(context), tone="ticket" if worse else "")


def _ago(what: str, when: datetime | None, now: datetime) -> str:
    if when is None:
        return f"{what}: never"
    seconds = (now - when).total_seconds()
    return f"{what} {text.span(seconds)} ago" if seconds >= 1 else f"{what} just now"
