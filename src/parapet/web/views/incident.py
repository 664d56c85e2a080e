"""One incident, in the order a person under stress asks: still happening? who has it? what changed? what now?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from parapet.incidents.gist import Leaf
from parapet.incidents.model import Incident, IncidentState
from parapet.incidents.policy import IncidentPolicy
from parapet.response.looks import Looked
from parapet.response.runbook import Runbook
from parapet.web import text
from parapet.web.reads import IncidentFile, JourneyCard
from parapet.web.views.acting import ActionsView
from parapet.web.views.beside import Out, Told, alerts_behind, links_out, looks_of, told
from parapet.web.views.brief import Brief, briefs
from parapet.web.views.burn_chart import BurnChart, burn_chart
from parapet.web.views.calls import Calling, calling
from parapet.web.views.changes import NearRow, near_rows
from parapet.web.views.chronology import Chronology, chronology
from parapet.web.views.claims import ClaimView, claims
from parapet.web.views.figures import figures_of, lead
from parapet.web.views.forms import Forms, forms
from parapet.web.views.guidance import RunbookView, runbook_view
from parapet.web.views.items import ItemRow, item_rows
from parapet.web.views.links import Link
from parapet.web.views.objects import ObjectsView, objects_view
from parapet.web.views.spans import SpanChart, span_chart
from parapet.web.views.strip import Strip, next_step, strip
from parapet.web.views.trust import Figure

WINDOW_BEFORE = timedelta(minutes=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentView:
    """The whole page."""

    id: int
    ref: str
    version: int
    strip: Strip
    lead: str
    merged_into: int | None
    """The incident that took it over."""
    figures: tuple[Figure, ...]
    briefs: tuple[Brief, ...]
    chart: SpanChart | None
    burn: BurnChart | None
    claims: tuple[ClaimView, ...]
    changes: tuple[NearRow, ...]
    changes_sub: str
    objects: ObjectsView
    chronology: Chronology
    items: tuple[ItemRow, ...]
    calling: Calling
    runbooks: tuple[RunbookView, ...]
    forms: Forms
    links: tuple[Out, ...]
    links_sub: str
    told: tuple[Told, ...]
    alerts: tuple[str, ...]
    record: tuple[str, ...]
    looks: tuple[str, ...]
    """Who opened this page before, the latest first; empty where that is not kept."""
    has_retrospective: bool
    actions: ActionsView


def incident_view(
    file: IncidentFile,
    leaf: Leaf,
    card: JourneyCard | None,
    runbooks: Sequence[Runbook],
    links: Sequence[Link],
    *,
    policy: IncidentPolicy,
    reader: str,
    refusal: str | None,
    may_redact: bool = False,
    tab: str,
    unasked: bool = False,
    actions: ActionsView,
    policies: int = 0,
    channels: int = 0,
    seen: int | None = None,
    speed: bool = False,
    looks: Sequence[Looked] = (),
    now: datetime,
) -> IncidentView:
    """The page of one incident. *policies*, *channels*: how many there are to call and to tell people.

    *leaf*: the entries to show. *card* is its promise now, if known; *unasked*: Prometheus did not answer. *refusal*
    says why *reader* may not act; *seen* is the last entry they saw when they last looked. *speed*: its
    promise is to be fast.
    """
    incident, near = text.here(file.incident, now), file.near_changes
    over = incident.state is IncidentState.RESOLVED
    end = incident.resolved_at or now if over else now
    since = incident.started_at - WINDOW_BEFORE
    return IncidentView(
        id=int(incident.id or 0),
        ref=incident.ref,
        version=incident.version,
        strip=strip(incident, policy, may_act=refusal is None, now=now),
        lead=lead(incident, policy, now),
        figures=figures_of(incident, card, unasked, now, speed=speed),
        merged_into=incident.merged_into_id,
        briefs=briefs(
            file.triage,
            near,
            runbooks,
            actions.offered,
            refusal,
            over=over,
            merged=incident.merged_into_id is not None,
            waiting=len(actions.asked_for),
        ),
        chart=span_chart(incident, file.alerts.firings, near, now=now),
        burn=burn_chart(incident, file.gist, near, now=now),
        claims=claims(file.triage, file.past.last),
        changes=near_rows(near, now=now),
        changes_sub=_changes_sub(incident, policy, now),
        objects=objects_view(file.objects, incident.started_at, now=now),
        chronology=chronology(
            incident,
            file.gist,
            leaf,
            near,
            tab=tab,
            waiting=text.sentence(next_step(incident, policy, now)),
            seen=seen,
            now=now,
        ),
        items=item_rows(file.items, now=now),
        calling=calling(incident, file.escalation, file.notifications, policies=policies, refusal=refusal, now=now),
        runbooks=tuple(runbook_view(number, one) for number, one in enumerate(runbooks, 1)),
        forms=forms(incident, file.gist.last, reader, refusal, may_redact),
        links=links_out(incident, file.alerts.expression, links, runbooks, since, end),
        links_sub=f"{text.clock(since, now)} to {text.stamp(end, now)}; each opens a new tab",
        told=told(file.notifications, channels, now),
        alerts=alerts_behind(incident, file.alerts, now),
        record=(
            f"{text.several(file.gist.last, 'entry', 'entries')}, each chained to the one before",
            f"You read version {incident.version}",
        ),
        looks=looks_of(looks, now),
        has_retrospective=over,
        actions=actions,
    )


def _changes_sub(incident: Incident, policy: IncidentPolicy, now: datetime) -> str:
    back = text.span(policy.change_lookback_seconds)
    onset = text.stamp(incident.started_at, now)
    return f"from {back} before onset at {onset}; near is no proof of cause"
