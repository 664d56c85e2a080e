"""Search: the same words are found on both databases, kept in the transaction that wrote what says them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from parapet.core.part import Place
from parapet.core.types import Actor, ActorClass, IncidentId
from parapet.core.vocabulary import Severity
from parapet.incidents.words import MAX_WORD_CHARACTERS, words
from parapet.ops.items import ActionItems
from parapet.store import migrate
from parapet.store.store import Transaction

if TYPE_CHECKING:
    from tests.conftest import Desk

ANA = Actor(kind=ActorClass.OPERATOR, name="Ana")


def declare(desk: Desk, title: str) -> int:
    """An incident that a person opened."""
    opened = desk.operator.declare(title=title, severity=Severity.TICKET, actor=ANA, reason="calls")
    assert opened.id is not None
    return int(opened.id)


def found(desk: Desk, search: str, scope: str = "open") -> list[int]:
    """The numbers that a search shows."""
    return sorted(one.id or 0 for one in desk.look.queue(scope, search=search).incidents)


def test_titles_notes_reasons_and_references_are_found(desk: Desk) -> None:
    """By how their words begin, in any order, whatever their case and accents."""
    desk.fire("02:13")
    declare(desk, "Café Zürich: Zahlung über PAY-88/7 hängt")
    desk.operator.note(IncidentId(1), actor=ANA, text="the provider's queue eu-west-1 stands", version=1)
    desk.operator.acknowledge(IncidentId(1), actor=ANA, reason="asking Stripe", version=2)
    ActionItems(desk.context).open("dead_job", "job_4711", title="Run again", incident_id=IncidentId(1))
    for search, numbers in (
        ("checkout", [1]),
        ("CHECK", [1]),
        ("provider stands", [1]),
        ("stands provid", [1]),
        ("eu-west-1", [1]),
        ("stripe", [1]),
        ("4711", [1]),
        ("job_4711", [1]),
        ("cafe zurich", [2]),
        ("ZÜRICH", [2]),
        ("pay-88/7", [2]),
        ("calls", [2]),
        ("INC-2", [2]),
        ("inc-1", [1]),
        ("2", [2]),
        ("provider calls", []),
        ("rovider", []),
        ("nothing", []),
        ("% _ ' \" * : & | ! ( )", []),
        ("'; drop", []),
        ("", [1, 2]),
        ("  ", [1, 2]),
    ):
        assert found(desk, search) == numbers, search


def test_what_was_taken_out_is_not_found_any_more(desk: Desk) -> None:
    """A redaction takes the words out of the index, too, and leaves the others."""
    desk.fire("02:13")
    desk.operator.note(IncidentId(1), actor=ANA, text="card 4111 of Smith", version=1)
    assert found(desk, "smith") == [1]
    desk.audit.redact(IncidentId(1), 2, actor=ANA, reason="card data", version=2)
    assert found(desk, "smith") == []
    assert found(desk, "checkout card data") == [1]


def test_a_write_that_fails_leaves_nothing_to_find(desk: Desk) -> None:
    """The index commits, or does not, with what it says."""
    desk.fire("02:13")

    def work(tx: Transaction) -> None:
        tx.words.add(IncidentId(1), ["rolled"])
        assert tx.incidents.count(tx.words.matching("rolled")) == 1
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        desk.store.transact(work)
    assert found(desk, "rolled") == []


def test_pages_of_a_search_neither_repeat_nor_skip(desk: Desk) -> None:
    """In the open and in the resolved scope, while others arrive."""
    for number in range(14):
        declare(desk, f"{'Search is slow' if number % 2 else 'Else'} {number}")
    for scope in ("open", "resolved"):
        seen: list[int | None] = []
        before: Place | None = None
        while True:
            page = desk.look.queue(scope, search="search slow", limit=2, before=before)
            seen += [one.id for one in page.incidents]
            if (before := page.next) is None:
                break
        expected = [number + 1 for number in range(14) if number % 2]
        assert seen == (expected if scope == "open" else expected[::-1])
        for one in desk.incidents():
            if one.id is not None and one.resolution is None:
                desk.clock.advance(1)
                desk.operator.resolve(one.id, actor=ANA, reason="over", version=one.version)


@given(st.text(max_size=300))
def test_words_are_letters_and_digits_each_once(said: str) -> None:
    """Cut the same again, whatever was written."""
    cut = words(said)
    assert len(set(cut)) == len(cut)
    assert all(0 < len(word) <= MAX_WORD_CHARACTERS and word.isalnum() for word in cut)
    assert not any(sign in word for word in cut for sign in "'\"*:&|!()\\ ")


@pytest.mark.parametrize("said", ["naïve Straße ΑΒΓ ﬁne", "数据库 慢", "résumé ١٢٣", "İstanbul ǅ", "x" * 200])
def test_any_script_is_found_as_it_was_written(desk: Desk, said: str) -> None:
    """Both databases hold the words as they were cut, by no parser of their own."""
    number = declare(desk, said)
    assert found(desk, said) == [number]
    for word in words(said):
        assert found(desk, word[: len(word) // 2 + 1]) == [number]


def test_what_was_there_before_the_index_is_found(desk: Desk) -> None:
    """The step that makes it reads titles and notes that are there already; taken twice, it adds nothing twice."""
    desk.fire("02:13")
    desk.operator.note(IncidentId(1), actor=ANA, text="the provider stands", version=1)
    with desk.store.engine.begin() as connection:
        connection.execute(text("DELETE FROM parapet_words"))
        connection.execute(text("UPDATE parapet_schema_version SET version_num = '0009'"))
    assert found(desk, "provider") == []
    assert migrate.upgrade(desk.store.engine)[0].startswith("0010")
    assert found(desk, "provider checkout") == [1]
    assert found(desk, "INC-1") == [1]
