"""An evidence store with a few thousand rows in every table that grows, and what its database says of a query."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta

from benchmarks.evidence.filling import END, fill
from sqlalchemy import Connection, event, insert, text

from parapet.core.codec import encode
from parapet.incidents.measured import Moment
from parapet.response import escalation
from parapet.response.capability import Proposal
from parapet.response.runbook import Runbook, Step
from parapet.store import schema
from parapet.store.rows import Row
from parapet.store.store import Store

MANY = 2_000
BOOK = Runbook(name="b", title="B", owner="", slices=("s",), steps=(Step(title="t", text="u"),))
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


def fill_all(store: Store) -> None:
    """Write the rows, and let the database look at them."""
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
                "expires_at": at + timedelta(minutes=5),
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


@contextmanager
def reads(store: Store) -> Iterator[dict[str, object]]:
    """What is asked of the database within the block: each shape of a read once, with the first parameters it had."""
    heard: dict[str, object] = {}

    def hear(
        connection: Connection, cursor: object, statement: str, parameters: object, context: object, many: bool
    ) -> None:
        if statement.lstrip().upper().startswith(("SELECT", "WITH")):
            heard.setdefault(statement, parameters)

    event.listen(store.engine, "before_cursor_execute", hear)
    try:
        yield heard
    finally:
        event.remove(store.engine, "before_cursor_execute", hear)


def scanned(connection: Connection, statement: str, parameters: object) -> set[str]:
    """The tables that the database would read from end to end; on Postgres, though it were told not to."""
    if connection.dialect.name == "sqlite":
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()  # type: ignore[arg-type]
        details = [str(row[3]) for row in plan]
        # In the order of its key and with a limit, a table is its own index: the walk ends when there is enough.
        walked = re.search(r"ORDER BY (\w+)\.(?:incident_)?id (?:ASC|DESC)\s+LIMIT", statement)
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
