"""A million seals in a loop: whole chains, chains that were cut, words that were taken out, and a checkpoint."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import insert, text
from sqlalchemy.exc import DBAPIError
from tests.conftest import PAGE, at

from parapet.cli.audit import FLAWS
from parapet.core.errors import IllegalTransition, NotFound, StaleVersion
from parapet.core.types import Actor, ActorClass, IncidentId, JsonObject
from parapet.incidents.model import Entry, EntryKind, NewEntry
from parapet.store.chain import REDACTED_TEXT, Flaw, payload_hash, seal
from parapet.store.columns import canonical
from parapet.store.schema import entries as kept_entries
from parapet.store.verify import Verified

if TYPE_CHECKING:
    from tests.conftest import Desk

ANA = Actor(kind=ActorClass.OPERATOR, name="Ana")
ONE = IncidentId(1)
SECRET = "the customer's card is 4111"


@pytest.fixture
def told(desk: Desk) -> Desk:
    """Two incidents; the first holds a note that should never have been written."""
    desk.fire("02:13")
    desk.fire("02:14", labels={**PAGE, "slice": "login"})
    desk.operator.acknowledge(ONE, actor=ANA, reason=SECRET, version=1)
    desk.operator.note(ONE, actor=ANA, text=SECRET, version=2)
    desk.operator.resolve(ONE, actor=ANA, reason="over", version=3)
    return desk


def verified(desk: Desk, incident_id: IncidentId | None = None) -> Verified:
    with desk.store.read() as tx:
        return tx.verify_chains(incident_id)


def tamper(desk: Desk, *statements: str) -> None:
    """What somebody does who has the database in hand."""
    with desk.store.engine.begin() as connection:
        if connection.dialect.name == "sqlite":
            for name in ("update", "delete"):
                connection.execute(text(f"DROP TRIGGER IF EXISTS parapet_entries_no_{name}"))
        else:
            for name in ("change", "removal"):
                connection.execute(text(f"DROP TRIGGER IF EXISTS parapet_entries_no_{name} ON parapet_entries"))
        for statement in statements:
            connection.exec_driver_sql(statement)


def seqs(entries: tuple[Entry, ...]) -> list[tuple[int, str]]:
    return [(entry.seq, entry.kind.value) for entry in entries]


def test_whole_chains_are_counted_and_have_one_checkpoint(told: Desk) -> None:
    """The same evidence, the same digest; one more word, another one."""
    before = verified(told)
    assert (before.incidents, before.entries, before.broken) == (2, 5, None)
    assert verified(told).checkpoint == before.checkpoint
    told.operator.note(ONE, actor=ANA, text="later", version=4)
    assert verified(told).checkpoint != before.checkpoint
    assert verified(told, ONE).entries == 5


ROW = f"incident_id, {{}}, {', '.join(column.name for column in list(kept_entries.c)[2:])}"
COPY = f"INSERT INTO parapet_entries SELECT {ROW} FROM parapet_entries WHERE incident_id = 1 AND seq = 4"
MOVE = "UPDATE parapet_entries SET seq = {} WHERE incident_id = 1 AND seq = {}"
LATER = "SELECT occurred_at FROM parapet_entries WHERE incident_id = 2"
HEAD = "UPDATE parapet_heads SET {} WHERE incident_id = 1"


@pytest.mark.parametrize(
    ("statements", "incident", "seq", "flaw"),
    [
        pytest.param(
            ["UPDATE parapet_entries SET payload = '{}' WHERE incident_id = 1 AND seq = 3"],
            *(1, 3, Flaw.ALTERED),
            id="other words",
        ),
        pytest.param(
            [f"UPDATE parapet_entries SET payload = '{{}}', payload_hash = '{payload_hash({})}' WHERE seq = 3"],
            *(1, 3, Flaw.ALTERED),
            id="other words with their digest",
        ),
        pytest.param(
            ["UPDATE parapet_entries SET actor_name = 'Tom' WHERE incident_id = 2"],
            *(2, 1, Flaw.ALTERED),
            id="somebody else",
        ),
        pytest.param(
            [f"UPDATE parapet_entries SET occurred_at = ({LATER}) WHERE incident_id = 1 AND seq = 1"],
            *(1, 1, Flaw.ALTERED),
            id="another time",
        ),
        pytest.param(
            ["DELETE FROM parapet_entries WHERE incident_id = 1 AND seq = 2"],
            *(1, 3, Flaw.MISSING),
            id="one in between",
        ),
        pytest.param(
            ["DELETE FROM parapet_entries WHERE incident_id = 1 AND seq = 2", MOVE.format(2, 3), MOVE.format(3, 4)],
            *(1, 2, Flaw.ALTERED),
            id="one in between, the others moved up",
        ),
        pytest.param(
            ["DELETE FROM parapet_entries WHERE incident_id = 1 AND seq = 4"], *(1, 3, Flaw.CUT), id="the last one"
        ),
        pytest.param(
            ["DELETE FROM parapet_entries WHERE incident_id = 1 AND seq = 4", HEAD.format("seq = 3")],
            *(1, 3, Flaw.LOOSE),
            id="the last one, and its number",
        ),
        pytest.param(["DELETE FROM parapet_entries WHERE incident_id = 1"], *(1, 4, Flaw.CUT), id="all of the first"),
        pytest.param(["DELETE FROM parapet_entries WHERE incident_id = 2"], *(2, 1, Flaw.CUT), id="all of the last"),
        pytest.param(["DELETE FROM parapet_heads WHERE incident_id = 2"], *(2, 1, Flaw.LOOSE), id="the end kept apart"),
        pytest.param(
            [MOVE.format(99, 2), MOVE.format(2, 3), MOVE.format(3, 99)], *(1, 2, Flaw.ALTERED), id="two swapped"
        ),
        pytest.param(
            [MOVE.format(5, 4), MOVE.format(4, 3), COPY.format(3).replace("= 4", "= 5")],
            *(1, 3, Flaw.ALTERED),
            id="one put in between",
        ),
        pytest.param([COPY.format(5)], *(1, 5, Flaw.ALTERED), id="one put behind"),
        pytest.param(
            [f"UPDATE parapet_entries SET payload = '{REDACTED_TEXT}' WHERE seq = 3"],
            *(1, 3, Flaw.UNEXPLAINED),
            id="words taken out by hand",
        ),
    ],
)
def test_the_first_broken_link_is_named(told: Desk, statements: list[str], incident: int, seq: int, flaw: Flaw) -> None:
    """Whatever somebody did who has the database in hand; and there are words for it."""
    tamper(told, *statements)
    broken = told.audit.verify().broken
    assert broken is not None
    assert (broken.incident_id, broken.seq, broken.flaw) == (incident, seq, flaw)
    assert FLAWS[broken.flaw]


@pytest.mark.parametrize(
    ("before", "flaw"), [pytest.param(2, Flaw.UNLINKED, id="elsewhere"), pytest.param(4, Flaw.LOOSE, id="to the end")]
)
def test_a_forged_entry_with_a_seal_of_its_own_is_found(told: Desk, before: int, flaw: Flaw) -> None:
    """Its seal is right; but it follows from another entry, or it is behind the end that is kept apart."""
    with told.store.read() as tx:
        entries = tx.entries.of(ONE)
    when = at("02:20")
    forged: JsonObject = {"text": "nothing happened"}
    new = NewEntry(kind=EntryKind.NOTED, occurred_at=when, actor=ANA, payload=forged)
    tied = entries[before - 1].hash
    sealed = seal(
        new,
        digest=payload_hash(forged),
        incident_id=ONE,
        seq=5,
        recorded_at=when.isoformat(),
        previous_hash=tied,
    )
    with told.store.engine.begin() as connection:
        row = {"incident_id": ONE, "seq": 5, "kind": "noted", "occurred_at": when, "recorded_at": when}
        who = {"actor_kind": ANA.kind.value, "actor_name": ANA.name}
        seals = {"payload_hash": payload_hash(forged), "previous_hash": tied, "hash": sealed}
        connection.execute(insert(kept_entries), {**row, **who, "payload": forged, **seals})
    broken = told.audit.verify().broken
    assert broken is not None
    assert (broken.incident_id, broken.seq, broken.flaw) == (ONE, 5, flaw)


def test_words_are_taken_out_and_the_chain_holds(told: Desk) -> None:
    """Out of the chronology, the audit and the retrospective; who said them and when remains, and who removed them."""
    for seq in (2, 3):
        version = told.look.incident(ONE).incident.version
        told.audit.redact(ONE, seq, actor=ANA, reason="card data", version=version)
    held = told.look.chronology(ONE)
    assert verified(told).broken is None
    assert [(seq, kind) for seq, kind in seqs(held) if seq in (2, 3, 5, 6)] == [
        (2, "acknowledged"),
        (3, "noted"),
        (5, "redacted"),
        (6, "redacted"),
    ]
    file = told.look.incident(ONE)
    with told.store.read() as tx:
        everything = f"{held} {file} {tx.audit.of('INC-1')} {tx.retrospectives.latest(ONE)}"
    assert "4111" not in everything
    assert "card data" in everything
    assert "was taken out" in everything


def test_nothing_but_words_can_be_taken_out(told: Desk) -> None:
    """Not twice, not the entry that explains it, not what is not there, not on what moved since."""
    told.audit.redact(ONE, 3, actor=ANA, reason="card data", version=4)
    for seq, refusal in ((3, IllegalTransition), (5, IllegalTransition), (9, NotFound)):
        with pytest.raises(refusal):
            told.audit.redact(ONE, seq, actor=ANA, reason="again", version=5)
    with pytest.raises(StaleVersion):
        told.audit.redact(ONE, 2, actor=ANA, reason="again", version=1)


@pytest.mark.parametrize(
    "change",
    [
        f"payload = '{REDACTED_TEXT}', actor_name = 'Tom'",
        f"payload = '{REDACTED_TEXT}', occurred_at = recorded_at, seq = 9",
        "payload = '{}'",
        "payload_hash = hash",
    ],
)
def test_the_database_lets_only_a_redaction_through(told: Desk, change: str) -> None:
    """Anything else beside the words, or other words instead, is refused by the database itself."""
    with pytest.raises(DBAPIError, match="append-only"), told.store.engine.begin() as connection:
        connection.exec_driver_sql(f"UPDATE parapet_entries SET {change} WHERE incident_id = 1 AND seq = 3")


@given(
    name=st.text(max_size=20),
    kind=st.sampled_from(list(EntryKind)),
    payload=st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=3),
    seq=st.integers(1, 2**31),
)
def test_the_seal_is_over_canonical_json(name: str, kind: EntryKind, payload: dict[str, str], seq: int) -> None:
    """Written out for speed, it is still the same text."""
    from hashlib import sha256

    actor = Actor(kind=ActorClass.OPERATOR, name=name.encode("utf-8", "ignore").decode())
    new = NewEntry(kind=kind, occurred_at=at("02:13"), actor=actor, payload=dict(payload))
    plain: JsonObject = {
        "incident": 7,
        "seq": seq,
        "kind": kind.value,
        "occurred_at": at("02:13").isoformat(),
        "recorded_at": at("02:14").isoformat(),
        "actor": ["operator", actor.name],
        "payload": payload_hash(new.payload),
        "previous": "0" * 64,
    }
    sealed = seal(
        new,
        digest=payload_hash(new.payload),
        incident_id=IncidentId(7),
        seq=seq,
        recorded_at=at("02:14").isoformat(),
        previous_hash="0" * 64,
    )
    assert sealed == sha256(canonical({**plain}).encode()).hexdigest()
