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
│   └── KeyReused             another request has the same idempotency key
├── OutgoingError             a call to another system failed
│   ├── DeliveryRejected      it said no, and will say no again
│   └── DeliveryFailed        it may work later
└── ProbeFailed               what a probe looked at is not as it should be
"""

from __future__ import annotations

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
    def of(cls, what: str, given: str, known: Iterable[str]) -> UnknownName:
        """An error that says what was expected, what was given and the nearest match."""
        names = sorted(known)
        near = get_close_matches(given, names, n=1, cutoff=0.5)
        hint = f" Did you mean {near[0]!r}?" if near else ""
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


class NotFound(Refused):
    """There is no such thing."""


class StaleVersion(Refused):
    """The incident moved since you read it. Nothing changed; read it again."""


class IllegalTransition(Refused):
    """The incident is not in a state that allows this. Nothing changed."""


class ReasonRequired(Refused):
    """A reason is required. Nothing changed."""


class KeyReused(Refused):
    """Another request with the same idempotency key was done. Nothing changed."""


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
