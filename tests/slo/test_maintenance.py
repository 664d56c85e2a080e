"""When maintenance is, by the clock on the wall; and what is no maintenance."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parapet import Parapet
from parapet.core import names
from parapet.core.errors import ConfigurationError, UnknownName
from parapet.slo.catalog import Catalog
from parapet.slo.maintenance import (
    KNOWN_FROM,
    KNOWN_UNTIL,
    Maintenance,
    Once,
    Weekday,
    Weekly,
    ends_at,
    offsets,
    once,
    weekly,
)
from parapet.slo.selector import equals
from parapet.slo.sli import EventRatio
from parapet.slo.slice import Slice

ZONES = (
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",  # sets its clocks by half an hour
    "Asia/Kathmandu",  # never, and is 5:45 ahead
    "Africa/Casablanca",  # by the moon
    "America/Sao_Paulo",
    "Pacific/Auckland",
)
MOMENTS = st.datetimes(
    min_value=datetime(KNOWN_FROM, 1, 1),  # noqa: DTZ001
    max_value=datetime(KNOWN_UNTIL, 1, 1) - timedelta(minutes=1),  # noqa: DTZ001
    timezones=st.just(UTC),
)
BERLIN = weekly("Sunday 02:00-04:00 Europe/Berlin")
ONE = Slice(
    name="uploads",
    title="Uploads",
    sli=EventRatio(metric=names.HTTP_DURATION, bad=(equals(names.STATUS_CLASS, "5xx"),)),
    objective=0.99,
    runbook="https://runbooks.example/uploads",
)


@given(moment=MOMENTS, zone=st.sampled_from(ZONES))
def test_offsets_are_those_of_the_zone_at_every_moment(moment: datetime, zone: str) -> None:
    """What the rules know by heart is what the time zone database says."""
    known = [ahead for since, ahead in offsets(zone) if since <= moment]
    assert known[-1] == moment.astimezone(ZoneInfo(zone)).utcoffset()


@given(moment=MOMENTS, zone=st.sampled_from(ZONES), start=st.integers(0, 1439), lasts=st.integers(1, 1439))
def test_it_ends_where_it_covers_no_more(moment: datetime, zone: str, start: int, lasts: int) -> None:
    """Whatever the clocks do meanwhile: the minute before is in it, the end is not, and so is nothing in between."""
    day = Weekday(moment.astimezone(ZoneInfo(zone)).weekday())
    window = Weekly(day=day, start_minutes=start, end_minutes=(start + lasts) % 1440, zone=zone)
    end = ends_at([Maintenance(name="one", windows=(window,))], moment)
    assert (end is not None) == window.covers(moment)
    if end is not None:
        assert moment < end <= moment + timedelta(hours=26)
        assert not window.covers(end)
        assert all(window.covers(moment + n * (end - moment) / 50) for n in range(50))


def test_windows_that_follow_each_other_are_one() -> None:
    """The end is that of the last of them."""
    night = (weekly("Saturday 22:00-24:00 UTC"), weekly("Sunday 00:00-01:00 UTC"), weekly("Sunday 03:00-04:00 UTC"))
    there = [Maintenance(name="night", windows=night)]
    assert ends_at(there, datetime(2026, 11, 28, 23, tzinfo=UTC)) == datetime(2026, 11, 29, 1, tzinfo=UTC)
    assert ends_at(there, datetime(2026, 11, 29, 2, tzinfo=UTC)) is None


def test_clocks_that_are_set_back_repeat_the_window_and_those_set_forward_shorten_it() -> None:
    """From two to four on Sundays: two hours, three in the night of October, one in that of March."""

    def hours_covered(day: datetime) -> float:
        minutes = (day + timedelta(minutes=n) for n in range(-12 * 60, 36 * 60))
        return sum(BERLIN.covers(moment) for moment in minutes) / 60

    assert hours_covered(datetime(2026, 6, 7, tzinfo=UTC)) == 2
    assert hours_covered(datetime(2026, 10, 25, tzinfo=UTC)) == 3
    assert hours_covered(datetime(2026, 3, 29, tzinfo=UTC)) == 1


@pytest.mark.parametrize(
    ("words", "start", "end"),
    [
        ("Monday 00:00-01:00 UTC", 0, 60),
        ("Saturday 23:30-01:00 UTC", 5 * 1440 + 1410, 6 * 1440 + 60),
        ("Sunday 23:00-01:00 UTC", 6 * 1440 + 1380, 60),
        ("Sunday 00:00-24:00 UTC", 6 * 1440, 0),
    ],
)
def test_a_window_may_end_the_next_day_and_the_next_week(words: str, start: int, end: int) -> None:
    """The end is after the start, wherever midnight is."""
    window = weekly(words)
    assert window.minutes_of_week == (start, end)
    assert window.words == words
    monday = datetime(2026, 6, 1, tzinfo=UTC)
    covered = [n for n in range(7 * 1440) if window.covers(monday + timedelta(minutes=n))]
    assert len(covered) == (end - start) % (7 * 1440)
    assert start in covered
    assert end not in covered


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("Sonday 02:00-04:00 UTC", r"Unknown day 'Sonday'\. Did you mean 'Sunday'\?"),
        ("Sunday 02:00-04:00 Europe/Berlyn", r"Unknown time zone 'Europe/Berlyn'\. Did you mean 'Europe/Berlin'\?"),
        ("Sunday 02:00-04:00 Berlin", r"Did you mean 'Europe/Berlin'\?"),
        ("Sunday 02:00-04:00 Europe", r"Unknown time zone 'Europe'"),
        ("Sunday 02:00-04:00 ../etc", "Unknown time zone"),
        ("Sunday 2-4", r"expected words such as 'Sunday 02:00-04:00 Europe/Berlin'"),
        ("Sunday 02:00-24:30 UTC", "no clock shows 24:30"),
        ("Sunday 02:61-04:00 UTC", "no clock shows 02:61"),
        ("Sunday 02:00-02:00 UTC", "starts and ends at 02:00"),
    ],
)
def test_words_that_are_no_window_are_refused(words: str, says: str) -> None:
    """With what was meant, or an example."""
    with pytest.raises(ConfigurationError, match=says):
        weekly(words)
    with pytest.raises(ConfigurationError, match="minute 1500 of a day"):
        Weekly(day=Weekday.MONDAY, start_minutes=0, end_minutes=1_500, zone="UTC")


def test_one_time_is_between_two_moments_that_know_their_zone() -> None:
    """In words or as moments; the end is not in it."""
    window = once("2026-12-01 22:00", "2026-12-02 02:00", "Europe/Berlin")
    assert window == once(datetime(2026, 12, 1, 21, tzinfo=UTC), "2026-12-02T01:00+00:00")
    assert window.words == "2026-12-01 21:00 to 2026-12-02 01:00 UTC"
    assert once("2026-12-01 20:00", "2026-12-01 21:30", "UTC").words == "2026-12-01 20:00 to 21:30 UTC"
    assert window.covers(window.start)
    assert not window.covers(window.end)
    with pytest.raises(ConfigurationError, match="nobody knows in which zone"):
        once("2026-12-01 22:00", "2026-12-02 02:00")
    with pytest.raises(ConfigurationError, match="not after its start"):
        Once(start=window.end, end=window.start)
    with pytest.raises(ConfigurationError, match="expected a moment such as"):
        once("tomorrow", "2026-12-02 02:00", "UTC")


def test_a_maintenance_concerns_slices_that_exist() -> None:
    """All of the service, or those that it names."""
    backup = Maintenance(name="backup", windows=(BERLIN,), slices=("uploads",))
    other = replace(ONE, name="other")
    everything = Maintenance(name="everything", windows=(BERLIN,))
    catalog = Catalog(service="shop", slices=(ONE, other), maintenances=(backup, everything))
    assert [catalog.maintenances_of(one) for one in catalog] == [(backup, everything), (everything,)]
    assert backup.words == "Sunday 02:00-04:00 Europe/Berlin"
    with pytest.raises(UnknownName, match=r"slice in maintenance 'backup' 'uploads'\. Did you mean"):
        Catalog(service="shop", slices=(replace(ONE, name="upload"),), maintenances=(backup,))
    with pytest.raises(ConfigurationError, match="'backup' is defined twice"):
        Catalog(service="shop", slices=(ONE,), maintenances=(backup, backup))
    with pytest.raises(ConfigurationError, match="expected lower case letters"):
        Maintenance(name="Back up", windows=(BERLIN,))
    with pytest.raises(ConfigurationError, match="has no window"):
        Maintenance(name="backup", windows=())


def test_a_host_defines_maintenance_in_one_line() -> None:
    """Beside its promises, so it is under version control with them."""
    parapet = Parapet(service="shop")
    parapet.journey("login", objective=0.99)
    parapet.maintenance("backup", BERLIN, slices=("login",), reason="The database is backed up.")
    (backup,) = parapet.catalog.maintenances
    assert backup.concerns("login")
    assert not backup.concerns("logout")
