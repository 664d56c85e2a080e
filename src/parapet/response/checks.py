"""May it run now? Every reason why not, each with its own error and its own next step. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from parapet.core import errors
from parapet.incidents.durations import duration_words
from parapet.incidents.model import Incident, IncidentState
from parapet.response.capability import Capability
from parapet.response.preview import FrozenPreview
from parapet.response.run import Run

BREAKER_SECONDS = 3_600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What is known of a preview at the moment somebody confirms it."""

    capability: Capability
    preview: FrozenPreview
    incident: Incident
    used: Run | None
    """The run that came of it."""
    recent: Sequence[Run]
    """Runs of the capability on the slice within an hour or its cooldown, latest first."""
    unknown: Run | None
    """An earlier run of it there, whose outcome nobody knows."""
    holder: str | None
    """Who runs it there at this moment."""
    approved_by: str | None
    """Who approved what it would do, unless they are who confirms."""
    now: datetime

    @property
    def in_the_hour(self) -> int:
        """Runs that the breaker counts."""
        return sum(run.started_at > self.now - timedelta(seconds=BREAKER_SECONDS) for run in self.recent)

    @property
    def cools_until(self) -> datetime | None:
        """Until when the last run has to show whether it helps; None: it had its time."""
        if not self.recent or not self.capability.cooldown_seconds:
            return None
        until = self.recent[0].started_at + timedelta(seconds=self.capability.cooldown_seconds)
        return until if until > self.now else None

    @property
    def typed_words(self) -> str:
        """What must be typed; empty: nothing."""
        typed_from = self.capability.typed_from
        if typed_from is None or len(self.preview.targets) < typed_from:
            return ""
        return typed_words(self.capability, len(self.preview.targets))

    @property
    def needs_second_person(self) -> bool:
        """Whether somebody else must approve."""
        threshold = self.capability.second_person_from
        return threshold is not None and len(self.preview.targets) >= threshold


def typed_words(capability: Capability, count: int) -> str:
    """What a person types to say that they mean so many: `retry-jobs 42`."""
    return f"{capability.name} {count}"


def refuse(standing: Standing, *, digest: str, typed: str, break_glass: bool) -> None:
    """Nothing, if it may run.

    *break_glass* goes past the second person, the breaker and the cooldown: past nothing that makes it another action
    than the one that was seen.

    Raises:
        ActionRefused: it may not; says why, and what to do next.
    """
    _refuse_what_is_gone(standing, digest)
    _refuse_what_is_too_much(standing, typed)
    if standing.unknown is not None:
        raise errors.OutcomeUnknown(
            f"{standing.unknown.ref}, by {standing.unknown.actor.name}, has an unknown outcome. Nothing ran."
        )
    if standing.holder is not None:
        raise errors.ClaimHeld(f"{standing.holder} runs it at this moment. Nothing ran.")
    if not break_glass:
        _refuse_past_the_glass(standing)


def _refuse_what_is_gone(standing: Standing, digest: str) -> None:
    preview, incident, now = standing.preview, standing.incident, standing.now
    if not preview.presented(digest):
        raise errors.WrongDigest()
    if standing.used is not None:
        raise errors.PreviewUsed(
            f"{standing.used.actor.name} confirmed it before: {standing.used.ref}. Nothing ran a second time.",
            next_step=f"Look at {standing.used.ref}.",
        )
    if now >= preview.expires_at:
        ago = duration_words((now - preview.expires_at).total_seconds())
        raise errors.PreviewExpired(f"The preview expired {ago} ago. Nothing ran.")
    if incident.state is IncidentState.RESOLVED:
        raise errors.IncidentOver(f"{incident.ref} is resolved. Nothing ran.")
    if incident.version != preview.incident_version:
        raise errors.IncidentMoved(
            f"{incident.ref} moved from version {preview.incident_version} to {incident.version} since the preview. "
            "Nothing ran."
        )


def _refuse_what_is_too_much(standing: Standing, typed: str) -> None:
    capability, count = standing.capability, len(standing.preview.targets)
    if count == 0:
        raise errors.NothingToDo(f"No {capability.noun} is left to do it to. Nothing ran.")
    if count > capability.max_targets:
        raise errors.TooManyTargets(
            f"{capability.count_words(count)} are more than the {capability.max_targets:,} it may touch at once. "
            "Nothing ran."
        )
    words = standing.typed_words
    if words and typed.strip() != words:
        raise errors.TypedConfirmationNeeded(
            f"{capability.count_words(count)} need typed words. Nothing ran.", next_step=f"Type exactly: {words}"
        )


def _refuse_past_the_glass(standing: Standing) -> None:
    capability = standing.capability
    if standing.in_the_hour >= capability.breaker_limit:
        raise errors.BreakerOpen(
            f"It ran {standing.in_the_hour} times within an hour; the limit is {capability.breaker_limit}. Nothing ran."
        )
    until = standing.cools_until
    if until is not None:
        wait = duration_words((until - standing.now).total_seconds())
        raise errors.CoolingDown(f"{standing.recent[0].ref} ran a short while ago; wait {wait}. Nothing ran.")
    if standing.needs_second_person and standing.approved_by is None:
        many = len(standing.preview.targets)
        needs = f"{capability.count_words(many)} {'needs' if many == 1 else 'need'}"
        raise errors.SecondPersonNeeded(f"{needs} a second person's approval. Nothing ran.")
