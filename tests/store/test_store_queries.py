"""Every query that the store reads with is answered by an index, on both databases: their own EXPLAIN says so."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import TypedDict

import pytest
from benchmarks.evidence.filling import END
from benchmarks.evidence.filling import UNRESOLVED as OPEN_NOW
from starlette.applications import Starlette
from tests.store.plans import MANY, SMALL, fill_all, reads, scanned
from tests.web.conftest import Browser, who_is_it

from parapet import Parapet, Secrets
from parapet.core.part import Place
from parapet.core.types import Actor, ActorClass, IncidentId
from parapet.incidents.gist import EVERYTHING, Selection
from parapet.incidents.items import ItemState, Reported
from parapet.incidents.model import ChangeKind, Entry, EntryKind, Incident
from parapet.response.approval import ApprovalState
from parapet.response.capability import Capability, Proposal
from parapet.store.inbox import InboxState, Shelf
from parapet.store.incidents import UNRESOLVED
from parapet.store.outbox import OutboxState
from parapet.store.queue import Scope, counts, stretch
from parapet.store.store import Store, Transaction
from parapet.testing import ManualClock
from parapet.web import workbench
from parapet.web.routes import Door
from parapet.web.site import ROUTES

NOW = END + timedelta(minutes=1)
ANA = Actor(kind=ActorClass.OPERATOR, name="Ana")
MEASURED = Selection(kinds=frozenset({EntryKind.MEASURED}))
SELECTIONS = (EVERYTHING, MEASURED, Selection(kinds=frozenset({EntryKind.NOTED}), operators=True))
Reads = Mapping[str, Callable[[Transaction], object]]
PLACE = f"{END.isoformat()}_7"


class Turn(TypedDict, total=False):
    """From where a page of a list is read."""

    before: Place
    after: Place


def turns(place: Place) -> Sequence[Turn]:
    """The first page of a list, and those on both sides of *place*."""
    return ({}, {"before": place}, {"after": place})


READS: Reads = {
    "inbox.due": lambda tx: tx.inbox.due(NOW, 50),
    "inbox.waiting": lambda tx: tx.inbox.waiting([1, 2, 3], 10_000),
    "inbox.get_waiting": lambda tx: tx.inbox.get_waiting(7),
    "inbox.get": lambda tx: tx.inbox.get(7),
    "inbox.page": lambda tx: [tx.inbox.page(shelf, limit=50, **turn) for shelf in Shelf for turn in turns(99)],
    "inbox.count": lambda tx: [tx.inbox.count(shelf, since) for shelf in Shelf for since in (None, NOW)],
    "inbox.first_received_at": lambda tx: tx.inbox.first_received_at(),
    "inbox.last_received_at": lambda tx: tx.inbox.last_received_at(),
    "inbox.newest": lambda tx: tx.inbox.newest(),
    "incidents.get": lambda tx: tx.incidents.get(IncidentId(7)),
    "incidents.get_all": lambda tx: tx.incidents.get_all([IncidentId(7), IncidentId(8)]),
    "incidents.latest": lambda tx: tx.incidents.latest({"shop/slice-1{region=1}", "none"}),
    "incidents.before": lambda tx: tx.incidents.before(_incident(tx), END - timedelta(days=90)),
    "incidents.beside": lambda tx: tx.incidents.beside(_incident(tx), 900.0, 20),
    "incidents.find": lambda tx: tx.incidents.find("shop", "slice-1"),
    "incidents.quiet": lambda tx: tx.incidents.quiet(NOW, 50, flapping_after=3, flapping_before=NOW),
    "incidents.with_signal": lambda tx: [tx.incidents.with_signal(stale=stale) for stale in (True, False)],
    "incidents.touching": lambda tx: tx.incidents.touching("shop", END - timedelta(hours=9), END),
    "incidents.counts_up_to": lambda tx: counts(tx, "Ana"),
    "incidents.count": lambda tx: tx.incidents.count(UNRESOLVED),
    "incidents.select": lambda tx: tx.incidents.get_all([IncidentId(7)]),
    "incidents.page": lambda tx: [
        stretch(tx, scope, owner="Ana", search=search, limit=50, **turn)
        for scope in Scope
        for search in (None, "provider", "provider fails", "INC-7", "7")
        for turn in turns(PLACE if scope is Scope.RESOLVED else f"0_{PLACE}")
    ],
    "episodes.known": lambda tx: tx.episodes.known("alertmanager", {f"{7:016x}"}, {"a"}, {IncidentId(7)}),
    "episodes.of": lambda tx: tx.episodes.of(IncidentId(7)),
    "episodes.ended_last": lambda tx: tx.episodes.ended_last([IncidentId(7)], without=()),
    "episodes.alerts": lambda tx: [tx.episodes.alerts(IncidentId(7), few=few) for few in (0, 8)],
    "episodes.open": lambda tx: tx.episodes.open("alertmanager"),
    "entries.of": lambda tx: [tx.entries.of(IncidentId(7)), tx.entries.of(IncidentId(7), after=1, limit=50)],
    "entries.get": lambda tx: tx.entries.get(IncidentId(7), 2),
    "entries.gist": lambda tx: [tx.entries.gist(IncidentId(7)), tx.entries.selected(IncidentId(7), MEASURED)],
    "entries.selected": lambda tx: [
        tx.entries.selected(IncidentId(7), selection, start=start, limit=101)
        for selection in SELECTIONS
        for start in (None, _entry(tx))
    ],
    "entries.page": lambda tx: [tx.entries.page(IncidentId(7), limit=2, **turn) for turn in turns(2)],
    "entries.ending": lambda tx: [tx.entries.ending(IncidentId(7), selection, 91) for selection in SELECTIONS],
    "entries.numbers_before": lambda tx: [tx.entries.numbers_before(_entry(tx), one, 100) for one in SELECTIONS],
    "entries.count_before": lambda tx: [tx.entries.count_before(_entry(tx), one) for one in SELECTIONS],
    "entries.phase_before": lambda tx: tx.entries.phase_before(_entry(tx)),
    "entries.said": lambda tx: tx.entries.said(IncidentId(7), 10),
    "changes.about": lambda tx: tx.changes.about("shop", ChangeKind.FLAG, "beta", END),
    "changes.told_before": lambda tx: tx.changes.told_before("change-1"),
    "changes.between": lambda tx: tx.changes.between("shop", END - timedelta(days=1), END),
    "changes.latest": lambda tx: tx.changes.latest("shop", END),
    "changes.newest": lambda tx: [
        tx.changes.newest("shop", 50, since=since, **turn)
        for since in (None, END)
        for turn in turns(f"{END.isoformat()}_change-1")
    ],
    "changes.oldest": lambda tx: [
        tx.changes.oldest("shop", END, 50, behind=behind) for behind in (None, f"{END.isoformat()}_7")
    ],
    "changes.stays_from": lambda tx: tx.changes.stays_from("shop", ChangeKind.DEPLOY),
    "changes.release": lambda tx: tx.changes.release("shop", END),
    "outbox.due_channels": lambda tx: tx.outbox.due_channels(NOW),
    "outbox.calling_channels": lambda tx: tx.outbox.calling_channels(NOW),
    "outbox.due": lambda tx: [tx.outbox.due(NOW, 50, channel=channel) for channel in (None, "chat")],
    "outbox.of": lambda tx: tx.outbox.of(IncidentId(7)),
    "outbox.is_due": lambda tx: tx.outbox.is_due("chat", NOW),
    "outbox.get": lambda tx: tx.outbox.get("n7"),
    "outbox.held_until": lambda tx: tx.outbox.held_until("chat", "too many", END - timedelta(hours=1)),
    "outbox.sent_at": lambda tx: tx.outbox.sent_at("chat", END - timedelta(hours=1), 20),
    "outbox.page": lambda tx: [
        tx.outbox.page(incident_id=number, state=state, limit=50, **turn)
        for number in (None, IncidentId(7))
        for state in (None, OutboxState.WAITING)
        for turn in turns("n99")
    ],
    "outbox.count": lambda tx: [tx.outbox.count(state) for state in OutboxState],
    "outbox.failing": lambda tx: tx.outbox.failing(),
    "outbox.last_delivered_at": lambda tx: tx.outbox.last_delivered_at(),
    "threads.of": lambda tx: tx.threads.of(IncidentId(7), "chat", None),
    "escalations.of": lambda tx: tx.escalations.of(IncidentId(7)),
    "escalations.of_all": lambda tx: tx.escalations.of_all([IncidentId(7), IncidentId(8)]),
    "escalations.due": lambda tx: tx.escalations.due(END - timedelta(days=1), 50),
    "escalations.page": lambda tx: [tx.escalations.page(limit=50, **turn) for turn in turns(99)],
    "escalations.count_due": lambda tx: tx.escalations.count_due(END - timedelta(days=1)),
    "backlogs.bodies": lambda tx: tx.backlogs.bodies(NOW),
    "backlogs.calls": lambda tx: tx.backlogs.calls(END - timedelta(days=1)),
    "backlogs.notifications": lambda tx: tx.backlogs.notifications(NOW),
    "backlogs.measurements": lambda tx: tx.backlogs.measurements(END - timedelta(days=1)),
    "backlogs.told_now": lambda tx: tx.backlogs.told_now(NOW),
    "looks.of": lambda tx: tx.looks.of(IncidentId(7), 20),
    "looks.newest": lambda tx: tx.looks.newest(20),
    "maintenances.get": lambda tx: tx.maintenances.get("service", 7),
    "maintenances.live": lambda tx: tx.maintenances.live("service", NOW),
    "maintenances.covering": lambda tx: tx.maintenances.covering("service", NOW),
    "maintenances.untold": lambda tx: tx.maintenances.untold("service", NOW, 20),
    "maintenances.page": lambda tx: [tx.maintenances.page("service", 50, **turn) for turn in turns(99)],
    "incidents.open_of": lambda tx: [tx.incidents.open_of("shop", named, 50) for named in ((), ("checkout",))],
    "overrides.current": lambda tx: tx.overrides.current(NOW),
    "audit.began_at": lambda tx: tx.audit.began_at(),
    "audit.newest": lambda tx: tx.audit.newest(),
    "audit.of": lambda tx: tx.audit.of("INC-7"),
    "audit.page": lambda tx: [
        tx.audit.page(target=target, actor=actor, **turn)
        for target in (None, "INC-7")
        for actor in (None, "Ana")
        for turn in turns(99)
    ],
    "retrospectives.latest": lambda tx: tx.retrospectives.latest(IncidentId(7)),
    "heartbeats.about": lambda tx: tx.heartbeats.about("worker/"),
    "heartbeats.last": lambda tx: tx.heartbeats.last("worker/"),
    "probes.all": lambda tx: tx.probes.all(),
    "probes.due": lambda tx: tx.probes.due(["home"], NOW),
    "items.get": lambda tx: tx.items.get(7),
    "items.find": lambda tx: tx.items.find("shop", Reported(kind="a", object_id="b", title="c", slice="d"), "d"),
    "items.page": lambda tx: [
        tx.items.page(state, kinds=kinds, **turn)
        for state in ItemState
        for kinds in ((), ("dead_job",))
        for turn in turns(PLACE)
    ],
    "items.of": lambda tx: tx.items.of(IncidentId(7), "shop", "slice-1"),
    "items.count": lambda tx: [tx.items.count(state) for state in ItemState],
    "words.matching": lambda tx: tx.incidents.count(tx.words.matching("provider")),
    "measurements.due": lambda tx: tx.measurements.due(NOW, 20),
    "requests.done": lambda tx: tx.requests.done("key"),
    "routes.all": lambda tx: tx.routes.all(),
    "sightings.between": lambda tx: [
        tx.sightings.between("shop", {"receipts"}, END, NOW, limit=50, wrong_only=wrong) for wrong in (True, False)
    ],
    "sightings.with_ref": lambda tx: tx.sightings.with_ref("shop", "order-7", limit=10),
    "previews.get": lambda tx: tx.previews.get("p7"),
    "runs.get": lambda tx: tx.runs.get(7),
    "runs.of_preview": lambda tx: tx.runs.of_preview("p7"),
    "runs.of_key": lambda tx: tx.runs.of_key("preview/p7"),
    "runs.of_incident": lambda tx: tx.runs.of_incident(IncidentId(7)),
    "runs.since": lambda tx: [tx.runs.since("shop", "retry-7", name, END) for name in (None, "slice-1")],
    "runs.unknown": lambda tx: [tx.runs.unknown("shop", "retry-7", name) for name in (None, "slice-1")],
    "runs.silent": lambda tx: tx.runs.silent(NOW, 50),
    "runs.watched": lambda tx: tx.runs.watched(NOW, 50),
    "runs.page": lambda tx: [
        tx.runs.page("shop", capability=name, **turn) for name in (None, "retry-7") for turn in turns(99)
    ],
    "runs.lines": lambda tx: [
        tx.runs.lines("shop", run_id=run, capability=name, **turn)
        for turn in turns(1_900)
        for run, name in ((None, None), (7, None), (None, "retry-7"))
    ],
    "runs.holder": lambda tx: tx.runs.holder("shop/retry/x", NOW),
    "approvals.get": lambda tx: tx.approvals.get(7),
    "approvals.of_content": lambda tx: tx.approvals.of_content("c7"),
    "approvals.page": lambda tx: [tx.approvals.page("shop", state, NOW) for state in ApprovalState],
    "approvals.asked_at_version": lambda tx: tx.approvals.asked_at_version(IncidentId(7), 1),
    "runbooks.of": lambda tx: tx.runbooks.of(IncidentId(7)),
    "runbooks.due": lambda tx: tx.runbooks.due(END - timedelta(days=1), 20),
    "runbooks.said": lambda tx: tx.runbooks.said(IncidentId(7)),
    "mirrors.get": lambda tx: tx.mirrors.get("siem"),
    "verify": lambda tx: tx.verify_chains(),
    "verify.one": lambda tx: tx.verify_chains(IncidentId(7)),
    "verify.count": lambda tx: tx.count_chains(IncidentId(7)),
}
"""Every read of the store, each with every shape that it takes."""
NUMBERS = {"id": "1999", "slice": "checkout", "preview": "p7", "capability": "retry-7"}
"""What stands in addresses for a name in braces; everything else is numbered 7."""
ELSEWHERE = (
    "/incidents/{id}/redact",
    "/incidents/{id}/retrospective",
    "/incidents/{id}/retrospective.md",
    "/api/incidents/{id}/retrospective",
)
"""The one needs an entry, and is among FILTERS; what these tables hold is no retrospective: its read is among READS."""
FILTERS = {
    "incidents": "scope=mine scope=unowned scope=resolved q=provider scope=resolved&q=provider+fails q=INC-7 q=order-7",
    "incidents/1999": "entries=all entries=people entries=told entries=all&from=2 entries=people&from=2",
    "incidents/7": "entries=all",
    "incidents/1999/redact": "entry=2",
    "inbox": "shelf=done shelf=failing shelf=rejected shelf=dropped shelf=done&before=99 shelf=done&after=99",
    "calls": "state=dead state=withheld state=waiting&before=n99 before=n99 after=n99",
    "action-items": "state=resolved state=open state=dismissed",
    "go": "service=shop&slice=slice-7",
    "api/incidents": "scope=resolved owner=Ana&scope=mine q=provider",
    "api/incidents/1999/chronology": "after=1&limit=1",
    "api/audit": "target=INC-7 who=Ana before=99 after=99",
    "api/runs": "capability=retry-7 before=99",
    "api/ledger": "after=1900 capability=retry-7",
    "api/notifications": "incident=7 state=dead before=n99",
}
WRITES = {
    "inbox": "add cut finish forget move postpone",
    "incidents": "add add_all save",
    "episodes": "move save",
    "entries": "append append_all begin redact",
    "changes": "add drop",
    "outbox": "add_all claim_due hold release settle_all",
    "audit": "add add_done redact",
    "retrospectives": "forget keep",
    "heartbeats": "beat turn",
    "probes": "claim ensure settle",
    "items": "add save",
    "words": "add begin replace",
    "measurements": "finish postpone take want",
    "requests": "add",
    "threads": "keep",
    "escalations": "add_all put_off save_all take_due wake",
    "maintenances": "add save",
    "looks": "add forget",
    "overrides": "add remove",
    "routes": "forget redirect send",
    "sightings": "add forget",
    "previews": "add",
    "runs": "add claim give_back note save write",
    "approvals": "add save",
    "runbooks": "put_in_force say take_turn",
    "mirrors": "claim move rest",
}
WHOLE = {"verify": "looks at everything, in the order of its key"}
"""Reads that are about the whole table, so that any plan reads all of it."""


def _entry(tx: Transaction) -> Entry:
    found = tx.entries.get(IncidentId(7), 2)
    assert found is not None
    return found


def _incident(tx: Transaction) -> Incident:
    found = tx.incidents.get(IncidentId(MANY // 2))
    assert found is not None
    return found


@pytest.fixture(scope="module")
def filled_sqlite(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with a few thousand rows in every table that grows."""
    path = tmp_path_factory.mktemp("filled") / "evidence.db"
    path.write_bytes(sqlite_template.read_bytes())
    store = Store(f"sqlite:///{path}")
    fill_all(store)
    store.close()
    return path


@pytest.fixture
def filled(database: str, request: pytest.FixtureRequest) -> Iterator[Store]:
    """An evidence store with a few thousand rows in every table that grows, and statistics over them."""
    if database == "sqlite":
        store = Store(f"sqlite:///{request.getfixturevalue('filled_sqlite')}")
    else:
        store = request.getfixturevalue("store")
        fill_all(store)
    yield store
    store.close()


def test_every_read_of_the_store_is_here() -> None:
    """What is new must say whether it reads, and be explained then."""
    aggregates = inspect.getsource(Transaction.__init__)
    named = re.findall(r"self\.([a-z]+) = (\w+)\(", aggregates)
    from parapet.store import store as module

    there = {
        f"{name}.{method}"
        for name, kind in named
        for method in vars(getattr(module, kind))
        if not method.startswith("_")
    }
    known = {read for read in READS if not read.startswith("verify")}
    known |= {f"{name}.{method}" for name, methods in WRITES.items() for method in methods.split()}
    assert there == known
    assert InboxState.WAITING.value == "waiting"


def test_every_read_is_answered_by_an_index(filled: Store) -> None:
    """Nothing that grows is read from end to end to find a part of it: not by the store, and not by any page."""
    asked: dict[str, Mapping[str, object]] = {}
    for name, read in READS.items():
        if name not in WHOLE:
            with reads(filled) as heard, filled.read() as tx:
                read(tx)
            assert heard, name
            asked[name] = heard
    asked |= asked_by_pages(filled)
    scans: dict[str, str] = {}
    explained: set[str] = set()
    for name, shapes in asked.items():
        for statement, parameters in shapes.items():
            if statement in explained:
                continue
            explained.add(statement)
            with filled.engine.connect() as connection:
                found = scanned(connection, statement, parameters)
            for table in found - SMALL:
                scans[f"{name} of {table}"] = " ".join(statement.split())[:400]
    assert scans == {}, json.dumps(scans, indent=1)


def asked_by_pages(filled: Store) -> dict[str, Mapping[str, object]]:
    """Every page with every filter, and the queue from its beginning to its far end: what each asks the database."""
    url = filled.engine.url.render_as_string(hide_password=False)
    parapet = Parapet(service="shop", evidence=url, clock=ManualClock(NOW), secrets=Secrets(form_key="f" * 20))
    parapet.journey("checkout", objective=0.999)
    retry = Capability(name="retry-7", preview=lambda _: Proposal(targets=()), execute=lambda _, targets: None)
    parapet.capability(retry)
    host = Starlette()
    host.mount("/parapet", workbench(parapet, authenticate=who_is_it))
    browser = Browser(host, "Ana:admin")
    asked: dict[str, Mapping[str, object]] = {}
    refused: dict[str, str] = {}

    def get(path: str) -> str:
        with reads(parapet.store) as heard:
            answer = browser.get(f"/parapet/{path}")
        refused.update({path: answer.text[:600]} if answer.status not in (200, 302, 303, 307) else {})
        asked[f"/{path}"] = heard
        return answer.text

    for route in ROUTES:
        if route.method == "GET" and route.door is not Door.PUBLIC and route.pattern not in ELSEWHERE:
            get(re.sub(r"\{(\w+)\}", lambda found: NUMBERS.get(found[1], "7"), route.pattern).lstrip("/"))
    for path, filters in FILTERS.items():
        for query in filters.split():
            get(f"{path}?{query}")
    seen: list[str] = []
    there: list[list[str]] = []
    page = get("incidents?scope=resolved")
    while True:
        there.append(re.findall(r'data-row="([^"]+)"', page))
        seen += there[-1]
        if (further := _beside(page, "next")) is None:
            break
        page = get(further)
    for turned in reversed(there[-4:-1]):
        page = get(_beside(page, "prev") or "")
        assert re.findall(r'data-row="([^"]+)"', page) == turned
    assert refused == {}
    assert len(seen) == len(set(seen)) == MANY - OPEN_NOW
    parapet.store.close()
    return asked


def _beside(page: str, way: str) -> str | None:
    """Where the page beside *page* is; None: there is none."""
    found = re.search(rf'<a href="[^"]*(incidents\?[^"]+)" rel="{way}"', page)
    return unescape(found[1]) if found else None
