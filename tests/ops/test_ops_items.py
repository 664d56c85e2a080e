"""Action items: one for each exact object, whoever reports it, however often and however many at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from parapet.core.errors import IllegalTransition, MalformedPayload, NotFound, ReasonRequired, StaleVersion
from parapet.core.part import Place
from parapet.core.types import Actor, ActorClass, IncidentId
from parapet.incidents.items import ActionItem, ItemState, Reported
from parapet.ops.items import ActionItems

if TYPE_CHECKING:
    from tests.conftest import Desk

ANA = Actor(kind=ActorClass.OPERATOR, name="Ana")

REPORT = """
import json, sys
from parapet import Parapet
parapet = Parapet(service="shop", evidence=sys.argv[1])
told = [
    parapet.action_item("suppressed_delivery", f"msg-{number}", title="Was not sent", slice_name="receipts").id
    for _ in range(3)
    for number in range(8)
]
parapet.action_items.open_all([])
print(json.dumps(told))
"""


@pytest.fixture
def items(desk: Desk) -> ActionItems:
    """The verbs."""
    return ActionItems(desk.context)


def opened(items: ActionItems, number: int = 1) -> ActionItem:
    return items.open("suppressed_delivery", f"msg-{number}", title="Receipt was not sent", slice_name="receipts")


def test_an_object_has_one_item_whoever_tells_it(
    evidence_url: str, desk: Desk, together: Callable[..., list[object]]
) -> None:
    """Four processes tell the same eight objects three times each, at once: eight items, each told twelve times."""
    told = together(REPORT, *((evidence_url,) for _ in range(4)))
    numbers = {number for one in told if isinstance(one, list) for number in one}
    assert len(numbers) == 8
    assert desk.count("action_items") == 8
    assert desk.count("action_items", "told = 12 AND state = 'open'") == 8


def test_the_same_object_elsewhere_is_another_item(desk: Desk, items: ActionItems) -> None:
    """Kind, object, and the incident or slice together make it this one."""
    desk.fire("02:13")
    first = opened(items)
    other_kind = items.open("bounced_delivery", "msg-1", title="Bounced", slice_name="receipts")
    other_slice = items.open("suppressed_delivery", "msg-1", title="Not sent", slice_name="invoices")
    of_incident = items.open("suppressed_delivery", "msg-1", title="Not sent", incident_id=IncidentId(1))
    assert len({first.id, other_kind.id, other_slice.id, of_incident.id}) == 4
    assert opened(items).id == first.id


def test_an_object_of_a_promise_and_of_its_incident_is_one(desk: Desk, items: ActionItems) -> None:
    """An integration tells it of the promise, a person of the incident, whoever is first: open, it is the same item."""
    desk.fire("02:13")
    first = items.open("dead_job", "job-1", title="Run it", slice_name="checkout", by="worker")
    of_incident = items.open("dead_job", "job-1", title="Run it", incident_id=IncidentId(1), by=ANA)
    again = items.open("dead_job", "job-1", title="Run it", slice_name="checkout", by="worker")
    assert (of_incident.id, again.id) == (first.id, first.id)
    assert (again.incident_id, again.slice, again.told) == (1, "checkout", 3)
    assert desk.kinds() == ["opened", "items_opened"]
    other = items.open("dead_job", "job-2", title="Run it", incident_id=IncidentId(1))
    assert items.open("dead_job", "job-2", title="Run it", slice_name="checkout").id == other.id
    assert desk.count("action_items") == 2


def test_what_was_resolved_comes_back_and_what_was_dismissed_does_not(items: ActionItems) -> None:
    """When its integration tells it again."""
    first, second = opened(items, 1), opened(items, 2)
    assert first.id is not None
    assert second.id is not None
    items.resolve(first.id, actor=ANA, reason="sent by hand", version=1)
    items.dismiss(second.id, actor=ANA, reason="an address of ours", version=1)
    again = opened(items, 1)
    assert (again.state, again.told, again.closed_at, again.version) == (ItemState.OPEN, 2, None, 3)
    still = opened(items, 2)
    assert (still.state, still.told, still.reason) == (ItemState.DISMISSED, 2, "an address of ours")
    assert [one.id for one in items.page("dismissed").items] == [second.id]


def test_closing_is_guarded_and_written_down(desk: Desk, items: ActionItems) -> None:
    """A reason, the version that was read, an open item; what was refused is in the audit, too."""
    desk.fire("02:13")
    item = items.open("dead_job", "job-9", title="Run it again", incident_id=IncidentId(1), by="worker")
    assert item.id is not None
    with pytest.raises(ReasonRequired):
        items.resolve(item.id, actor=ANA, reason=" ", version=1)
    with pytest.raises(StaleVersion, match="you read version 7"):
        items.resolve(item.id, actor=ANA, reason="done", version=7)
    items.resolve(item.id, actor=ANA, reason="ran it", version=1)
    with pytest.raises(IllegalTransition, match="resolved already"):
        items.dismiss(item.id, actor=ANA, reason="done", version=2)
    with pytest.raises(NotFound, match="ACT-9"):
        items.resolve(9, actor=ANA, reason="done", version=1)
    with pytest.raises(NotFound, match="INC-9"):
        items.open("dead_job", "job-10", title="Run it", incident_id=IncidentId(9))
    outcomes = [(row["verb"], row["outcome"]) for row in desk.audit.log(target=item.ref)]
    assert outcomes.count(("resolved_item", "refused")) == 2
    assert outcomes.count(("resolved_item", "done")) == 1
    assert desk.count("action_items") == 1


def test_the_chronology_says_so_and_the_incident_shows_it(desk: Desk, items: ActionItems) -> None:
    """Many at once are one entry; the open items of the slice are shown, too."""
    desk.fire("02:13")
    many = [
        Reported(kind="dead_job", object_id=f"job-{number}", title="Run it again", incident_id=IncidentId(1))
        for number in range(60)
    ]
    kept = items.open_all(many, by="worker")
    items.open_all(many, by="worker")
    of_slice = items.open("stuck_payment", "pay-1", title="Ask the bank", slice_name="checkout")
    items.open("stuck_payment", "pay-2", title="Ask the bank", slice_name="login")
    assert kept[0].id is not None
    items.dismiss(kept[0].id, actor=ANA, reason="a test", version=1)
    assert desk.kinds() == ["opened", "items_opened", "item_closed"]
    file = desk.look.incident(IncidentId(1))
    assert len(file.items) == 61
    assert of_slice.id in {one.id for one in file.items}
    assert file.items[-1].state is ItemState.DISMISSED
    assert desk.audit.verify().broken is None


def test_pages_of_items_neither_repeat_nor_skip(desk: Desk, items: ActionItems) -> None:
    """Also while more are told, and where many were opened at the same moment."""
    for number in range(23):
        opened(items, number)
    seen: list[int | None] = []
    before: Place | None = None
    while True:
        page = items.page(limit=5, before=before)
        seen += [one.id for one in page.items]
        if (before := page.next) is None:
            break
        desk.clock.advance(1)
        opened(items, 100 + len(seen))
    assert seen == sorted(seen, key=lambda number: -(number or 0))
    assert set(range(1, 24)) == set(seen)
    last, after = page.items, page.previous
    while after is not None:
        page = items.page(limit=5, after=after)
        last, after = (*page.items, *last), page.previous
    assert last == items.page(limit=200).items
    for place in ("x", "2026-11-12T02:00:00_1", "2026-11-12T02:00:00+00:00_-1", "_"):
        with pytest.raises(MalformedPayload, match="no place in this list"):
            items.page(before=place)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"kind": ""}, "kind must have 1 to 64"),
        ({"object_id": "x" * 256}, "object_id must have 1 to 255 printable characters; it has 256"),
        ({"object_id": "a\x00b"}, "object_id must have"),
        ({"title": " "}, "needs a title"),
        ({"slice": None}, "an incident or to a slice"),
        ({"url": "javascript:alert(1)"}, "no http or https address"),
    ],
)
def test_what_could_not_be_told_apart_is_refused(words: dict[str, str | None], said: str) -> None:
    """An identity is never cut; a title says what to do."""
    whole: dict[str, str | None] = {"kind": "dead_job", "object_id": "job-1", "title": "Run it", "slice": "checkout"}
    with pytest.raises(MalformedPayload, match=said):
        Reported(**whole | words)  # type: ignore[arg-type]
