"""Reads what was done: runs, with their previews and their lines of the ledger."""

from __future__ import annotations

from dataclasses import dataclass

from parapet.core.errors import NotFound
from parapet.core.part import Part, Place
from parapet.core.types import IncidentId
from parapet.incidents.model import Incident
from parapet.ops.context import Context, numbered
from parapet.response.preview import FrozenPreview
from parapet.response.record import Record, record_of
from parapet.response.run import LedgerEntry, Run
from parapet.response.runbook import Runbook

MOST_LINES = 100
MOST_RUNS = 2_000
MOST_OPENING = 10
"""Entries at the beginning of a chronology that name the alerts which opened the incident."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFile:
    """A run, what was previewed, and what happened, oldest first."""

    run: Run
    preview: FrozenPreview
    lines: tuple[LedgerEntry, ...]


class Records:
    """The reads, bound to one service's evidence. Every one raises EvidenceUnavailable."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def run(self, number: int) -> RunFile:
        """One run.

        Raises:
            NotFound: there is none.
        """
        with self._context.store.read() as tx:
            run = tx.runs.get(number)
            preview = None if run is None else tx.previews.get(run.preview_id)
            if run is None or preview is None:
                raise NotFound(f"There is no run RUN-{number}.")
            lines = tx.runs.lines(run.service, run_id=number, limit=MOST_LINES).rows
        return RunFile(run=run, preview=preview, lines=lines)

    def runs(
        self,
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
        service = self._context.service
        with self._context.store.read() as tx:
            return tx.runs.page(service, capability=capability, before=before, after=after, limit=limit)

    def ledger(
        self,
        *,
        after: Place | None = None,
        before: Place | None = None,
        capability: str | None = None,
        limit: int = MOST_LINES,
    ) -> Part[LedgerEntry]:
        """Lines of the ledger, in the order in which they were written; those with a higher, or a lower, number.

        Raises:
            MalformedPayload: there is no such place in this list.
        """
        service = self._context.service
        with self._context.store.read() as tx:
            return tx.runs.lines(service, after=after, before=before, capability=capability, limit=limit)

    def record(self, capability: str) -> Record:
        """What a capability did so far: its latest runs, MOST_RUNS of them."""
        found: list[Run] = []
        with self._context.store.read() as tx:
            page = tx.runs.page(self._context.service, capability=capability, limit=200)
            found += page
            while page.next is not None and len(found) < MOST_RUNS:
                page = tx.runs.page(self._context.service, capability=capability, before=page.next, limit=200)
                found += page
        return record_of(capability, found)

    def runbooks(self, incident: Incident) -> tuple[tuple[Runbook, ...], bool]:
        """The runbooks of an incident, as they were in force when it opened; and whether any is another now.

        An incident that opened before there were any has those of now.
        """
        context, number = self._context, numbered(incident)
        with context.store.read() as tx:
            kept = tx.runbooks.of(number)
            if kept:
                return kept, any(context.runbooks.get(book.name) != book for book in kept)
            if not context.runbooks:
                return (), False
            return context.runbooks_for(incident, tx.entries.of(number, limit=MOST_OPENING)), False

    def of_incident(self, incident_id: IncidentId) -> tuple[Run, ...]:
        """The runs of an incident, oldest first."""
        with self._context.store.read() as tx:
            return tx.runs.of_incident(incident_id)
