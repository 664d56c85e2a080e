"""Random lives of alerts, delivered late, twice, out of order and with losses: the truth at the end is the same."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, TypeAlias

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.incidents.whole import ARRIVED, COPIED, REPLAYED, differing

from parapet.incidents.model import Announcement, IncidentState
from parapet.incidents.policy import IncidentPolicy
from parapet.testing import alert, alertmanager_payload

if TYPE_CHECKING:
    from tests.incidents.conftest import Book

MakeBook: TypeAlias = "Callable[..., Book]"
LOUD = {"a": "page", "b": "ticket", "c": "page"}
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
    number: int = 0

    def body(self) -> bytes:
        labels = {"alertname": "Burn", "slice": "checkout", "severity": LOUD[self.pod], "pod": self.pod}
        words = {"summary": f"Pod {self.pod} fails", "runbook_url": f"https://runbooks.test/{self.pod}"}
        return alertmanager_payload(alert(labels, starts_at=self.started_at, ends_at=self.ended_at, annotations=words))


@st.composite
def lives(draw: st.DrawFn, most: int = 7) -> list[Report]:
    """What one to three alerts did within ten minutes, in the order it was received; each at most *most* things."""
    reports: list[Report] = []
    for pod in draw(st.sampled_from(["a", "ab", "abc"])):
        moments = sorted(draw(st.sets(st.integers(0, 119), min_size=1, max_size=most)))
        times = [START + timedelta(seconds=5 * moment) for moment in moments]
        delay = timedelta(seconds=draw(st.integers(0, 3)))
        for place, moment in enumerate(times):
            begun = times[place - place % 2]
            ended = moment if place % 2 else None
            reports.append(Report(pod=pod, started_at=begun, ended_at=ended, received_at=moment + delay))
    ordered = sorted(reports, key=lambda one: (one.received_at, one.pod))
    return [
        replace(one, number=number, received_at=one.received_at + timedelta(microseconds=number))
        for number, one in enumerate(ordered, start=1)
    ]


@st.composite
def seen_by_two(draw: st.DrawFn) -> list[Report]:
    """The same, of which a second sender sees some firings begin later, and end a little later, too."""
    first = draw(lives())
    ends = {(one.pod, one.started_at): one.ended_at for one in first if one.ended_at is not None}
    second: list[Report] = []
    for (pod, began), ended in ends.items():
        late, longer = draw(st.integers(0, 60)), draw(st.integers(0, 10))
        seen, over = began + timedelta(seconds=late), ended + timedelta(seconds=longer)
        if late and seen < over:
            second += (
                Report(pod=pod, started_at=seen, ended_at=None, received_at=seen + timedelta(seconds=1)),
                Report(pod=pod, started_at=seen, ended_at=over, received_at=over + timedelta(seconds=1)),
            )
    ordered = sorted([*first, *second], key=lambda one: (one.received_at, one.pod, one.started_at))
    return [
        replace(one, number=number, received_at=one.received_at + timedelta(microseconds=number))
        for number, one in enumerate(ordered, start=1)
    ]


def play(book: Book, reports: list[Report]) -> Book:
    for report in reports:
        book.receive(report.body(), report.received_at, number=report.number)
    return book


def arriving(reports: Sequence[Report], at: datetime) -> list[Report]:
    """*reports* as they arrive one right after the other, from *at* on."""
    return [
        replace(one, number=number, received_at=at + timedelta(milliseconds=number))
        for number, one in enumerate(reports, start=1)
    ]


def truth(reports: list[Report]) -> set[tuple[str, datetime]]:
    """Which alerts fire at the end, and since when."""
    last = {report.pod: report for report in reports}
    return {(one.pod, one.started_at) for one in last.values() if one.ended_at is None}


def _end(one: Report, reports: list[Report]) -> datetime | None:
    ends = {(each.pod, each.started_at): each.ended_at for each in reports}
    return ends[one.pod, one.started_at]


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
    assert spans(book) == {(one.pod, one.started_at, _end(one, reports)) for one in reports}
    assert book.only.started_at == min(one.started_at for one in reports)
    ends = [one.ended_at for one in reports if one.ended_at]
    assert book.only.quiet_since == (None if truth(reports) else max(ends))


@RELAXED
@given(reports=lives() | seen_by_two(), chance=st.randoms(use_true_random=False))
def test_out_of_order_and_doubled_it_ends_the_same(
    make_book: MakeBook, reports: list[Report], chance: random.Random
) -> None:
    """A replay in any order, with copies, leaves every fact as it is in order, or it is said why not."""
    shuffled = [report for report in reports for _ in range(chance.choice([1, 1, 2, 3]))]
    chance.shuffle(shuffled)
    ordered, mixed = play(make_book(), reports), play(make_book(), shuffled)
    assert differing(ordered.facts(), mixed.facts(), REPLAYED) == {}
    assert mixed.kinds().count("opened") == 1
    assert mixed.told.count(Announcement.OPENED) <= 1


@settings(RELAXED, max_examples=60)
@given(reports=lives(), chance=st.randoms(use_true_random=False))
def test_in_order_and_doubled_nothing_at_all_is_another(
    make_book: MakeBook, reports: list[Report], chance: random.Random
) -> None:
    """Two peers send everything, the second a moment later: the same entries, and nobody is told twice."""
    twins = [
        replace(report, received_at=report.received_at + timedelta(seconds=late))
        for report in reports
        for late in range(chance.choice([1, 2, 3]))
    ]
    twins.sort(key=lambda one: one.received_at)
    numbered = [replace(one, number=number) for number, one in enumerate(twins, start=1)]
    ordered, doubled = play(make_book(), reports), play(make_book(), numbered)
    assert differing(ordered.facts(), doubled.facts(), COPIED) == {}


@settings(RELAXED, max_examples=60)
@given(reports=lives() | seen_by_two(), chance=st.randoms(use_true_random=False))
def test_arriving_in_any_order_it_ends_the_same(
    make_book: MakeBook, reports: list[Report], chance: random.Random
) -> None:
    """Received in another order altogether, within the time in which a report counts as late: the same incident.

    Any of them may be lost: an end of which the firing was never heard, a firing without its end.
    """
    begun = reports[-1].received_at
    reports = [report for report in reports if chance.random() < 0.8] or reports
    arrived = [report for report in reports for _ in range(chance.choice([1, 1, 2]))]
    chance.shuffle(arrived)
    ordered, mixed = play(make_book(), arriving(reports, begun)), play(make_book(), arriving(arrived, begun))
    heard = replace(mixed.only, last_heard_at=ordered.only.last_heard_at, detected_at=ordered.only.detected_at)
    mixed.incidents[1] = heard  # copies make it longer, and who comes first opens it
    assert differing(ordered.facts(), mixed.facts(), ARRIVED) == {}


@RELAXED
@given(reports=lives(), chance=st.randoms(use_true_random=False))
def test_with_losses_what_was_heard_last_wins(
    make_book: MakeBook, reports: list[Report], chance: random.Random
) -> None:
    """Bodies get lost, never the last one of an alert: what fires at the end is still the truth.

    Of what was heard, the order in which it is taken in changes no fact.
    """
    last = {report.pod: report for report in reports}
    heard = [report for report in reports if report is last[report.pod] or chance.random() < 0.6]
    ordered = play(make_book(), heard)
    chance.shuffle(heard)
    book = play(make_book(), heard)
    assert differing(ordered.facts(), book.facts(), REPLAYED) == {}
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
