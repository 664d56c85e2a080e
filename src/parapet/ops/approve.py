"""A second person is asked, and decides. The approval is about exactly what would happen."""

from __future__ import annotations

from parapet.core.errors import IncidentMoved, NotFound, PreviewExpired, Refused
from parapet.core.types import Actor, JsonObject
from parapet.incidents.model import Announcement, Decision, EntryKind, NewEntry
from parapet.incidents.transitions import reason_of
from parapet.ops.acting import Bench, Permits, everything, jot
from parapet.ops.context import existing
from parapet.response.approval import Approval, ApprovalState, ask, decide
from parapet.store.rows import as_kept
from parapet.store.store import Transaction


class Approvals:
    """The verbs of approvals, bound to one service's evidence. Every one raises EvidenceUnavailable."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._context = bench.context

    def ask(self, preview_id: str, *, actor: Actor, reason: str) -> Approval:
        """*actor* asks somebody else to approve what a preview shows; people are told.

        Asked again in the same words while it waits, as by whoever got no answer, it is the same request.

        Raises:
            Refused: there is no such preview, it expired, the incident moved, or no reason was given.
        """
        actor, context = as_kept(actor), self._context

        def work(tx: Transaction) -> Approval:
            now, preview = context.clock.now(), tx.previews.get(preview_id)
            if preview is None:
                raise NotFound("There is no such preview.")
            if now >= preview.expires_at:
                raise PreviewExpired("The preview expired. Nobody was asked.")
            why = reason_of(reason, "Say why it must be done. Nobody was asked.")
            incident = existing(tx, preview.incident_id)
            if incident.version != preview.incident_version:
                raise IncidentMoved(f"{incident.ref} moved since the preview. Nobody was asked.")
            tx.take_turns([f"approval/{preview.content}"])
            waiting = (one for one in tx.approvals.of_content(preview.content) if one.repeats(preview, actor, why, now))
            if (before := next(waiting, None)) is not None:
                return before
            told = tx.approvals.asked_at_version(preview.incident_id, incident.version)
            approval = tx.approvals.add(ask(preview, actor=actor, reason=why, now=now))
            capability = self._bench.capability(preview.capability)
            payload: JsonObject = {
                "approval": approval.id,
                "preview": preview.id,
                "capability": capability.name,
                "title": capability.title,
                "count": capability.count_words(len(preview.targets)),
                "reason": why,
            }
            entry = NewEntry(kind=EntryKind.APPROVAL_ASKED, occurred_at=now, actor=actor, payload=payload)
            announce = None if told else Announcement.APPROVAL_WANTED
            decision = Decision(incident=incident, entries=(entry,), announce=announce)
            context.write_down(tx, decision, actor=actor, verb="ask_approval", now=now, reason=why)
            return approval

        return self._context.store.transact(work)

    def decide(
        self,
        number: int,
        *,
        approve: bool,
        actor: Actor,
        reason: str,
        version: int,
        permits: Permits = everything,
    ) -> Approval:
        """*actor* approves or denies it.

        Raises:
            Refused: there is none, it was decided, it is too old, *actor* asked themselves or may not, or no reason
                was given.
        """
        actor, context = as_kept(actor), self._context

        def work(tx: Transaction) -> Approval:
            now, approval = context.clock.now(), tx.approvals.get(number)
            if approval is None:
                raise NotFound(f"There is no approval {number}.")
            capability = self._bench.capability(approval.capability)
            self._bench.refuse_unpermitted(capability, permits)
            why = reason_of(reason, "Say why. Nothing changed.")
            decided = decide(approval, approve=approve, actor=actor, reason=why, version=version, now=now)
            tx.approvals.save(decided, approval)
            payload: JsonObject = {
                "approval": approval.id,
                "title": capability.title,
                "capability": capability.name,
                "approved": approve,
                "reason": why,
            }
            incident = existing(tx, approval.incident_id)
            entry = NewEntry(kind=EntryKind.APPROVAL_DECIDED, occurred_at=now, actor=actor, payload=payload)
            jot(tx, approval.incident_id, incident, entry, now=now)
            tx.audit.add(
                actor=actor,
                verb="approve" if approve else "deny",
                target=incident.ref,
                outcome="done",
                now=now,
                reason=why,
                details={"approval": approval.id, "capability": approval.capability},
            )
            return decided

        try:
            return context.store.transact(work)
        except Refused as refusal:
            verb = "approve" if approve else "deny"
            self._bench.remember_refusal(verb, f"approval {number}", actor, reason, refusal, "")
            raise

    def page(self, state: str = ApprovalState.WAITING) -> tuple[Approval, ...]:
        """Those in one state, latest first. An unknown state shows those that wait."""
        wanted = ApprovalState(state) if state in set(ApprovalState) else ApprovalState.WAITING
        with self._context.store.read() as tx:
            return tx.approvals.page(self._context.service, wanted, self._context.clock.now())

    def of_preview(self, preview_id: str) -> Approval | None:
        """The latest request about exactly what a preview shows."""
        with self._context.store.read() as tx:
            preview = tx.previews.get(preview_id)
            found = tx.approvals.of_content(preview.content) if preview is not None else ()
        now = self._context.clock.now()
        return next((one for one in found if now < one.until_at), None)
