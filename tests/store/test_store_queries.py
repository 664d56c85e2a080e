"""Every query that the store reads with is answered by an index, on both databases: their own EXPLAIN says so."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from benchmarks.evidence.filling import END, fill
from sqlalchemy import Connection, event, insert, text

from parapet.core.codec import encode
from parapet.core.types import Actor, ActorClass, IncidentId
from parapet.incidents.gist import EVERYTHING, Selection
from parapet.incidents.items import ItemState, Reported
from parapet.incidents.measured import Moment
from parapet.incidents.model import ChangeKind, Entry, EntryKind, Incident
from parapet.response import escalation
from parapet.response.approval import ApprovalState
from parapet.response.capability import Proposal
from parapet.response.runbook import Runbook, Step
from parapet.store import schema
from parapet.store.inbox import InboxState, Shelf
from parapet.store.incidents import UNRESOLVED
from parapet.store.outbox import OutboxState
from parapet.store.queue import Scope, counts, stretch
from parapet.store.rows import Row
from parapet.store.store import Store, Transaction

if TYPE_CHECKING:
    pass

MANY = 2_000
NOW = END + timedelta(minutes=1)
BOOK = Runbook(name="b", title="B", owner="", slices=("s",), steps=(Step(title="t", text="u"),))
ANA = Actor(kind=ActorClass.OPERATOR, name="Ana")
MEASURED = Selection(kinds=frozenset({EntryKind.MEASURED}))
SELECTIONS = (EVERYTHING, MEASURED, Selection(kinds=frozenset({EntryKind.NOTED}), operators=True))
SMALL = frozenset({"parapet_routes", "parapet_heartbeats", "parapet_probes", "parapet_schema_version"}) | {
    "parapet_claims",
    "parapet_mirrors",
    "parapet_runbooks",
}
"""Tables whose size does not grow with the evidence: one row for each worker, probe, route of the last hour, place
where one capability runs at a time, or version of a runbook."""

PARTIAL = sorted(
    f"{index.name}"
    for table in schema.metadata.tables.values()
    for index in table.indexes
    if index.dialect_options["sqlite"]["where"] is not None
)

POLICY = encode(
    escalation.EscalationPolicy(name="pages", steps=(escalation.Step(targets=(escalation.channel("chat"),)),))
)

Reads = Mapping[str, Callable[[Transaction], object]]
PLACE = f"{END.isoformat()}_7"

READS: Reads = {
    "inbox.due": lambda tx: tx.inbox.due(NOW, 50),
    "inbox.waiting": lambda tx: tx.inbox.waiting([1, 2, 3], 10_000),
    "inbox.get_waiting": lambda tx: tx.inbox.get_waiting(7),
    "inbox.get": lambda tx: tx.inbox.get(7),
    "inbox.page": lambda tx: [
        tx.inbox.page(shelf, before=before, limit=50) for shelf in Shelf for before in (None, 99)
    ],
    "inbox.count": lambda tx: [tx.inbox.count(shelf, since) for shelf in Shelf for since in (None, NOW)],
    "inbox.last_received_at": lambda tx: tx.inbox.last_received_at(),
    "inbox.newest": lambda tx: tx.inbox.newest(),
    "incidents.get": lambda tx: tx.incidents.get(IncidentId(7)),
    "incidents.get_all": lambda tx: tx.incidents.get_all([IncidentId(7), IncidentId(8)]),
    "incidents.latest": lambda tx: tx.incidents.latest({"shop/slice-1{region=1}", "none"}),
    "incidents.before": lambda tx: tx.incidents.before(_incident(tx)),
    "incidents.count_before": lambda tx: tx.incidents.count_before(_incident(tx), END - timedelta(days=90)),
    "incidents.beside": lambda tx: tx.incidents.beside(_incident(tx), 900.0, 20),
    "incidents.find": lambda tx: tx.incidents.find("shop", "slice-1"),
    "incidents.quiet": lambda tx: tx.incidents.quiet(NOW, 50, flapping_after=3, flapping_before=NOW),
    "incidents.with_signal": lambda tx: [tx.incidents.with_signal(stale=stale) for stale in (True, False)],
    "incidents.touching": lambda tx: tx.incidents.touching("shop", END - timedelta(hours=9), END),
    "incidents.counts_up_to": lambda tx: counts(tx, "Ana"),
    "incidents.count": lambda tx: tx.incidents.count(UNRESOLVED),
    "incidents.select": lambda tx: [
        stretch(tx, scope, owner="Ana", search=search, limit=50, before=before)
        for scope in Scope
        for search in (None, "provider", "provider fails", "INC-7", "7")
        for before in (None, PLACE if scope is Scope.RESOLVED else f"0_{PLACE}")
    ],
    "episodes.known": lambda tx: tx.episodes.known("alertmanager", {f"{7:016x}"}, {"a"}, {IncidentId(7)}),
    "episodes.of": lambda tx: tx.episodes.of(IncidentId(7)),
    "episodes.ended_last": lambda tx: tx.episodes.ended_last([IncidentId(7)], without=()),
    "episodes.open": lambda tx: tx.episodes.open("alertmanager"),
    "entries.of": lambda tx: [tx.entries.of(IncidentId(7)), tx.entries.of(IncidentId(7), after=1, limit=50)],
    "entries.get": lambda tx: tx.entries.get(IncidentId(7), 2),
    "entries.gist": lambda tx: [tx.entries.gist(IncidentId(7)), tx.entries.selected(IncidentId(7), MEASURED)],
    "entries.selected": lambda tx: [
        tx.entries.selected(IncidentId(7), selection, start=start, limit=101)
        for selection in SELECTIONS
        for start in (None, _entry(tx))
    ],
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
        tx.changes.newest("shop", 50, since=since, before=before)
        for since in (None, END)
        for before in (None, f"{END.isoformat()}_change-1")
    ],
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
        tx.outbox.page(incident_id=number, state=state, before=before, limit=50)
        for number in (None, IncidentId(7))
        for state in (None, OutboxState.WAITING)
        for before in (None, "n99")
    ],
    "outbox.count": lambda tx: [tx.outbox.count(state) for state in OutboxState],
    "outbox.last_delivered_at": lambda tx: tx.outbox.last_delivered_at(),
    "threads.of": lambda tx: tx.threads.of(IncidentId(7), "chat", None),
    "escalations.of": lambda tx: tx.escalations.of(IncidentId(7)),
    "escalations.of_all": lambda tx: tx.escalations.of_all([IncidentId(7), IncidentId(8)]),
    "escalations.due": lambda tx: tx.escalations.due(END - timedelta(days=1), 50),
    "escalations.page": lambda tx: [tx.escalations.page(limit=50, before=before) for before in (None, 99)],
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
    "maintenances.page": lambda tx: [tx.maintenances.page("service", 50, before) for before in (None, 99)],
    "incidents.open_of": lambda tx: [tx.incidents.open_of("shop", named, 50) for named in ((), ("checkout",))],
    "overrides.current": lambda tx: tx.overrides.current(NOW),
    "audit.began_at": lambda tx: tx.audit.began_at(),
    "audit.newest": lambda tx: tx.audit.newest(),
    "audit.of": lambda tx: tx.audit.of("INC-7"),
    "audit.page": lambda tx: [
        tx.audit.page(target=target, actor=actor, before=before)
        for target in (None, "INC-7")
        for actor in (None, "Ana")
        for before in (None, 99)
    ],
    "retrospectives.latest": lambda tx: tx.retrospectives.latest(IncidentId(7)),
    "heartbeats.about": lambda tx: tx.heartbeats.about("worker/"),
    "heartbeats.last": lambda tx: tx.heartbeats.last("worker/"),
    "probes.all": lambda tx: tx.probes.all(),
    "probes.due": lambda tx: tx.probes.due(["home"], NOW),
    "items.get": lambda tx: tx.items.get(7),
    "items.find": lambda tx: tx.items.find("shop", Reported(kind="a", object_id="b", title="c", slice="d"), "d"),
    "items.page": lambda tx: [
        tx.items.page(state, kinds=kinds, before=before)
        for state in ItemState
        for kinds in ((), ("dead_job",))
        for before in (None, PLACE)
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
        tx.runs.page("shop", capability=name, before=before) for name in (None, "retry-7") for before in (None, 99)
    ],
    "runs.lines": lambda tx: [
        tx.runs.lines("shop", after=after, run_id=run, capability=name)
        for after in (0, 1_900)
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
WRITES = {
    "inbox": "add cut finish forget move postpone",
    "incidents": "add add_all save",
    "episodes": "move save",
    "entries": "append append_all begin redact",
    "changes": "add",
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
    _fill(store)
    store.close()
    return path


@pytest.fixture
def filled(database: str, request: pytest.FixtureRequest) -> Iterator[Store]:
    """An evidence store with a few thousand rows in every table that grows, and statistics over them."""
    if database == "sqlite":
        store = Store(f"sqlite:///{request.getfixturevalue('filled_sqlite')}")
    else:
        store = request.getfixturevalue("store")
        _fill(store)
    yield store
    store.close()


def _fill(store: Store) -> None:
    numbers = range(1, MANY + 1)
    when = {number: END - timedelta(minutes=number) for number in numbers}
    rows: dict[str, list[Row]] = {
        "inbox": [
            {"source": "alertmanager", "received_at": when[n], "body": b"{}", "size_bytes": 2, "attempts": n % 3}
            | {"state": "waiting" if n % 50 == 0 else "rejected" if n % 50 == 1 else "done", "due_at": when[n]}
            for n in numbers
        ],
        "outbox": [
            {"id": f"n{n}", "dedupe_key": f"k{n}", "incident_id": n, "channel": "chat", "announcement": "opened"}
            | {"message": {}, "state": "waiting" if n % 50 == 0 else "delivered", "attempts": 1}
            | {"created_at": when[n], "due_at": when[n], "delivered_at": when[n] if n % 50 else None}
            for n in numbers
        ],
        "action_items": [
            {"service": "shop", "kind": f"kind-{n % 20}", "object_id": f"{n}", "about": f"INC-{n}", "incident_id": n}
            | {"slice": None if n % 2 else f"slice-{n % 40}", "title": "t", "url": None, "details": {}}
            | {"state": "open" if n % 20 == 0 else "resolved", "opened_at": when[n], "opened_by": "x", "told": 1}
            | {"last_told_at": when[n], "version": 1}
            for n in numbers
        ],
        "measurements": [
            {"incident_id": n, "incident_version": 1, "moment": Moment.OPENED.value, "until_at": when[n]}
            | {"due_at": when[n] + timedelta(days=n % 10), "attempts": 0}
            for n in numbers
        ],
        "retrospectives": [
            {"incident_id": n, "incident_version": 1, "composed_at": when[n], "body": {}} for n in numbers
        ],
        **_actions(when),
        "threads": [{"incident_id": n, "channel": "chat", "recipient": "", "kept": {}} for n in numbers],
        "escalations": [
            {"incident_id": n, "policy": POLICY, "state": "running" if n % 50 == 0 else "ended", "step": 0, "round": 0}
            | {"run": 0, "due_at": when[n] if n % 50 == 0 else None, "started_at": when[n], "held": False, "version": 1}
            for n in numbers
        ],
        "overrides": [
            {"rotation": "shop", "person": "Ana", "start_at": when[n], "end_at": when[n], "reason": "r", "by": "Ana"}
            | {"recorded_at": when[n]}
            for n in numbers
        ],
        "sightings": [
            {"service": "shop", "signal": "s", "subject": f"subject-{n % 50}", "went_wrong": n % 2 == 0, "fields": {}}
            | {"refs": {}, "seen_at": when[n]}
            for n in numbers
        ],
        "sighting_refs": [{"value": f"order-{n}", "sighting_id": n} for n in numbers],
    }
    with store.engine.begin() as connection:
        connection.execute(text("SELECT 1"))
    fill(store, incidents=MANY, entries_each=3)
    with store.engine.begin() as connection:
        for name, many in rows.items():
            connection.execute(insert(schema.metadata.tables[f"parapet_{name}"]), many)
    with store.engine.begin() as connection:
        connection.execute(text("ANALYZE"))


def _actions(when: Mapping[int, datetime]) -> dict[str, list[Row]]:
    """Previews, each with its run, its line of the ledger and its approval; and steps that wait."""
    who: Row = {"actor_kind": "operator", "actor_name": "Ana"}
    shared: Row = {"service": "shop"}
    return {
        "previews": [
            shared
            | who
            | {"id": f"p{n}", "capability": f"retry-{n % 20}", "incident_id": n, "incident_version": 1}
            | {
                "slice": f"slice-{n % 40}",
                "created_at": at,
                "expires_at": at,
                "inputs": {},
                "proposal": encode(Proposal(targets=())),
            }
            | {"content": f"c{n}", "digest": f"d{n}"}
            for n, at in when.items()
        ],
        "runs": [
            shared
            | who
            | {"key": f"preview/p{n}", "preview_id": f"p{n}", "capability": f"retry-{n % 20}", "incident_id": n}
            | {"slice": f"slice-{n % 40}", "reason": "r", "target_count": 1, "failed": {}, "note": ""}
            | {"state": "running" if n % 50 == 0 else "unknown" if n % 50 == 1 else "done", "started_at": at}
            | {"leased_until": at if n % 50 == 0 else None, "undo": "running" if n % 50 == 2 else "none"}
            | {"undo_leased_until": at if n % 50 == 2 else None, "watch_due_at": at if n % 50 == 3 else None}
            | {"break_glass": False, "version": 1}
            for n, at in when.items()
        ],
        "ledger": [
            shared
            | who
            | {"run_id": n, "kind": "intent", "recorded_at": at, "capability": f"retry-{n % 20}", "incident_id": n}
            | {"slice": None, "body": {}}
            for n, at in when.items()
        ],
        "approvals": [
            shared
            | {"content": f"c{n}", "preview_id": f"p{n}", "capability": f"retry-{n % 20}", "incident_id": n}
            | {"asked_by": "Ana", "reason": "r", "asked_at": at, "until_at": at, "version": 1}
            | {"state": "waiting" if n % 50 == 0 else "approved" if n % 50 == 1 else "denied"}
            for n, at in when.items()
        ],
        "automatic": [{"incident_id": n, "capability": f"retry-{n % 20}", "due_at": at} for n, at in when.items()],
        "runbooks": [{"digest": "d", "name": "b", "body": encode(BOOK), "first_seen_at": END}],
        "in_force": [{"incident_id": n, "name": "b", "digest": "d", "place": 0} for n in when],
    }


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
    """Nothing that grows is read from end to end to find a part of it."""
    scans: dict[str, str] = {}
    for name, read in READS.items():
        if name in WHOLE:
            continue
        for statement, parameters in _statements(filled, read):
            with filled.engine.connect() as connection:
                found = _scanned(connection, statement, parameters)
            for table in found - SMALL:
                scans[f"{name} of {table}"] = " ".join(statement.split())[:400]
    assert scans == {}, json.dumps(scans, indent=1)


def _statements(store: Store, read: Callable[[Transaction], object]) -> list[tuple[str, object]]:
    """What a read asks the database, with its parameters, each shape once."""
    heard: dict[str, object] = {}

    def hear(
        connection: Connection, cursor: object, statement: str, parameters: object, context: object, many: bool
    ) -> None:
        if statement.lstrip().upper().startswith(("SELECT", "WITH")):
            heard.setdefault(statement, parameters)

    event.listen(store.engine, "before_cursor_execute", hear)
    try:
        with store.read() as tx:
            read(tx)
    finally:
        event.remove(store.engine, "before_cursor_execute", hear)
    assert heard
    return list(heard.items())


def _scanned(connection: Connection, statement: str, parameters: object) -> set[str]:
    """The tables that the database would read from end to end; on Postgres, though it were told not to."""
    if connection.dialect.name == "sqlite":
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()  # type: ignore[arg-type]
        details = [str(row[3]) for row in plan]
        # In the order of its key and with a limit, a table is its own index: the walk ends when there is enough.
        walked = re.search(r"ORDER BY (\w+)\.(?:incident_)?id DESC\s+LIMIT", statement)
        sorts = any("TEMP B-TREE" in detail for detail in details)
        in_order = {walked[1]} if walked and not sorts else set()
        # Of an index over the whole table, an aggregate without a limit would read every row, too.
        aggregate = re.match(r"SELECT (count|sum|max|coalesce)", statement) and "LIMIT" not in statement
        indexed = rf" INDEX (?!{'|'.join(PARTIAL)})" if aggregate else None
        scans = {
            found[1]
            for detail in details
            if (found := re.match(r"SCAN (?!anon_)(\w+)\b(?! VIRTUAL TABLE INDEX)", detail))
            and ("INDEX" not in detail or (indexed and re.search(indexed, detail)))
        }
        return scans - {"CONSTANT"} - in_order
    connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
    rows = connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {statement}", parameters)  # type: ignore[arg-type]
    read: set[str] = set()
    _walk(rows.scalar_one()[0]["Plan"], read)
    return read


def _walk(node: dict[str, object], found: set[str]) -> None:
    if node["Node Type"] == "Seq Scan":
        found.add(str(node["Relation Name"]))
    below = node.get("Plans")
    for one in below if isinstance(below, list) else ():
        _walk(one, found)
