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
from parapet.web.views.journeys import JourneyView, journey_view
from parapet.web.views.lede import lede
from parapet.web.views.trust import Figure, trust_figures, trusted
from parapet.web.words import SEVERITY, Word

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
    stale_seconds: float,
    channels: int,
    speed_slices: Collection[str] = (),
    resting: tuple[str, ...] = (),
) -> HomeView:
    """The page for *sky* as it is *now*; the journeys keep their order.

    *stale_seconds*: after so long without a body, quiet says nothing; *channels*: how many there are to tell people.
    """
    by_slice = {each.slice: each for each in reversed(open_incidents) if each.slice}
    headline, rest = lede(sky.readings, speed_slices)
    today = [change for change in changes if text.local(change.occurred_at, now).date() == now.date()]
    said, tone = trusted(sky, trust, now, stale_seconds=stale_seconds)
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
        trust=trust_figures(sky, trust, now, stale_seconds=stale_seconds, channels=channels),
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
    owner = f"waits for {owner}" if incident.awaited else owner
    return OpenRow(
        severity=SEVERITY[incident.severity],
        title=text.capped(incident.title, LONGEST_TITLE) or "Untitled alert",
        address=f"incidents/{incident.id}",
        aside=f"{text.between(incident.started_at, now)}, {owner}",
    )
