"""A whole night, from delivery to retrospective, kept in memory."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import pytest

from parapet.core.types import PARAPET, Actor, ActorClass, IncidentId
from parapet.incidents.changes import Near, near
from parapet.incidents.intake import Known, take_in
from parapet.incidents.model import Change, ChangeKind, Decision, Entry, EntryKind, Episode, Incident, NewEntry
from parapet.incidents.payload import parse
from parapet.incidents.policy import IncidentPolicy
from parapet.incidents.transitions import acknowledge, note, settle
from parapet.testing import alert, alertmanager_payload

ANA = Actor(kind=ActorClass.OPERATOR, name="Ana")
POLICY = IncidentPolicy(quiet_period_seconds=900)
LABELS = {"alertname": "ParapetBudgetBurnPage", "service": "shop", "slice": "checkout", "severity": "page"}


def at(clock: str) -> datetime:
    """*clock* on the night of 12 November 2026, UTC."""
    return datetime.fromisoformat(f"2026-11-12T{clock}").replace(tzinfo=UTC)


@dataclass(kw_only=True)
class Night:
    """One incident, written down as it goes."""

    incident: Incident | None = None
    entries: list[Entry] = field(default_factory=list)
    episodes: dict[int, Episode] = field(default_factory=dict)
    changes: list[Change] = field(default_factory=list)

    @property
    def known(self) -> Incident:
        assert self.incident is not None
        return self.incident

    def receive(self, when: str, start: str, end: str | None = None, **annotations: str) -> None:
        body = alertmanager_payload(
            alert(LABELS, starts_at=at(start), ends_at=at(end) if end else None, annotations=annotations)
        )
        incidents = {self.incident.key: self.incident} if self.incident else {}
        intake = take_in(
            parse(body),
            Known(episodes=tuple(self.episodes.values()), incidents=incidents),
            source="alertmanager",
            service="shop",
            received_at=at(when),
            policy=POLICY,
        )
        for decision in intake.decisions:
            self.apply(decision, when)
        for episode in intake.episodes:
            number = episode.id or len(self.episodes) + 1
            self.episodes[number] = replace(episode, id=number, incident_id=IncidentId(12))

    def apply(self, decision: Decision, when: str) -> None:
        self.incident = replace(decision.incident, id=IncidentId(12))
        for entry in decision.entries:
            self.write(entry, when)

    def write(self, entry: NewEntry, when: str) -> None:
        self.entries.append(
            Entry(
                incident_id=IncidentId(12),
                seq=len(self.entries) + 1,
                kind=entry.kind,
                occurred_at=entry.occurred_at,
                recorded_at=at(when),
                actor=entry.actor,
                payload=entry.payload,
                payload_hash="",
                previous_hash="",
                hash="",
            )
        )

    def change(self, kind: ChangeKind, title: str, occurred: str, recorded: str, url: str | None = None) -> None:
        self.changes.append(
            Change(
                id=title,
                kind=kind,
                service="shop",
                title=title,
                occurred_at=at(occurred),
                recorded_at=at(recorded),
                actor=Actor(kind=ActorClass.EXTERNAL, name="ci"),
                url=url,
            )
        )

    def near(self) -> tuple[Near, ...]:
        return near(self.known, self.changes, policy=POLICY, now=at("03:00"))


@pytest.fixture
def night() -> Night:
    """02:13 fires, 02:14 Ana, 02:21 clear, 02:31 rollback, 02:34 fires, 02:44 clear, 02:59 closed by itself."""
    night = Night()
    night.change(ChangeKind.DEPLOY, "Deploy 1.8.2", "02:09:12", "02:09:13", url="https://ci.example/1.8.2")
    night.receive("02:13:04", "02:13", title="Checkout", summary="Checkout burns its budget 15 times too fast.")
    told = NewEntry(
        kind=EntryKind.NOTIFIED,
        occurred_at=at("02:13:05"),
        actor=PARAPET,
        payload={"channel": "ops", "announcement": "opened"},
    )
    night.write(told, "02:13:05")
    night.apply(acknowledge(night.known, actor=ANA, reason="looking", version=1, now=at("02:14:40")), "02:14:40")
    night.receive("02:21:10", "02:13", "02:21")
    night.change(ChangeKind.ROLLBACK, "Rollback to 1.8.1", "02:31:02", "02:37:15")
    night.receive("02:34:02", "02:34", summary="Checkout burns its budget 32 times too fast.")
    night.apply(
        note(night.known, actor=ANA, text="KeyError: tax_lines in the worker", version=4, now=at("02:36:48")),
        "02:36:48",
    )
    night.receive("02:44:05", "02:34", "02:44")
    closed = settle(night.known, now=at("02:59"), policy=POLICY)
    assert closed is not None
    night.apply(closed, "02:59")
    return night
