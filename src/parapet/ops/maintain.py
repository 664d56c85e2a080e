"""Maintenance by the word of a person: begin it, plan it, end it. One verb, one commit."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from parapet.core.errors import IllegalTransition, NotFound, ReasonRequired, Refused, UnknownName
from parapet.core.part import Part, Place
from parapet.core.types import Actor, JsonObject
from parapet.ops.context import Context
from parapet.ops.resting import tell_begun, tell_over
from parapet.response.maintenance import EVERYTHING, MaintenanceState, PlannedMaintenance, check
from parapet.store.rows import as_kept
from parapet.store.store import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What of a service can rest: its promises by name, and the promises of each journey."""

    slices: Collection[str]
    journeys: Mapping[str, tuple[str, ...]]

    def of(self, what: str) -> tuple[str, ...]:
        """The promises that *what* stands for; none: all of the service.

        Raises:
            UnknownName: nothing is named so; the nearest name is told.
        """
        if what == EVERYTHING:
            return ()
        if what in self.journeys:
            return self.journeys[what]
        if what in self.slices:
            return (what,)
        raise UnknownName.of("journey or slice", what, [EVERYTHING, *self.journeys, *self.slices])


class Maintenances:
    """The verbs of maintenance, bound to one service's evidence."""

    def __init__(self, context: Context, scope: Scope) -> None:
        self._context = context
        self.scope = scope

    def plan(
        self, what: str, *, end: datetime, actor: Actor, reason: str, start: datetime | None = None
    ) -> PlannedMaintenance:
        """Let nothing of *what*, a journey, a slice or `everything`, count from *start* until *end*.

        Args:
            start: time zone aware, as *end*; without it, now.

        Raises:
            UnknownName: nothing is named so.
            Refused: no reason was given, the times cannot be, or the same rests then already.
            EvidenceUnavailable: the database does not answer.
        """
        context, now = self._context, self._context.clock.now()
        one = PlannedMaintenance(
            number=0,
            service=context.service,
            what=what,
            slices=self.scope.of(what),
            start=now if start is None else start.astimezone(UTC),
            end=end.astimezone(UTC),
            reason=reason,
            by=as_kept(actor).name,
            planned_at=now,
        )

        def work(tx: Transaction) -> PlannedMaintenance:
            tx.take_turns([f"maintenance/{context.service}"])
            check(one, tx.maintenances.live(context.service, now), now)
            kept = replace(one, number=tx.maintenances.add(one))
            self._audit(tx, "maintenance.plan", kept, actor, reason, now)
            return tell_begun(context, tx, kept, now=now, actor=actor) if kept.start <= now else kept

        return self._transact("maintenance.plan", what, actor, reason, work)

    def end(self, number: int, *, actor: Actor, reason: str) -> PlannedMaintenance:
        """Say that one is over, or will not be. What it held back goes on at once.

        Raises:
            NotFound: there is none of that number.
            Refused: it is over already, or no reason was given.
            EvidenceUnavailable: the database does not answer.
        """
        context, now = self._context, self._context.clock.now()

        def work(tx: Transaction) -> PlannedMaintenance:
            known = tx.maintenances.get(context.service, number)
            if known is None:
                raise NotFound(f"There is no maintenance M-{number}.")
            if not reason.strip():
                raise ReasonRequired("Say why it is over. Nothing changed.")
            state = known.state(now)
            if state not in (MaintenanceState.RUNNING, MaintenanceState.PLANNED):
                by = f" by {known.ended_by}" if known.ended_by else ""
                raise IllegalTransition(f"{known.ref} is {state.value}{by} already. Nothing changed.")
            who = as_kept(actor).name
            if state is MaintenanceState.PLANNED:
                ended = replace(known, end=known.start, ended_by=who, ended_because=reason, over=True)
                tx.maintenances.save(known, ended)
            else:
                begun = known if known.begun else tell_begun(context, tx, known, now=now)
                ended = replace(begun, end=now, ended_by=who, ended_because=reason)
                tx.maintenances.save(begun, ended)
                ended = tell_over(context, tx, ended, now=now, actor=actor)
            self._audit(tx, "maintenance.end", ended, actor, reason, now)
            return ended

        return self._transact("maintenance.end", f"M-{number}", actor, reason, work)

    def live(self) -> tuple[PlannedMaintenance, ...]:
        """Those that run or are planned, the next end first.

        Raises:
            EvidenceUnavailable: the database does not answer.
        """
        with self._context.store.read() as tx:
            return tuple(tx.maintenances.live(self._context.service, self._context.clock.now()))

    def page(
        self, *, limit: int = 50, before: Place | None = None, after: Place | None = None
    ) -> Part[PlannedMaintenance]:
        """The newest first; those with a lower, or a higher, number.

        Raises:
            MalformedPayload: there is no such place in this list.
            EvidenceUnavailable: the database does not answer.
        """
        with self._context.store.read() as tx:
            return tx.maintenances.page(self._context.service, limit, before=before, after=after)

    def _transact(
        self, verb: str, target: str, actor: Actor, reason: str, work: Callable[[Transaction], PlannedMaintenance]
    ) -> PlannedMaintenance:
        store, now = self._context.store, self._context.clock.now()
        try:
            return store.transact(work)
        except Refused as refusal:
            said: JsonObject = {"refusal": type(refusal).__name__, "said": refusal.message}
            with store.begin() as tx:
                tx.audit.add(
                    actor=actor, verb=verb, target=target[:128], outcome="refused", now=now, reason=reason, details=said
                )
            raise

    def _audit(
        self, tx: Transaction, verb: str, one: PlannedMaintenance, actor: Actor, reason: str, now: datetime
    ) -> None:
        details: JsonObject = {"what": one.what, "from": one.start.isoformat(), "until": one.end.isoformat()}
        tx.audit.add(actor=actor, verb=verb, target=one.ref, outcome="done", now=now, reason=reason, details=details)
