"""The first page: are users succeeding right now, and can this page be trusted?"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from parapet.incidents.model import Change, ChangeKind, Incident
from parapet.web import text
from parapet.web.reads import Sky, Trust
from parapet.web.views.changes import ChangeRow, change_row
from parapet.web.views.drawing import SPARK_WIDTH
from parapet.web.views.journeys import RESTING, UNSURE, JourneyView, journey_view
from parapet.web.views.lede import lede
from parapet.web.words import SEVERITY, Word

WORKER_LATE_SECONDS = 120.0
MOST_INCIDENTS = 6
MOST_CHANGES = 6
LONGEST_TITLE = 90
RELEASES = frozenset({ChangeKind.DEPLOY, ChangeKind.ROLLBACK})


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenRow:
    """One open incident."""

    severity: Word
    title: str
    address: str
    aside: str
    """Age and owner."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One short number with its label and its context."""

    label: str
    value: str
    context: str
    tone: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class HomeView:
    """The whole page."""

    headline: str
    rest: str
    problem: str | None
    """Why Prometheus cannot be asked."""
    resting: tuple[str, ...]
    """What people let rest now, or will within a day, a sentence each."""
    journeys: tuple[JourneyView, ...]
    spans: tuple[str, str]
    """What the two small charts of a journey show, in words: its burn, and its budget."""
    open_rows: tuple[OpenRow, ...]
    open_count: int
    changes: tuple[ChangeRow, ...]
    trusted: str
    """Whether the page can be trusted, in words."""
    trusted_tone: str
    trust: tuple[Figure, ...]
    since: str = ""
    """Since when an empty list is empty."""


def home_view(
    sky: Sky,
    open_incidents: Sequence[Incident],
    open_count: int,
    changes: Sequence[Change],
    trust: Trust,
    *,
    now: datetime,
    speed_slices: Collection[str] = (),
    resting: tuple[str, ...] = (),
) -> HomeView:
    """The page for *sky* as it is *now*; the journeys keep their order."""
    by_slice = {each.slice: each for each in reversed(open_incidents) if each.slice}
    headline, rest = lede(sky.readings, speed_slices)
    today = [change for change in changes if text.local(change.occurred_at, now).date() == now.date()]
    said, tone = trusted(sky, trust, now)
    marks = _releases(sky, changes)
    return HomeView(
        headline=headline,
        rest=rest,
        problem=text.sentence(text.capped(sky.problem)) if sky.problem else None,
        resting=resting,
        journeys=tuple(
            journey_view(card, by_slice, speed=card.slice in speed_slices, asked=sky.problem is None, releases=marks)
            for card in sky.readings
        ),
        spans=_spans(sky),
        open_rows=tuple(_open_row(each, now) for each in open_incidents[:MOST_INCIDENTS]),
        open_count=open_count,
        changes=tuple(change_row(change, now=now) for change in today[:MOST_CHANGES]),
        trusted=said,
        trusted_tone=tone,
        trust=trust_figures(sky, trust, now),
    )


def _spans(sky: Sky) -> tuple[str, str]:
    """Without an answer of Prometheus nothing is drawn, and no stretch of time belongs to it."""
    if not sky.spark_seconds:
        return "burn", "budget left"
    return f"burn, {text.lately(sky.spark_seconds)}", f"budget left, {text.lately(sky.budget_seconds)}"


def _releases(sky: Sky, changes: Sequence[Change]) -> tuple[str, ...]:
    """Where deploys and rollbacks lie on the small charts."""
    if sky.heard_at is None or not sky.spark_seconds:
        return ()
    moments = sorted(one.occurred_at for one in changes if one.kind in RELEASES)
    ago = [(sky.heard_at - when).total_seconds() / sky.spark_seconds for when in moments]
    return tuple(f"{SPARK_WIDTH * (1 - share):.1f}" for share in ago if 0 <= share <= 1)


def _open_row(incident: Incident, now: datetime) -> OpenRow:
    owner = text.capped(incident.owner, 40) if incident.owner else "nobody"
    return OpenRow(
        severity=SEVERITY[incident.severity],
        title=text.capped(incident.title, LONGEST_TITLE) or "Untitled alert",
        address=f"incidents/{incident.id}",
        aside=f"{text.between(incident.started_at, now)}, {owner}",
    )


def worker_is_late(trust: Trust, now: datetime) -> bool:
    """True when nothing drained the due work lately: nothing closes by itself, nobody is told."""
    return trust.worker_seen_at is None or (now - trust.worker_seen_at).total_seconds() > WORKER_LATE_SECONDS


def trusted(sky: Sky, trust: Trust, now: datetime) -> tuple[str, str]:
    """Whether what the pages say can be trusted, and the tone of that."""
    if sky.problem:
        return "Only the incidents: Prometheus cannot be asked", "stale"
    if worker_is_late(trust, now):
        return "Not quite: no worker is running", "ticket"
    if trust.outbox_dead:
        return "Not quite: some people were not told", "ticket"
    if trust.last_received_at is None:
        return "Not yet: Alertmanager was never heard", "stale"
    if any(str(card.state) in {*UNSURE, RESTING} for card in sky.readings):
        return "Yes, except where it says otherwise", "good"
    return "Yes", "good"


def trust_figures(sky: Sky, trust: Trust, now: datetime) -> tuple[Figure, ...]:
    """What that rests on."""
    heard = sky.heard_at
    received = trust.last_received_at
    prometheus = Figure(
        label="Prometheus",
        value="Not heard" if sky.problem or heard is None else "Answers",
        context="why is said above" if sky.problem else _ago("answered", heard, now),
        tone="stale" if sky.problem or heard is None else "",
    )
    failing = f", {trust.inbox_failing} of them failing" if trust.inbox_failing else ""
    alertmanager = Figure(
        label="Alertmanager",
        value="Never heard" if received is None else f"Heard {text.between(received, now)} ago",
        context=f"{trust.inbox_waiting} waiting{failing}, {_bodies(trust.inbox_rejected_24h)} refused in 24 h",
        tone="stale" if received is None else "ticket" if trust.inbox_waiting or trust.inbox_rejected_24h else "",
    )
    late = worker_is_late(trust, now)
    worker = Figure(
        label="Worker",
        value="Not running" if late else "On time",
        context=_ago("last round", trust.worker_seen_at, now)
        + (": nothing closes by itself, nobody is told. Start parapet worker." if late else ""),
        tone="ticket" if late else "",
    )
    dead = f", {trust.outbox_dead} given up" if trust.outbox_dead else ""
    notifications = Figure(
        label="Notifications",
        value=f"{trust.outbox_waiting} waiting{dead}",
        context=_ago("last one delivered", trust.last_delivered_at, now),
        tone="ticket" if trust.outbox_dead else "",
    )
    return (prometheus, alertmanager, worker, notifications)


def _ago(what: str, when: datetime | None, now: datetime) -> str:
    if when is None:
        return f"{what}: never"
    seconds = (now - when).total_seconds()
    return f"{what} {text.span(seconds)} ago" if seconds >= 1 else f"{what} just now"


def _bodies(number: int) -> str:
    return text.several(number, "body", "bodies")
