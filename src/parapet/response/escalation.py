"""Who is called when, if nobody takes an incident: policies, and what they decide, as functions that take the time.

A policy is kept with the incident when that begins: what was in force then is what is done.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from parapet.core.errors import ConfigurationError
from parapet.core.vocabulary import Severity
from parapet.incidents.model import Incident, IncidentState
from parapet.response.hours import Hours

FIRST_PLACE = "1.0.0"
"""The place of an escalation that has not begun."""
LONGEST_SUPPRESSION_SECONDS = 86_400.0
"""Nobody may switch a page off for longer without saying so again."""


class TargetKind(StrEnum):
    """Who is called."""

    PERSON = "person"
    ROTATION = "rotation"  # whoever has the turn
    CHANNEL = "channel"  # whoever reads it


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Somebody to be called, perhaps only then."""

    kind: TargetKind
    name: str
    severities: tuple[Severity, ...] = ()
    """Only for these; none: for all."""
    within: Hours | None = None
    """Only in these hours."""
    outside: Hours | None = None
    """Not in these hours."""

    def left_out(self, severity: Severity, now: datetime) -> str | None:
        """Why they are not called now; None: they are."""
        if self.severities and severity not in self.severities:
            return f"not for a {severity.value}"
        if self.within is not None and not self.within.cover(now):
            return f"only {self.within.words}"
        if self.outside is not None and self.outside.cover(now):
            return f"not {self.outside.words}"
        return None

    @property
    def words(self) -> str:
        """For people."""
        said = {TargetKind.ROTATION: f"whoever is on call ({self.name})", TargetKind.CHANNEL: f"channel {self.name}"}
        return said.get(self.kind, self.name)


def _target(
    kind: TargetKind, name: str, severities: Sequence[Severity], within: Hours | None, outside: Hours | None
) -> Target:
    return Target(kind=kind, name=name, severities=tuple(severities), within=within, outside=outside)


def person(
    name: str, *, severities: Sequence[Severity] = (), within: Hours | None = None, outside: Hours | None = None
) -> Target:
    """Call a person, by name."""
    return _target(TargetKind.PERSON, name, severities, within, outside)


def rotation(
    name: str, *, severities: Sequence[Severity] = (), within: Hours | None = None, outside: Hours | None = None
) -> Target:
    """Call whoever has the turn in a rotation."""
    return _target(TargetKind.ROTATION, name, severities, within, outside)


def channel(
    name: str, *, severities: Sequence[Severity] = (), within: Hours | None = None, outside: Hours | None = None
) -> Target:
    """Tell a channel."""
    return _target(TargetKind.CHANNEL, name, severities, within, outside)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Who is called, and how long after the step before it (the first: after the start)."""

    targets: tuple[Target, ...]
    after_seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class EscalationPolicy:
    """Who is called in which order for which incidents.

    Raises:
        ConfigurationError: it calls nobody, or a time cannot hold.
    """

    name: str
    steps: tuple[Step, ...]
    severities: tuple[Severity, ...] = (Severity.PAGE,)
    """It starts with incidents of these."""
    slices: tuple[str, ...] = ()
    """Of these slices, by name; none: of all."""
    within: Hours | None = None
    """It starts in these hours only; the next policy that matches is taken otherwise."""
    repeat: int = 1
    """How often the steps are taken again when they are through."""
    repeat_after_seconds: float = 600.0
    ack_timeout_seconds: float | None = None
    """Who acknowledged and then says nothing for that long is no answer: it starts again. None: it is."""
    during_maintenance: bool = False
    """Whether people are called while what it is about is under maintenance; else that waits until it is over."""

    def __post_init__(self) -> None:
        if not self.name or not self.steps or not all(step.targets for step in self.steps):
            raise ConfigurationError(f"The escalation policy {self.name!r} needs a name, steps, and somebody in each.")
        times = [step.after_seconds for step in self.steps] + [self.repeat_after_seconds, self.repeat]
        if min(times) < 0 or (self.ack_timeout_seconds is not None and self.ack_timeout_seconds <= 0):
            raise ConfigurationError(f"A time of the escalation policy {self.name!r} is negative.")
        if self.repeat and self.repeat_after_seconds + sum(step.after_seconds for step in self.steps) <= 0:
            raise ConfigurationError(f"The escalation policy {self.name!r} would repeat without a pause.")

    def matches(self, incident: Incident, now: datetime) -> bool:
        """Whether it starts with *incident*."""
        about = not self.slices or incident.slice in self.slices
        return about and incident.severity in self.severities and (self.within is None or self.within.cover(now))


class EscalationState(StrEnum):
    """Where an escalation stands."""

    RUNNING = "running"  # the next step comes when it is due
    ACKNOWLEDGED = "acknowledged"  # somebody has it
    SUPPRESSED = "suppressed"  # a person said: not now; it resumes by itself
    EXHAUSTED = "exhausted"  # every step was taken, as often as it should
    ENDED = "ended"  # the incident is over, or not for this policy any more


@dataclass(frozen=True, slots=True, kw_only=True)
class Escalation:
    """How the policy of one incident stands."""

    policy: EscalationPolicy
    """As it was when the incident began."""
    state: EscalationState
    step: int = 0
    """The next step, counted from 0."""
    round: int = 0
    """How often the steps were through."""
    run: int = 1
    """How often it started."""
    due_at: datetime | None
    """When something is to be decided again; None: not by itself."""
    started_at: datetime
    held: bool = False
    """It waits for the end of maintenance, and said so."""
    suppressed_until: datetime | None = None
    suppressed_by: str | None = None
    lapsed_ack_at: datetime | None = None
    """When the acknowledgement was given that does not count any more: nothing followed it for too long."""

    @property
    def place(self) -> str:
        """Names the step that is next and what holds it back: it differs once either changed."""
        step = f"{self.run}.{self.round}.{self.step}"
        if self.suppressed_until is not None:
            return f"{step}.{self.suppressed_until.timestamp():.0f}"
        return step if self.state is EscalationState.RUNNING else f"{step}.{self.state.value}"

    @property
    def first_wait_seconds(self) -> float:
        """How long whoever is called first has to answer, and a minute at least."""
        steps = self.policy.steps
        return max(60.0, steps[1].after_seconds if len(steps) > 1 else self.policy.repeat_after_seconds)

    @property
    def live(self) -> bool:
        """Whether it will call somebody by itself."""
        return self.state in (EscalationState.RUNNING, EscalationState.SUPPRESSED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Called:
    """A step that is to be taken."""

    number: int
    """Of the step, counted from 1; 0: none of them, but whom the incident was handed to."""
    of: int
    round: int
    run: int
    targets: tuple[Target, ...]
    left_out: tuple[tuple[Target, str], ...]
    """Those of the step who are not called, and why."""
    why: str
    by_hand: bool = False

    @property
    def words(self) -> str:
        """Which step it is, behind the name of its policy."""
        return f", step {self.number} of {self.of}" if self.number else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """Something to be written into the chronology: what was decided, and why."""

    did: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """What was decided: how it stands after it, whom to call, and what to write down."""

    escalation: Escalation
    called: Called | None = None
    said: tuple[Said, ...] = ()


def somebody_has_it(incident: Incident) -> bool:
    """Whether a person took it themselves; whom it was only given to has still to say so."""
    return incident.state is IncidentState.INVESTIGATING and incident.acknowledged_at is not None
