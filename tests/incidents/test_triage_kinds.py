"""Every kind of incident has a reading of its own, and none claims more than is known."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parapet.artifacts.texts import burn_texts
from parapet.core import names
from parapet.core.settings import Wiring
from parapet.core.types import ALERTMANAGER, Actor, ActorClass, IncidentId, JsonObject
from parapet.core.vocabulary import FaultPlane
from parapet.incidents.changes import Near
from parapet.incidents.document import triage_object
from parapet.incidents.effect import runbook_of
from parapet.incidents.firings import Alerts
from parapet.incidents.gist import Gist, gist_of
from parapet.incidents.measured import Limit, Measured, Moment, Unit, payload_of
from parapet.incidents.model import (
    Change,
    ChangeKind,
    Entry,
    EntryKind,
    Incident,
    IncidentState,
    Resolution,
    Severity,
)
from parapet.incidents.past import MOST_WORDS, Past, recall
from parapet.incidents.promise import READINGS, SIGNAL_PLANE, Kind, Promise, kind_of
from parapet.incidents.triage import MAX_FACTS, ClaimKind, Confidence, triage
from parapet.ops.promises import promises_of
from parapet.slo.burn import BurnPolicy
from parapet.slo.catalog import Catalog
from parapet.slo.diagnostic import Diagnostic
from parapet.slo.family import Family
from parapet.slo.raw import Raw
from parapet.slo.selector import equals
from parapet.slo.sli import EventRatio, Freshness, JobOutcome, LastSuccess, LatencyRatio, ProbeRuns, Sli
from parapet.slo.slice import Slice

AT = datetime(2026, 11, 12, 2, 13, tzinfo=UTC)
ANA = Actor(kind=ActorClass.OPERATOR, name="Ana")
UNREAD = "the-title-is-not-evidence"
SIGNALS = {Kind.METRIC_GONE, Kind.TARGET_GONE}
WITHOUT_PROMISE = {*SIGNALS, Kind.LOOP, Kind.FOREIGN, Kind.DECLARED}


def incident_of(kind: Kind) -> Incident:
    """One that fires, as Alertmanager would tell of it, without annotations."""
    slice_name: str | None = "checkout"
    labels: dict[str, str] = {}
    if kind in SIGNALS:
        labels = {names.SIGNAL: kind.value}
    if kind is Kind.TARGET_GONE:
        slice_name, labels[names.TARGET] = None, "shop"
    if kind in (Kind.LOOP, Kind.FOREIGN, Kind.DECLARED):
        slice_name = None
    if kind is Kind.LOOP:
        labels["alertname"] = names.ALERT_WORKER_SILENT
    return Incident(
        id=IncidentId(12),
        key="shop/checkout",
        service="shop",
        slice=slice_name,
        labels=labels,
        title=UNREAD,
        state=IncidentState.OPEN,
        severity=Severity.PAGE,
        started_at=AT,
        detected_at=AT,
        last_heard_at=AT,
        last_fired_at=AT,
        firing=0 if kind is Kind.DECLARED else 1,
        declared_by="Ana" if kind is Kind.DECLARED else None,
    )


def promise_of(kind: Kind) -> Promise | None:
    if kind in WITHOUT_PROMISE:
        return None
    return Promise(kind=kind, name="checkout", title="Checkout", said="99.9 % over 30 days: Checkout.", bad="failed")


def entry(kind: EntryKind, payload: JsonObject, actor: Actor = ANA) -> Entry:
    return Entry(
        incident_id=IncidentId(12),
        seq=1,
        kind=kind,
        occurred_at=AT,
        recorded_at=AT,
        actor=actor,
        payload=payload,
        payload_hash="",
        previous_hash="",
        hash="",
    )


def deploy(minutes: float) -> Near:
    when = AT + timedelta(minutes=minutes)
    change = Change(
        id="c", kind=ChangeKind.DEPLOY, service="shop", title="Deploy", occurred_at=when, recorded_at=when, actor=ANA
    )
    return Near(change=change, seconds_from_onset=minutes * 60)


kinds = st.sampled_from(list(Kind))
suspects = st.one_of(st.just(()), st.floats(min_value=-2000, max_value=2000).map(lambda minutes: (deploy(minutes),)))
planes = st.one_of(st.none(), st.sampled_from([plane.value for plane in FaultPlane]))


@given(kinds, suspects, planes, planes, st.integers(0, 3), st.sampled_from(["fires", "quiet", "over"]), st.booleans())
def test_no_kind_claims_more_than_is_known(
    kind: Kind,
    near: tuple[Near, ...],
    plane: str | None,
    other: str | None,
    refired: int,
    standing: str,
    with_runbook: bool,
) -> None:
    """Whatever comes together: a claim is what it says it is, confidence needs a hypothesis and is never high, facts
    are few, and a title that an alert made up is never read."""
    incident = replace(
        incident_of(kind),
        annotations={names.FAULT_PLANE: plane} if plane else {},
        refired_count=refired,
        runbook="fix-it" if with_runbook else None,
    )
    if standing != "fires":
        incident = replace(incident, firing=0, quiet_since=AT + timedelta(minutes=5))
    if standing == "over":
        incident = replace(
            incident, state=IncidentState.RESOLVED, resolution=Resolution.REPORTED, resolved_at=incident.quiet_since
        )
    neighbour = replace(incident_of(Kind.EVENTS), id=IncidentId(13), annotations={names.FAULT_PLANE: other or ""})
    read = triage(incident, near, Alerts(), Gist(), promise=promise_of(kind), beside=[neighbour])

    assert read.kind is kind
    assert read.next_step.kind is ClaimKind.RECOMMENDATION
    assert read.next_step.text.endswith(".")
    assert (read.confidence is None) == (read.plane.kind is ClaimKind.UNKNOWN)
    assert read.confidence is not Confidence.HIGH
    assert 1 <= len(read.facts) <= MAX_FACTS
    assert {fact.kind for fact in read.facts} == {ClaimKind.FACT}
    assert {claim.kind for claim in read.unknowns} <= {ClaimKind.UNKNOWN}
    if kind is not Kind.DECLARED:
        assert UNREAD not in str(triage_object(read))
    if kind in SIGNALS:
        assert read.impact.kind is ClaimKind.UNKNOWN
    if plane == FaultPlane.APPLICATION:
        assert read.plane_name == READINGS[kind].plane, "what a slice says that names nothing"
    elif plane and not near:
        assert read.plane_name == plane
        assert (read.confidence is Confidence.MEDIUM) == (plane == other), "two that name one place carry it further"


@pytest.mark.parametrize("kind", list(Kind))
def test_each_kind_has_its_own_first_step_and_place(kind: Kind) -> None:
    """While it fires and nothing else points anywhere."""
    read = triage(incident_of(kind), (), Alerts(), Gist(), promise=promise_of(kind))
    assert read.next_step.text == READINGS[kind].step
    assert read.plane_name == READINGS[kind].plane
    assert (read.impact.kind is ClaimKind.FACT) == READINGS[kind].known
    assert len({reading.step for reading in READINGS.values()}) == len(Kind), "no two kinds are told the same"
    assert set(READINGS) == set(Kind)
    known = {plane.value for plane in FaultPlane} | {SIGNAL_PLANE, None}
    assert {reading.plane for reading in READINGS.values()} <= known
    assert (read.promise is None) == (kind in WITHOUT_PROMISE)


NATIVE = Family(name="upload_seconds", labels={"route": None}, native=True, counters=("upload_seconds",))


def test_the_catalog_tells_every_kind_of_promise_apart() -> None:
    """One slice of each kind that can be defined, through the real catalog."""
    measured: dict[Kind, Sli] = {
        Kind.EVENTS: EventRatio(metric=names.HTTP_DURATION, bad=(equals(names.STATUS_CLASS, "5xx"),)),
        Kind.LATENCY: LatencyRatio(metric=names.HTTP_DURATION, threshold_seconds=0.5),
        Kind.LATENCY_NATIVE: LatencyRatio(metric="upload_seconds", threshold_seconds=0.5, source=NATIVE),
        Kind.FRESHNESS: Freshness(metric=names.ASYNC_BACKLOG, within_seconds=300),
        Kind.JOB: JobOutcome(),
        Kind.PROBE: ProbeRuns(probe="home"),
        Kind.LAST_SUCCESS: LastSuccess(within_seconds=3600),
        Kind.RAW: Raw(bad="sum(increase(bad_total[$window]))", total="sum(increase(all_total[$window]))"),
    }
    url = "https://runbooks.test/one"
    slices = tuple(
        Slice(name=kind.value.replace("_", "-"), title=kind.value, sli=sli, objective=0.99, runbook=url)
        for kind, sli in measured.items()
    )
    drift = Diagnostic(name="drift", title="Drift", sli=measured[Kind.EVENTS], threshold_ratio=0.05)
    promises = promises_of(Catalog(service="shop", slices=slices, diagnostics=(drift,)))
    found = {promise.kind for promise in promises.values()}
    assert found == set(Kind) - WITHOUT_PROMISE
    for kind in measured:
        promise = promises[kind.value.replace("_", "-")]
        assert promise.kind is kind
        assert promise.said.startswith("99 % over 30 days: ")
        assert kind_of(incident_of(kind), promise) is kind
        assert promise.bad
    assert promises["drift"].said == "Nothing is promised: more than 5 % of the events over 1 hour is worth a look."


def test_a_runbook_is_followed_only_where_there_is_one() -> None:
    """Rules of a promise without one lead to the workbench, where the reader is already."""
    one = Slice(name="checkout", title="Checkout", service="shop", sli=JobOutcome(), objective=0.99)
    for runbook, expected in ((None, None), ("https://runbooks.test/1", "https://runbooks.test/1"), ("restart", None)):
        texts = burn_texts(replace(one, runbook=runbook), Severity.PAGE, BurnPolicy(), Wiring())
        assert runbook_of(texts) == expected
        incident = replace(incident_of(Kind.EVENTS), runbook=runbook_of(texts), annotations=texts)
        read = triage(incident, (), Alerts(), Gist(), promise=promise_of(Kind.EVENTS))
        assert ("Then follow the runbook" in read.next_step.text) == (runbook is not None)
        assert read.plane_name is None, "a slice that names no plane points nowhere"


def test_what_people_wrote_last_time_is_quoted_and_nothing_else() -> None:
    """Notes and reasons, newest first; not what machines wrote, and not what was taken out."""
    last = replace(
        incident_of(Kind.EVENTS),
        id=IncidentId(3),
        started_at=AT - timedelta(days=12),
        resolved_at=AT - timedelta(days=12) + timedelta(minutes=21),
        resolution=Resolution.REPORTED,
    )
    written = [
        entry(EntryKind.NOTED, {"text": "the provider is slow"}),
        entry(EntryKind.NOTED, {"redacted": True}),
        entry(EntryKind.ACKNOWLEDGED, {"reason": "looking"}),
        entry(EntryKind.NOTED, {"text": "switched to the second provider"}),
        entry(EntryKind.RESOLVED, {"reason": "a machine's"}, ALERTMANAGER),
    ]
    read = triage(incident_of(Kind.EVENTS), (), Alerts(), Gist(), past=recall(last, 2, written))
    assert read.helped is not None
    assert read.helped.text == "“switched to the second provider” (Ana); “the provider is slow” (Ana)."
    assert "INC-3 was the same trouble, 12 days before this one" in read.last_time.text
    assert (
        "it lasted 21 min; the alert ended, and stayed quiet. It began 2 times in the 90 days before."
        in read.last_time.text
    )
    assert triage(incident_of(Kind.EVENTS), (), Alerts(), Gist(), past=Past()).helped is None


@given(st.lists(st.text(max_size=900), max_size=12))
def test_memory_is_bounded(words: list[str]) -> None:
    """However much was written."""
    past = recall(incident_of(Kind.EVENTS), 1, [entry(EntryKind.NOTED, {"text": text}) for text in words])
    assert len(past.told) <= MOST_WORDS
    assert all(0 < len(told.words) <= 300 for told in past.told)


def test_the_worst_that_was_measured_is_a_fact() -> None:
    """From the series that the chronology keeps."""
    series = Measured(
        moment=Moment.OPENED,
        unit=Unit.BURN,
        start=AT,
        step_seconds=60.0,
        values=(0.2, None, 42.1, 7.0),
        limit=Limit(severity=Severity.PAGE, value=14.4),
    )
    kept = entry(EntryKind.MEASURED, payload_of(series))
    read = triage(incident_of(Kind.EVENTS), (), Alerts(), gist_of((kept,)), promise=promise_of(Kind.EVENTS))
    assert "At its worst it was 42.1 times the pace, at 02:15:00 UTC." in [fact.text for fact in read.facts]
