"""Builds years of evidence in a minute: incidents, sealed chronologies, episodes, words, changes and audit, in bulk.

What it writes is what the verbs would have written: chains verify, words are found, keys repeat.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import insert, text

from parapet.core.types import ALERTMANAGER, PARAPET, Actor, ActorClass, IncidentId, JsonObject
from parapet.core.vocabulary import Severity
from parapet.incidents.model import (
    Change,
    ChangeKind,
    EntryKind,
    Episode,
    Incident,
    IncidentState,
    NewEntry,
    Resolution,
)
from parapet.incidents.words import words_of
from parapet.store import schema
from parapet.store.chain import GENESIS, payload_hash, seal
from parapet.store.rows import Row, actor_columns, row_of
from parapet.store.store import Store

BATCH = 2_000
"""Incidents written at once."""
KEYS = 500
"""Troubles that come again and again."""
UNRESOLVED = 200
"""Of the last incidents, so many are not over."""
END = datetime(2026, 11, 12, tzinfo=UTC)
SPACING = timedelta(minutes=5)
ANA = Actor(kind=ActorClass.OPERATOR, name="Ana")
WORDS = (
    "provider",
    "queue",
    "timeout",
    "deploy",
    "card",
    "bank",
    "region",
    "cache",
    "index",
    "retry",
    "worker",
    "login",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """One incident with everything that belongs to it."""

    incident: Row
    entries: list[Row]
    head: Row
    episode: Row
    words: Row
    audit: Row


def fill(store: Store, *, incidents: int, entries_each: int, service: str = "shop") -> None:
    """Write *incidents*, the last of them not over, each with *entries_each* entries; then let the database look."""
    dice = random.Random(7)
    made = (_made(number, incidents, entries_each, service, dice) for number in range(1, incidents + 1))
    with store.engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SET LOCAL statement_timeout = 0"))
        connection.execute(insert(schema.changes), list(_changes(incidents, service)))
    batch: list[Made] = []
    for one in made:
        batch.append(one)
        if len(batch) == BATCH:
            _write(store, batch)
            batch = []
    if batch:
        _write(store, batch)
    with store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SET statement_timeout = 0"))
            for table in ("incidents", "heads", "entries", "episodes", "words"):
                serial = f"pg_get_serial_sequence('parapet_{table}', 'id')"
                if table in {"incidents", "episodes"}:
                    connection.execute(text(f"SELECT setval({serial}, (SELECT max(id) FROM parapet_{table}))"))
            connection.execute(text("VACUUM ANALYZE"))
        else:
            connection.exec_driver_sql("ANALYZE")


def _write(store: Store, batch: list[Made]) -> None:
    with store.engine.begin() as connection:
        connection.execute(insert(schema.incidents), [one.incident for one in batch])
        connection.execute(insert(schema.entries), [row for one in batch for row in one.entries])
        connection.execute(insert(schema.heads), [one.head for one in batch])
        connection.execute(insert(schema.episodes), [one.episode for one in batch])
        connection.execute(insert(schema.words), [one.words for one in batch])
        connection.execute(insert(schema.audit), [one.audit for one in batch])


def _made(number: int, incidents: int, entries_each: int, service: str, dice: random.Random) -> Made:
    open_now = number > incidents - min(UNRESOLVED, incidents // 2)
    key = number if open_now else dice.randrange(KEYS)
    slice_name = f"slice-{key % 40}"
    began = END - SPACING * (incidents - number)
    over = began + timedelta(minutes=dice.randrange(5, 300))
    severity = Severity.PAGE if dice.random() < 0.2 else Severity.TICKET
    title = f"{dice.choice(WORDS).capitalize()} fails for customers of region {key}"
    incident = Incident(
        id=IncidentId(number),
        key=f"{service}/{slice_name}{{region={key}}}",
        service=service,
        slice=slice_name,
        labels={"region": f"{key}"},
        title=title,
        state=IncidentState.OPEN if open_now else IncidentState.RESOLVED,
        severity=severity,
        started_at=began,
        detected_at=began + timedelta(seconds=30),
        last_heard_at=over,
        last_fired_at=began,
        firing=1 if open_now else 0,
        repeats=dice.randrange(40),
        quiet_since=None if open_now else over,
        owner="Ana" if dice.random() < 0.5 else None,
        acknowledged_at=began + timedelta(minutes=2) if dice.random() < 0.5 else None,
        resolved_at=None if open_now else over,
        resolution=None if open_now else Resolution.REPORTED,
        annotations={"summary": title, "description": "Burning 15 times; 61 % of the budget is left."},
        version=entries_each,
    )
    entries = _entries(incident, entries_each, over, dice)
    rows, head = _sealed(IncidentId(number), entries)
    episode = Episode(
        id=number,
        source="alertmanager",
        fingerprint=f"{number:016x}",
        key=incident.key,
        incident_id=IncidentId(number),
        severity=severity,
        labels={"alertname": "ParapetBudgetBurnPage", "service": service, "slice": slice_name, "region": f"{key}"},
        annotations=incident.annotations,
        generator_url=None,
        started_at=began,
        ended_at=None if open_now else over,
        first_heard_at=incident.detected_at,
        last_heard_at=over,
    )
    audit = {"recorded_at": began, "verb": "ingest", "target": incident.ref, "outcome": "done", "reason": None}
    return Made(
        incident=row_of(incident) | {"severity_rank": severity.rank, "revision": 1},
        entries=rows,
        head=head,
        episode=row_of(episode),
        words={"incident_id": number, "body": " ".join(words_of(incident, entries))},
        audit=audit | {"details": {"version": 1}} | actor_columns(ALERTMANAGER),
    )


def _entries(incident: Incident, count: int, over: datetime, dice: random.Random) -> list[NewEntry]:
    """An opening, what happened in between, and the end."""
    alert: JsonObject = {"summary": incident.title, "name": "ParapetBudgetBurnPage"}
    first: JsonObject = {"alert_count": 1, "firing": 1, "alerts": [alert]}
    made = [NewEntry(kind=EntryKind.OPENED, occurred_at=incident.started_at, actor=ALERTMANAGER, payload=first)]
    for place in range(1, count - (incident.resolution is not None)):
        when = incident.started_at + (over - incident.started_at) * (place / count)
        if place % 3 == 1:
            said: JsonObject = {"text": " ".join(dice.choices(WORDS, k=6)) + f" ticket-{dice.randrange(100_000)}"}
            made.append(NewEntry(kind=EntryKind.NOTED, occurred_at=when, actor=ANA, payload=said))
        else:
            again: JsonObject = {"alert_count": 1, "quiet_seconds": 60.0, "count": place, "alerts": [alert]}
            made.append(NewEntry(kind=EntryKind.REFIRED, occurred_at=when, actor=ALERTMANAGER, payload=again))
    if incident.resolution is not None:
        end: JsonObject = {"resolution": incident.resolution.value, "quiet_seconds": 900.0, "firing": 0}
        made.append(NewEntry(kind=EntryKind.RESOLVED, occurred_at=over, actor=PARAPET, payload=end))
    return made


def _sealed(number: IncidentId, entries: list[NewEntry]) -> tuple[list[Row], Row]:
    rows: list[Row] = []
    previous = GENESIS
    for seq, entry in enumerate(entries, 1):
        when = entry.occurred_at
        digest = payload_hash(entry.payload)
        sealed = seal(
            entry, digest=digest, incident_id=number, seq=seq, recorded_at=when.isoformat(), previous_hash=previous
        )
        row: Row = {
            "incident_id": number,
            "seq": seq,
            "kind": entry.kind.value,
            "occurred_at": when,
            "recorded_at": when,
            "payload": entry.payload,
            "payload_hash": digest,
            "previous_hash": previous,
            "hash": sealed,
        }
        rows.append(row | actor_columns(entry.actor))
        previous = sealed
    return rows, {"incident_id": number, "seq": len(rows), "hash": previous}


def _changes(incidents: int, service: str) -> Iterator[Row]:
    """A deploy every four hours, as far back as incidents go."""
    for number in range(max(1, incidents * SPACING // timedelta(hours=4))):
        when = END - timedelta(hours=4) * number
        change = Change(
            id=f"change-{number:08d}",
            kind=ChangeKind.DEPLOY,
            service=service,
            title=f"Deploy 1.{number}",
            occurred_at=when,
            recorded_at=when,
            actor=ANA,
            version=f"1.{number}",
        )
        yield row_of(change) | {"dedupe_key": change.id}
