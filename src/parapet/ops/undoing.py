"""Takes a run back, while that is possible: once, by the same rules. The intent is committed before anything runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from parapet.core.errors import ClaimHeld, NotFound, NotUndoable, Refused, StaleVersion
from parapet.core.types import Actor
from parapet.incidents.model import Announcement, EntryKind
from parapet.incidents.transitions import reason_of
from parapet.ops.act import LEASE_MARGIN_SECONDS
from parapet.ops.acting import Bench, Permits, about, claim_key, everything, situation, write
from parapet.ops.context import existing
from parapet.ops.hosted import call
from parapet.response.capability import Capability, Done
from parapet.response.run import LedgerKind, Run, UndoState
from parapet.store.rows import as_kept
from parapet.store.store import Transaction

SUFFIX = "/undo"
LEDGER: Mapping[UndoState, LedgerKind] = {
    UndoState.UNDONE: LedgerKind.UNDONE,
    UndoState.FAILED: LedgerKind.UNDO_FAILED,
    UndoState.UNKNOWN: LedgerKind.UNDO_UNKNOWN,
}


class Undoing:
    """The verb that takes a run back. It raises EvidenceUnavailable."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._context = bench.context

    def undo(self, number: int, *, actor: Actor, reason: str, version: int, permits: Permits = everything) -> Run:
        """Take the run back: the run, as far as that is known.

        Raises:
            Refused: there is no such run, it moved since *version*, there is no way back any more, *actor* may not,
                somebody else acts there at this moment, or no reason was given.
        """
        bench, context, actor = self._bench, self._context, as_kept(actor)
        with context.store.read() as tx:
            seen = _run(tx, number)
        capability = bench.capability(seen.capability)
        try:
            bench.refuse_unpermitted(capability, permits)
            why = reason_of(reason, "Say why it is taken back. Nothing ran.")
            run = context.store.transact(lambda tx: self._begin(tx, capability, number, actor, why, version))
        except Refused as refusal:
            bench.remember_refusal("undo", seen.ref, actor, reason, refusal, capability.name)
            raise
        return self._execute(capability, run, actor)

    def _begin(
        self, tx: Transaction, capability: Capability, number: int, actor: Actor, reason: str, version: int
    ) -> Run:
        now, run = self._context.clock.now(), _run(tx, number)
        if run.version != version:
            raise StaleVersion(f"{run.ref} moved: you read version {version}, it is {run.version}. Nothing ran.")
        if capability.undo is None or not run.can_be_undone(now):
            late = run.undo is UndoState.OPEN
            said = "the time for it is over" if late else f"its undo is {run.undo.value.replace('_', ' ')}"
            raise NotUndoable(f"{run.ref} cannot be taken back: {said}. Nothing ran.")
        until = now + timedelta(seconds=capability.most_seconds + LEASE_MARGIN_SECONDS)
        where = claim_key(run.service, run.capability, run.slice)
        holder = tx.runs.claim(where, owner=run.key + SUFFIX, holder=actor.name, now=now, until=until)
        if holder is not None:
            raise ClaimHeld(f"{holder} runs it at this moment. Nothing ran.")
        begun = replace(run, undo=UndoState.RUNNING, undo_leased_until=until)
        begun = tx.runs.save(replace(begun, watch_until=None, watch_due_at=None))  # what is taken back helps nobody
        self._write(tx, begun, capability, LedgerKind.UNDO_INTENT, actor, reason=reason)
        return begun

    def _execute(self, capability: Capability, run: Run, actor: Actor) -> Run:
        now, undo = self._context.clock.now(), capability.undo
        with self._context.store.read() as tx:
            preview, incident = tx.previews.get(run.preview_id), existing(tx, run.incident_id)
        if preview is None or undo is None:
            raise NotUndoable()
        targets = tuple(one for one in preview.targets if one.id not in run.failed)
        told = situation(incident, now=now, inputs=preview.inputs, actor=actor, run=run, suffix=SUFFIX)
        answer = call(capability, "undo", lambda: undo(told, targets))
        failed = isinstance(answer.value, Done) and bool(answer.value.failed)
        state = UndoState.UNKNOWN if answer.error is not None else UndoState.FAILED if failed else UndoState.UNDONE
        number = run.id or 0
        return self._context.store.insist(lambda tx: self.conclude(tx, number, state, actor))

    def conclude(self, tx: Transaction, number: int, state: UndoState, actor: Actor) -> Run:
        """Write down how taking it back ended; heard of late, the later word is the last."""
        run = _run(tx, number)
        if run.undo not in {UndoState.RUNNING, UndoState.UNKNOWN} or run.undo is state:
            return run
        kept = tx.runs.save(replace(run, undo=state, undo_leased_until=None))
        tx.runs.give_back(claim_key(run.service, run.capability, run.slice), owner=run.key + SUFFIX)
        self._write(tx, kept, self._bench.capabilities.get(run.capability), LEDGER[state], actor)
        return kept

    def _write(
        self,
        tx: Transaction,
        run: Run,
        capability: Capability | None,
        kind: LedgerKind,
        actor: Actor,
        reason: str | None = None,
    ) -> None:
        write(
            self._context,
            tx,
            run,
            EntryKind.ACTION_UNDO,
            about(run, capability, outcome=run.undo.value, reason=reason),
            actor=actor,
            verb="undo",
            now=self._context.clock.now(),
            ledger=kind,
            reason=reason,
            announce=Announcement.OUTCOME_UNKNOWN if run.undo is UndoState.UNKNOWN else None,
            moves=kind is LedgerKind.UNDO_INTENT,
        )


def _run(tx: Transaction, number: int) -> Run:
    run = tx.runs.get(number)
    if run is None:
        raise NotFound(f"There is no run RUN-{number}.")
    return run
