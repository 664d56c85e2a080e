"""Random lives of alerts, delivered late, twice, out of order and with losses: the truth at the end is the same."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, TypeAlias

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from parapet.incidents.model import IncidentState
from parapet.incidents.policy import IncidentPolicy
from parapet.testing import alert, alertmanager_payload

if TYPE_CHECKING:
    from tests.incidents.conftest import Book

MakeBook: TypeAlias = "Callable[..., Book]"
START = datetime(2026, 11, 12, 2, 0, tzinfo=UTC)
RELAXED = settings(
    max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One thing that happened to one alert, as it would be sent."""

    pod: str
    started_at: datetime
    ended_at: datetime | None
    received_at: datetime

    def body(self) -> bytes:
        labels = {"alertname": "ParapetBudgetBurnPage", "slice": "checkout", "severity": "page", "pod": self.pod}
        return alertmanager_payload(alert(labels, starts_at=self.started_at, ends_at=self.ended_at))


@st.composite
def lives(draw: st.DrawFn) -> list[Report]:
    """What one to three alerts did within ten minutes, in the order it was received."""
    reports: list[Report] = []
    for pod in draw(st.sampled_from(["a", "ab", "abc"])):
        moments = sorted(draw(st.sets(st.integers(0, 119), min_size=1, max_size=7)))
        times = [START + timedelta(seconds=5 * moment) for moment in moments]
        delay = timedelta(seconds=draw(st.integers(0, 3)))
        for place, moment in enumerate(times):
            begun = times[place - place % 2]
            ended = moment if place % 2 else None
            reports.append(Report(pod=pod, started_at=begun, ended_at=ended, received_at=moment + delay))
    return sorted(reports, key=lambda one: (one.received_at, one.pod))


def play(book: Book, reports: list[Report]) -> Book:
    for report in reports:
        book.receive(report.body(), report.received_at)
    return book


def truth(reports: list[Report]) -> set[tuple[str, datetime]]:
    """Which alerts fire at the end, and since when."""
    last = {report.pod: report for report in reports}
    return {(one.pod, one.started_at) for one in last.values() if one.ended_at is None}


def firing(book: Book) -> set[tuple[str, datetime]]:
    return {(e.labels["pod"], e.started_at) for e in book.episodes.values() if e.ended_at is None}


def spans(book: Book) -> set[tuple[str, datetime, datetime | None]]:
    return {(e.labels["pod"], e.started_at, e.ended_at) for e in book.episodes.values()}


@RELAXED
@given(reports=lives())
def test_in_order_the_book_holds_the_truth(make_book: MakeBook, reports: list[Report]) -> None:
    """Every episode is what happened, one incident holds them all, and it is quiet exactly when nothing fires."""
    book = play(make_book(), reports)
    assert firing(book) == truth(reports)
    assert book.only.started_at == min(one.started_at for one in reports)
    ends = [one.ended_at for one in reports if one.ended_at]
    assert book.only.quiet_since == (None if truth(reports) else max(ends))


@RELAXED
@given(reports=lives(), chance=st.randoms(use_true_random=False))
def test_out_of_order_and_doubled_it_ends_the_same(
    make_book: MakeBook, reports: list[Report], chance: random.Random
) -> None:
    """A replay in any order, with copies, leaves the same episodes and the same incident."""
    shuffled = [report for report in reports for _ in range(chance.choice([1, 1, 2, 3]))]
    chance.shuffle(shuffled)
    ordered, mixed = play(make_book(), reports), play(make_book(), shuffled)
    assert spans(mixed) == spans(ordered)
    for name in ("state", "firing", "severity", "started_at", "quiet_since", "last_ended_at"):
        assert getattr(mixed.only, name) == getattr(ordered.only, name), name


@RELAXED
@given(reports=lives(), chance=st.randoms(use_true_random=False))
def test_with_losses_what_was_heard_last_wins(
    make_book: MakeBook, reports: list[Report], chance: random.Random
) -> None:
    """Bodies get lost, never the last one of an alert: what fires at the end is still the truth, in any order."""
    last = {report.pod: report for report in reports}
    heard = [report for report in reports if report is last[report.pod] or chance.random() < 0.6]
    chance.shuffle(heard)
    book = play(make_book(), heard)
    assert {pod for pod, _ in firing(book)} == {pod for pod, _ in truth(reports)}
    if book.incidents:
        assert book.only.state is IncidentState.OPEN
        assert book.only.firing == len(truth(reports))


@RELAXED
@given(reports=lives(), quiet_seconds=st.integers(0, 120))
def test_whatever_the_quiet_period_it_stays_one_incident(
    make_book: MakeBook, reports: list[Report], quiet_seconds: int
) -> None:
    """Ticking while it goes on resolves and reopens, and never makes two of it."""
    book = make_book(IncidentPolicy(quiet_period_seconds=quiet_seconds))
    for report in reports:
        book.tick(report.received_at)
        book.receive(report.body(), report.received_at)
    book.tick(START + timedelta(hours=3))  # longer than a flapping one is held
    assert (book.only.state is IncidentState.RESOLVED) == (not truth(reports))
    kinds = book.kinds()
    assert kinds.count("resolved") - kinds.count("reopened") == (0 if truth(reports) else 1)
