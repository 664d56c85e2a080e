"""Every error Parapet raises on purpose.

ParapetError
├── ConfigurationError        the host's definitions or settings cannot hold
│   ├── UnknownName           a name nobody defined; names the nearest one
│   └── UnreachableAlert      an alert that could never fire
├── PayloadError              what somebody sent us cannot be taken
│   ├── PayloadTooLarge
│   └── MalformedPayload
├── EvidenceError             the evidence store cannot do it now
│   ├── EvidenceUnavailable   the database does not answer
│   ├── Conflict              somebody else wrote the same thing first
│   └── SchemaOutdated        migrations are missing
├── Refused                   an operator's command that must not run; nothing changed
│   ├── NotFound
│   ├── StaleVersion
│   ├── IllegalTransition
│   ├── ReasonRequired
│   ├── KeyReused             another request has the same idempotency key
│   └── ActionRefused         a capability that must not run now; nothing ran
│       ├── PreviewExpired, PreviewUsed, WrongDigest, Drifted, IncidentMoved, IncidentOver, NothingToDo
│       ├── BreakerOpen, ClaimHeld, CoolingDown, TooManyTargets, OutcomeUnknown
│       ├── NotPermitted, ReadOnly, TypedConfirmationNeeded, SecondPersonNeeded
│       └── PreviewFailed, NotUndoable, NotApprovable, NotSettleable
├── OutgoingError             a call to another system failed
│   ├── DeliveryRejected      it said no, and will say no again
│   └── DeliveryFailed        it may work later
└── ProbeFailed               what a probe looked at is not as it should be
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import get_close_matches

MOST_NAMED = 16
"""Names in one error, the nearest ones; the rest are counted."""


class ParapetError(Exception):
    """Something went wrong inside Parapet."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or (self.__doc__ or "").strip().splitlines()[0])

    @property
    def message(self) -> str:
        """What happened, in words for the person who reads it."""
        return str(self.args[0])


class ConfigurationError(ParapetError):
    """A definition or a setting cannot hold."""


class UnknownName(ConfigurationError):
    """A name was used that nobody defined."""

    @classmethod
    def of(cls, what: str, given: str, known: Iterable[str], *, defined_by: str = "") -> UnknownName:
        """An error that says what was expected, what was given and the nearest match.

        Args:
            defined_by: the line that would define it, told where nothing is near.
        """
        names = sorted(known)
        near = get_close_matches(given, names, n=1, cutoff=0.5)
        hint = f" Did you mean {near[0]!r}?" if near else f" Define it first: {defined_by}." if defined_by else ""
        more = len(names) - MOST_NAMED
        if more > 0:
            alike = get_close_matches(given, names, n=MOST_NAMED, cutoff=0.0)
            return cls(f"Unknown {what} {given!r}.{hint} Known: {', '.join(sorted(alike))}, and {more} more.")
        return cls(f"Unknown {what} {given!r}.{hint} Known: {', '.join(names) or 'none'}.")


class UnreachableAlert(ConfigurationError):
    """An alert was defined that could never fire."""


class PayloadError(ParapetError):
    """The body cannot be taken."""


class PayloadTooLarge(PayloadError):
    """The body is larger than the limit."""


class MalformedPayload(PayloadError):
    """The body is not what was expected."""


class EvidenceError(ParapetError):
    """The evidence store cannot do this now."""


class EvidenceUnavailable(EvidenceError):
    """The evidence database does not answer."""


class Conflict(EvidenceError):
    """Another process wrote the same thing first; do it again on what is there now."""


class SchemaOutdated(EvidenceError):
    """The evidence database needs migrations; run `parapet db upgrade`."""


class Refused(ParapetError):
    """The command was refused. Nothing changed."""

    next_step = "Correct it, and send it again."

    def __init__(self, message: str | None = None, *, next_step: str | None = None) -> None:
        super().__init__(message)
        self.next_step = next_step or type(self).next_step


class NotFound(Refused):
    """There is no such thing."""

    next_step = "Look for it in its list: the queue, the runs, the approvals."


class StaleVersion(Refused):
    """The incident moved since you read it. Nothing changed; read it again."""

    next_step = "Read what happened since, then decide again."


class IllegalTransition(Refused):
    """The incident is not in a state that allows this. Nothing changed."""

    next_step = "Look at its state, and at what that allows."


class ReasonRequired(Refused):
    """A reason is required. Nothing changed."""

    next_step = "Say why, and send it again."


class KeyReused(Refused):
    """Another request with the same idempotency key was done. Nothing changed."""

    next_step = "Give this request a key of its own."


class ActionRefused(Refused):
    """The action was refused. Nothing ran."""

    next_step = "Read the incident again."


class PreviewExpired(ActionRefused):
    """The preview is too old. Nothing ran."""

    next_step = "Preview it again: what is true now may differ."


class PreviewUsed(ActionRefused):
    """The preview was confirmed before. Nothing ran a second time."""

    next_step = "Look at the run that came of it."


class WrongDigest(ActionRefused):
    """The digest is not that of the preview. Nothing ran."""

    next_step = "Confirm with the whole digest that the preview shows."


class Drifted(ActionRefused):
    """What would happen is not what was previewed any more. Nothing ran."""

    next_step = "Preview it again, and look at the difference."


class IncidentMoved(ActionRefused):
    """The incident moved since the preview. Nothing ran."""

    next_step = "Read what happened meanwhile, then preview it again."


class IncidentOver(ActionRefused):
    """The incident is resolved. Nothing ran."""

    next_step = "Reopen the incident if it is not over."


class NothingToDo(ActionRefused):
    """There is no target. Nothing ran."""

    next_step = "Read why everything was left out."


class BreakerOpen(ActionRefused):
    """It ran too often lately. Nothing ran."""

    next_step = "Find out why it does not help; somebody who must may break the glass."


class ClaimHeld(ActionRefused):
    """Somebody else runs it at this moment. Nothing ran."""

    next_step = "Wait for the end of that run, then preview it again."


class CoolingDown(ActionRefused):
    """It ran a short while ago, and has to show whether it helps. Nothing ran."""

    next_step = "Wait, and see whether the last run helped."


class TooManyTargets(ActionRefused):
    """It would touch more than it may at once. Nothing ran."""

    next_step = "Do a part of it: ask for fewer."


class OutcomeUnknown(ActionRefused):
    """An earlier run of it has an unknown outcome. Nothing ran."""

    next_step = "Verify that run, and say how it ended."


class NotPermitted(ActionRefused):
    """You lack the permission for this. Nothing ran."""

    next_step = "Ask somebody who has it."


class ReadOnly(ActionRefused):
    """Everything is switched to read-only. Nothing ran."""

    next_step = "Ask an admin to switch it off."


class TypedConfirmationNeeded(ActionRefused):
    """So many targets need typed words. Nothing ran."""

    next_step = "Type the words exactly."


class SecondPersonNeeded(ActionRefused):
    """So many targets need a second person. Nothing ran."""

    next_step = "Request an approval; somebody who must may break the glass."


class PreviewFailed(ActionRefused):
    """The host could not say what would happen. Nothing ran."""

    next_step = "Look at the service's log, under the logger “parapet”."


class NotUndoable(ActionRefused):
    """It cannot be undone. Nothing ran."""

    next_step = "Read what the run did."


class NotApprovable(ActionRefused):
    """This approval cannot be given. Nothing changed."""

    next_step = "Ask somebody else."


class NotSettleable(ActionRefused):
    """Only an unknown outcome can be verified. Nothing changed."""

    next_step = "Read how the run ended."


class OutgoingError(ParapetError):
    """A call to another system failed."""


class DeliveryRejected(OutgoingError):
    """The receiver refused it for good."""


class DeliveryFailed(OutgoingError):
    """The receiver could not take it now."""

    def __init__(self, message: str | None = None, *, retry_after_seconds: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds
        """How long it asked to be left alone; None: it did not say."""


class ProbeFailed(ParapetError):
    """What the probe looked at is not as it should be."""


def code_of(kind: type[ParapetError]) -> str:
    """What an error is called for programs: its name in snake case, such as `stale_version`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", kind.__name__).lower()
