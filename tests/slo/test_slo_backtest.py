"""Histories replayed: windows as the rules record them, what is judged and what is not, incidents and noise."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from math import isnan, nan

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parapet.core.vocabulary import Severity
from parapet.slo.backtest import KnownIncident, coverage, gathered, maintained, moments, verdict
from parapet.slo.burn import DAY, HOUR, MINUTE, BurnPolicy
from parapet.slo.diagnosed import seen, stretches
from parapet.slo.diagnostic import Diagnostic
from parapet.slo.history import History
from parapet.slo.maintenance import Maintenance, Once
from parapet.slo.replay import Past
from parapet.slo.selector import equals
from parapet.slo.sli import EventRatio
from parapet.slo.windows import windows_of

POLICY = BurnPolicy()
STEP = 60.0
HALF_DAY = 720


def recorded(events: Sequence[float], bad: Sequence[float], labels: tuple[tuple[str, str], ...] = ()) -> History:
    """One value a minute, as the base rules record them."""
    return History(labels=labels, start_seconds=0.0, step_seconds=STEP, events=array("d", events), bad=array("d", bad))


def counted(good: Sequence[float], bad: Sequence[float]) -> History:
    """A history from what happens in each minute."""
    both = [g + b for g, b in zip(good, bad, strict=True)]
    return recorded(_five_minutes(both), _five_minutes(bad))


def _five_minutes(values: Sequence[float]) -> list[float]:
    return [sum(values[max(place - 4, 0) : place + 1]) for place in range(len(values))]


def outage(minutes: int = HALF_DAY, at: int = 400, lasting: int = 30, share: float = 1.0) -> History:
    """A hundred events a minute, of which for a while that share is bad."""
    bad = [100.0 * share if at <= minute < at + lasting else 0.0 for minute in range(minutes)]
    return counted([100.0 - each for each in bad], bad)


def pages(past: Past, objective: float = 0.999) -> list[tuple[float, float | None]]:
    """Minutes at which pages begin and end."""
    found = (one for each in past.under(objective) for one in each.firings if one.severity is Severity.PAGE)
    return [(one.start_seconds / 60, one.end_seconds and one.end_seconds / 60) for one in found]


@given(
    values=st.lists(st.one_of(st.floats(min_value=0, max_value=1e6), st.just(nan)), min_size=1, max_size=100),
    window=st.sampled_from([5 * MINUTE, 30 * MINUTE, 1 * HOUR]),
)
def test_a_window_is_the_sum_of_base_windows_that_do_not_overlap(values: list[float], window: float) -> None:
    """Brute force: whatever is known of every fifth minute back; absent where nothing is."""
    history = recorded(values, values)
    found = windows_of(history, POLICY, {5 * MINUTE, 30 * MINUTE, 1 * HOUR})[window]
    for place in range(len(values)):
        inside = [values[each] for each in range(place, max(place - round(window / STEP), -1), -5)]
        known = [value for value in inside if not isnan(value)]
        assert found.events[place] == (pytest.approx(sum(known)) if known else pytest.approx(nan, nan_ok=True))


def test_an_outage_pages_and_clears() -> None:
    """Within minutes, once, and not before anything is wrong."""
    past = Past([outage()], POLICY)
    ((began, ended),) = pages(past)
    assert 400 <= began <= 404
    assert ended is not None
    assert 430 <= ended <= 480


@settings(max_examples=20, deadline=None)
@given(one=st.floats(min_value=0.02, max_value=1.0), other=st.floats(min_value=0.02, max_value=1.0))
def test_more_errors_never_fire_later(one: float, other: float) -> None:
    """The first page of the worse outage is never the later one."""
    fewer, more = sorted((one, other))
    firsts = [
        min((began for began, _ in pages(Past([outage(at=200, lasting=500, share=share)], POLICY))), default=1e9)
        for share in (fewer, more)
    ]
    assert firsts[1] <= firsts[0]


def test_a_page_stays_while_nothing_is_recorded() -> None:
    """The target vanishes in the middle of it, and comes back well."""
    whole = outage(at=400, lasting=20)
    hidden = (
        array("d", (nan if 420 <= place < 600 else value for place, value in enumerate(values)))
        for values in (whole.events, whole.bad)
    )
    past = Past([replace(whole, events=next(hidden), bad=next(hidden))], POLICY)
    ((began, ended),) = pages(past)
    assert began <= 404
    assert ended is not None
    assert ended >= 600
    found = coverage(past, 0.999, begin_seconds=0.0)
    assert found.silent_seconds == 180 * 60
    drawn = moments(past, past.under(0.999), 0.0, columns=HALF_DAY)
    assert [one.silent for one in drawn[419:422]] == [False, True, True]


def test_a_page_stays_while_an_old_page_of_metrics_answers() -> None:
    """A minute of outage, of which the hour has forgotten: what stands still neither recovers nor is idle."""
    still = range(501, 620)
    history = counted(
        [0.0 if minute in still else 12.0 if minute == 500 else 100.0 for minute in range(HALF_DAY)],
        [88.0 if minute == 500 else 0.0 for minute in range(HALF_DAY)],
    )
    old = [place in range(506, 620) for place in range(HALF_DAY)]
    ((_, forgotten),) = pages(Past([history], POLICY))
    ((began, ended),) = pages(Past([history], POLICY, old=old))
    assert forgotten is not None
    assert forgotten < 570
    assert began <= 501
    assert ended is not None
    assert ended >= 620
    found = coverage(Past([history], POLICY, old=old), 0.999, begin_seconds=0.0)
    assert (found.silent_seconds, found.idle_seconds) == (114 * 60, 0)


def during(start: int, end: int) -> Maintenance:
    """Maintenance, in minutes of the history."""
    moments = (datetime.fromtimestamp(60 * minute, UTC) for minute in (start, end))
    return Maintenance(name="repair", windows=(Once(start=next(moments), end=next(moments)),))


def test_an_outage_within_maintenance_never_was() -> None:
    """It neither pages nor costs budget, and is counted as what it is."""
    past = Past([outage(at=420, lasting=30)], POLICY, [during(415, 455)])
    (replayed,) = past.under(0.999)
    assert replayed.firings == ()
    assert replayed.remaining[-1] == 1
    found = coverage(past, 0.999, 0)
    assert (found.maintained_seconds, found.idle_seconds) == (44 * 60, 0)
    assert maintained(past, 0) == ((416 * 60, 459 * 60),)
    assert maintained(past, 430 * 60) == ((430 * 60, 459 * 60),)


def test_what_fires_is_silent_during_maintenance_and_told_again_if_it_goes_on() -> None:
    """As promtool sees the generated rules do it: from the minute it begins, and until enough failed after it."""
    first, again, *_ = pages(Past([outage(at=400, lasting=300)], POLICY, [during(410, 430)]))
    assert list(first) == [400, 411]
    assert 435 <= again[0] <= 442


def test_too_little_is_no_evidence() -> None:
    """Idle minutes, and minutes with too few events, are counted apart from those that can be judged."""
    quiet = counted([1.0 if minute % 60 == 0 else 0.0 for minute in range(HALF_DAY)], [0.0] * HALF_DAY)
    found = coverage(Past([quiet], POLICY), 0.999, begin_seconds=0.0)
    assert found.judged_seconds == 0
    assert found.sparse_seconds == HALF_DAY * 60
    nobody = recorded([0.0] * HALF_DAY, [0.0] * HALF_DAY)
    assert coverage(Past([nobody], POLICY), 0.999, begin_seconds=0.0).idle_seconds == HALF_DAY * 60


def test_groups_are_judged_apart() -> None:
    """One region is down: its alert carries its label, and the other one is silent."""
    down = replace(outage(), labels=(("region", "eu"),))
    fine = replace(outage(share=0.0), labels=(("region", "us"),))
    found = verdict(Past([down, fine], POLICY).under(0.999), begin_seconds=0.0, incidents=None)
    assert {one.labels for one in found.firings} == {(("region", "eu"),)}
    assert found.used_ratio == pytest.approx(30 / 43.2, rel=0.01)


def test_the_budget_is_what_the_rules_say() -> None:
    """Half an hour of a whole day's traffic, against a month of such days."""
    found = verdict(Past([outage(minutes=1_440)], POLICY).under(0.999), begin_seconds=0.0, incidents=None)
    assert found.used_ratio == pytest.approx(30 * 60 / (30 * DAY * 0.001), rel=0.01)
    looser = verdict(Past([outage(minutes=1_440)], POLICY).under(0.99), begin_seconds=0.0, incidents=None)
    assert looser.used_ratio == pytest.approx(found.used_ratio / 10)


def test_incidents_are_told_missed_or_never_were() -> None:
    """Lead time over what people knew; alerts about nothing known are unexplained."""
    began = 400 * 60.0
    known = KnownIncident(
        title="Outage", slice=None, start_seconds=began, noticed_seconds=began + 900, end_seconds=began + 1_800
    )
    rumour = replace(known, title="Rumour", start_seconds=600.0, noticed_seconds=600.0, end_seconds=601.0)
    replays = Past([outage()], POLICY).under(0.999)
    found = verdict(replays, begin_seconds=0.0, incidents=(known, rumour))
    lead = found.told[0].lead_seconds
    assert lead is not None
    assert 600 <= lead <= 900
    assert found.missed == (rumour,)
    assert found.unexplained == 0
    assert verdict(replays, begin_seconds=0.0, incidents=(rumour,)).unexplained == len(found.firings)


def test_alerts_before_the_span_do_not_count() -> None:
    """What was over when the span began is history that only fills the windows."""
    replays = Past([outage(minutes=1_440)], POLICY).under(0.999)
    assert verdict(replays, begin_seconds=1_200 * 60.0, incidents=None).firings == ()


def test_what_follows_soon_is_one_trouble() -> None:
    """A page and its ticket are one incident; another one hours later is not."""
    twice = counted(
        [0.0 if 400 <= m < 430 or 1_000 <= m < 1_030 else 100.0 for m in range(1_440)],
        [100.0 if 400 <= m < 430 or 1_000 <= m < 1_030 else 0.0 for m in range(1_440)],
    )
    found = verdict(Past([twice], POLICY).under(0.999), begin_seconds=0.0, incidents=None)
    assert found.count(Severity.PAGE) == 2
    assert found.troubles(quiet_seconds=900) <= 2
    assert found.troubles(quiet_seconds=0) >= 2 or len(found.firings) < 3


def test_a_drawing_keeps_the_worst_of_each_stretch() -> None:
    """However few columns there are, the outage and the lowest budget are seen."""
    past = Past([outage()], POLICY)
    fine = moments(past, past.under(0.999), 0.0, columns=360)
    coarse = gathered(fine, 10)
    assert len(coarse) == 10
    assert max(one.burn or 0 for one in coarse) == max(one.burn or 0 for one in fine)
    assert min(one.remaining for one in coarse) == min(one.remaining for one in fine)


def watched(times_usual: float | None = None) -> Diagnostic:
    """More than a tenth of an hour's uploads fail."""
    sli = EventRatio(metric="uploads_total", bad=(equals("status", "error"),))
    return Diagnostic(name="uploads", title="Uploads", sli=sli, threshold_ratio=0.1, times_usual=times_usual)


def test_a_diagnostic_tickets_while_its_window_is_too_bad_beyond_chance() -> None:
    """While more than a tenth of an hour is bad, until the hour has forgotten most of it; not in maintenance."""
    (only,) = seen(watched(), [outage(at=300, lasting=30)], POLICY)
    assert 306 <= only.start_seconds / 60 <= 308
    assert only.end_seconds is not None
    assert 384 <= only.end_seconds / 60 <= 388
    assert only.peak_ratio == pytest.approx(0.5)
    assert seen(watched(), [outage(at=300, lasting=30)], POLICY, [during(299, 330)]) == ()


def test_a_drift_needs_history_and_more_than_what_is_usual() -> None:
    """Without a seventh of its history nobody knows what is usual; a share that always was is none."""
    week = 8 * 1_440
    assert seen(watched(2.0), [outage(at=300, lasting=30)], POLICY) == ()
    assert seen(watched(2.0), [outage(minutes=week, at=0, lasting=week, share=0.15)], POLICY) == ()
    (only,) = seen(watched(2.0), [outage(minutes=week, at=week - 300, lasting=30)], POLICY)
    assert week - 300 < only.start_seconds / 60 < week - 290


def test_what_lasts_long_enough_is_told_after_the_wait_and_until_it_ends() -> None:
    """As an alert with `for`; what goes on still has no end."""
    assert stretches([False, True, True, True, False, True, False], 2) == [(3, 4)]
    assert stretches([True, True, True], 1) == [(1, None)]
    assert stretches([True], 1) == []
