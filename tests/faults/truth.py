"""What must be true of the evidence, whatever happened to the processes that wrote it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path

from sqlalchemy import RowMapping, select
from tests.conftest import Desk

from parapet.core.types import ActorClass
from parapet.incidents.causal import TURNS
from parapet.incidents.model import EntryKind, Incident, IncidentState
from parapet.store import schema
from parapet.store.schema_actions import runs
from parapet.store.schema_calls import escalations as calls
from parapet.store.schema_calls import maintenances, overrides

_REF, _OTHER = re.compile(r"INC-(\d+)"), re.compile(r"(?:ACT|RUN|M)-\d+|maintenance/\d+|\b[0-9a-f]{32,64}\b")
OPENINGS = {EntryKind.OPENED, EntryKind.DECLARED, EntryKind.SPLIT}


def holds(desk: Desk) -> None:
    """Chains are intact, and no trouble has two open incidents; every alert belongs to an incident, every body is done.

    Chronologies count on from one, begin with the opening, were recorded one after the other, tell nothing before what
    it follows, and end as the incident stands; whatever the clock did.
    """
    checked = desk.audit.verify()
    assert checked.broken is None
    incidents = desk.incidents()
    open_keys = Counter(one.key for one in incidents if one.state is not IncidentState.RESOLVED)
    assert not [key for key, number in open_keys.items() if number > 1]
    assert desk.count("inbox", "state = 'waiting'") == 0
    assert desk.count("episodes", "incident_id IS NULL") == 0
    for incident in incidents:
        _chronology_holds(desk, incident)


def _chronology_holds(desk: Desk, incident: Incident) -> None:
    assert incident.id is not None
    with desk.store.read() as tx:
        entries = tx.entries.of(incident.id)
    assert [entry.seq for entry in entries] == list(range(1, len(entries) + 1))
    assert entries[0].kind in OPENINGS
    assert all(earlier.recorded_at <= later.recorded_at for earlier, later in pairwise(entries))
    acted = [each for each in entries if each.actor.kind is ActorClass.OPERATOR]
    for told in (acted, [each for each in entries if each.kind in OPENINGS | TURNS]):
        assert told == sorted(told, key=lambda each: each.occurred_at)
    turns = [each.kind for each in entries if each.kind in OPENINGS | {EntryKind.REOPENED, EntryKind.RESOLVED}]
    ended = turns[-1] is EntryKind.RESOLVED
    assert ended == (incident.state is IncidentState.RESOLVED)
    assert (desk.count("retrospectives", f"incident_id = {incident.id}") > 0) >= ended


def picture(desk: Desk) -> dict[str, list[str]]:
    """All that the evidence says, but for when it was written, and how often somebody said it again.

    Incidents are named by their key: numbers that a lost transaction took are never given again.
    """
    incidents, entries = schema.incidents.c, schema.entries.c
    episodes, outbox, routes, items = schema.episodes.c, schema.outbox.c, schema.routes.c, schema.action_items.c
    rests, standing = maintenances.c, overrides.c
    asked = {
        "incidents": select(
            incidents.key,
            incidents.state,
            incidents.severity,
            incidents.owner,
            incidents.title,
            incidents.resolution,
            incidents.firing,
            incidents.merged_into_id.label("incident_id"),
            incidents.version,
        ),
        "entries": select(entries.incident_id, entries.kind, entries.actor_name, entries.payload),
        "happened": select(entries.incident_id, entries.kind, entries.actor_name),
        "order": select(entries.incident_id, entries.seq, entries.kind),
        "episodes": select(episodes.fingerprint, episodes.incident_id, episodes.started_at, episodes.ended_at),
        "calls": select(calls.c.incident_id, calls.c.state, calls.c.step, calls.c.round, calls.c.run),
        "told": select(outbox.dedupe_key, outbox.state),
        "changes": select(schema.changes.c.dedupe_key),
        "retrospectives": select(schema.retrospectives.c.incident_id, schema.retrospectives.c.incident_version),
        "items": select(items.kind, items.object_id, items.incident_id, items.state),
        "routes": select(routes.route, routes.incident_id),
        "done": select(schema.audit.c.verb, schema.audit.c.target).where(
            schema.audit.c.outcome == "done",
            schema.audit.c.verb != "inbox.replay",  # asked for twice, said twice
        ),
        "inbox": select(schema.inbox.c.state).distinct(),
        "requests": select(schema.requests.c.key, schema.requests.c.incident_id),
        "measurements": select(schema.measurements.c.incident_id, schema.measurements.c.moment),
        "probes": select(schema.probes.c.name, schema.probes.c.last_outcome),
        "rests": select(rests.what, rests.ended_by, rests.ended_because, rests.begun, rests.over),
        "stand-ins": select(standing.rotation, standing.person, standing.start_at, standing.end_at),
        "runs": select(runs.c.capability, runs.c.incident_id, runs.c.state, runs.c.undo, runs.c.effect),
    }
    called = names(desk)
    with desk.store.engine.connect() as connection:
        return {
            name: sorted(repr(_lasting(row, called)) for row in connection.execute(query).mappings())
            for name, query in asked.items()
        }


def told(desk: Desk, book: Path) -> list[str]:
    """Announcements that left the house, without repeats of the same delivery."""
    lines = set(book.read_text().splitlines()) if book.exists() else set()
    called = names(desk)
    return sorted(_named(line.split(maxsplit=1)[1], called) for line in lines)


def names(desk: Desk) -> dict[int, str]:
    """What the incidents are called here: their key, and which of it they are."""
    seen: Counter[str] = Counter()
    called: dict[int, str] = {}
    for one in desk.incidents():
        assert one.id is not None
        key = _OTHER.sub("one", one.key)
        seen[key] += 1
        called[one.id] = f"{key}#{seen[key]}"
    return called


def _lasting(row: RowMapping, called: Mapping[int, str]) -> list[object]:
    """A row without how often a delivery was attempted: a second attempt is what a death in the middle is for."""
    lasting: list[object] = []
    for name, value in row.items():
        if name == "incident_id":
            lasting.append(value and called[value])
        elif isinstance(value, dict):
            lasting.append(_named(repr({**value, "attempts": None}), called))
        else:
            lasting.append(_named(value, called) if isinstance(value, str) else value)
    return lasting


def _named(text: str, called: Mapping[int, str]) -> str:
    return _OTHER.sub("one", _REF.sub(lambda found: called[int(found[1])], text))
