"""Keeps the burn around an incident: asks Prometheus while it remembers, and writes what it says into the chronology.

Never in the way: what wants a series only leaves a row, and a server that does not answer is asked again later.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from parapet.core.errors import OutgoingError
from parapet.core.guard import guarded
from parapet.core.types import Actor, ActorClass, JsonObject
from parapet.core.vocabulary import Severity
from parapet.incidents.measured import DIGITS, Limit, Measured, Unit, measured, payload_of, span_of
from parapet.incidents.model import EntryKind, Incident, NewEntry
from parapet.ops.context import Context
from parapet.ops.prometheus import Prometheus
from parapet.slo import series
from parapet.slo.catalog import Catalog
from parapet.slo.diagnostic import Diagnostic
from parapet.slo.slice import Slice
from parapet.store.measurements import Wanted
from parapet.store.store import Transaction

BATCH = 20
LEASE_SECONDS = 30.0
MOST_ATTEMPTS = 8
"""Together some forty minutes of trying."""
FIRST_RETRY_SECONDS = 10.0
PROMETHEUS = Actor(kind=ActorClass.EVIDENCE, name="prometheus")


class Measurer:
    """The verb of measuring, bound to one service's evidence and promises."""

    def __init__(self, context: Context, catalog: Catalog, prometheus: Prometheus) -> None:
        self._context = context
        self._judged = {one.name: one for one in catalog.judged}
        self._catalog = catalog
        self._prometheus = prometheus

    def measure_due(self) -> int:
        """Ask for every series that is due; how many were kept. A server that does not answer ends the round.

        Raises:
            EvidenceUnavailable: the database does not answer.
        """
        context, kept = self._context, 0
        with context.store.read() as tx:
            due = tx.measurements.due(context.clock.now(), BATCH)
        for wanted in due:
            with guarded("measure.one"):  # one that cannot be written must not hold up the others
                taken = self._take(wanted)
                if taken is None:
                    continue  # somebody else has it
                try:
                    kept += self._measure(*taken)
                except OutgoingError as error:
                    self._failed(taken[0], error.message)
                    return kept
        return kept

    def _take(self, wanted: Wanted) -> tuple[Wanted, Incident] | None:
        until = self._context.clock.now() + timedelta(seconds=LEASE_SECONDS)
        with self._context.store.begin() as tx:
            incident = tx.incidents.get(wanted.incident_id)
            if incident is None or not tx.measurements.take(wanted, until):
                return None
        return replace(wanted, due_at=until, attempts=wanted.attempts + 1), incident

    def _measure(self, wanted: Wanted, incident: Incident) -> bool:
        one = self._judged.get(incident.slice or "")
        if one is None:
            self._context.store.transact(lambda tx: tx.measurements.finish(wanted))
            return False  # no promise of ours: nothing to ask
        found = self._ask(one, incident, wanted)
        return self._conclude(wanted, EntryKind.MEASURED, payload_of(found))

    def _ask(self, one: Slice | Diagnostic, incident: Incident, wanted: Wanted) -> Measured:
        base = self._catalog.burn.base_window_seconds
        span = span_of(incident, wanted.until_at, base_window_seconds=base)
        groups = {label: incident.labels[label] for label in one.group_by if label in incident.labels}
        if isinstance(one, Diagnostic):
            unit, name = Unit.RATIO, series.DIAGNOSTIC_RATIO
            limit = Limit(severity=Severity.TICKET, value=one.threshold_ratio)
        else:
            unit, name = Unit.BURN, series.CURRENT_BURN
            loudest = self._catalog.policy_of(one).thresholds(one.objective)[0]
            limit = Limit(severity=loudest.severity, value=round(loudest.factor, DIGITS))
        query = series.worst_query(name, one.service, one.name, groups)
        answer = self._prometheus.over(query, start=span.start, end=span.end, step_seconds=span.step_seconds)
        return measured(wanted.moment, unit, span, answer[0].points if answer else (), limit)

    def _failed(self, wanted: Wanted, why: str) -> None:
        if wanted.attempts >= MOST_ATTEMPTS:
            said: JsonObject = {"moment": wanted.moment.value, "attempts": wanted.attempts, "error": why[:500]}
            self._conclude(wanted, EntryKind.NOT_MEASURED, said)
            return
        wait = timedelta(seconds=FIRST_RETRY_SECONDS * 2 ** (wanted.attempts - 1))
        with self._context.store.begin() as tx:
            tx.measurements.postpone(wanted, self._context.clock.now() + wait)

    def _conclude(self, wanted: Wanted, kind: EntryKind, payload: JsonObject) -> bool:
        now = self._context.clock.now()
        entry = NewEntry(kind=kind, occurred_at=now, actor=PROMETHEUS, payload=payload)

        def work(tx: Transaction) -> bool:
            if not tx.measurements.finish(wanted):
                return False  # the lease ran out, and somebody else has it
            tx.entries.append(wanted.incident_id, (entry,), recorded_at=now)
            return True

        return self._context.store.transact(work)
