"""Geometry: sparks with honest gaps, an axis of round times, stretches of firing."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from parapet.core.types import Actor, ActorClass, IncidentId
from parapet.core.vocabulary import Severity
from parapet.incidents.gist import gist_of
from parapet.incidents.measured import (
    MOST_POINTS,
    Limit,
    Measured,
    Moment,
    Unit,
    measured,
    payload_of,
    read,
    span_of,
)
from parapet.incidents.model import Entry, EntryKind, Incident, IncidentState
from parapet.store.columns import canonical
from parapet.web.views.burn_chart import burn_chart
from parapet.web.views.drawing import Axis, spark

START = datetime(2026, 11, 12, 2, 0, tzinfo=UTC)
values = st.lists(st.one_of(st.none(), st.floats(min_value=0, max_value=1e4)), max_size=60)


@given(values)
def test_a_spark_stays_inside_its_frame(burns: list[float | None]) -> None:
    """Every point lies in the 240 by 48 frame, whatever the burn."""
    drawing = spark(burns)
    for line in drawing.lines:
        for x, y in re.findall(r"[ML]([\d.]+) ([\d.]+)", line):
            assert 0 <= float(x) <= 240
            assert 0 <= float(y) <= 48
    assert 0 <= float(drawing.limit_y) <= 48


@given(values)
def test_no_data_is_hatched_never_drawn_as_calm(burns: list[float | None]) -> None:
    """Where nothing is known there is a gap; where the newest is not known there is no dot."""
    drawing = spark(burns)
    assert bool(drawing.gaps) == (not burns or None in burns)
    assert (drawing.now is None) == (not burns or burns[-1] is None)


@given(st.integers(min_value=60, max_value=90 * 86400))
def test_an_axis_has_few_round_times(seconds: int) -> None:
    """At most six times, in order, whatever the length."""
    axis = Axis(start=START, end=START + timedelta(seconds=seconds))
    ticks = axis.ticks()
    assert len(ticks) <= 6
    places = [float(tick.x.rstrip("%")) for tick in ticks]
    assert places == sorted(places)


def test_an_axis_clamps_what_lies_outside() -> None:
    """A moment before or after is drawn at the edge, never beyond it."""
    axis = Axis(start=START, end=START + timedelta(minutes=10))
    assert axis.percent(START - timedelta(hours=1)) == 0
    assert axis.percent(START + timedelta(hours=1)) == 100
    assert axis.percent(START + timedelta(minutes=5)) == 50


kept_values = st.lists(st.one_of(st.none(), st.floats(min_value=0, max_value=1e6)), min_size=1, max_size=181)


@given(kept_values, st.floats(min_value=0.2, max_value=9e4), st.sampled_from(list(Unit)))
def test_a_kept_series_is_read_as_it_was_written(values: list[float | None], step: float, unit: Unit) -> None:
    """Through the text that the database keeps, digit for digit."""
    limit = Limit(severity=Severity.PAGE, value=14.4)
    series = Measured(
        moment=Moment.OPENED, unit=unit, start=START, step_seconds=step, values=tuple(values), limit=limit
    )
    assert read(json.loads(canonical(payload_of(series)))) == series


@given(st.floats(min_value=0, max_value=400 * 86400), st.floats(min_value=1, max_value=900))
def test_a_series_is_bounded_however_long_the_incident(seconds: float, base: float) -> None:
    """At most 181 values, from before onset to the moment, and never finer than it is recorded."""
    incident = opened()
    span = span_of(incident, START + timedelta(seconds=seconds), base_window_seconds=base)
    series = measured(Moment.RESOLVED, Unit.BURN, span, [(span.start.timestamp(), 1.0)], None)
    assert 1 < len(series.values) <= MOST_POINTS
    assert series.values[0] == 1.0
    assert span.step_seconds >= base / 5
    assert span.start < incident.started_at <= span.end


@given(kept_values, kept_values)
def test_a_burn_chart_stays_inside_its_frame(first: list[float | None], second: list[float | None]) -> None:
    """Whatever was kept: every point in the plot, every number beside it, no two numbers on top of each other."""
    kept = [entry(1, first, START, 60.0), entry(2, second, START + timedelta(minutes=20), 20.0)]
    drawing = burn_chart(opened(), gist_of(kept), (), now=START + timedelta(hours=3))
    if drawing is None:
        assert not any(value is not None for value in (*first, *second))
        return
    for path in (*drawing.lines, *drawing.areas):
        for x, y in re.findall(r"[ML]([\d.]+) ([\d.]+)", path):
            assert 0 <= float(x) <= 1000
            assert 0 <= float(y) <= 120
    heights = sorted(float(level.y) for level in drawing.levels)
    assert all(drawing.top - 0.1 <= height <= drawing.floor + 0.1 for height in heights)
    assert all(after - before >= 15 for before, after in pairwise(heights))
    assert 0 <= drawing.rows <= 7


@given(st.integers(0, 59), st.integers(0, 59))
def test_no_name_is_written_over_the_line_of_a_moment_below_it(acknowledged: int, resolved: int) -> None:
    """A name runs from its line towards the middle: lines that it would cross on its side begin below it."""
    incident = replace(
        opened(),
        acknowledged_at=START + timedelta(minutes=min(acknowledged, resolved)),
        resolved_at=START + timedelta(minutes=resolved),
    )
    drawing = burn_chart(incident, gist_of([entry(1, [1.0] * 60, START, 60.0)]), (), now=START + timedelta(hours=3))
    assert drawing is not None
    assert len(drawing.instants) == 3
    for name in drawing.instants:
        for line in drawing.instants:
            ahead = float(line.x.rstrip("%")) - float(name.x.rstrip("%"))
            crossed = ahead > 0 if name.anchor == "start" else ahead < 0
            assert line.anchor != name.anchor or not crossed or line.y > name.y


def opened() -> Incident:
    """An incident that began at START."""
    return Incident(
        id=IncidentId(1),
        key="shop/checkout",
        service="shop",
        slice="checkout",
        labels={},
        title="Checkout fails",
        state=IncidentState.OPEN,
        severity=Severity.PAGE,
        started_at=START,
        detected_at=START + timedelta(seconds=30),
        last_heard_at=START,
        last_fired_at=START,
        firing=1,
    )


def entry(seq: int, values: list[float | None], start: datetime, step: float) -> Entry:
    """An entry that keeps *values*."""
    series = Measured(
        moment=Moment.OPENED, unit=Unit.BURN, start=start, step_seconds=step, values=tuple(values), limit=None
    )
    return Entry(
        incident_id=IncidentId(1),
        seq=seq,
        kind=EntryKind.MEASURED,
        occurred_at=START,
        recorded_at=START,
        actor=Actor(kind=ActorClass.EVIDENCE, name="prometheus"),
        payload=payload_of(series),
        payload_hash="",
        previous_hash="",
        hash="",
    )
