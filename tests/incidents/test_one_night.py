"""The night of the checkout: fires at 02:13, clears at 02:21, fires again at 02:34 after a rollback. One story."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeAlias

import pytest

from parapet.core.types import Actor, ActorClass
from parapet.incidents.changes import near
from parapet.incidents.chronology import merge
from parapet.incidents.model import Announcement, Change, ChangeKind, EntryKind, IncidentState, Severity
from parapet.incidents.policy import IncidentPolicy
from parapet.incidents.transitions import acknowledge, note, resolve
from parapet.testing import alert, alertmanager_payload

if TYPE_CHECKING:
    from tests.incidents.conftest import Book

MakeBook: TypeAlias = "Callable[..., Book]"

PAGE = {"alertname": "ParapetBudgetBurnPage", "service": "shop", "slice": "checkout", "severity": "page"}
TICKET = {"alertname": "ParapetBudgetBurnTicket", "service": "shop", "slice": "checkout", "severity": "ticket"}
WORDS = {"title": "Checkout", "summary": "Checkout burns its budget 15 times too fast."}
ANA = Actor(kind=ActorClass.OPERATOR, name="Ana")
CI = Actor(kind=ActorClass.EXTERNAL, name="ci")


def at(clock: str) -> datetime:
    """*clock* on the night of 12 November 2026, UTC."""
    return datetime.fromisoformat(f"2026-11-12T{clock}").replace(tzinfo=UTC)


def fires(labels: dict[str, str], start: str, end: str | None = None) -> bytes:
    return alertmanager_payload(alert(labels, starts_at=at(start), ends_at=at(end) if end else None, annotations=WORDS))


def change(kind: ChangeKind, title: str, occurred: str, recorded: str) -> Change:
    return Change(
        id=title,
        kind=kind,
        service="shop",
        title=title,
        occurred_at=at(occurred),
        recorded_at=at(recorded),
        actor=CI,
    )


DEPLOY = change(ChangeKind.DEPLOY, "Deploy 1.8.2", "02:09:12", "02:09:13")
ROLLBACK = change(ChangeKind.ROLLBACK, "Rollback to 1.8.1", "02:31:02", "02:37:15")


def the_night(book: Book) -> Book:
    """The deliveries and the person's actions, ticking once a minute as the worker would."""
    deliveries = {
        "02:13": fires(PAGE, "02:13"),
        "02:17": fires(PAGE, "02:13"),
        "02:21": fires(PAGE, "02:13", "02:21"),
        "02:34": fires(PAGE, "02:34"),
        "02:44": fires(PAGE, "02:34", "02:44"),
    }
    for minute in range(10, 65):
        clock = f"{2 + minute // 60:02}:{minute % 60:02}"
        book.tick(at(clock))
        if clock in deliveries:
            book.receive(deliveries[clock], at(clock))
        if clock == "02:14":
            book.apply(acknowledge(book.only, actor=ANA, reason="looking", version=1, now=at(clock)), at(clock))
    return book


@pytest.mark.parametrize(
    ("quiet_minutes", "kinds"),
    [
        (15, ["opened", "acknowledged", "quiet", "refired", "quiet", "resolved"]),
        (5, ["opened", "acknowledged", "quiet", "resolved", "reopened", "quiet", "resolved"]),
    ],
)
def test_the_night_is_one_incident_with_one_chronology(
    quiet_minutes: int, kinds: list[str], make_book: MakeBook
) -> None:
    """Whether the quiet period bridges the gap or not, it is one incident, owned by Ana all along."""
    book = the_night(make_book(IncidentPolicy(quiet_period_seconds=quiet_minutes * 60)))
    incident = book.only
    assert book.kinds() == kinds
    assert incident.state is IncidentState.RESOLVED
    assert (incident.started_at, incident.resolved_at) == (at("02:13"), at("02:44"))
    assert (incident.owner, incident.acknowledged_at) == ("Ana", at("02:14"))
    assert incident.refired_count == 1
    assert incident.last_fired_at == at("02:34")
    assert incident.repeats == 1
    again = next(e for e in book.entries if e.kind in (EntryKind.REFIRED, EntryKind.REOPENED))
    assert again.payload["quiet_seconds"] == 13 * 60
    assert again.occurred_at == at("02:34")


def test_reopened_it_waits_for_whoever_had_it(make_book: MakeBook) -> None:
    """Ana had it, and may sleep by now: it is hers, and she has to say that she has it again."""
    book = make_book(IncidentPolicy(quiet_period_seconds=0))
    book.receive(fires(PAGE, "02:13"), at("02:13"))
    book.apply(acknowledge(book.only, actor=ANA, reason="looking", version=1, now=at("02:14")), at("02:14"))
    book.receive(fires(PAGE, "02:13", "02:21"), at("02:21"))
    book.tick(at("02:22"))
    book.receive(fires(PAGE, "02:34"), at("02:34"))
    assert (book.only.state, book.only.owner, book.only.awaited) == (IncidentState.OPEN, "Ana", "Ana")


def test_changes_stand_in_the_chronology_where_they_happened(make_book: MakeBook) -> None:
    """The rollback happened at 02:31 and was recorded at 02:37: it stands before the second firing, and says both."""
    book = the_night(make_book())
    rows = merge(book.entries, [ROLLBACK, DEPLOY])
    assert [row.occurred_at for row in rows] == sorted(row.occurred_at for row in rows)
    titles = [row.change.title if row.change else row.entry.kind.value if row.entry else "" for row in rows]
    assert titles[:6] == ["Deploy 1.8.2", "opened", "acknowledged", "quiet", "Rollback to 1.8.1", "refired"]
    assert rows[4].recorded_at == at("02:37:15")
    assert rows[5].text == "Fired again after 13 min of quiet. Same incident."


def test_changes_say_how_far_they_are_from_onset(make_book: MakeBook) -> None:
    """4 minutes before onset; 18 after it, which is 3 before it fired again."""
    book = the_night(make_book())
    first, second = near(book.only, [ROLLBACK, DEPLOY], policy=book.policy, now=at("02:50"))
    assert first.change is DEPLOY
    assert first.seconds_from_onset == -228
    assert second.seconds_from_onset == 1_082
    assert second.seconds_from_last_firing == -178


def test_page_and_ticket_of_one_slice_are_one_incident(make_book: MakeBook) -> None:
    """The severity is the worst that fires; its changes are entries, and only the rise is announced."""
    book = make_book()
    book.receive(fires(TICKET, "02:00"), at("02:00"))
    assert book.only.severity is Severity.TICKET
    book.receive(fires(PAGE, "02:13"), at("02:13"))
    book.receive(fires(PAGE, "02:13", "02:21"), at("02:21"))
    book.receive(fires(TICKET, "02:00", "02:30"), at("02:30"))
    assert book.kinds() == [
        "opened",
        "alert_fired",
        "severity_changed",
        "alert_cleared",
        "severity_changed",
        "quiet",
    ]
    assert book.told == [Announcement.OPENED, Announcement.SEVERITY_RAISED]
    assert [e.payload["to"] for e in book.entries if e.kind is EntryKind.SEVERITY_CHANGED] == ["page", "ticket"]


def test_a_ticket_held_back_by_its_page_is_no_second_firing(make_book: MakeBook) -> None:
    """Inhibited until the page cleared, the ticket began long before: the incident was never quiet."""
    book = make_book()
    book.receive(fires(PAGE, "02:13"), at("02:13"))
    book.receive(fires(PAGE, "02:13", "02:21"), at("02:21"))
    book.receive(fires(TICKET, "02:15"), at("02:22"))
    assert book.kinds() == ["opened", "quiet", "alert_fired", "severity_changed"]
    assert book.only.refired_count == 0
    assert book.only.firing == 1
    assert book.only.quiet_since is None
    assert book.told == [Announcement.OPENED]
    fired = next(e for e in book.entries if e.kind is EntryKind.ALERT_FIRED)
    assert fired.payload["held_back"] is True


def test_one_body_is_one_transition_and_one_message(make_book: MakeBook) -> None:
    """Page, ticket and a thousand instances in one body: one entry, one announcement."""
    many = [
        alert({**PAGE, "instance": f"i{number}"}, starts_at=at("02:13"), annotations=WORDS) for number in range(1_000)
    ]
    book = make_book()
    book.receive(alertmanager_payload(*many, alert(TICKET, starts_at=at("02:12"))), at("02:13"))
    assert book.kinds() == ["opened"]
    assert book.told == [Announcement.OPENED]
    assert book.only.firing == 1_001
    payload = book.entries[0].payload
    assert payload["alert_count"] == 1_001
    assert isinstance(payload["alerts"], list)
    assert len(payload["alerts"]) == 10


def test_a_fire_after_the_reopen_window_is_a_new_linked_incident(make_book: MakeBook) -> None:
    """Later than an hour after it ended it is another trouble, and names the one before."""
    book = make_book()
    book.receive(fires(PAGE, "00:10"), at("00:10"))
    book.receive(fires(PAGE, "00:10", "00:20"), at("00:20"))
    book.tick(at("00:40"))
    book.receive(fires(PAGE, "02:13"), at("02:13"))
    assert len(book.incidents) == 2
    assert book.last.previous_id == 1
    assert book.last.started_at == at("02:13")
    assert book.told == [Announcement.OPENED, Announcement.RESOLVED, Announcement.OPENED]


def test_what_a_person_closed_stays_closed_until_something_new_fires(make_book: MakeBook) -> None:
    """Repeats of the alert that fired when Ana closed it are only counted; a new episode reopens it."""
    book = make_book()
    book.receive(fires(PAGE, "02:13"), at("02:13"))
    book.apply(resolve(book.only, actor=ANA, reason="known", version=1, now=at("02:20")), at("02:20"))
    assert book.entries[-1].payload["firing"] == 1
    book.receive(fires(PAGE, "02:13"), at("02:25"))
    assert book.only.state.value == "resolved"
    assert book.only.repeats == 1
    assert book.only.version == 2
    book.receive(fires({**PAGE, "instance": "b"}, "02:30"), at("02:30"))
    assert book.only.state.value == "open"
    assert book.only.firing == 2
    assert book.kinds() == ["opened", "resolved", "reopened"]
    assert book.told[-1] is Announcement.REOPENED


def test_a_flap_from_before_a_person_closed_it_reopens_nothing(make_book: MakeBook) -> None:
    """Ana closed it while it fired; that it had flapped before she did is nothing new. A flap after it is."""
    book = make_book()
    book.receive(fires(PAGE, "02:13"), at("02:13"))
    book.apply(resolve(book.only, actor=ANA, reason="known", version=1, now=at("02:20")), at("02:20"))
    book.receive(fires(PAGE, "02:18"), at("02:21"))
    assert book.kinds() == ["opened", "resolved"]
    book.receive(fires(PAGE, "02:25"), at("02:26"))
    assert book.kinds() == ["opened", "resolved", "reopened"]
    assert book.only.firing == 1


def test_an_alert_that_ends_after_a_person_closed_it_is_written_down(make_book: MakeBook) -> None:
    """It does not change the state, and the evidence says when the alert really ended."""
    book = make_book()
    book.receive(fires(PAGE, "02:13"), at("02:13"))
    book.apply(resolve(book.only, actor=ANA, reason="known", version=1, now=at("02:20")), at("02:20"))
    book.receive(fires(PAGE, "02:13", "02:40"), at("02:40"))
    assert book.kinds() == ["opened", "resolved", "alert_cleared"]
    assert book.entries[-1].payload["after_resolution"] is True
    assert book.only.firing == 0
    assert book.only.resolved_at == at("02:20")


def test_an_end_is_an_end_also_to_a_clock_that_is_behind(make_book: MakeBook) -> None:
    """The node that hears of it is minutes behind the one that heard it fire: what ended later ended."""
    book = make_book()
    for heard in ("02:13", "02:17"):
        book.receive(fires(PAGE, "02:13"), at(heard))
    book.receive(fires(PAGE, "02:13", "02:19"), at("02:15"))
    assert (book.only.firing, book.only.quiet_since) == (0, at("02:19"))


@pytest.mark.parametrize(("number", "firing"), [(3, 0), (1, 1)])
def test_what_arrived_last_is_known_by_its_number_and_by_no_clock(
    make_book: MakeBook, number: int, firing: int
) -> None:
    """An end before the last firing report, by a clock that is minutes behind: it arrived after it, and holds.

    The same end, kept before that report and replayed after it, was taken back by it.
    """
    book = make_book()
    book.receive(fires(PAGE, "02:13"), at("02:13"), number=0)
    book.receive(fires(PAGE, "02:13"), at("02:17"), number=2)
    book.receive(fires(PAGE, "02:13", "02:16"), at("02:15"), number=number)
    assert book.only.firing == firing


def test_a_new_incident_takes_over_what_still_fires(make_book: MakeBook) -> None:
    """Ana closed it; hours later another instance fires: the old alert, still open, stands behind the new incident."""
    book = make_book()
    book.receive(fires(PAGE, "00:13"), at("00:13"))
    book.apply(resolve(book.only, actor=ANA, reason="known", version=1, now=at("00:20")), at("00:20"))
    book.receive(fires({**PAGE, "instance": "b"}, "02:30"), at("02:30"))
    assert book.last.firing == 2
    assert book.last.started_at == at("02:30")
    assert {episode.incident_id for episode in book.episodes.values()} == {2}


def test_flapping_is_shown_each_time_and_told_ever_more_rarely(make_book: MakeBook) -> None:
    """Ten re-fires within the quiet period: ten entries, told at the 1st, 2nd, 4th and 8th."""
    book = make_book()
    book.receive(fires(PAGE, "02:00:00"), at("02:00:00"))
    for minute in range(1, 11):
        book.receive(fires(PAGE, f"02:{minute - 1:02}:00", f"02:{minute - 1:02}:30"), at(f"02:{minute - 1:02}:31"))
        book.receive(fires(PAGE, f"02:{minute:02}:00"), at(f"02:{minute:02}:01"))
    assert book.kinds().count("refired") == 10
    assert book.told == [Announcement.OPENED] + [Announcement.REFIRED] * 4
    flapping = [e.payload["flapping"] for e in book.entries if e.kind is EntryKind.REFIRED]
    assert flapping == [False, False] + [True] * 8


def test_ack_keeps_the_alerts_attached(make_book: MakeBook) -> None:
    """Acknowledged is not muted: what happens next still happens to the same incident."""
    book = the_night(make_book())
    book_kinds = book.kinds()
    assert book_kinds.index("quiet") > book_kinds.index("acknowledged")
    assert {episode.incident_id for episode in book.episodes.values()} == {1}


def test_notes_are_possible_when_it_is_over(make_book: MakeBook) -> None:
    """What helped is often found out later."""
    book = the_night(make_book())
    version = book.only.version
    book.apply(note(book.only, actor=ANA, text="1.8.3 reads both", version=version, now=at("03:30")), at("03:30"))
    assert book.only.state is IncidentState.RESOLVED
    assert book.kinds()[-1] == "noted"


def test_alerts_of_different_groups_are_different_incidents(make_book: MakeBook) -> None:
    """A group label is part of the meaning; a pod is not."""
    book = make_book()
    book.receive(
        alertmanager_payload(
            alert({**PAGE, "region": "eu", "pod": "a"}, starts_at=at("02:13")),
            alert({**PAGE, "region": "eu", "pod": "b"}, starts_at=at("02:13")),
            alert({**PAGE, "region": "us", "pod": "a"}, starts_at=at("02:13")),
        ),
        at("02:13"),
    )
    assert sorted(incident.key for incident in book.incidents.values()) == [
        "shop/checkout{region=eu}",
        "shop/checkout{region=us}",
    ]
    assert sorted(incident.firing for incident in book.incidents.values()) == [1, 2]


def test_what_the_sender_left_out_is_said_in_the_entry(make_book: MakeBook) -> None:
    """Truncation is counted, never silent."""
    book = make_book()
    book.receive(alertmanager_payload(alert(PAGE, starts_at=at("02:13")), truncated=7), at("02:13"))
    assert book.entries[0].payload["truncated"] == 7
