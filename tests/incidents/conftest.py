"""A book that keeps what the incident functions decide, the way the evidence store does, and checks it at each step."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from tests.incidents.whole import Facts, facts

from parapet.core.types import IncidentId
from parapet.incidents.intake import Known, needs, take_in
from parapet.incidents.model import Announcement, Decision, Entry, Episode, Incident, IncidentState, NewEntry
from parapet.incidents.payload import parse
from parapet.incidents.policy import IncidentPolicy
from parapet.incidents.transitions import settle

FIXTURES = Path(__file__).parents[1] / "fixtures" / "alertmanager"


class Book:
    """Incidents, entries and episodes, kept in order. Stands where the store stands, holds no rules of its own."""

    def __init__(self, policy: IncidentPolicy | None = None, service: str = "shop") -> None:
        self.policy = policy or IncidentPolicy()
        self.service = service
        self.incidents: dict[int, Incident] = {}
        self.episodes: dict[int, Episode] = {}
        self.entries: list[Entry] = []
        self.told: list[Announcement] = []

    @property
    def only(self) -> Incident:
        """The one incident there is."""
        assert len(self.incidents) == 1, f"{len(self.incidents)} incidents"
        return next(iter(self.incidents.values()))

    @property
    def last(self) -> Incident:
        return self.incidents[max(self.incidents)]

    def facts(self) -> Facts:
        """Everything there is to know, to be held against another book."""
        return facts(self.incidents.values(), self.episodes.values(), self.entries, self.told)

    def kinds(self) -> list[str]:
        return [entry.kind.value for entry in self.entries]

    def receive(
        self, body: bytes, at: datetime, *, source: str = "alertmanager", number: int | None = None
    ) -> tuple[Decision, ...]:
        """Take *body* in, received *at* under *number*."""
        delivery = parse(body)
        wanted = needs(delivery, service=self.service, policy=self.policy)
        incidents = {key: found for key in wanted.keys if (found := self._of(key)) is not None}
        last = {incident.id: incident.last_ended_at for incident in incidents.values()}
        episodes = tuple(
            episode
            for episode in self.episodes.values()
            if (episode.source == source and episode.fingerprint in wanted.fingerprints)
            or (episode.incident_id in last and episode.ended_at in (None, last[episode.incident_id]))
        )
        held = {one.incident_id for one in episodes if one.ended_at is None and one.incident_id is not None}
        holders = {number: self.incidents[number] for number in held}
        known = Known(episodes=episodes, incidents=incidents, holders=holders)
        intake = take_in(
            delivery,
            known,
            source=source,
            service=self.service,
            received_at=at,
            policy=self.policy,
            received_as=number,
        )
        made = {self.apply(decision, at).key: decision for decision in intake.decisions}
        self.incidents |= {one.id: one for one in intake.relieved if one.id is not None}
        for episode in intake.episodes:
            number = episode.id or len(self.episodes) + 1
            owner = episode.incident_id
            if owner is None and episode.key in made and made[episode.key].incident.id is None:
                owner = self.last_of(episode.key).id
            self.episodes[number] = replace(episode, id=number, incident_id=owner)
        self.check()
        return intake.decisions

    def tick(self, now: datetime) -> None:
        """Close what has been quiet for long enough."""
        for incident in list(self.incidents.values()):
            decision = settle(incident, now=now, policy=self.policy)
            if decision is not None:
                self.apply(decision, now)
        self.check()

    def apply(self, decision: Decision, at: datetime) -> Incident:
        """Keep *decision*."""
        incident = decision.incident
        if incident.id is None:
            incident = replace(incident, id=IncidentId(len(self.incidents) + 1))
        else:
            before = self.incidents[incident.id]
            assert incident.version == before.version + (1 if decision.entries else 0)
        assert incident.id is not None
        self.incidents[incident.id] = incident
        for entry in decision.entries:
            self.entries.append(self._numbered(incident.id, entry, at))
        if decision.announce is not None:
            assert decision.entries
            self.told.append(decision.announce)
        return incident

    def last_of(self, key: str) -> Incident:
        found = self._of(key)
        assert found is not None
        return found

    def check(self) -> None:
        """What must hold after every step."""
        open_by_incident: dict[int | None, int] = {}
        for episode in self.episodes.values():
            if episode.ended_at is None:
                open_by_incident[episode.incident_id] = open_by_incident.get(episode.incident_id, 0) + 1
            else:
                assert episode.started_at <= episode.ended_at
        assert None not in open_by_incident, "an alert fires that no incident knows of"
        for number, incident in self.incidents.items():
            assert incident.firing == open_by_incident.get(number, 0), incident
            assert (incident.firing > 0) <= (incident.quiet_since is None)
            assert (incident.state is IncidentState.RESOLVED) == (incident.resolution is not None)
        unresolved = [i.key for i in self.incidents.values() if i.state is not IncidentState.RESOLVED]
        assert len(unresolved) == len(set(unresolved))
        by_alert: dict[tuple[str, str], list[Episode]] = {}
        for episode in self.episodes.values():
            by_alert.setdefault((episode.source, episode.fingerprint), []).append(episode)
        for episodes in by_alert.values():
            line = sorted(episodes, key=lambda e: (e.started_at, e.ended_at is None))
            assert all(episode.ended_at is not None for episode in line[:-1])
            for one, following in pairwise(line):
                assert one.ended_at is not None
                assert one.ended_at <= following.started_at

    def _of(self, key: str) -> Incident | None:
        same = [incident for incident in self.incidents.values() if incident.key == key]
        unresolved = [incident for incident in same if incident.state is not IncidentState.RESOLVED]
        found = unresolved or same
        return found[-1] if found else None

    def _numbered(self, number: IncidentId, entry: NewEntry, at: datetime) -> Entry:
        seq = 1 + sum(one.incident_id == number for one in self.entries)
        previous = self.entries[-1].hash if self.entries else ""
        digest = hashlib.sha256(json.dumps([previous, entry.kind.value, entry.payload]).encode()).hexdigest()
        return Entry(
            incident_id=number,
            seq=seq,
            kind=entry.kind,
            occurred_at=entry.occurred_at,
            recorded_at=at,
            actor=entry.actor,
            payload=entry.payload,
            payload_hash="",
            previous_hash=previous,
            hash=digest,
        )


@pytest.fixture
def make_book() -> Callable[..., Book]:
    """Makes an empty book."""
    return Book


def recorded(path: Path) -> list[tuple[datetime, bytes]]:
    """The bodies of one recorded sequence and when each was received: the first right after its alert began."""
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    began_at = datetime.fromisoformat(lines[0]["body"]["alerts"][0]["startsAt"])
    first = float(lines[0]["t"])
    return [
        (began_at + timedelta(seconds=0.5 + float(line["t"]) - first), json.dumps(line["body"]).encode())
        for line in lines
    ]


@pytest.fixture(params=sorted(FIXTURES.glob("*.jsonl")), ids=lambda path: path.stem)
def sequence(request: pytest.FixtureRequest) -> Sequence[tuple[datetime, bytes]]:
    """One recorded sequence: (received at, body)."""
    return recorded(request.param)


@pytest.fixture
def bodies() -> Callable[[str], Sequence[tuple[datetime, bytes]]]:
    """The recorded sequence whose file name begins with the given number."""

    def find(number: str) -> Sequence[tuple[datetime, bytes]]:
        (path,) = FIXTURES.glob(f"{number}-*.jsonl")
        return recorded(path)

    return find
