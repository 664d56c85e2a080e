"""In which order a chronology is told, whatever the clocks did: cause before effect."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from parapet.core.types import PARAPET, Actor, ActorClass
from parapet.incidents.causal import TURNS, Behind, in_order
from parapet.incidents.model import EntryKind, NewEntry

ANA = Actor(kind=ActorClass.OPERATOR, name="Ana")
ALERTS = Actor(kind=ActorClass.EXTERNAL, name="alertmanager")
START = datetime(2026, 11, 12, 2, 13, tzinfo=UTC)
MINUTES = st.integers(-600, 600)
KINDS = (*sorted(TURNS), EntryKind.SEVERITY_CHANGED, EntryKind.ALERT_FIRED, EntryKind.FLAPPED)


@given(steps=st.lists(st.tuples(st.sampled_from((EntryKind.NOTED, *KINDS)), MINUTES, MINUTES), max_size=12))
def test_whatever_the_clocks_say_cause_is_told_before_effect(steps: list[tuple[EntryKind, int, int]]) -> None:
    """Nothing is recorded before what is in front of it, or told before the incident opened, but an alert of it.

    What a person did follows everything that was told, and one turn of the incident the other.
    """
    opened = NewEntry(kind=EntryKind.OPENED, occurred_at=START, actor=ALERTS)
    told, recorded = in_order([opened], None, recorded_at=START)
    written = [recorded]
    for kind, ours, theirs in steps:
        now = START + timedelta(minutes=ours)  # our clock jumps
        noted = kind is EntryKind.NOTED
        happened = now if noted else START + timedelta(minutes=theirs)
        entry = NewEntry(kind=kind, occurred_at=happened, actor=ANA if noted else ALERTS)
        turns = [one.occurred_at for one in told if one.kind in TURNS]
        behind = Behind(
            recorded_at=written[-1],
            first_at=told[0].occurred_at,
            latest_at=max(one.occurred_at for one in told),
            turned_at=max(turns, default=None),
        )
        (new,), recorded = in_order([entry], behind, recorded_at=now)
        if noted:
            assert all(one.occurred_at <= new.occurred_at for one in told)
        told.append(new)
        written.append(recorded)
    assert all(one <= following for one, following in pairwise(written))
    assert all(one.occurred_at >= START for one in told if one.kind is not EntryKind.ALERT_FIRED)
    turns = [one.occurred_at for one in told if one.kind in TURNS]
    assert turns == sorted(turns)


def test_a_clock_that_is_right_changes_nothing() -> None:
    """What happened before it was recorded stays at its time: an end of which we heard after somebody took it."""
    ended = NewEntry(kind=EntryKind.QUIET, occurred_at=START + timedelta(minutes=8), actor=ALERTS)
    closed = NewEntry(kind=EntryKind.RESOLVED, occurred_at=START + timedelta(minutes=30), actor=PARAPET)
    taken_at = START + timedelta(minutes=9)
    behind = Behind(recorded_at=taken_at, first_at=START, latest_at=taken_at)
    now = START + timedelta(minutes=30)
    assert in_order([ended, closed], behind, recorded_at=now) == ([ended, closed], now)
