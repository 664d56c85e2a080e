"""Geometry: sparks with honest gaps, an axis of round times, stretches of firing."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

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
