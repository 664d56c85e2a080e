"""Preview, confirm, run once, and write down what became of it. The intent is committed before anything runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from parapet.core.errors import (
    Drifted,
    IncidentOver,
    KeyReused,
    NotFound,
    NotSettleable,
    Refused,
    StaleVersion,
)
from parapet.core.types import Actor, IncidentId, JsonObject
from parapet.incidents.model import Announcement, EntryKind, Incident, IncidentState, NewEntry
from parapet.incidents.payload import clean
from parapet.incidents.transitions import reason_of
from parapet.ops.acting import (
    Asked,
    Bench,
    Following,
    Permits,
    about,
    asked_for,
    claim_key,
    everything,
    jot,
    situation,
    write,
)
from parapet.ops.context import existing
from parapet.ops.hosted import call, propose
from parapet.response.capability import Capability, Done, Situation
from parapet.response.checks import BREAKER_SECONDS, Standing, refuse
from parapet.response.preview import LONGEST_WORDS, FrozenPreview, drift, freeze
from parapet.response.run import LedgerKind, Run, RunState, UndoState
from parapet.store.rows import as_kept
from parapet.store.store import Transaction

LEASE_MARGIN_SECONDS = 30.0
NOT_DONE = "A person verified that it is not done."


class Actions:
    """The verbs of capabilities, bound to one service's evidence. Every one raises EvidenceUnavailable."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self._context = bench.context

    def preview(
        self,
        capability_name: str,
        incident_id: IncidentId,
        *,
        actor: Actor,
        inputs: Mapping[str, str] | None = None,
        permits: Permits = everything,
    ) -> FrozenPreview:
        """What would happen, exactly: nothing runs. It can be confirmed once, within five minutes.

        Raises:
            Refused: there is no such incident, it is resolved, *actor* may not, or the host could not say.
            ConfigurationError: there is no such capability, or no such input.
        """
        bench, context, actor = self.bench, self._context, as_kept(actor)
        capability, now = bench.capability(capability_name), context.clock.now()
        asked = asked_for(capability, inputs or {})
        try:
            bench.refuse_unpermitted(capability, permits)
            with context.store.read() as tx:
                incident = existing(tx, incident_id)
            if incident.state is IncidentState.RESOLVED:
                raise IncidentOver(f"{incident.ref} is resolved. Nothing ran.")
            proposal = propose(capability, situation(incident, now=now, inputs=asked, actor=actor))
        except Refused as refusal:
            bench.remember_refusal("preview", f"INC-{incident_id}", actor, None, refusal, capability.name)
            raise
        frozen = freeze(
            capability,
            proposal,
            preview_id=context.ids.new(),
            service=context.service,
            incident_id=incident_id,
            incident_version=incident.version,
            slice_name=incident.slice,
            actor=actor,
            inputs=asked,
            now=now,
        )
        context.store.transact(lambda tx: self._keep(tx, capability, frozen))
        return frozen

    def standing(self, preview_id: str) -> Standing:
        """A preview, and whether it could be confirmed now.

        Raises:
            NotFound: there is no such preview.
        """
        with self._context.store.read() as tx:
            preview = _preview(tx, preview_id)
            return self._standing(tx, self.bench.capability(preview.capability), preview)

    def confirm(
        self,
        preview_id: str,
        *,
        digest: str,
        actor: Actor,
        reason: str,
        typed: str = "",
        break_glass: bool = False,
        key: str | None = None,
        permits: Permits = everything,
    ) -> Run:
        """Run what was previewed, once: the run, as far as its end is known.

        Args:
            digest: as the preview shows it.
            typed: what a large blast radius asks the person to type.
            break_glass: go past the second person, the breaker and the cooldown; people are told.
            key: what this request is called: sent again, the run that came of it is the answer.

        Raises:
            Refused: it must not run; nothing ran.
            ConfigurationError: there is no such capability any more.
        """
        bench, context, actor = self.bench, self._context, as_kept(actor)
        with context.store.read() as tx:
            preview = _preview(tx, preview_id)
            again = None if key is None else tx.runs.of_key(key)
        if again is not None:
            if again.preview_id != preview_id:
                raise KeyReused("This idempotency key was used for another preview. Use a new one. Nothing ran.")
            return again
        capability = bench.capability(preview.capability)
        try:
            bench.refuse_unpermitted(capability, permits, break_glass=break_glass)
            why = reason_of(reason, "Say why; it goes into the chronology before anything runs. Nothing ran.")
            with context.store.read() as tx:
                standing = self._standing(tx, capability, preview, actor)
            refuse(standing, digest=digest, typed=typed, break_glass=break_glass)
            self._refuse_drift(capability, preview, standing.incident, actor)
            asked = Asked(actor=actor, reason=why, key=key, digest=digest, typed=typed, break_glass=break_glass)
            run = context.store.transact(lambda tx: self._begin(tx, capability, preview, asked))
        except Refused as refusal:
            bench.remember_refusal("confirm", f"INC-{preview.incident_id}", actor, reason, refusal, capability.name)
            raise
        return self._execute(capability, preview, standing.incident, run)

    def settle(self, number: int, *, outcome: RunState, actor: Actor, reason: str, version: int) -> Run:
        """*actor* verified a run whose outcome was unknown: it is done, or it is not.

        Raises:
            Refused: there is no such run, it moved since *version*, its outcome is known, or no reason was given.
        """
        context, actor = self._context, as_kept(actor)

        def work(tx: Transaction) -> Run:
            now, run = context.clock.now(), _run(tx, number)
            if run.version != version:
                raise StaleVersion(
                    f"{run.ref} moved: you read version {version}, it is {run.version}. Nothing changed."
                )
            if run.state is not RunState.UNKNOWN or outcome not in {RunState.DONE, RunState.FAILED}:
                raise NotSettleable(
                    f"{run.ref} is {run.state.value}. Only an unknown outcome is verified. Nothing changed."
                )
            why = reason_of(reason, "Say what you verified, and how. Nothing changed.")
            capability = self.bench.capabilities.get(run.capability)
            failed = (
                {} if outcome is RunState.DONE else {each.id: NOT_DONE for each in _preview(tx, run.preview_id).targets}
            )
            settled = self._ended(replace(run, failed=failed), capability, outcome, now)
            settled = tx.runs.save(replace(settled, settled_by=actor.name, ended_at=run.ended_at or now))
            payload = about(settled, capability, outcome=outcome.value, reason=why)
            write(
                context,
                tx,
                settled,
                EntryKind.ACTION_SETTLED,
                payload,
                actor=actor,
                verb="settle",
                now=now,
                ledger=LedgerKind.SETTLED,
                reason=why,
            )
            return settled

        try:
            return context.store.transact(work)
        except Refused as refusal:
            self.bench.remember_refusal("settle", f"RUN-{number}", actor, reason, refusal, "")
            raise

    def _keep(self, tx: Transaction, capability: Capability, preview: FrozenPreview) -> None:
        now = preview.created_at
        incident = existing(tx, preview.incident_id)
        tx.previews.add(preview)
        payload: JsonObject = {
            "preview": preview.id,
            "capability": capability.name,
            "title": capability.title,
            "count": capability.count_words(len(preview.targets)),
            "left_out": len(preview.proposal.left_out),
        }
        entry = NewEntry(kind=EntryKind.ACTION_PREVIEWED, occurred_at=now, actor=preview.actor, payload=payload)
        jot(tx, preview.incident_id, incident, entry, now=now)
        tx.audit.add(
            actor=preview.actor, verb="preview", target=incident.ref, outcome="done", now=now, details={**payload}
        )

    def _standing(
        self, tx: Transaction, capability: Capability, preview: FrozenPreview, actor: Actor | None = None
    ) -> Standing:
        now, service = self._context.clock.now(), preview.service
        back = timedelta(seconds=max(BREAKER_SECONDS, capability.cooldown_seconds))
        return Standing(
            capability=capability,
            preview=preview,
            incident=existing(tx, preview.incident_id),
            recent=tx.runs.since(service, capability.name, preview.slice, now - back),
            unknown=tx.runs.unknown(service, capability.name, preview.slice),
            holder=tx.runs.holder(claim_key(service, capability.name, preview.slice), now),
            approved_by=next(
                (
                    one.decided_by
                    for one in tx.approvals.of_content(preview.content)
                    if one.holds(now, for_actor=None if actor is None else actor.name)
                ),
                None,
            ),
            now=now,
            used=tx.runs.of_preview(preview.id),  # last: whoever sees what a run did before sees the run
        )

    def _refuse_drift(self, capability: Capability, preview: FrozenPreview, incident: Incident, actor: Actor) -> None:
        now = self._context.clock.now()
        asked = situation(incident, now=now, inputs=preview.inputs, actor=actor)
        difference = drift(preview.proposal, propose(capability, asked))
        if difference:
            raise Drifted(f"It is not what you previewed any more: {difference}. Nothing ran.")

    def _begin(self, tx: Transaction, capability: Capability, preview: FrozenPreview, asked: Asked) -> Run:
        """Look once more and write the intent, in one transaction: afterwards it runs, or its outcome is unknown."""
        context, now = self._context, self._context.clock.now()
        actor, reason, glass = asked.actor, asked.reason, asked.break_glass
        run_key = asked.key or f"preview/{preview.id}"
        standing = self._standing(tx, capability, preview, actor)
        refuse(standing, digest=asked.digest, typed=asked.typed, break_glass=glass)
        until = now + timedelta(seconds=capability.most_seconds + LEASE_MARGIN_SECONDS)
        where = claim_key(preview.service, capability.name, preview.slice)
        holder = tx.runs.claim(where, owner=run_key, holder=actor.name, now=now, until=until)
        # Read again once the claim is held: what another run wrote before it gave the claim back is seen from here on.
        standing = replace(self._standing(tx, capability, preview, actor), holder=holder)
        refuse(standing, digest=asked.digest, typed=asked.typed, break_glass=glass)
        run = tx.runs.add(
            Run(
                id=None,
                key=run_key,
                preview_id=preview.id,
                service=preview.service,
                capability=capability.name,
                slice=preview.slice,
                incident_id=preview.incident_id,
                actor=actor,
                reason=reason,
                state=RunState.RUNNING,
                target_count=len(preview.targets),
                started_at=now,
                leased_until=until,
                break_glass=glass,
                approved_by=standing.approved_by,
            )
        )
        payload = about(
            run,
            capability,
            reason=reason,
            preview=preview.id,
            digest=preview.digest,
            break_glass=True if glass else None,
            approved_by=run.approved_by,
        )
        write(
            context,
            tx,
            run,
            EntryKind.ACTION_STARTED,
            payload,
            actor=actor,
            verb="confirm",
            now=now,
            ledger=LedgerKind.INTENT,
            reason=reason,
            announce=Announcement.GLASS_BROKEN if glass else None,
            moves=True,
        )
        return run

    def _execute(self, capability: Capability, preview: FrozenPreview, incident: Incident, run: Run) -> Run:
        now = self._context.clock.now()
        told: Situation = situation(incident, now=now, inputs=preview.inputs, actor=run.actor, run=run)
        told = replace(told, progress=Following(self._context, run))
        answer = call(capability, "execute", lambda: capability.execute(told, preview.targets))
        done = answer.value if isinstance(answer.value, Done) else Done()
        state = RunState.UNKNOWN if answer.error is not None else RunState.DONE
        known = {one.id for one in preview.targets}
        failed = {name: clean(why, LONGEST_WORDS) for name, why in done.failed.items() if name in known}
        if failed:
            state = RunState.FAILED
        note = clean(done.note, LONGEST_WORDS)
        if answer.error is not None:
            note = f"It ended with {type(answer.error).__name__}."
        number = run.id or 0

        def work(tx: Transaction) -> Run:
            return self.conclude(tx, number, state, failed, note)

        return self._context.store.insist(work)

    def conclude(
        self,
        tx: Transaction,
        number: int,
        state: RunState,
        failed: Mapping[str, str],
        note: str,
        *,
        by: Actor | None = None,
    ) -> Run:
        """Write down how a run ended. Heard of after its lease had ended, it is said to be late; after a person
        settled it, nothing changes."""
        now, run = self._context.clock.now(), _run(tx, number)
        late = run.state is RunState.UNKNOWN
        if run.state not in {RunState.RUNNING, RunState.UNKNOWN} or (late and state is RunState.UNKNOWN):
            return run
        capability = self.bench.capabilities.get(run.capability)
        if state is RunState.UNKNOWN and run.note:
            note = f"{note} Before that it said: {run.note}."
        ended = replace(run, failed=dict(failed), note=note, ended_at=now, leased_until=None)
        kept = tx.runs.save(self._ended(ended, capability, state, now))
        tx.runs.give_back(claim_key(run.service, run.capability, run.slice), owner=run.key)
        unknown = state is RunState.UNKNOWN
        payload = about(
            kept,
            capability,
            outcome=state.value,
            done_count=None if unknown else kept.done_count,
            note=note or None,
            late=True if late else None,
        )
        write(
            self._context,
            tx,
            kept,
            EntryKind.ACTION_ENDED,
            payload | ({"failed": {**failed}} if failed else {}),
            actor=by or run.actor,
            verb="run",
            now=now,
            ledger=LedgerKind(state.value),
            announce=Announcement.OUTCOME_UNKNOWN if unknown else None,
        )
        return kept

    def _ended(self, run: Run, capability: Capability | None, state: RunState, now: datetime) -> Run:
        """*run*, at its end: what may be taken back from now on, and what is watched."""
        ended = replace(run, state=state)
        if capability is None or not ended.done_count:
            return ended
        if capability.undo is not None:
            ended = replace(ended, undo=UndoState.OPEN, undo_until=now + timedelta(seconds=capability.undo_seconds))
        if capability.verify is not None:
            until = now + timedelta(seconds=capability.watch_seconds)
            ended = replace(ended, watch_until=until, watch_due_at=now + (until - now) / 10)
        return ended


def _preview(tx: Transaction, preview_id: str) -> FrozenPreview:
    preview = tx.previews.get(preview_id)
    if preview is None:
        raise NotFound("There is no such preview.")
    return preview


def _run(tx: Transaction, number: int) -> Run:
    run = tx.runs.get(number)
    if run is None:
        raise NotFound(f"There is no run RUN-{number}.")
    return run
