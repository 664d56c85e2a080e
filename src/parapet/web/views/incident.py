"""One incident, in the order a person under stress asks: still happening? who has it? what changed? what now?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from parapet.incidents.changes import Near, distance_words
from parapet.incidents.model import Incident, IncidentState
from parapet.incidents.policy import IncidentPolicy
from parapet.incidents.triage import Claim, Triage
from parapet.response.looks import Looked
from parapet.response.runbook import Runbook
from parapet.web import text
from parapet.web.reads import IncidentFile, JourneyCard
from parapet.web.views.acting import ActionsView
from parapet.web.views.beside import Out, Told, alerts_behind, links_out, looks_of, told
from parapet.web.views.brief import Brief, briefs
from parapet.web.views.burn_chart import BurnChart, burn_chart
from parapet.web.views.calls import Calling, calling
from parapet.web.views.changes import ChangeRow, change_row
from parapet.web.views.chronology import Chronology, chronology
from parapet.web.views.home import Figure
from parapet.web.views.items import ItemRow, item_rows
from parapet.web.views.journeys import RESTING, UNSURE
from parapet.web.views.links import Link
from parapet.web.views.objects import ObjectsView, objects_view
from parapet.web.views.spans import SpanChart, span_chart
from parapet.web.views.strip import Strip, next_step, strip
from parapet.web.words import CLAIM, Word

WINDOW_BEFORE = timedelta(minutes=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimView:
    """One row of what we know: its label, what it is, its words, and the facts behind it."""

    label: str
    kind: str
    word: Word
    words: str
    facts: tuple[str, ...] = ()
    anchor: str = ""
    """Below the mount, or on this page; empty when it leads nowhere."""
    anchor_words: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NearRow:
    """A change near the incident, under the number that the drawing uses."""

    number: int
    when: str
    change: ChangeRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Guidance:
    """One step of a runbook: a person does it, Parapet changes nothing."""

    anchor: str
    title: str
    words: str
    capability: str = ""
    """What Parapet can do of it, previewed; empty: nothing."""
    automatic: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RunbookView:
    """A runbook that belongs to the incident's slice."""

    anchor: str
    title: str
    owner: str
    url: str | None
    warnings: tuple[str, ...]
    steps: tuple[Guidance, ...]

    @property
    def runs(self) -> bool:
        """Whether Parapet can do any of it."""
        return any(step.capability for step in self.steps)


@dataclass(frozen=True, slots=True, kw_only=True)
class Forms:
    """What the reader may do; what they may not is said in words."""

    refusal: str
    """Why the reader may not act; empty when they may."""
    version: int
    seen: int
    """Number of the last entry the reader saw."""
    take: str
    """Words on the button that takes the incident; empty when the reader has it or it is over."""
    take_hint: str
    may_resolve: bool
    may_redact: bool
    firing: int
    resolve_warning: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentView:
    """The whole page."""

    id: int
    ref: str
    version: int
    strip: Strip
    lead: str
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
    seen: int | None = None,
    page: int = 0,
    looks: Sequence[Looked] = (),
    now: datetime,
) -> IncidentView:
    """The page of one incident. *policies*: how many escalation policies there are.

    *card* is its promise now, if known; *unasked*: Prometheus did not answer. *refusal* says why *reader* may not act;
    *seen* is the last entry they saw when they last looked, *page* the hundred rows of the chronology to show.
    """
    incident, near = text.here(file.incident, now), file.near_changes
    over = incident.state is IncidentState.RESOLVED
    end = incident.resolved_at or now if over else now
    start = incident.started_at - WINDOW_BEFORE
    return IncidentView(
        id=int(incident.id or 0),
        ref=incident.ref,
        version=incident.version,
        strip=strip(incident, policy, may_act=refusal is None, now=now),
        lead=lead(incident, policy, now),
        figures=_figures(incident, card, unasked, now),
        briefs=briefs(file.triage, near, runbooks, refusal, over=over),
        chart=span_chart(incident, file.episodes, near, now=now),
        burn=burn_chart(incident, file.entries, near, now=now),
        claims=_claims(file.triage, file.past.last),
        changes=near_rows(near, now=now),
        changes_sub=_changes_sub(incident, policy, now),
        objects=objects_view(file.objects, incident.started_at, now=now),
        chronology=chronology(
            incident,
            file.entries,
            near,
            tab=tab,
            waiting=text.sentence(next_step(incident, policy, now)),
            seen=seen,
            page=page,
            now=now,
        ),
        items=item_rows(file.items, now=now),
        calling=calling(incident, file.escalation, file.notifications, policies=policies, refusal=refusal, now=now),
        runbooks=tuple(_runbook(number, one) for number, one in enumerate(runbooks, 1)),
        forms=_forms(incident, len(file.entries), reader, refusal, may_redact),
        links=links_out(incident, file.episodes, links, runbooks, start, end),
        links_sub=f"{text.clock(start, now)} to {text.stamp(end, now)}; each opens a new tab",
        told=told(file.notifications, now),
        alerts=alerts_behind(file.episodes, now),
        record=(
            f"{text.several(len(file.entries), 'entry', 'entries')}, each chained to the one before",
            f"You read version {incident.version}",
        ),
        looks=looks_of(looks, now),
        has_retrospective=over,
        actions=actions,
    )


def lead(incident: Incident, policy: IncidentPolicy, now: datetime) -> str:
    """The paragraph at the top, from timings alone."""
    began = f"It began at {text.stamp(incident.started_at, now)}, {text.between(incident.started_at, now)} ago"
    times = incident.refired_count
    again = f", and fired again {'once' if times == 1 else f'{times} times'}" if times else ""
    if incident.state is IncidentState.RESOLVED:
        end = incident.resolved_at or incident.last_heard_at
        lasted = text.between(incident.started_at, end)
        words = f"It is over: it lasted {lasted}, until {text.stamp(end, now)}{again}."
        if incident.firing:
            return f"{words} {text.several(incident.firing, 'alert')} of it still fired when we last heard."
        return f"{words} That its alerts are not reported any more is not proof of a fix."
    if incident.firing:
        since = text.stamp(incident.last_fired_at, now)
        verb = "has" if incident.firing == 1 else "have"
        alerts = text.several(incident.firing, "alert")
        still = f"It is still happening: {alerts} {verb} been firing since {since}."
        return f"{still} {began}{again}."
    quiet = (
        f"No alert of it has been reported since {text.stamp(incident.quiet_since, now)}. "
        if incident.quiet_since
        else ""
    )
    if incident.quiet_since is None:
        opened = text.capped(incident.declared_by, 60) if incident.declared_by else "A person"
        return f"{opened} says it is happening; no alert speaks of it. {began}. A person closes it."
    wait = text.span(policy.quiet_needed_seconds(incident.refired_count))
    return f"{quiet}{began}{again}. After {wait} of quiet it closes by itself; a cleared alert is not proof of a fix."


def _figures(incident: Incident, card: JourneyCard | None, unasked: bool, now: datetime) -> tuple[Figure, ...]:
    over = incident.state is IncidentState.RESOLVED
    figures: list[Figure] = []
    if card is not None and not over:
        figures += _current(card)
    if unasked:
        figures.append(
            Figure(label="Failing lately", value="Not known", context="Prometheus could not be asked", tone="stale")
        )
    end = incident.resolved_at or now if over else now
    delay = (incident.detected_at - incident.started_at).total_seconds()
    heard = f"heard {text.span(delay)} later" if delay >= 1 else "heard at once"
    figures.append(
        Figure(
            label="Lasted" if over else "Going on for",
            value=text.between(incident.started_at, end),
            context=f"since {text.stamp(incident.started_at, now)}, {heard}",
        )
    )
    taken = incident.acknowledged_at
    figures.append(
        Figure(
            label="Taken after",
            value=text.between(incident.detected_at, taken) if taken else "Not taken",
            context=f"by {text.capped(incident.owner or 'somebody', 40)}" if taken else "nobody acknowledged it",
        )
    )
    if over:
        times = incident.refired_count
        figures.append(
            Figure(
                label="Fired again",
                value="Never" if not times else "Once" if times == 1 else f"{times} times",
                context=f"{text.several(incident.repeats, 'repeat')} said nothing new"
                if incident.repeats
                else "nor was it repeated",
            )
        )
    return tuple(figures)


def _current(card: JourneyCard) -> list[Figure]:
    burn = f"burning {text.burn(card.burn)}" if card.burn is not None else "burn not known"
    if (
        card.total is not None
        and card.failed is not None
        and card.total >= 0.5
        and str(card.state) not in {*UNSURE, RESTING}
    ):
        failing = Figure(
            label="Failing lately",
            value=f"{text.count(card.failed)} of {text.count(card.total)}",
            context=f"objective {text.percent(card.objective, digits=3)}, {burn}",
        )
    else:
        failing = Figure(label="Failing lately", value="Not known", context=text.capped(card.note, 120) or burn)
    if card.budget_left_ratio is None or card.budget_left_minutes is None:
        budget = Figure(label="Budget left", value="Not known", context="nothing was measured")
    else:
        left = max(0.0, card.budget_left_ratio)
        context = text.budget_minutes(card.budget_left_minutes, card.budget_minutes)
        if card.exhaustion_seconds:
            context += f", gone in about {text.span(card.exhaustion_seconds)}"
        budget = Figure(label="Budget left", value=text.percent(left, digits=0), context=context)
    return [failing, budget]


def _claims(triage: Triage, last_incident: Incident | None) -> tuple[ClaimView, ...]:
    confidence = f"Confidence {triage.confidence.value}, because:" if triage.confidence is not None else ""
    plane_name = f"Likely plane: {text.capped(triage.plane_name, 40)}" if triage.plane_name else "Likely plane"
    facts = tuple(text.capped(each.text) for each in triage.facts)
    plane = _claim(plane_name, triage.plane)
    words = f"{plane.words} {confidence}".strip() if facts else plane.words
    rows = [
        _claim("Symptom", triage.symptom),
        *([_claim("Promise", triage.promise)] if triage.promise else []),
        _claim("Impact", triage.impact),
        ClaimView(label=plane.label, kind=plane.kind, word=plane.word, words=words, facts=facts),
        *(_claim("Still open" if place == 0 else "", each) for place, each in enumerate(triage.unknowns)),
    ]
    last = _claim("Last time", triage.last_time)
    if last_incident is not None:
        last = ClaimView(
            label=last.label,
            kind=last.kind,
            word=last.word,
            words=last.words,
            anchor=f"incidents/{last_incident.id}",
            anchor_words=last_incident.ref,
        )
    helped = [_claim("What helped then", triage.helped)] if triage.helped else []
    return (*rows, last, *helped, _claim("Safe next step", triage.next_step))


def _claim(label: str, claim: Claim) -> ClaimView:
    kind = claim.kind.value
    return ClaimView(label=label, kind=kind, word=CLAIM[kind], words=text.sentence(text.capped(claim.text)))


def near_rows(changes: Sequence[Near], *, now: datetime) -> tuple[NearRow, ...]:
    """The changes near an incident, numbered as in the drawing."""
    rows = []
    for number, near in enumerate(changes, 1):
        again = near.seconds_from_last_firing
        nearer = again is not None and abs(again) < abs(near.seconds_from_onset)
        when = f"{distance_words(again or 0.0)} re-fire" if nearer else distance_words(near.seconds_from_onset)
        rows.append(NearRow(number=number, when=when, change=change_row(near.change, now=now)))
    return tuple(rows)


def _changes_sub(incident: Incident, policy: IncidentPolicy, now: datetime) -> str:
    back = text.span(policy.change_lookback_seconds)
    onset = text.stamp(incident.started_at, now)
    return f"from {back} before onset at {onset}; near is no proof of cause"


def _runbook(number: int, runbook: Runbook) -> RunbookView:
    return RunbookView(
        anchor=f"g{number}",
        title=runbook.title,
        owner=runbook.owner or "nobody yet",
        url=text.web_link(runbook.url),
        warnings=runbook.warnings,
        steps=tuple(
            Guidance(
                anchor=f"g{number}-{place}",
                title=step.title,
                words=step.text,
                capability=step.capability,
                automatic=step.automatic,
            )
            for place, step in enumerate(runbook.steps, 1)
        ),
    )


def _forms(incident: Incident, seen: int, reader: str, refusal: str | None, may_redact: bool) -> Forms:
    over = incident.state is IncidentState.RESOLVED
    take, hint = "", ""
    if not over and incident.owner != reader:
        owner = text.capped(incident.owner, 40) if incident.owner else ""
        take = f"Take it over from {owner}" if owner else "Acknowledge"
        hint = "You have it from then on; its alerts stay attached, and people are told."
    alerts = text.several(incident.firing, "alert")
    warning = (
        f"{alerts} of it still {'fires' if incident.firing == 1 else 'fire'}. Resolving does not stop that: "
        "a new alert would reopen it, a repeat of these would not."
        if incident.firing
        else "It closes by itself when it stays quiet; that keeps the kind of end honest."
    )
    return Forms(
        refusal=refusal or "",
        version=incident.version,
        seen=seen,
        take=take,
        take_hint=hint,
        may_resolve=not over,
        may_redact=may_redact,
        firing=incident.firing,
        resolve_warning=warning,
    )
