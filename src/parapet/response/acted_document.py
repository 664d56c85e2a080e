"""Capabilities, previews and runs as JSON: the same words for every script, wherever it asks."""

from __future__ import annotations

from parapet.core.types import Json, JsonObject
from parapet.incidents.document import instant
from parapet.response.approval import Approval
from parapet.response.capability import Capability
from parapet.response.checks import Standing
from parapet.response.preview import FrozenPreview
from parapet.response.run import LedgerEntry, Run


def capability_object(capability: Capability) -> JsonObject:
    """A capability and its limits."""
    return {
        "name": capability.name,
        "title": capability.title,
        "touches": capability.touches,
        "acts_on": capability.acts_on or None,
        "noun": capability.noun,
        "permission": capability.permitted_as,
        "inputs": dict(capability.inputs),
        "max_targets": capability.max_targets,
        "cooldown_seconds": capability.cooldown_seconds,
        "breaker_limit": capability.breaker_limit,
        "typed_from": capability.typed_from,
        "second_person_from": capability.second_person_from,
        "watched": capability.verify is not None,
        "can_be_undone": capability.undo is not None,
    }


def preview_object(preview: FrozenPreview, standing: Standing | None = None) -> JsonObject:
    """A preview: exactly what would happen, and what must be presented to confirm it."""
    proposal = preview.proposal
    targets: list[Json] = [{"id": one.id, "version": one.version, "label": one.label} for one in proposal.targets]
    left_out: list[Json] = [{"id": one.id, "because": one.because, "instead": one.instead} for one in proposal.left_out]
    return {
        "id": preview.id,
        "capability": preview.capability,
        "incident_id": preview.incident_id,
        "incident_version": preview.incident_version,
        "slice": preview.slice,
        "by": preview.actor.name,
        "created_at": instant(preview.created_at),
        "expires_at": instant(preview.expires_at),
        "inputs": dict(preview.inputs),
        "count": len(proposal.targets),
        "targets": targets,
        "left_out": left_out,
        "will_do": proposal.will_do,
        "people_see": proposal.people_see,
        "undo": proposal.undo,
        "warnings": [*proposal.warnings],
        "digest": preview.digest,
        "type_exactly": (standing.typed_words or None) if standing is not None else None,
        "needs_second_person": standing.needs_second_person if standing is not None else False,
        "approved_by": standing.approved_by if standing is not None else None,
        "run_id": standing.used.id if standing is not None and standing.used is not None else None,
    }


def run_object(run: Run) -> JsonObject:
    """A run, as it stands."""
    return {
        "id": run.id,
        "ref": run.ref,
        "capability": run.capability,
        "slice": run.slice,
        "incident_id": run.incident_id,
        "preview_id": run.preview_id,
        "by": run.actor.name,
        "by_kind": run.actor.kind.value,
        "reason": run.reason,
        "state": run.state.value,
        "target_count": run.target_count,
        "done_count": run.done_count,
        "failed": dict(run.failed),
        "note": run.note,
        "started_at": instant(run.started_at),
        "ended_at": instant(run.ended_at),
        "break_glass": run.break_glass,
        "approved_by": run.approved_by,
        "settled_by": run.settled_by,
        "undo": run.undo.value,
        "undo_until": instant(run.undo_until),
        "effect": run.effect.value if run.effect is not None else None,
        "watch_until": instant(run.watch_until),
        "version": run.version,
    }


def approval_object(approval: Approval) -> JsonObject:
    """A request to a second person."""
    return {
        "id": approval.id,
        "preview_id": approval.preview_id,
        "capability": approval.capability,
        "incident_id": approval.incident_id,
        "asked_by": approval.asked_by,
        "reason": approval.reason,
        "asked_at": instant(approval.asked_at),
        "until_at": instant(approval.until_at),
        "state": approval.state.value,
        "decided_by": approval.decided_by,
        "decided_at": instant(approval.decided_at),
        "decision_reason": approval.decision_reason,
        "version": approval.version,
    }


def line_object(line: LedgerEntry) -> JsonObject:
    """A line of the ledger. Its id is the same for ever: who is told twice can tell."""
    return {
        "id": line.id,
        "run": f"RUN-{line.run_id}",
        "kind": line.kind.value,
        "recorded_at": instant(line.recorded_at),
        "by": line.actor.name,
        "by_kind": line.actor.kind.value,
        "service": line.service,
        "capability": line.capability,
        "slice": line.slice,
        "incident": f"INC-{line.incident_id}",
        "says": line.body,
    }
