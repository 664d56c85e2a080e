"""Runbooks: attached by slice, journey, plane and alert; the version in force is kept; automatic steps obey limits."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from tests.actions.conftest import ONE, Floor
from tests.conftest import PAGE, at

from parapet import Parapet
from parapet.core.errors import ConfigurationError, UnknownName
from parapet.ops.records import Records
from parapet.response.recoveries import RECOVERIES, runbook_of
from parapet.response.runbook import Runbook, Step, Subject, from_json, runbooks_for, to_json
from parapet.slo.packs.database import database_pack
from parapet.slo.packs.deliveries import email_delivery_pack
from parapet.slo.packs.jobs import jobs_pack
from parapet.testing import alert, alertmanager_payload

if TYPE_CHECKING:
    from tests.actions.conftest import Host
    from tests.conftest import Desk

LOOK = Step(title="Look", text="Look first.")
RETRY = Step(title="Retry", text="By itself.", capability="retry-jobs", automatic=True)


def book(name: str, *steps: Step, **attached: tuple[str, ...]) -> Runbook:
    return Runbook(name=name, title=name, owner="ops", steps=steps or (LOOK,), **attached)  # type: ignore[arg-type]


def with_books(desk: Desk, *books: Runbook, journeys: dict[str, str] | None = None) -> Desk:
    """The desk of a service that has *books*."""
    changed = replace(desk)
    changed.__dict__["context"] = replace(
        desk.context, runbooks={one.name: one for one in books}, journeys=journeys or {}
    )
    return changed


def test_runbooks_are_found_by_slice_alert_journey_and_plane_in_that_order() -> None:
    """Each once, whatever it is found by."""
    books = (
        book("by-plane", planes=("provider",)),
        book("by-journey", journeys=("pay",)),
        book("by-alert", alerts=("DiskFull",)),
        book("by-slice", slices=("checkout",), planes=("provider",)),
        book("other", slices=("login",)),
    )
    subject = Subject(slice="checkout", journey="pay", plane="provider", alerts=("DiskFull",))
    assert [one.name for one in runbooks_for(subject, books)] == ["by-slice", "by-alert", "by-journey", "by-plane"]
    assert runbooks_for(Subject(), books) == ()
    assert all(from_json(to_json(one)) == one for one in books)  # type: ignore[arg-type]


def test_what_cannot_hold_is_refused() -> None:
    """A runbook for nothing, an automatic step that runs nothing."""
    with pytest.raises(ConfigurationError, match="attached to no slice"):
        book("lost")
    with pytest.raises(ConfigurationError, match="names no capability"):
        Step(title="Retry", text="x", automatic=True)


def test_an_incident_shows_the_runbook_that_was_in_force(desk: Desk) -> None:
    """Changed later, it shows the old one, and says that it was changed."""
    old = book("checkout", slices=("checkout",))
    night = with_books(desk, old)
    night.fire("02:13")
    assert Records(night.context).runbooks(night.only) == ((old,), False)
    new = replace(old, steps=(LOOK, Step(title="New", text="Then this.")))
    assert Records(with_books(desk, new).context).runbooks(night.only) == ((old,), True)
    foreign = alert({"alertname": "DiskFull", "service": "shop"}, starts_at=at("02:20"))
    named = with_books(desk, new, book("disk", alerts=("DiskFull",)))
    named.inbox.receive(alertmanager_payload(foreign))
    two = named.incidents()[-1]
    assert [one.name for one in Records(named.context).runbooks(two)[0]] == ["disk"]
    assert desk.count("runbooks") == 2


def test_an_incident_without_kept_runbooks_has_those_of_now(desk: Desk) -> None:
    """Such as one that opened before there were any."""
    desk.fire("02:13")
    now = book("checkout", slices=("checkout",))
    assert Records(with_books(desk, now).context).runbooks(desk.only) == ((now,), False)


def test_prebuilt_playbooks_fit_the_slices_and_planes_of_the_packs() -> None:
    """Every one of them is whole; those that are guidance only say why, and name nothing to run."""
    parapet = Parapet(service="shop", owner="ops")
    parapet.delivery("receipts", provider="postmark", channel="email")
    parapet.journey("login", objective=0.999)
    parapet.adopt(email_delivery_pack("receipts"), jobs_pack(), database_pack())
    made = {one.name: one for one in parapet.playbooks()}
    assert set(made) == set(RECOVERIES)
    assert len(made) == 11
    assert "receipts-webhooks" in made["callback-delay"].slices
    assert "jobs-success" in made["dead-letter-drain"].slices
    assert "jobs-backlog" in made["partial-backlog-drain"].slices
    assert "receipts-submitted" in made["provider-outage"].slices
    assert "receipts-suppressed" in made["suppression-drift"].slices
    assert "database-latency" in made["slow-dependency"].slices
    assert "login" in made["login-breakage"].slices
    for name in ("retry-storm", "suppression-drift"):
        assert any(words.startswith("Guidance only.") for words in made[name].warnings)
        assert not any(step.capability for step in made[name].steps)
    with pytest.raises(UnknownName, match="Did you mean 'retry-storm'"):
        runbook_of("retry-strom", owner="ops")


@pytest.fixture
def night(desk: Desk, host: Host) -> Floor:
    """An incident is open whose runbook retries by itself."""
    from tests.actions.conftest import capability_of

    booked = with_books(desk, book("checkout", RETRY, slices=("checkout",)))
    booked.fire("02:13")
    return Floor(desk=booked, host=host, capability=capability_of(host))


def test_an_automatic_step_runs_by_the_same_path(night: Floor) -> None:
    """Previewed, confirmed and recorded, by the system; with nothing to do it leaves no trace but a word."""
    night.aftermath.look()
    assert len(night.host.done) == 3
    with night.desk.store.read() as tx:
        (run,) = tx.runs.of_incident(ONE)
        said = tx.runbooks.said(ONE)["retry-jobs"][1]
    assert (run.actor.kind.value, run.actor.name, said) == ("system", "system:retry-jobs", "RUN-1 is done.")
    before = night.desk.kinds()
    night.aftermath.look()
    night.desk.clock.advance(61)
    night.aftermath.look()
    assert night.desk.kinds() == before


def test_its_breaker_trips_once_and_people_are_told(night: Floor) -> None:
    """Three runs within an hour; the fourth is off, said once, and on again when the hour has passed."""
    for _ in range(6):
        night.host.set("job-1", "dead")
        night.aftermath.look()
        night.desk.clock.advance(61)
    assert len(night.host.done) == 3 + 2
    assert night.desk.kinds().count("breaker_tripped") == 1
    night.desk.clock.advance(3_600)
    night.desk.fire("02:13", now="03:40")
    night.aftermath.look()
    assert len(night.host.done) == 6
    assert night.desk.kinds().count("breaker_tripped") == 1


def test_it_does_nothing_once_nothing_fires_or_somebody_must_approve(night: Floor) -> None:
    """Quiet is left alone; what needs a second person is not for a machine."""
    second = night.having(second_person_from=1)
    second.aftermath.look()
    assert night.host.done == []
    with night.desk.store.read() as tx:
        assert "second person" in (tx.runbooks.said(ONE)["retry-jobs"][1] or "")
    night.desk.fire("02:13", "02:21", labels=PAGE, now="02:22")
    night.desk.clock.advance(120)
    night.aftermath.look()
    assert night.host.done == []


def test_two_workers_take_one_turn(night: Floor) -> None:
    """The turn is taken by compare-and-set."""
    with night.desk.store.read() as tx:
        (due,) = tx.runbooks.due(night.desk.clock.now(), 5)
    with night.desk.store.begin() as tx:
        assert tx.runbooks.take_turn(due, later=at("02:30"))
    with night.desk.store.begin() as tx:
        assert not tx.runbooks.take_turn(due, later=at("02:31"))
