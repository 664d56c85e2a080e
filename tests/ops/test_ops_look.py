"""What pages read: the queue page by page, one incident, and whether the loop itself works."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import event, text
from tests.conftest import PAGE, at

from parapet.core.errors import MalformedPayload, NotFound
from parapet.core.part import Place
from parapet.core.types import Actor, ActorClass, IncidentId
from parapet.incidents.model import Incident
from parapet.testing import alert, alertmanager_payload

if TYPE_CHECKING:
    from tests.conftest import Desk

ANA = Actor(kind=ActorClass.OPERATOR, name="Ana")


def storm(desk: Desk, first: int, last: int) -> None:
    """Incidents of both severities, several of them begun at the same moment."""
    for number in range(first, last):
        severity = "page" if number % 3 == 0 else "ticket"
        labels = {"alertname": "Burn", "slice": f"slice-{number}", "severity": severity}
        desk.fire(f"02:{10 + number % 4}", labels=labels, now="02:30")


def pages(desk: Desk, scope: str, limit: int, arriving: int = 0) -> list[Incident]:
    """Every incident of a scope, page by page, while *arriving* more come in after each page."""
    seen: list[Incident] = []
    before: Place | None = None
    number = 100
    while True:
        page = desk.look.queue(scope, limit=limit, before=before)
        assert len(page.incidents) <= limit
        seen += page.incidents
        before = page.next
        if before is None:
            everything = [*pages_back(desk, scope, limit, page.previous), *page.incidents]
            assert everything == [*desk.look.queue(scope, limit=200).incidents]
            return seen
        storm(desk, number, number + arriving)
        number += arriving


def pages_back(desk: Desk, scope: str, limit: int, after: Place | None) -> list[Incident]:
    """Every incident of a scope ahead of a place, read page by page towards the beginning, in the order of the list."""
    seen: list[Incident] = []
    while after is not None:
        page = desk.look.queue(scope, limit=limit, after=after)
        assert page.next is not None
        seen = [*page.incidents, *seen]
        after = page.previous
    return seen


def test_no_row_is_repeated_or_skipped_while_incidents_arrive(desk: Desk) -> None:
    """Worst first, then oldest; what was there at the beginning is seen exactly once."""
    storm(desk, 0, 23)
    there = {incident.id for incident in desk.incidents()}
    seen = pages(desk, "open", 4, arriving=1)
    numbers = [incident.id for incident in seen]
    assert len(numbers) == len(set(numbers))
    assert there <= set(numbers)
    places = [(incident.severity.rank, incident.started_at, incident.id) for incident in seen]
    assert places == sorted(places, key=lambda place: (place[0], place[1], place[2] or 0))


def test_resolved_ones_come_latest_first(desk: Desk) -> None:
    """Also where several ended at the same microsecond."""
    storm(desk, 0, 11)
    for incident in desk.incidents():
        assert incident.id is not None
        if incident.id % 3 == 0:
            desk.clock.advance(0.000_001)
        desk.operator.resolve(incident.id, actor=ANA, reason="over", version=incident.version)
    seen = pages(desk, "resolved", 3)
    places = [(incident.resolved_at, incident.id) for incident in seen]
    assert len(places) == 11
    assert places == sorted(places, key=lambda place: (place[0] or desk.clock.now(), place[1] or 0), reverse=True)


def test_scopes_and_search(desk: Desk) -> None:
    """Whose it is, and what it is called; a wildcard is just a character."""
    storm(desk, 0, 4)
    desk.operator.acknowledge(IncidentId(1), actor=ANA, reason="mine", version=1)
    desk.operator.resolve(IncidentId(2), actor=ANA, reason="over", version=1)
    page = desk.look.queue("mine", owner="Ana")
    assert [incident.id for incident in page.incidents] == [1]
    assert dict(page.counts) == {"open": 3, "unowned": 2, "mine": 1, "resolved": 1}
    assert {i.id for i in desk.look.queue("unowned").incidents} == {3, 4}
    assert {i.id for i in desk.look.queue("nonsense").incidents} == {1, 3, 4}
    assert [i.id for i in desk.look.queue(search="inc-3").incidents] == [3]
    assert [i.id for i in desk.look.queue(search="slice-0").incidents] == [1]
    assert len(desk.look.queue(search="CHECKOUT").incidents) == 3
    assert desk.look.queue(search="%").incidents == ()
    assert desk.look.queue(search="9" * 17).incidents == ()
    assert dict(desk.look.queue("mine").counts)["mine"] == 0


@pytest.mark.parametrize("place", ["", "x", "0_yesterday_1", "0_2026-11-12T02:00:00_1", "1_2_3_4", "\x00", "0__"])
def test_a_place_that_is_none_is_refused(desk: Desk, place: str) -> None:
    """With words, in every scope; also numbers beyond what the database counts to."""
    for scope in ("open", "resolved"):
        with pytest.raises(MalformedPayload, match="no place in this list"):
            desk.look.queue(scope, before=place)
        with pytest.raises(MalformedPayload, match="no place in this list"):
            desk.look.queue(scope, after=place)
    with pytest.raises(MalformedPayload):
        desk.look.queue("open", before=f"0_2026-11-12T02:00:00+00:00_{'9' * 30}")


def test_find_prefers_what_is_not_over(desk: Desk) -> None:
    """The link of an alert leads to the open incident of its slice, else to the latest."""
    assert desk.look.find("shop", "checkout") is None
    desk.fire("02:13")
    desk.operator.resolve(IncidentId(1), actor=ANA, reason="over", version=1)
    assert desk.look.find("shop", "checkout") == 1
    desk.fire("03:59", now="03:59")
    assert desk.look.find("shop", "checkout") == 2
    file = desk.look.incident(IncidentId(2))
    assert file.past.last is not None
    assert file.past.last.id == 1
    with pytest.raises(NotFound, match="INC-3"):
        desk.look.incident(IncidentId(3))


def test_the_same_trouble_before_is_remembered(desk: Desk) -> None:
    """When it was there last, how often in 90 days, how it ended, what people wrote; and what began beside it."""
    for day in (-120, -40, -12):
        begun = at("02:13") + timedelta(days=day)
        desk.clock.set(begun)
        desk.inbox.receive(alertmanager_payload(alert(PAGE, starts_at=begun)))
        (number,) = [one.id for one in desk.incidents() if one.resolution is None]
        assert number is not None
        desk.operator.note(number, actor=ANA, text=f"second provider, {day}", version=1)
        desk.clock.advance(1260)
        desk.operator.resolve(number, actor=ANA, reason="users can pay", version=2)
    desk.fire("02:13", labels={"alertname": "Disk", "severity": "ticket", "service": "shop"})
    desk.fire("02:13")
    file = desk.look.incident(IncidentId(5))
    assert file.past.last is not None
    assert (file.past.last.id, file.past.count) == (3, 2)
    assert [told.words for told in file.past.told] == ["users can pay", "second provider, -12"]
    assert file.triage.last_time.text == (
        "INC-3 was the same trouble, 12 days before this one (2026-10-31 02:13:00 UTC): it lasted 21 min; a person "
        "closed it. It began 2 times in the 90 days before."
    )
    assert "1 other incident began about then: INC-4." in [fact.text for fact in file.triage.facts]
    assert desk.look.incident(IncidentId(1)).past.last is None


def test_trust_tells_whether_the_loop_works(desk: Desk) -> None:
    """What waits, what was refused, and when anybody was last heard."""
    before = desk.look.trust()
    assert (before.last_received_at, before.worker_seen_at, before.last_delivered_at) == (None, None, None)
    desk.fire("02:13")
    desk.clock.advance(5)
    desk.worker.tick()
    after = desk.look.trust()
    assert after.worker_seen_at == desk.clock.now()
    assert (after.inbox_waiting, after.outbox_waiting, after.outbox_dead_24h) == (0, 0, 0)
    assert after.last_received_at is not None


def test_an_incident_is_read_as_of_one_moment(desk: Desk) -> None:
    """What is written while a page is read is on the next one: state and entries never disagree."""
    desk.fire("02:13")
    with desk.store.read() as tx:
        incident = tx.incidents.get(IncidentId(1))
        desk.operator.note(IncidentId(1), actor=ANA, text="meanwhile", version=1)
        assert len(tx.entries.of(IncidentId(1))) == 1
        assert tx.incidents.get(IncidentId(1)) == incident
    assert desk.kinds() == ["opened", "noted"]


INDEXES = ("x_parapet_incidents_", "parapet_incidents_pkey", "USING INTEGER PRIMARY KEY")
"""As either database calls them: ours, and the one of numbers."""


def test_lists_are_read_by_index(desk: Desk, database: str) -> None:
    """The queue and the worker's question stay quick when thousands of incidents are over."""
    desk.fire("02:13")
    fill = (
        "INSERT INTO parapet_incidents (key, service, slice, labels, title, state, severity, severity_rank, started_at,"
        " detected_at, last_heard_at, repeats, firing, quiet_since, refired_count, last_fired_at, annotations, version,"
        " revision, resolved_at) SELECT key, service, slice, labels, title, 'resolved', severity, severity_rank,"
        " started_at, detected_at, last_heard_at, repeats, firing, quiet_since, refired_count, last_fired_at,"
        " annotations, version, revision, started_at FROM parapet_incidents"
    )
    with desk.store.engine.begin() as connection:
        for _ in range(12):
            connection.execute(text(fill))
    with desk.store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if database == "postgres":
            connection.execute(text("VACUUM ANALYZE parapet_incidents"))
    asked: list[tuple[str, object]] = []

    def remember(connection: object, cursor: object, statement: str, parameters: object, *rest: object) -> None:
        if statement.startswith("SELECT parapet_incidents.id"):
            asked.append((statement, parameters))

    event.listen(desk.store.engine, "before_cursor_execute", remember)
    for scope in ("open", "unowned", "mine", "resolved"):
        place = desk.look.queue(scope, owner="Ana", limit=1).next
        if place is not None:
            desk.look.queue(scope, owner="Ana", limit=1, before=place)
            desk.look.queue(scope, owner="Ana", limit=1, after=place)
    desk.worker.tick()
    desk.look.find("shop", "checkout")
    event.remove(desk.store.engine, "before_cursor_execute", remember)
    assert len(asked) >= 7
    with desk.store.engine.connect() as connection:
        explain = "EXPLAIN" if database == "postgres" else "EXPLAIN QUERY PLAN"
        for statement, parameters in asked:
            rows = connection.exec_driver_sql(f"{explain} {statement}", parameters).all()  # type: ignore[arg-type]
            plan = " ".join(str(row) for row in rows)
            assert any(index in plan for index in INDEXES), (statement, plan)
            assert "Seq Scan" not in plan, (statement, plan)
