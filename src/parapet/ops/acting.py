"""What the verbs of actions share: what the host is told, and how what happened is written down."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeAlias

from parapet.core.errors import ConfigurationError, NotPermitted, ReadOnly, Refused, UnknownName
from parapet.core.guard import guarded
from parapet.core.types import Actor, IncidentId, JsonObject
from parapet.incidents.model import Announcement, Decision, EntryKind, Incident, NewEntry
from parapet.incidents.payload import clean
from parapet.incidents.words import words_of
from parapet.ops.context import Context, existing
from parapet.response.capability import Capability, Situation
from parapet.response.preview import LONGEST_WORDS
from parapet.response.run import LedgerKind, Run
from parapet.store.store import Transaction

Permits: TypeAlias = Callable[[str], bool]
"""Whether the person who asks has a permission."""

BREAK_GLASS = "action.break_glass"
"""The permission to go past the second person, the breaker and the cooldown of a capability."""

LONGEST_SLICE = 200
BETWEEN_WORDS_SECONDS = 1.0


def everything(permission: str) -> bool:
    """Whoever has the database and the code may do what they let do, as in a terminal or a worker."""
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """What every verb of actions works with."""

    context: Context
    capabilities: Mapping[str, Capability] = field(default_factory=dict)
    read_only: bool = False
    """Nothing runs, for nobody."""

    def capability(self, name: str) -> Capability:
        """The capability *name*.

        Raises:
            UnknownName: the host registers none of that name.
        """
        if name not in self.capabilities:
            raise UnknownName.of("capability", name, self.capabilities)
        return self.capabilities[name]

    def refuse_unpermitted(self, capability: Capability, permits: Permits, *, break_glass: bool = False) -> None:
        """Nothing, if the person may; to *break_glass* is a permission of its own.

        Raises:
            ReadOnly: nobody may, now.
            NotPermitted: they lack a permission.
        """
        if self.read_only:
            raise ReadOnly()
        if not permits(capability.permitted_as):
            raise NotPermitted(f"You lack the permission {capability.permitted_as}. Nothing ran.")
        if break_glass and not permits(BREAK_GLASS):
            raise NotPermitted(f"You lack the permission {BREAK_GLASS}. Nothing ran. Without it the limits hold.")

    def remember_refusal(
        self, verb: str, target: str, actor: Actor, reason: str | None, refusal: Refused, capability: str
    ) -> None:
        """Write into the audit that somebody was refused, and why."""
        details: JsonObject = {
            "refusal": type(refusal).__name__,
            "said": refusal.message,
            "capability": capability,
            "next_step": refusal.next_step,
        }
        now = self.context.clock.now()
        with self.context.store.begin() as tx:
            tx.audit.add(
                actor=actor, verb=verb, target=target, outcome="refused", now=now, reason=reason, details=details
            )


class Following:
    """Writes down how far *run* is, now and then, and is never in its way."""

    def __init__(self, context: Context, run: Run) -> None:
        self._context = context
        self._run = run
        self._written_at: datetime | None = None

    def __call__(self, done: int, failed: int = 0) -> None:
        """So many are done, and so many are not."""
        now = self._context.clock.now()
        if self._written_at is not None and (now - self._written_at).total_seconds() < BETWEEN_WORDS_SECONDS:
            return
        self._written_at = now
        words = f"{done:,} of {self._run.target_count:,} done{f', {failed:,} failed' if failed else ''}"
        with guarded("capability.progress"):
            self._context.store.transact(lambda tx: tx.runs.note(self._run.id or 0, words))


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What somebody says to confirm a preview."""

    actor: Actor
    reason: str
    key: str | None
    digest: str
    typed: str
    break_glass: bool


def asked_for(capability: Capability, given: Mapping[str, str]) -> dict[str, str]:
    """What *capability* may be asked for, with what was *given*.

    Raises:
        ConfigurationError: it takes no such input.
    """
    unknown = sorted(set(given) - set(capability.inputs))
    if unknown:
        takes = ", ".join(capability.inputs) or "nothing"
        raise ConfigurationError(f"{capability.name!r} takes {takes}; {unknown[0]!r} is none of that. Nothing ran.")
    return {name: clean(str(given.get(name) or usual), LONGEST_WORDS) for name, usual in capability.inputs.items()}


def situation(
    incident: Incident,
    *,
    now: datetime,
    inputs: Mapping[str, str],
    actor: Actor,
    run: Run | None = None,
    suffix: str = "",
) -> Situation:
    """What the host's functions are told; *suffix* tells an undo from its run."""
    return Situation(
        service=incident.service,
        incident_id=int(incident.id or 0),
        ref=incident.ref,
        slice=incident.slice,
        title=incident.title,
        severity=incident.severity.value,
        firing=incident.firing,
        started_at=incident.started_at,
        now=now,
        labels=dict(incident.labels),
        inputs=dict(inputs),
        run=f"{run.key}{suffix}" if run is not None else "",
        actor=actor.name,
    )


def claim_key(service: str, capability: str, slice_name: str | None) -> str:
    """What one run at a time holds."""
    where = slice_name or ""
    if len(where) > LONGEST_SLICE:
        where = hashlib.sha256(where.encode()).hexdigest()
    return f"{service}/{capability}/{where}"


def about(run: Run, capability: Capability | None, **more: str | int | bool | None) -> JsonObject:
    """The payload of an entry about *run*; what is None is left out."""
    title = capability.title if capability is not None else run.capability
    count = capability.count_words(run.target_count) if capability is not None else f"{run.target_count} targets"
    payload: JsonObject = {"run": run.ref, "capability": run.capability, "title": title, "count": count}
    return payload | {name: value for name, value in more.items() if value is not None}


def write(
    context: Context,
    tx: Transaction,
    run: Run,
    kind: EntryKind,
    payload: JsonObject,
    *,
    actor: Actor,
    verb: str,
    now: datetime,
    ledger: LedgerKind | None = None,
    reason: str | None = None,
    announce: Announcement | None = None,
    moves: bool = False,
) -> None:
    """Write that something happened to *run*: chronology, audit, ledger, and who is told, all in this transaction.

    *moves*: whoever read the incident before must read it again; what is announced always does.

    Raises:
        Conflict: somebody else wrote to the same incident at the same moment.
    """
    incident = existing(tx, run.incident_id)
    entry = NewEntry(kind=kind, occurred_at=now, actor=actor, payload=payload)
    if moves or announce is not None:
        moved = replace(incident, version=incident.version + 1)
        decision = Decision(incident=moved, entries=(entry,), announce=announce)
        context.write_down(tx, decision, actor=actor, verb=verb, now=now, reason=reason)
    else:
        jot(tx, run.incident_id, incident, entry, now=now)
        tx.audit.add(
            actor=actor, verb=verb, target=run.ref, outcome="done", now=now, reason=reason, details={**payload}
        )
    if ledger is not None:
        tx.runs.write(run, ledger, actor, payload, now=now)


def jot(tx: Transaction, number: IncidentId, incident: Incident, entry: NewEntry, *, now: datetime) -> None:
    """One entry that moves nothing."""
    tx.entries.append(number, (entry,), recorded_at=now)
    tx.words.add(number, words_of(incident, (entry,)))
