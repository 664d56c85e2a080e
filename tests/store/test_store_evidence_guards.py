"""Evidence cannot be changed without being noticed: the database refuses, and the chain tells."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from parapet.core.errors import EvidenceError, EvidenceUnavailable
from parapet.core.types import Actor, ActorClass, IncidentId
from parapet.store.chain import first_broken
from parapet.store.errors import Boundary

if TYPE_CHECKING:
    from tests.conftest import Desk

ANA = Actor(kind=ActorClass.OPERATOR, name="Ana")


def two_entries(desk: Desk) -> IncidentId:
    desk.fire("02:13")
    incident = desk.only
    assert incident.id is not None
    desk.operator.note(incident.id, actor=ANA, text="it is the tax service", version=1)
    return incident.id


@pytest.mark.parametrize("table", ["entries", "audit"])
@pytest.mark.parametrize("verb", ["UPDATE {} SET actor_name = 'nobody'", "DELETE FROM {}", "TRUNCATE {}"])
def test_the_database_refuses_to_change_evidence(desk: Desk, database: str, table: str, verb: str) -> None:
    """Whoever asks, and however."""
    if database == "sqlite" and verb.startswith("TRUNCATE"):
        return  # SQLite knows no TRUNCATE: its DELETE without a condition is refused above
    two_entries(desk)
    before = desk.count(table)
    with pytest.raises(DBAPIError, match="append-only"), desk.store.engine.begin() as connection:
        connection.execute(text(verb.format(f"parapet_{table}")))
    assert desk.count(table) == before


def test_a_refusal_of_the_database_is_no_lost_race_and_no_outage(desk: Desk) -> None:
    """It would be refused again, so it is neither tried again nor waited for."""
    two_entries(desk)
    with pytest.raises(EvidenceError) as refused, Boundary(), desk.store.engine.begin() as connection:
        connection.execute(text("DELETE FROM parapet_audit"))
    assert type(refused.value) is EvidenceError
    assert not isinstance(refused.value, EvidenceUnavailable)


@pytest.mark.parametrize(
    ("tampering", "first"),
    [
        ('UPDATE parapet_entries SET payload = \'{"text":"it was you"}\' WHERE seq = 2', 2),
        ("UPDATE parapet_entries SET actor_name = 'Tom' WHERE seq = 1", 1),
        ("UPDATE parapet_entries SET occurred_at = recorded_at, kind = 'noted' WHERE seq = 1", 1),
        ("DELETE FROM parapet_entries WHERE seq = 2", 3),
        ("DELETE FROM parapet_entries WHERE seq = 1", 2),
    ],
)
def test_tampering_with_the_file_is_noticed(desk: Desk, database: str, tampering: str, first: int) -> None:
    """Somebody with the database in hand drops the triggers and edits: the chain names the first entry that is off."""
    number = two_entries(desk)
    desk.operator.note(number, actor=ANA, text="restarted it", version=2)
    with desk.store.read() as tx:
        assert first_broken(tx.entries.of(number)) is None
    with desk.store.engine.begin() as connection:
        if database == "sqlite":
            for name in ("update", "delete"):
                connection.execute(text(f"DROP TRIGGER parapet_entries_no_{name}"))
        else:
            for name in ("change", "removal"):
                connection.execute(text(f"DROP TRIGGER parapet_entries_no_{name} ON parapet_entries"))
        connection.execute(text(tampering))
    with desk.store.read() as tx:
        broken = first_broken(tx.entries.of(number))
    assert broken is not None
    assert broken.seq == first


def test_entries_of_an_incident_that_does_not_exist_are_refused(desk: Desk) -> None:
    """Foreign keys hold on both databases."""
    two_entries(desk)
    with pytest.raises(EvidenceError), desk.store.begin() as tx:
        tx.retrospectives.keep(IncidentId(999), 1, {}, now=desk.clock.now())
