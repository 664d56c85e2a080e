"""What the API answers, as JSON Schema. Fields may be added to an answer; none is taken away or changes its meaning."""

from __future__ import annotations

from parapet.core.types import ActorClass, Json, JsonObject
from parapet.core.vocabulary import Severity
from parapet.incidents.items import ItemState
from parapet.incidents.model import ChangeKind, IncidentState, Resolution
from parapet.response.approval import ApprovalState
from parapet.response.capability import Effect
from parapet.response.maintenance import MaintenanceState
from parapet.response.run import RunState, UndoState

WORDS: JsonObject = {"type": "string"}
MAYBE_WORDS: JsonObject = {"type": ["string", "null"]}
COUNT: JsonObject = {"type": "integer", "minimum": 0}
MAYBE_COUNT: JsonObject = {"type": ["integer", "null"]}
NUMBER: JsonObject = {"type": "number"}
MAYBE_NUMBER: JsonObject = {"type": ["number", "null"]}
TRUTH: JsonObject = {"type": "boolean"}
TIME: JsonObject = {"type": "string", "format": "date-time"}
MAYBE_TIME: JsonObject = {"type": ["string", "null"], "format": "date-time"}
ANYTHING: JsonObject = {"type": "object"}


def _object(**fields: JsonObject) -> JsonObject:
    return {"type": "object", "properties": {**fields}, "required": [*fields]}


def _list(of: JsonObject) -> JsonObject:
    return {"type": "array", "items": of}


def _ref(name: str) -> JsonObject:
    return {"$ref": f"#/components/schemas/{name}"}


def _one_of(values: type[IncidentState | Severity | Resolution | ChangeKind | ActorClass]) -> JsonObject:
    return {"type": "string", "enum": [each.value for each in values]}


_RESOLUTIONS: list[Json] = [*(each.value for each in Resolution), None]
_INCIDENT: dict[str, JsonObject] = {
    "id": COUNT,
    "ref": WORDS,
    "service": WORDS,
    "slice": MAYBE_WORDS,
    "labels": {"type": "object", "additionalProperties": {"type": "string"}},
    "title": WORDS,
    "state": _one_of(IncidentState),
    "severity": _one_of(Severity),
    "firing": COUNT,
    "owner": MAYBE_WORDS,
    "declared_by": MAYBE_WORDS,
    "started_at": TIME,
    "detected_at": TIME,
    "acknowledged_at": MAYBE_TIME,
    "last_fired_at": TIME,
    "last_heard_at": TIME,
    "quiet_since": MAYBE_TIME,
    "resolved_at": MAYBE_TIME,
    "resolution": {"enum": _RESOLUTIONS},
    "refired_count": COUNT,
    "repeats": COUNT,
    "previous_id": MAYBE_COUNT,
    "merged_into_id": MAYBE_COUNT,
    "runbook": MAYBE_WORDS,
    "version": COUNT,
}
_CHANGE: dict[str, JsonObject] = {
    "id": WORDS,
    "kind": _one_of(ChangeKind),
    "title": WORDS,
    "version": MAYBE_WORDS,
    "occurred_at": TIME,
    "recorded_at": TIME,
    "by": WORDS,
    "url": MAYBE_WORDS,
    "details": ANYTHING,
}
_BODY: dict[str, JsonObject] = {
    "id": COUNT,
    "source": WORDS,
    "state": {"type": "string", "enum": ["waiting", "done", "rejected", "dropped"]},
    "received_at": TIME,
    "processed_at": MAYBE_TIME,
    "due_at": MAYBE_TIME,
    "size_bytes": COUNT,
    "attempts": COUNT,
    "error": MAYBE_WORDS,
}
_RUN: dict[str, JsonObject] = {
    "id": COUNT,
    "ref": WORDS,
    "capability": WORDS,
    "slice": MAYBE_WORDS,
    "incident_id": COUNT,
    "preview_id": WORDS,
    "by": WORDS,
    "by_kind": _one_of(ActorClass),
    "reason": WORDS,
    "state": {"type": "string", "enum": [each.value for each in RunState]},
    "target_count": COUNT,
    "done_count": COUNT,
    "failed": {"type": "object", "additionalProperties": {"type": "string"}},
    "note": WORDS,
    "started_at": TIME,
    "ended_at": MAYBE_TIME,
    "break_glass": TRUTH,
    "approved_by": MAYBE_WORDS,
    "settled_by": MAYBE_WORDS,
    "undo": {"type": "string", "enum": [each.value for each in UndoState]},
    "undo_until": MAYBE_TIME,
    "effect": {"enum": [*(each.value for each in Effect), None]},
    "watch_until": MAYBE_TIME,
    "version": COUNT,
}

SCHEMAS: dict[str, JsonObject] = {
    "Problem": {
        "description": "What is wrong, as RFC 9457 has it; `code` is for programs.",
        **_object(type=WORDS, title=WORDS, status=COUNT, code=WORDS, detail=WORDS),
    },
    "Session": _object(service=WORDS, name=WORDS, role=WORDS, machine=TRUTH, may_write=TRUTH, token=MAYBE_WORDS),
    "Incident": _object(**_INCIDENT),
    "IncidentFile": _object(
        **_INCIDENT,
        triage=ANYTHING,
        memory=ANYTHING,
        action_items=_list(_ref("Item")),
        objects=_list(ANYTHING),
        changes=_list(_ref("NearChange")),
        alerts=_list(_ref("Alert")),
        chronology=_list(_ref("Entry")),
    ),
    "Incidents": _object(
        scope=WORDS,
        incidents=_list(_ref("Incident")),
        counts={"type": "object", "additionalProperties": COUNT},
        next=MAYBE_WORDS,
        previous=MAYBE_WORDS,
    ),
    "Alert": _object(
        fingerprint=WORDS,
        source=WORDS,
        severity=_one_of(Severity),
        labels=ANYTHING,
        started_at=TIME,
        ended_at=MAYBE_TIME,
        repeats=COUNT,
    ),
    "Entry": _object(
        seq=COUNT,
        kind=WORDS,
        occurred_at=TIME,
        recorded_at=TIME,
        actor=_object(kind=_one_of(ActorClass), name=WORDS),
        says=WORDS,
        payload=ANYTHING,
        hash=WORDS,
    ),
    "Chronology": _object(ref=WORDS, entries=_list(_ref("Entry")), next=MAYBE_COUNT, previous=MAYBE_COUNT),
    "Retrospective": ANYTHING,
    "Change": _object(**_CHANGE),
    "NearChange": _object(**_CHANGE, seconds_from_onset=NUMBER, seconds_from_last_firing=MAYBE_NUMBER),
    "ToldChange": _object(
        **_CHANGE, incidents=_list(_object(id=COUNT, ref=WORDS, title=WORDS, seconds_from_onset=NUMBER))
    ),
    "Changes": _object(changes=_list(_ref("ToldChange")), next=MAYBE_WORDS, previous=MAYBE_WORDS),
    "AuditRow": _object(
        id=COUNT,
        recorded_at=TIME,
        actor_kind=_one_of(ActorClass),
        actor_name=WORDS,
        verb=WORDS,
        target=WORDS,
        outcome=WORDS,
        reason=MAYBE_WORDS,
        details=ANYTHING,
    ),
    "Audit": _object(rows=_list(_ref("AuditRow")), next=MAYBE_COUNT, previous=MAYBE_COUNT),
    "Looks": _object(
        kept=TRUTH, looks=_list(_object(incident=COUNT, who=WORDS, first_at=TIME, last_at=TIME, times=COUNT))
    ),
    "Verified": _object(
        whole=TRUTH, incidents=COUNT, entries=COUNT, checkpoint=WORDS, broken={"type": ["object", "null"]}
    ),
    "Item": _object(
        id=COUNT,
        ref=WORDS,
        kind=WORDS,
        object_id=WORDS,
        incident_id=MAYBE_COUNT,
        slice=MAYBE_WORDS,
        title=WORDS,
        url=MAYBE_WORDS,
        details=ANYTHING,
        state={"type": "string", "enum": [each.value for each in ItemState]},
        opened_at=TIME,
        opened_by=WORDS,
        told=COUNT,
        last_told_at=TIME,
        closed_at=MAYBE_TIME,
        closed_by=MAYBE_WORDS,
        reason=MAYBE_WORDS,
        version=COUNT,
    ),
    "Escalation": {
        "type": "object",
        "properties": {"incident": COUNT, "state": WORDS, "says": WORDS, "policy": WORDS, "due_at": MAYBE_TIME},
        "required": ["incident", "state", "says"],
    },
    "Escalations": _object(escalations=_list(ANYTHING), next=MAYBE_COUNT, previous=MAYBE_COUNT),
    "OnCall": _object(rotations=_list(_object(rotation=WORDS, says=WORDS, turns=_list(ANYTHING)))),
    "Notifications": _object(
        notifications=_list(
            _object(
                id=WORDS,
                incident=COUNT,
                channel=WORDS,
                person=MAYBE_WORDS,
                announcement=WORDS,
                state=WORDS,
                why=MAYBE_WORDS,
                said=MAYBE_WORDS,
                error=MAYBE_WORDS,
                attempts=COUNT,
                created_at=TIME,
                due_at=MAYBE_TIME,
                delivered_at=MAYBE_TIME,
            )
        ),
        next=MAYBE_WORDS,
        previous=MAYBE_WORDS,
    ),
    "Items": _object(state=WORDS, items=_list(_ref("Item")), open=COUNT, next=MAYBE_WORDS, previous=MAYBE_WORDS),
    "Capability": _object(
        name=WORDS,
        title=WORDS,
        touches=WORDS,
        acts_on=MAYBE_WORDS,
        noun=WORDS,
        permission=WORDS,
        inputs=ANYTHING,
        max_targets=COUNT,
        cooldown_seconds=NUMBER,
        breaker_limit=COUNT,
        typed_from=MAYBE_COUNT,
        second_person_from=MAYBE_COUNT,
        watched=TRUTH,
        can_be_undone=TRUTH,
    ),
    "Capabilities": _object(capabilities=_list(_ref("Capability"))),
    "Preview": _object(
        id=WORDS,
        capability=WORDS,
        incident_id=COUNT,
        incident_version=COUNT,
        slice=MAYBE_WORDS,
        by=WORDS,
        created_at=TIME,
        expires_at=TIME,
        inputs=ANYTHING,
        count=COUNT,
        targets=_list(_object(id=WORDS, version=WORDS, label=WORDS)),
        left_out=_list(_object(id=WORDS, because=WORDS, instead=WORDS)),
        will_do=WORDS,
        people_see=WORDS,
        undo=WORDS,
        warnings=_list(WORDS),
        digest=WORDS,
        type_exactly=MAYBE_WORDS,
        needs_second_person=TRUTH,
        approved_by=MAYBE_WORDS,
        run_id=MAYBE_COUNT,
    ),
    "Run": _object(**_RUN),
    "RunFile": _object(**_RUN, preview=_ref("Preview"), ledger=_list(_ref("Line"))),
    "Runs": _object(runs=_list(_ref("Run")), next=MAYBE_COUNT, previous=MAYBE_COUNT),
    "Ledger": _object(lines=_list(_ref("Line")), next=MAYBE_COUNT, previous=MAYBE_COUNT),
    "LedgerCsv": WORDS,
    "Record": ANYTHING,
    "Approval": _object(
        id=COUNT,
        preview_id=WORDS,
        capability=WORDS,
        incident_id=COUNT,
        asked_by=WORDS,
        reason=WORDS,
        asked_at=TIME,
        until_at=TIME,
        state={"type": "string", "enum": [each.value for each in ApprovalState]},
        decided_by=MAYBE_WORDS,
        decided_at=MAYBE_TIME,
        decision_reason=MAYBE_WORDS,
        version=COUNT,
    ),
    "Approvals": _object(state=WORDS, approvals=_list(_ref("Approval"))),
    "Line": _object(
        id=COUNT,
        run=WORDS,
        kind=WORDS,
        recorded_at=TIME,
        by=WORDS,
        by_kind=_one_of(ActorClass),
        service=WORDS,
        capability=WORDS,
        slice=MAYBE_WORDS,
        incident=WORDS,
        says=ANYTHING,
    ),
    "Maintenance": _object(
        id=COUNT,
        ref=WORDS,
        state={"type": "string", "enum": [each.value for each in MaintenanceState]},
        what=WORDS,
        slices=_list(WORDS),
        start_at=TIME,
        end_at=TIME,
        reason=WORDS,
        by=WORDS,
        planned_at=TIME,
        ended_by=MAYBE_WORDS,
        ended_because=WORDS,
    ),
    "Maintenances": _object(maintenances=_list(_ref("Maintenance")), next=MAYBE_COUNT, previous=MAYBE_COUNT),
    "Body": _object(**_BODY),
    "BodyFile": _object(**_BODY, whole=TRUTH, body=WORDS),
    "Bodies": _object(
        shelf=WORDS,
        bodies=_list(_ref("Body")),
        counts={"type": "object", "additionalProperties": COUNT},
        next=MAYBE_COUNT,
        previous=MAYBE_COUNT,
    ),
    "Replayed": _object(id=COUNT, state=WORDS, incidents=_list(COUNT), error=MAYBE_WORDS),
    "Receipt": _object(inbox_id=COUNT, incidents=_list(COUNT), reports=MAYBE_COUNT, state=WORDS),
}
"""What each is called, and what it looks like."""
