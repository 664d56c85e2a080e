"""Previews, runs, claims and the ledger. That a preview runs once rests on unique keys."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import datetime
from typing import cast

from sqlalchemy import ColumnElement, Connection, RowMapping, and_, insert, or_, select, update

from parapet.core.codec import decode
from parapet.core.errors import Conflict
from parapet.core.part import Part, Place
from parapet.core.types import Actor, IncidentId, JsonObject
from parapet.response.capability import Effect, Proposal
from parapet.response.preview import FrozenPreview, proposal_json
from parapet.response.run import LedgerEntry, LedgerKind, Run, RunState, UndoState
from parapet.store.dialect import lock_keys
from parapet.store.keyset import Keyset
from parapet.store.rows import LARGEST_NUMBER, actor_columns, actor_of, row_of
from parapet.store.schema_actions import claims, ledger, previews
from parapet.store.schema_actions import runs as table

NEWEST = Keyset(table.c.id, latest=True)
WRITTEN = Keyset(ledger.c.id)
LEDGER_TURN = "ledger"
"""Lines are numbered in the order in which they are committed, so that whoever reads on misses none."""
LARGEST_PAGE = 200


class PreviewRows:
    """The previews, within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, preview: FrozenPreview) -> None:
        """Keep a preview for good."""
        row = row_of(preview, without=("proposal",)) | {"proposal": proposal_json(preview.proposal)}
        self._connection.execute(insert(previews), row)

    def get(self, number: str) -> FrozenPreview | None:
        """The preview, or None."""
        row = self._connection.execute(select(previews).where(previews.c.id == number)).mappings().first()
        return None if row is None else _preview(row)


class RunRows:
    """The runs and their ledger, within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, run: Run) -> Run:
        """Keep a new run: the same, with its number.

        Raises:
            Conflict: the preview was confirmed by somebody else at the same moment.
        """
        row = row_of(run, without=("id",))
        number = self._connection.execute(insert(table).returning(table.c.id), row).scalar_one()
        return replace(run, id=int(number))

    def save(self, run: Run) -> Run:
        """Keep a changed run, if nobody changed it since it was read: the same, at its new version.

        Raises:
            Conflict: somebody else changed it at the same moment.
        """
        mine = and_(table.c.id == run.id, table.c.version == run.version)
        changed = replace(run, version=run.version + 1)
        if self._connection.execute(update(table).where(mine).values(row_of(changed, without=("id",)))).rowcount != 1:
            raise Conflict(f"{run.ref} was changed by somebody else at the same moment.")
        return changed

    def note(self, number: int, words: str) -> None:
        """Keep how far a run is, as long as it runs. It stays at its version: nobody decides by it."""
        running = and_(table.c.id == number, table.c.state == RunState.RUNNING.value)
        self._connection.execute(update(table).where(running).values(note=words))

    def write(self, run: Run, kind: LedgerKind, actor: Actor, body: JsonObject, *, now: datetime) -> None:
        """Write one line of the ledger.

        Raises:
            Conflict: the same was written of this run before.
        """
        lock_keys(self._connection, (LEDGER_TURN,))
        row = {
            "run_id": run.id,
            "kind": kind.value,
            "recorded_at": now,
            "service": run.service,
            "capability": run.capability,
            "slice": run.slice,
            "incident_id": run.incident_id,
            "body": body,
        }
        self._connection.execute(insert(ledger), row | actor_columns(actor))

    def get(self, number: int) -> Run | None:
        """The run, or None."""
        return self._one(table.c.id == number) if 0 < number <= LARGEST_NUMBER else None

    def of_preview(self, preview_id: str) -> Run | None:
        """The run that came of a preview, if it was confirmed."""
        return self._one(table.c.preview_id == preview_id)

    def of_key(self, key: str) -> Run | None:
        """The run that a request asked for by this key, if it did before."""
        return self._one(table.c.key == key)

    def of_incident(self, incident_id: IncidentId) -> tuple[Run, ...]:
        """The runs of an incident, oldest first."""
        return self._some(select(table).where(table.c.incident_id == incident_id).order_by(table.c.id))

    def since(self, service: str, capability: str, slice_name: str | None, since: datetime) -> tuple[Run, ...]:
        """The runs of a capability on a slice that began after *since*, latest first."""
        mine = and_(table.c.service == service, table.c.capability == capability, _is(table.c.slice, slice_name))
        return self._some(select(table).where(mine, table.c.started_at > since).order_by(table.c.id.desc()))

    def unknown(self, service: str, capability: str, slice_name: str | None) -> Run | None:
        """The oldest run of a capability on a slice whose outcome nobody knows."""
        mine = and_(table.c.service == service, table.c.capability == capability, _is(table.c.slice, slice_name))
        found = self._some(
            select(table).where(mine, table.c.state == RunState.UNKNOWN.value).order_by(table.c.id).limit(1)
        )
        return found[0] if found else None

    def silent(self, now: datetime, limit: int) -> tuple[Run, ...]:
        """Runs, and undos, whose lease ended without a word."""
        ran = and_(table.c.state == RunState.RUNNING.value, table.c.leased_until <= now)
        undid = and_(table.c.undo == UndoState.RUNNING.value, table.c.undo_leased_until <= now)
        asked = ((ran, table.c.leased_until), (undid, table.c.undo_leased_until))
        found = (self._some(select(table).where(each).order_by(due).limit(limit)) for each, due in asked)
        return tuple({run.id: run for runs in found for run in runs}.values())

    def watched(self, now: datetime, limit: int) -> tuple[Run, ...]:
        """Runs whose effect is to be looked at."""
        return self._some(select(table).where(table.c.watch_due_at <= now).order_by(table.c.watch_due_at).limit(limit))

    def page(
        self,
        service: str,
        *,
        capability: str | None = None,
        before: Place | None = None,
        after: Place | None = None,
        limit: int = 50,
    ) -> Part[Run]:
        """Runs, latest first; those with a lower, or a higher, number.

        Raises:
            MalformedPayload: there is no such place in this list.
        """
        wanted = select(table).where(table.c.service == service)
        if capability is not None:
            wanted = wanted.where(table.c.capability == capability)
        size = min(limit, LARGEST_PAGE)
        return NEWEST.page(self._connection, wanted, _run, limit=size, behind=before, ahead=after)

    def lines(
        self,
        service: str,
        *,
        after: Place | None = None,
        before: Place | None = None,
        run_id: int | None = None,
        capability: str | None = None,
        limit: int = 50,
    ) -> Part[LedgerEntry]:
        """Lines of the ledger, in the order in which they were written; those with a higher, or a lower, number.

        Raises:
            MalformedPayload: there is no such place in this list.
        """
        wanted = select(ledger).where(ledger.c.service == service)
        if run_id is not None:
            wanted = wanted.where(ledger.c.run_id == run_id)
        if capability is not None:
            wanted = wanted.where(ledger.c.capability == capability)
        return WRITTEN.page(self._connection, wanted, _line, limit=limit, behind=after, ahead=before)

    def claim(self, key: str, *, owner: str, holder: str, now: datetime, until: datetime) -> str | None:
        """Take the claim *key*, if nobody has it. None: it is *owner*'s now; else the name of whoever holds it.

        Raises:
            Conflict: somebody else took it for the first time at the same moment.
        """
        free = or_(claims.c.owner.is_(None), claims.c.leased_until <= now, claims.c.owner == owner)
        values = {"owner": owner, "holder": holder, "leased_until": until}
        taken = self._connection.execute(update(claims).where(claims.c.key == key, free).values(**values))
        if taken.rowcount == 1:
            return None
        known = self._connection.execute(select(claims.c.holder).where(claims.c.key == key)).first()
        if known is not None:
            return str(known.holder)
        self._connection.execute(insert(claims), {"key": key, **values})
        return None

    def give_back(self, key: str, *, owner: str) -> None:
        """Let the claim *key* go, if it is still *owner*'s."""
        mine = and_(claims.c.key == key, claims.c.owner == owner)
        self._connection.execute(update(claims).where(mine).values(owner=None, holder=None, leased_until=None))

    def holder(self, key: str, now: datetime) -> str | None:
        """Who holds the claim *key*; None: nobody does."""
        held = select(claims.c.holder).where(claims.c.key == key, claims.c.leased_until > now)
        return self._connection.execute(held).scalar_one_or_none()

    def _one(self, where: ColumnElement[bool]) -> Run | None:
        row = self._connection.execute(select(table).where(where)).mappings().first()
        return None if row is None else _run(row)

    def _some(self, wanted: object) -> tuple[Run, ...]:
        return tuple(map(_run, self._connection.execute(wanted).mappings()))  # type: ignore[call-overload]


def _is(column: ColumnElement[str], value: str | None) -> ColumnElement[bool]:
    return column.is_(None) if value is None else column == value


def _preview(row: RowMapping) -> FrozenPreview:
    values = {field.name: row[field.name] for field in fields(FrozenPreview) if field.name not in {"actor", "proposal"}}
    document = cast("JsonObject", row["proposal"])
    return FrozenPreview(**values, actor=actor_of(row), proposal=decode(Proposal, document))


def _run(row: RowMapping) -> Run:
    values = {field.name: row[field.name] for field in fields(Run) if field.name != "actor"}
    values |= {"state": RunState(row["state"]), "undo": UndoState(row["undo"])}
    values["effect"] = None if row["effect"] is None else Effect(row["effect"])
    return Run(**values, actor=actor_of(row))


def _line(row: RowMapping) -> LedgerEntry:
    values = {field.name: row[field.name] for field in fields(LedgerEntry) if field.name != "actor"}
    return LedgerEntry(**values | {"kind": LedgerKind(row["kind"])}, actor=actor_of(row))
