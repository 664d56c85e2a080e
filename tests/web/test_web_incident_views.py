"""One incident as values for its page: strip, drawing, chronology, conflict; hostile text stays text."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parapet.core.errors import ConfigurationError
from parapet.core.types import Actor, ActorClass, IncidentId, Json, JsonObject
from parapet.incidents.changes import near
from parapet.incidents.gist import Leaf, gist_of
from parapet.incidents.intake import Known, take_in
from parapet.incidents.model import Change, ChangeKind, Entry, EntryKind, Episode, Incident, Resolution, Severity
from parapet.incidents.payload import parse
from parapet.incidents.policy import IncidentPolicy
from parapet.incidents.transitions import acknowledge, note, settle
from parapet.testing import alert, alertmanager_payload
from parapet.web.views.changes import near_rows
from parapet.web.views.chronology import TABS, Chronology, chronology, tab_name
from parapet.web.views.conflict import MORE, conflict_view
from parapet.web.views.entries import entry_text
from parapet.web.views.figures import lead
from parapet.web.views.links import Link
from parapet.web.views.queue import queue_row
from parapet.web.views.spans import span_chart, stretches
from parapet.web.views.strip import next_step, strip
from parapet.web.words import ENTRY, INCIDENT, RESOLUTION, SEVERITY

POLICY = IncidentPolicy()
LABELS = {"alertname": "ParapetBudgetBurnPage", "service": "shop", "slice": "checkout", "severity": "page"}
ANA = Actor(kind=ActorClass.OPERATOR, name="Ana")
CI = Actor(kind=ActorClass.EXTERNAL, name="ci")


def at(clock: str) -> datetime:
    hour, minute, second = (int(part) for part in clock.split(":"))
    return datetime(2026, 11, 12, hour, minute, second, tzinfo=UTC)


class Night:
    """A checkout page that fires at 02:13, clears at 02:21 and fires again at 02:34, after a rollback."""

    def __init__(self) -> None:
        self.episodes: tuple[Episode, ...] = ()
        self.incident: Incident | None = None
        self.entries: list[Entry] = []

    def deliver(self, received: str, started: str, ended: str | None = None, *, title: str = "Checkout fails") -> None:
        one = alert(
            LABELS,
            starts_at=at(started),
            ends_at=at(ended) if ended else None,
            annotations={"title": title, "summary": title},
        )
        known = Known(episodes=self.episodes, incidents={self.incident.key: self.incident} if self.incident else {})
        intake = take_in(
            parse(alertmanager_payload(one)),
            known,
            source="alertmanager",
            service="shop",
            received_at=at(received),
            policy=POLICY,
        )
        for decision in intake.decisions:
            self.keep(replace(decision.incident, id=IncidentId(43)), decision.entries, at(received))
        changed = [replace(e, id=e.id or len(self.episodes) + 1, incident_id=IncidentId(43)) for e in intake.episodes]
        kept = [episode for episode in self.episodes if episode.id not in {each.id for each in changed}]
        self.episodes = (*kept, *changed)

    def keep(self, incident: Incident, entries: object, when: datetime) -> None:
        self.incident = incident
        assert isinstance(entries, tuple)
        for new in entries:
            self.entries.append(
                Entry(
                    incident_id=IncidentId(43),
                    seq=len(self.entries) + 1,
                    kind=new.kind,
                    occurred_at=new.occurred_at,
                    recorded_at=when,
                    actor=new.actor,
                    payload=new.payload,
                    payload_hash="",
                    previous_hash="",
                    hash="",
                )
            )

    @property
    def now(self) -> Incident:
        assert self.incident is not None
        return self.incident


@pytest.fixture
def night() -> Night:
    told = Night()
    told.deliver("02:13:16", "02:13:04")
    taken = acknowledge(told.now, actor=ANA, reason="the new tax code", version=told.now.version, now=at("02:14:40"))
    told.keep(taken.incident, taken.entries, at("02:14:40"))
    told.deliver("02:21:20", "02:13:04", "02:21:10")
    told.deliver("02:34:10", "02:34:02")
    told.deliver("02:35:10", "02:34:02")
    told.deliver("02:36:10", "02:34:02")
    return told


def change(title: str, clock: str, *, recorded: str | None = None, url: str | None = None) -> Change:
    return Change(
        id=title,
        kind=ChangeKind.DEPLOY,
        service="shop",
        title=title,
        occurred_at=at(clock),
        recorded_at=at(recorded or clock),
        actor=CI,
        url=url,
    )


CHANGES = (
    change("1.8.2 went live", "02:09:12"),
    change("Rolled back to 1.8.1", "02:31:02", recorded="02:37:15", url="javascript:alert(1)"),
)


def told(night: Night, *, tab: str = "all", changes: tuple[Change, ...] = CHANGES) -> Chronology:
    found = near(night.now, changes, policy=POLICY, now=at("02:45:12"))
    selection = TABS[tab_name(tab)].selection
    mine = [one for one in night.entries if selection.holds(one.kind, one.actor.kind)]
    leaf = Leaf(head=tuple(sorted(mine, key=lambda one: (one.occurred_at, one.seq))))
    gist = gist_of(night.entries)
    return chronology(night.now, gist, leaf, found, tab=tab, waiting="Waiting.", now=at("02:45:12"))


def test_every_state_severity_end_and_entry_has_its_word() -> None:
    """A value without a word could not be shown."""
    assert set(RESOLUTION) == set(Resolution)
    assert set(SEVERITY) == set(Severity)
    assert set(ENTRY) == set(EntryKind)
    assert {word.form for word in INCIDENT.values()} == {"tint"}


def test_the_chronology_merges_alerts_people_and_changes_oldest_first(night: Night) -> None:
    """One coherent chronology, each at the time it happened."""
    rows = told(night).rows
    assert [(row.clock, row.strong or row.words) for row in rows] == [
        ("02:09:12", "1.8.2 went live"),
        ("02:13:04", "Alert fired, incident opened."),
        ("02:14:40", "Acknowledged."),
        ("02:21:10", "Not reported any more."),
        ("02:31:02", "Rolled back to 1.8.1"),
        ("02:34:02", "Fired again after 13\u00a0min of quiet."),
        ("02:36:10", "2 repeats until 02:36:10, nothing new in them"),
    ]
    assert [row.phase for row in rows] == ["", "firing", "firing", "quiet", "quiet", "firing", "firing"]


def test_what_was_recorded_late_says_so(night: Night) -> None:
    """Occurred against recorded, when they differ by more than five seconds."""
    late = {row.clock: row.late for row in told(night).rows}
    assert late["02:31:02"] == "recorded 02:37:15, 6\u00a0min later"
    assert late["02:13:04"] == "recorded 02:13:16, 12\u00a0s later"
    assert late["02:14:40"] == ""


def test_a_row_links_only_to_the_web(night: Night) -> None:
    """A change whose address is a script has no link."""
    assert all(row.url is None for row in told(night).rows)


def test_tabs_select_rows_and_keep_their_counts(night: Night) -> None:
    """People, changes and everything; an unknown tab is the key events."""
    people = told(night, tab="people")
    assert [row.strong for row in people.rows] == ["Acknowledged."]
    assert {tab.name: tab.count for tab in people.tabs} == {"key": 7, "all": 7, "people": 1, "changes": 2, "told": 0}
    assert [tab.name for tab in told(night, tab="<script>").tabs if tab.current] == ["key"]


def test_rows_that_say_the_same_roll_up() -> None:
    """Five flaps are one row that says five, and what lies behind it."""
    flapping = Night()
    flapping.deliver("02:13:16", "02:13:04")
    for minute in range(5):
        flapping.deliver(f"02:2{minute}:16", f"02:2{minute}:04")
    rows = told(flapping, changes=()).rows
    flaps = [row for row in rows if "Cleared and fired again" in row.words]
    assert len(flaps) == 1
    assert flaps[0].words.startswith("5 times until 02:24:04")
    assert flaps[0].rolled == "Entries #2 to #6, from 02:20:04 to 02:24:04."


def test_the_drawing_shows_firing_and_quiet_with_the_numbers_of_the_list(night: Night) -> None:
    """Two stretches of firing, and a mark for each change under the number the list uses."""
    found = near(night.now, CHANGES, policy=POLICY, now=at("02:45:12"))
    drawing = span_chart(night.now, night.episodes, found, now=at("02:45:12"))
    assert drawing is not None
    assert [bar.css for bar in drawing.bars] == ["on", "on"]
    assert drawing.bars[-1].label == "firing 11\u00a0min"
    assert [mark.label for mark in drawing.marks] == ["1", "2"]
    assert drawing.caption.startswith("Page: 02:13 to 02:21 and since 02:34.")
    assert [row.number for row in near_rows(found, now=at("02:45:12"))] == [1, 2]


def test_an_alert_that_just_fired_is_not_drawn_into_the_future() -> None:
    """The drawing is a minute wide at least; the bar is as long as it fired."""
    told = Night()
    told.deliver("02:13:16", "02:13:04")
    drawing = span_chart(told.now, told.episodes, (), now=at("02:13:25"))
    assert drawing is not None
    (bar,) = drawing.bars
    assert bar.label == "firing 21\u00a0s"
    assert float(bar.x.removesuffix("%")) + float(bar.width.removesuffix("%")) < 90


def test_changes_close_together_share_one_mark(night: Night) -> None:
    """Four deploys in two minutes do not lie on top of each other."""
    close = tuple(change(f"Try {n}", f"02:40:{n}0") for n in range(4))
    found = near(night.now, close, policy=POLICY, now=at("02:45:12"))
    drawing = span_chart(night.now, night.episodes, found, now=at("02:45:12"))
    assert drawing is not None
    assert [(mark.label, len(mark.drops)) for mark in drawing.marks] == [("1–4", 4)]


def test_a_change_outside_the_drawing_is_said_to_be(night: Night) -> None:
    """A deploy nine hours before is in the list, not squeezed into the drawing."""
    early = replace(CHANGES[0], occurred_at=at("02:09:12") - timedelta(hours=9))
    found = near(night.now, (early,), policy=POLICY, now=at("02:45:12"))
    drawing = span_chart(night.now, night.episodes, found, now=at("02:45:12"))
    assert drawing is not None
    assert drawing.marks == ()
    assert "Change 1 lies outside the drawing." in drawing.caption


def test_changes_are_told_from_the_nearer_of_onset_and_refire(night: Night) -> None:
    """3 min before re-fire says more than 18 min after onset."""
    found = near(night.now, CHANGES, policy=POLICY, now=at("02:45:12"))
    assert [row.when for row in near_rows(found, now=at("02:45:12"))] == ["4 min before", "3 min before re-fire"]


def test_overlapping_episodes_are_one_stretch(night: Night) -> None:
    """Two replicas that fire at once are not two stretches."""
    first = night.episodes[0]
    other = replace(first, id=9, started_at=at("02:15:00"), ended_at=at("02:22:00"))
    assert [(each.start, each.end) for each in stretches([first, other], at("02:45:00"))] == [
        (at("02:13:04"), at("02:22:00"))
    ]


def test_the_strip_tells_firing_from_quiet_from_over(night: Night) -> None:
    """Still happening? Who has it? What happens next by itself?"""
    firing = strip(night.now, POLICY, may_act=True, now=at("02:45:12"))
    assert (firing.meta[0].strong, firing.meta[0].words) == ("Firing again for 11\u00a0min", ", 1 alert")
    assert firing.meta[2].words == "Ana has it, acknowledged 02:14 UTC"
    assert firing.button == "resolve"
    assert "still happening" in lead(night.now, POLICY, at("02:45:12"))
    night.deliver("02:46:10", "02:34:02", "02:46:00")
    assert next_step(night.now, POLICY, at("02:50:00")) == "Closes in 11\u00a0min if it stays quiet"
    assert next_step(night.now, POLICY, at("03:05:00")) == "Closes with the worker's next round"
    over = settle(night.now, now=at("03:01:05"), policy=POLICY)
    assert over is not None
    ended = strip(over.incident, POLICY, may_act=True, now=at("03:10:00"))
    assert (ended.meta[0].strong, ended.button) == ("Reported clear", "retrospective")
    assert "not proof of a fix" in lead(over.incident, POLICY, at("03:10:00"))


def test_a_reader_who_may_not_act_gets_no_button(night: Night) -> None:
    """Deny by default; the page says why elsewhere."""
    assert strip(night.now, POLICY, may_act=False, now=at("02:45:12")).button == ""


def test_a_queue_row_of_an_unowned_page_stands_out() -> None:
    """Nobody has it: that is the news."""
    fresh = Night()
    fresh.deliver("02:13:16", "02:13:04", title="<script>alert(1)</script>" + "W" * 400)
    row = queue_row(fresh.now, now=at("02:45:12"))
    assert row.nobody_has_a_page
    assert (row.owner, row.owned) == ("Nobody", "has it yet")
    assert len(row.title) <= 160
    assert row.signal == "Firing, 1 alert"


def test_a_conflict_shows_only_what_the_reader_had_not_seen(night: Night) -> None:
    """Who changed what since; and what was typed is kept as it was. Nobody goes on over more than they were shown."""
    decided = note(night.now, actor=ANA, text="Try now", version=night.now.version, now=at("02:40:00"))
    night.keep(decided.incident, decided.entries, at("02:40:00"))
    typed = "  keep\nthis <b>text</b> "
    shown = partial(conflict_view, night.now, night.entries[4:], verb="resolve", typed=typed, form={}, seen=4, why="")
    view = shown(now=at("02:45:12"))
    assert [row.who for row in view.news] == ["Ana"]
    assert view.news[0].said.quote == "Try now"
    assert (view.typed, view.version, view.seen, view.still_possible) == (typed, night.now.version, 5, True)
    many = shown(more=True, now=at("02:45:12"))
    assert (many.typed, many.still_possible, many.possible_with) == (typed, False, MORE)


json = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
KEYS = ("alerts", "alert_count", "firing", "quiet_seconds", "reason", "text", "from", "to", "resolution", "channel")


@given(st.sampled_from(list(EntryKind)), st.dictionaries(st.sampled_from(KEYS), json))
def test_any_payload_becomes_words(kind: EntryKind, payload: dict[str, Json]) -> None:
    """An entry written by another version never breaks the page."""
    said: JsonObject = payload
    shown = entry_text(kind, said)
    assert isinstance(shown.strong + shown.words + shown.quote, str)


def test_a_link_out_is_filled_with_encoded_values() -> None:
    """Pre-filtered to the window; a hostile slice name stays a value."""
    link = Link(title="Logs", url="https://logs.example/?q={slice}&from={from_ms}&to={to_iso}")
    url = link.filled(service="shop", slice_name='x"&evil=1', start=at("02:00:00"), end=at("02:45:00"))
    assert url == "https://logs.example/?q=x%22%26evil%3D1&from=1794448800000&to=2026-11-12T02%3A45%3A00Z"


@pytest.mark.parametrize(
    "url", ["javascript:alert({slice})", "https://x/{secret}", "https://x/{", "https://x/{0}", "https://x/{slice.x}"]
)
def test_a_link_that_cannot_hold_is_refused_when_it_is_made(url: str) -> None:
    """Not discovered during an outage."""
    with pytest.raises(ConfigurationError):
        Link(title="Logs", url=url)
