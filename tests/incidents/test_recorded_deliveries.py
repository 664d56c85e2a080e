"""What a real Alertmanager sent, taken in."""

from __future__ import annotations

import json
import math
import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import TYPE_CHECKING, TypeAlias

import pytest
from tests.incidents.whole import ARRIVED, COPIED, REPLAYED, differing

from parapet.incidents.intake import Intake
from parapet.incidents.model import Announcement, IncidentState, Severity
from parapet.incidents.payload import LISTED
from parapet.incidents.policy import IncidentPolicy

if TYPE_CHECKING:
    from tests.incidents.conftest import Book

T0 = datetime(2026, 11, 23, 5, 0, tzinfo=UTC)
T1 = datetime(2026, 11, 23, 5, 40, tzinfo=UTC)
Bodies = Sequence[tuple[datetime, bytes]]


MakeBook: TypeAlias = "Callable[..., Book]"


def play(book: Book, bodies: Bodies) -> Book:
    for at, body in bodies:
        book.receive(body, at)
    return book


def arriving(book: Book, bodies: Bodies) -> Book:
    """Take *bodies* in as if each had arrived a moment after the one before, after everything they tell of."""
    return play(book, [(T1 + timedelta(milliseconds=place), body) for place, (_, body) in enumerate(bodies)])


def test_one_life_partial_clear_repeat_recurrence(make_book: MakeBook, bodies: Callable[[str], Bodies]) -> None:
    """Two alerts of one meaning are one incident; each step is one entry, repeats are none."""
    book = play(make_book(), bodies("01"))
    assert book.kinds() == ["opened", "alert_fired", "alert_cleared", "quiet", "refired"]
    assert book.told == [Announcement.OPENED, Announcement.REFIRED]
    assert book.only.firing == 1
    assert book.only.refired_count == 1
    assert book.only.repeats == 3
    assert len(book.episodes) == 3


def test_a_hidden_flap_is_an_entry_and_calls_nobody(make_book: MakeBook, bodies: Callable[[str], Bodies]) -> None:
    """startsAt moved later without a resolve between: the alert ended and fired again unseen."""
    book = play(make_book(), bodies("02"))
    assert book.kinds() == ["opened", "flapped"]
    assert book.told == [Announcement.OPENED]
    assert book.only.firing == 1
    first, second = book.episodes.values()
    assert first.ended_at == second.started_at
    assert first.cleared_heard_at is None


def test_an_earlier_start_moves_the_onset_silently(make_book: MakeBook, bodies: Callable[[str], Bodies]) -> None:
    """A second replica saw it sooner: the onset moves, nothing is written, the version stays."""
    book = make_book()
    first, second = bodies("08")
    book.receive(first[1], first[0])
    onset = book.only.started_at
    book.receive(second[1], second[0])
    assert book.only.started_at == onset - timedelta(seconds=30)
    assert book.only.version == 1
    assert book.kinds() == ["opened"]


@pytest.mark.parametrize("number", ["05", "06"])
def test_retries_are_one_incident_one_entry_one_message(
    number: str, make_book: MakeBook, bodies: Callable[[str], Bodies]
) -> None:
    """What Alertmanager sends again after 400 or 503 says nothing new, and is counted."""
    sent = bodies(number)
    book = play(make_book(), sent)
    assert book.kinds() == ["opened"]
    assert book.told == [Announcement.OPENED]
    assert book.only.repeats == len(sent) - 1
    assert book.only.version == 1


def test_alerts_left_out_of_a_body_are_not_resolved(make_book: MakeBook, bodies: Callable[[str], Bodies]) -> None:
    """The top-level status says resolved because it is computed after truncation; only the alerts count."""
    (first, firing), (second, cleared) = bodies("03")
    book = make_book()
    extra = firing.replace(b"62d7910f0444f4f7", b"aaaaaaaaaaaaaaaa").replace(b'"i1"', b'"i3"')
    book.receive(extra, first)
    book.receive(firing, first)
    book.receive(cleared, second)
    assert book.only.firing == 1
    assert book.only.state is IncidentState.OPEN


def test_a_vanished_sender_that_returns_takes_its_resolution_back(
    make_book: MakeBook, bodies: Callable[[str], Bodies]
) -> None:
    """Firing, resolved, firing with the same fingerprint and startsAt: the same episode goes on."""
    (first, firing), (second, cleared) = bodies("09")
    book = play(make_book(), [(first, firing), (second, cleared), (second + timedelta(seconds=120), firing)])
    assert book.kinds() == ["opened", "quiet", "refired"]
    assert book.only.firing == 1
    assert len(book.episodes) == 1


def test_two_clocks_that_disagree_tell_no_copy_from_a_withdrawal(
    make_book: MakeBook, bodies: Callable[[str], Bodies]
) -> None:
    """The same bytes, numbers and times, and another truth: it is taken for a copy until Alertmanager lists it.

    A copy two seconds after an end that a clock which is ahead heard; or an end that was withdrawn after five minutes,
    heard by a clock that is behind.
    """
    (first, firing), (second, cleared) = bodies("09")
    minutes = timedelta(minutes=1)

    def heard(*truly: tuple[bytes, datetime, timedelta]) -> list[tuple[int, bytes, datetime]]:
        """All there is to decide by: in which order it arrived, what it says, what the clock said that heard it."""
        return [(number, body, when + ahead) for number, (body, when, ahead) in enumerate(truly, start=1)]

    soon = second + timedelta(seconds=2)
    copy = heard((firing, first, 0 * minutes), (cleared, second, 5 * minutes), (firing, soon, 0 * minutes))
    withdrawn = heard(
        (firing, first, 0 * minutes),
        (cleared, second + 5 * minutes, 0 * minutes),
        (firing, soon + 10 * minutes, -10 * minutes),
    )
    assert copy == withdrawn
    book = make_book()
    for number, body, when in withdrawn:
        book.receive(body, when, number=number)
    assert book.kinds() == ["opened", "quiet"]
    listed = json.dumps({**json.loads(firing), "groupKey": LISTED}).encode()
    book.receive(listed, soon + minutes, number=4)
    assert book.kinds() == ["opened", "quiet", "refired"]
    assert book.only.firing == 1


def test_an_end_replayed_after_it_was_taken_back_ends_nothing(
    make_book: MakeBook, bodies: Callable[[str], Bodies]
) -> None:
    """The resolve waited in the inbox while the alert was reported firing again: by time of receipt, it fires."""
    (first, firing), (second, cleared) = bodies("09")
    book = play(make_book(), [(first, firing), (second + timedelta(seconds=120), firing), (second, cleared)])
    assert book.kinds() == ["opened"]
    assert book.only.firing == 1


def test_the_end_of_the_earlier_beginning_leaves_the_later_one_firing(
    make_book: MakeBook, bodies: Callable[[str], Bodies]
) -> None:
    """It was heard to begin at 30 and then at 0; an end at 10 belongs to the earlier: two episodes, one fires."""
    (_, later), (heard_at, earlier) = bodies("08")
    ended = earlier.replace(b'"status": "firing"', b'"status": "resolved"').replace(
        b"0001-01-01T00:00:00Z", b"2026-11-23T05:26:10Z"
    )
    book = play(make_book(), [(heard_at, later), (heard_at, earlier), (heard_at, ended)])
    first, second = sorted(book.episodes.values(), key=lambda episode: episode.started_at)
    assert first.ended_at == datetime(2026, 11, 23, 5, 26, 10, tzinfo=UTC)
    assert second.ended_at is None
    assert book.only.firing == 1
    assert book.kinds() == ["opened", "flapped"]


def test_a_late_copy_after_the_end_reopens_nothing(make_book: MakeBook, bodies: Callable[[str], Bodies]) -> None:
    """The other peer's copy of the firing report arrives just after the resolve."""
    (first, firing), (second, cleared) = bodies("09")
    book = play(make_book(), [(first, firing), (second, cleared), (second + timedelta(seconds=2), firing)])
    assert book.kinds() == ["opened", "quiet"]
    assert book.only.firing == 0
    assert book.only.repeats == 1


def orders(sequence: Bodies, limit: int = 720) -> Iterator[list[int]]:
    """Every order of a sequence; of a longer one, which has more than *limit*, as many."""
    places = list(range(len(sequence)))
    if math.factorial(len(places)) <= limit:
        yield from map(list, permutations(places))
        return
    chance = random.Random(20261112)
    for _ in range(limit // 4):
        yield chance.sample(places, len(places))


def test_any_order_and_any_number_of_copies_end_the_same(make_book: MakeBook, sequence: Bodies) -> None:
    """At least once, in every order: a replay of what was received ends with the facts that the delivery in order had.

    And nobody is told more than in order.
    """
    ordered = make_book()
    for number, (at, body) in enumerate(sequence, start=1):
        ordered.receive(body, at, number=number)
    chance = random.Random(20261112)
    for order in orders(sequence):
        book = make_book()
        for place in [*order, chance.choice(order)]:  # and one of them once more
            at, body = sequence[place]
            book.receive(body, at, number=place + 1)
        assert differing(ordered.facts(), book.facts(), REPLAYED) == {}
        assert Counter(book.told) <= Counter(ordered.told)


def test_in_order_every_copy_changes_nothing(make_book: MakeBook, sequence: Bodies) -> None:
    """What a second peer, and a third, send of every body a moment later: not one entry, and nobody is told."""
    once, thrice = play(make_book(), sequence), make_book()
    for at, body in sequence:
        for late in range(3):
            thrice.receive(body, at + timedelta(milliseconds=200 * late))
    assert differing(once.facts(), thrice.facts(), COPIED) == {}
    assert thrice.facts()["told"] == once.facts()["told"]


def test_arriving_in_every_order_within_the_grace_it_ends_the_same(make_book: MakeBook, sequence: Bodies) -> None:
    """Received in another order altogether, one right after the other: the contents alone tell what happened."""
    ordered = arriving(make_book(), sequence)
    for order in orders(sequence):
        book = arriving(make_book(), [sequence[place] for place in order])
        assert differing(ordered.facts(), book.facts(), ARRIVED) == {}
        assert Counter(book.told) <= Counter(ordered.told)


def test_of_two_beginnings_only_the_order_tells_a_flap_from_a_second_sender(
    make_book: MakeBook, bodies: Callable[[str], Bodies]
) -> None:
    """02 and 08 are each other's contents in the other order: that says what is told, and both beginnings are kept.

    Without an end between them, the alert fired all the time.
    """
    for book, kinds in (
        (arriving(make_book(), bodies("02")), ["opened", "flapped"]),
        (arriving(make_book(), bodies("08")), ["opened"]),
    ):
        assert book.kinds() == kinds
        first, second = sorted(book.episodes.values(), key=lambda episode: episode.started_at)
        assert (first.ended_at, second.ended_at) == (second.started_at, None)
        assert book.only.started_at == first.started_at


def test_an_end_alone_is_a_memory_that_calls_nobody(make_book: MakeBook, bodies: Callable[[str], Bodies]) -> None:
    """It says when the alert fired. Its firing report, later, says nothing new, nor does the end of the quiet."""
    (first, firing), (second, cleared) = bodies("09")
    book = play(make_book(), [(second, cleared), (second, cleared), (first, firing)])
    assert book.kinds() == ["opened", "quiet"]
    assert (len(book.episodes), book.only.severity, book.only.noticed_over) == (1, Severity.PAGE, True)
    book.tick(second + timedelta(hours=1))
    assert book.only.state is IncidentState.RESOLVED
    assert book.told == []


@pytest.mark.parametrize("minutes", [-1, 1])
def test_what_fires_after_all_is_told(minutes: int, make_book: MakeBook, bodies: Callable[[str], Bodies]) -> None:
    """An end alone called nobody; another alert of it that began before that end, or after it, and fires, does."""
    (_, firing), (second, cleared) = bodies("09")
    book = play(make_book(), [(second, cleared)])
    ended_at = book.only.quiet_since
    assert ended_at is not None
    again = json.loads(firing)
    again["alerts"][0] |= {"fingerprint": "b", "startsAt": (ended_at + timedelta(minutes=minutes)).isoformat()}
    book.receive(json.dumps(again).encode(), second + timedelta(minutes=2))
    assert book.told == [Announcement.OPENED]
    assert not book.only.noticed_over


@pytest.mark.parametrize("quiet_minutes", [5, 15])
def test_recorded_life_closes_after_its_quiet_period(
    quiet_minutes: int, make_book: MakeBook, bodies: Callable[[str], Bodies]
) -> None:
    """Reported clear, and quiet for the whole period: resolved at the time the last alert ended."""
    book = play(make_book(IncidentPolicy(quiet_period_seconds=quiet_minutes * 60)), bodies("03"))
    ended_at = book.only.quiet_since
    assert ended_at is not None
    book.tick(ended_at + timedelta(minutes=quiet_minutes, seconds=-1))
    assert book.only.state.value == "open"
    book.tick(ended_at + timedelta(minutes=quiet_minutes))
    assert book.only.state.value == "resolved"
    assert book.only.resolved_at == ended_at
    assert book.told[-1] is Announcement.RESOLVED


def test_an_empty_delivery_changes_nothing(make_book: MakeBook) -> None:
    """A body without alerts is no news."""
    assert make_book().receive(b'{"alerts": []}', T0) == ()
    assert Intake(episodes=(), decisions=()).decisions == ()
