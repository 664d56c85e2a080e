"""Who is on call is a function of the rotation, the overrides and the moment."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parapet.core.errors import ConfigurationError
from parapet.response.hours import hours
from parapet.response.rotation import Override, Rotation, on_call, turns

BERLIN = ZoneInfo("Europe/Berlin")
ZONES = st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"])
PRIMARY = Rotation(name="primary", people=("Ana", "Ben", "Cem"), begins=date(2026, 10, 5), zone="Europe/Berlin")


def test_a_week_ends_by_the_clock_on_the_wall_also_when_it_is_set() -> None:
    """On 25 October clocks go back in Berlin: the hand-over is at nine before and after it."""
    before, after = PRIMARY.hand_over_at(2), PRIMARY.hand_over_at(3)
    assert [moment.astimezone(BERLIN).hour for moment in (before, after)] == [9, 9]
    assert after - before == timedelta(days=7, hours=1)
    assert on_call(PRIMARY, (), after - timedelta(seconds=1)).person == "Cem"
    assert on_call(PRIMARY, (), after).person == "Ana"


@given(
    zone=ZONES,
    people=st.integers(1, 5),
    hand_over=st.sampled_from(["Monday 09:00", "Sunday 02:30", "Fri 24:00", "Wednesday 00:00"]),
    moment=st.floats(0, 4e8).map(lambda seconds: datetime(2019, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)),
)
def test_at_every_moment_exactly_one_has_the_turn_and_everybody_gets_theirs(
    zone: str, people: int, hand_over: str, moment: datetime
) -> None:
    """In any zone: a turn covers its moment, the next begins where it ends, and it is the next person's."""
    names = tuple(f"p{number}" for number in range(people))
    rotation = Rotation(name="r", people=names, begins=date(2026, 1, 1), hand_over=hand_over, zone=zone)
    found = turns(rotation, (), moment, people + 1)
    assert found[0].start <= moment < found[0].end
    assert all(one.end == other.start for one, other in pairwise(found))
    assert {one.person for one in found[:people]} == set(names)
    assert found[0].person == found[-1].person


def test_somebody_who_stands_in_is_called_instead_and_only_then() -> None:
    """The last override given counts; after it, whose turn it is has it again."""
    start = datetime(2026, 10, 7, 12, tzinfo=UTC)
    overrides = [
        Override(rotation="primary", person="Ben", start=start, end=start + timedelta(hours=8), reason="a wedding"),
        Override(rotation="primary", person="Cem", start=start + timedelta(hours=2), end=start + timedelta(hours=3)),
        Override(rotation="other", person="Cem", start=start, end=start + timedelta(hours=8)),
    ]
    shown = [(one.person, one.stands_in_for) for one in turns(PRIMARY, overrides, start - timedelta(hours=1), 3)]
    assert shown[:2] == [("Ana", None), ("Ben", "Ana")]
    assert on_call(PRIMARY, overrides, start + timedelta(hours=2)).person == "Cem"
    assert on_call(PRIMARY, overrides, start + timedelta(hours=8)).person == "Ana"


@pytest.mark.parametrize(
    ("written", "inside", "outside"),
    [
        ("Monday-Friday 09:00-18:00 Europe/Berlin", "2026-11-12T08:30+00:00", "2026-11-14T08:30+00:00"),
        ("Friday-Monday 18:00-06:00 Europe/Berlin", "2026-11-17T04:00+00:00", "2026-11-17T05:30+00:00"),
        ("Sun 00:00-24:00 UTC", "2026-11-15T23:59+00:00", "2026-11-16T00:00+00:00"),
    ],
)
def test_hours_are_those_of_their_zone(written: str, inside: str, outside: str) -> None:
    """Over midnight and over the end of the week; what they say can be read again."""
    known = hours(written)
    assert known.cover(datetime.fromisoformat(inside))
    assert not known.cover(datetime.fromisoformat(outside))
    assert hours(known.words) == known


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "always",
        "Monday 9-18 UTC",
        "Funday 09:00-10:00 UTC",
        "Monday 09:00-10:00 Mars/Base",
        "Monday 09:61-10:00 UTC",
    ],
)
def test_what_are_no_hours_is_refused_with_an_example(wrong: str) -> None:
    """Not at night, when they are needed."""
    with pytest.raises(ConfigurationError):
        hours(wrong)


@pytest.mark.parametrize(
    "wrong",
    [{"people": ()}, {"name": ""}, {"hand_over": "Someday 09:00"}, {"hand_over": "Monday"}, {"zone": "Nowhere"}],
)
def test_a_rotation_that_cannot_hold_is_refused(wrong: dict[str, object]) -> None:
    """As it is made."""
    values: dict[str, object] = {"name": "r", "people": ("Ana",), "begins": date(2026, 1, 1)} | wrong
    with pytest.raises(ConfigurationError):
        Rotation(**values)  # type: ignore[arg-type]
