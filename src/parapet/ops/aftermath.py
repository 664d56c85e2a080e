"""What time does to runs: those that say nothing have an unknown outcome; those that ended are watched."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from parapet.core.guard import guarded
from parapet.core.types import PARAPET
from parapet.incidents.model import EntryKind
from parapet.notify.sinks import Sink
from parapet.ops.act import Actions
from parapet.ops.acting import about, situation, write
from parapet.ops.automatic import Automatic
from parapet.ops.context import existing
from parapet.ops.hosted import call
from parapet.ops.mirroring import Mirroring
from parapet.ops.undoing import Undoing
from parapet.response.capability import Capability, Effect
from parapet.response.run import LedgerKind, Run, RunState, UndoState
from parapet.store.store import Transaction

BATCH = 50
SILENT = "Its process said nothing until its lease ended."
LOOKS = 10
"""Looks during one watch."""


class Aftermath:
    """What is due of runs. The worker calls it."""

    def __init__(self, actions: Actions, sinks: Sequence[Sink] = ()) -> None:
        self._actions = actions
        self._undoing = Undoing(actions.bench)
        self._automatic = Automatic(actions)
        self._mirroring = Mirroring(actions.bench.context, sinks)
        self._context = actions.bench.context

    def look(self) -> int:
        """Do what is due; how many runs it was about."""
        now = self._context.clock.now()
        with self._context.store.read() as tx:
            silent, watched = tx.runs.silent(now, BATCH), tx.runs.watched(now, BATCH)
        done = 0
        for run in silent:
            with guarded("worker.actions"):
                done += self._give_up(run)
        for run in watched:
            with guarded("worker.watch"):
                done += self._watch(run)
        done += self._automatic.step()
        with guarded("worker.mirror"):
            done += self._mirroring.tell()
        return done

    def _give_up(self, seen: Run) -> bool:
        """Nobody will say how it ended: that is said."""
        number = seen.id or 0

        def work(tx: Transaction) -> bool:
            now, run = self._context.clock.now(), tx.runs.get(number)
            if run is None:
                return False
            if run.state is RunState.RUNNING and run.leased_until is not None and run.leased_until <= now:
                self._actions.conclude(tx, number, RunState.UNKNOWN, {}, SILENT, by=PARAPET)
                return True
            if run.undo is UndoState.RUNNING and run.undo_leased_until is not None and run.undo_leased_until <= now:
                self._undoing.conclude(tx, number, UndoState.UNKNOWN, PARAPET)
                return True
            return False  # it spoke meanwhile, or another worker said so

        return self._context.store.transact(work)

    def _watch(self, seen: Run) -> bool:
        """Ask the host whether it helped. What gets worse is said at once, everything else when the watch ends."""
        context, number = self._context, seen.id or 0
        capability = self._actions.bench.capabilities.get(seen.capability)

        def take_turn(tx: Transaction) -> Run | None:
            now, run = context.clock.now(), tx.runs.get(number)
            if run is None or run.watch_due_at is None or run.watch_due_at > now or run.watch_until is None:
                return None
            apart = (run.watch_until - (run.ended_at or run.started_at)) / LOOKS
            later = max(now + timedelta(seconds=1), min(now + apart, max(run.watch_until, now + timedelta(seconds=1))))
            return tx.runs.save(replace(run, watch_due_at=later))

        run = context.store.transact(take_turn)
        if run is None or run.watch_until is None:
            return False
        effect = self._asked(capability, run)
        over = context.clock.now() >= run.watch_until
        if effect is Effect.WORSE or over:
            context.store.transact(lambda tx: self._judge(tx, number, capability, effect or Effect.UNCLEAR))
            return True
        return False

    def _asked(self, capability: Capability | None, run: Run) -> Effect | None:
        verify = None if capability is None else capability.verify
        if capability is None or verify is None:
            return None
        with self._context.store.read() as tx:
            preview, incident = tx.previews.get(run.preview_id), existing(tx, run.incident_id)
        if preview is None:
            return None
        now = self._context.clock.now()
        told = situation(incident, now=now, inputs=preview.inputs, actor=run.actor, run=run)
        targets = tuple(one for one in preview.targets if one.id not in run.failed)
        answer = call(capability, "verify", lambda: verify(told, targets))
        return answer.value if isinstance(answer.value, Effect) else None

    def _judge(self, tx: Transaction, number: int, capability: Capability | None, effect: Effect) -> None:
        run = tx.runs.get(number)
        if run is None or run.watch_due_at is None:
            return  # it was judged, or somebody took it back meanwhile
        kept = tx.runs.save(replace(run, effect=effect, watch_due_at=None))
        write(
            self._context,
            tx,
            kept,
            EntryKind.ACTION_JUDGED,
            about(kept, capability, effect=effect.value),
            actor=PARAPET,
            verb="watch",
            now=self._context.clock.now(),
            ledger=LedgerKind.EFFECT,
        )
