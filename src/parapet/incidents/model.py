"""The values of an incident: what it is, what happened to it, and which alerts stand behind it.

Values only; what may follow what is in `transitions`, what belongs together in `correlation`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from parapet.core.types import Actor, IncidentId, JsonObject
from parapet.core.vocabulary import Severity as Severity

MOST_COUNTED = 10_000
"""Lists count up to here: what is said to be so many may be more. Counting a hundred thousand holds up every reader."""


class IncidentState(StrEnum):
    """Where an incident stands."""

    OPEN = "open"  # nobody works on it, though somebody may be asked to
    INVESTIGATING = "investigating"  # somebody has it
    RESOLVED = "resolved"


class Resolution(StrEnum):
    """How an incident ended; never mixed up."""

    REPORTED = "reported"  # the alert said so, and stayed quiet
    SIGNAL_LOST = "signal_lost"  # we stopped hearing; nobody knows
    UNCONFIRMED = "unconfirmed"  # twice absent, but no end was reported
    MAINTENANCE = "maintenance"  # maintenance silenced the alert; nobody knows
    OPERATOR = "operator"  # a person said so
    SUPERSEDED = "superseded"  # another incident took over


class EntryKind(StrEnum):
    """What an entry of the chronology says."""

    OPENED = "opened"
    ALERT_FIRED = "alert_fired"  # a further alert joined
    ALERT_CLEARED = "alert_cleared"  # one alert is not reported any more, others still are
    QUIET = "quiet"  # no alert is reported any more; the quiet period begins
    REFIRED = "refired"  # fired again within the quiet period
    FLAPPED = "flapped"  # cleared and fired again between two reports
    REOPENED = "reopened"  # fired again after resolution
    SEVERITY_CHANGED = "severity_changed"
    DECLARED = "declared"  # a person opened it
    ACKNOWLEDGED = "acknowledged"
    HANDED_OVER = "handed_over"  # a person gave it to somebody
    RELEASED = "released"  # nobody has it any more
    NOTED = "noted"
    ABSORBED = "absorbed"  # another incident was merged into this one
    SPLIT = "split"  # some of its alerts went into an incident of their own
    LOST = "lost"  # not listed at two looks: its end was never reported
    SILENCED = "silenced"  # Alertmanager holds it back: who said so, until when
    SILENCE_ENDED = "silence_ended"
    SIGNAL_STALE = "signal_stale"  # we stopped hearing of anything
    SIGNAL_BACK = "signal_back"
    RESOLVED = "resolved"
    MEASURED = "measured"  # the burn around it, as Prometheus remembered it then
    NOT_MEASURED = "not_measured"  # Prometheus could not be asked in time
    ITEMS_OPENED = "items_opened"  # exact objects need somebody
    ITEM_CLOSED = "item_closed"  # one was looked after, or nobody needs to
    ACTION_PREVIEWED = "action_previewed"  # somebody looked at what would happen
    ACTION_STARTED = "action_started"  # the intent, written before anything runs
    ACTION_ENDED = "action_ended"  # done, failed, or unknown
    ACTION_SETTLED = "action_settled"  # a person verified an unknown outcome
    ACTION_UNDO = "action_undo"  # it is being, or was, taken back
    ACTION_JUDGED = "action_judged"  # whether it helped
    APPROVAL_ASKED = "approval_asked"
    APPROVAL_DECIDED = "approval_decided"
    BREAKER_TRIPPED = "breaker_tripped"  # an automatic step ran too often, and is off for now
    REDACTED = "redacted"  # what an earlier entry said was taken out; that it was said remains
    ESCALATED = "escalated"  # people were called: whom, by which way, and whom not
    ESCALATION = "escalation"  # what was decided about calling people, and why
    MAINTENANCE = "maintenance"  # what it is about rests from now on, or counts again
    NOTIFIED = "notified"
    NOTIFICATION_FAILED = "notification_failed"


class ChangeKind(StrEnum):
    """What sort of change was made to the system."""

    DEPLOY = "deploy"
    ROLLBACK = "rollback"
    FLAG = "flag"
    CONFIG = "config"
    MIGRATION = "migration"
    AI_MODEL = "ai_model"
    PROVIDER = "provider"
    MAINTENANCE = "maintenance"


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """One trouble, whatever number of alerts speak of it. All times are UTC and time zone aware."""

    id: IncidentId | None
    """None until the store has given it its number."""
    key: str
    """What makes it the same trouble; unique among unresolved incidents."""
    service: str
    slice: str | None
    """The slice of the catalog it is about; None for alerts that Parapet did not generate."""
    labels: Mapping[str, str]
    """The group labels that are part of the key, beside service and slice."""
    title: str
    state: IncidentState
    severity: Severity
    """The worst severity among its open episodes, or the last one known."""
    started_at: datetime
    """Onset: when the first alert began, by event time."""
    detected_at: datetime
    """When we first heard of it."""
    last_heard_at: datetime
    """When an alert of it was last reported, firing or cleared."""
    repeats: int = 0
    """Reports that said nothing new."""
    firing: int = 0
    """Episodes now open."""
    quiet_since: datetime | None = None
    """When the last firing alert ended, by event time; None while one fires."""
    refired_count: int = 0
    """How often it fired again after it was quiet or resolved."""
    last_fired_at: datetime
    """When it last went from not firing to firing, by event time."""
    ends_unconfirmed: bool = False
    """Its last alert is not listed any more, and nothing reported its end."""
    noticed_over: bool = False
    """It was over when we first heard of it, and nothing of it fired since: nobody is called for it."""
    signal_stale_since: datetime | None = None
    """Since when we do not hear of anything, so that quiet says nothing; None while we do."""
    last_ended_at: datetime | None = None
    """The latest end reported of any of its alerts, by event time; kept while others fire."""
    owner: str | None = None
    acknowledged_at: datetime | None = None
    resolved_at: datetime | None = None
    """When it ended: event time for reported ends, else when it was closed."""
    resolution: Resolution | None = None
    previous_id: IncidentId | None = None
    """The incident with the same key before this one."""
    declared_by: str | None = None
    """Who opened it by hand; None: an alert did. What a person opened, a person closes."""
    severity_set: Severity | None = None
    """What a person said; holds until an alert that began later is worse."""
    severity_set_at: datetime | None = None
    merged_into_id: IncidentId | None = None
    """The incident that took it over."""
    runbook: str | None = None
    annotations: Mapping[str, str] = field(default_factory=dict)
    """From the alert that opened it or last fired: hostile text, escaped and capped where shown."""
    version: int = 1
    """Counts every change that an operator could have read; commands carry the one they saw."""

    @property
    def ref(self) -> str:
        """What people call it: INC-12."""
        return f"INC-{self.id}" if self.id is not None else "INC-new"

    @property
    def awaited(self) -> str | None:
        """Whose it is who has still to say that they have it: it was handed to them, or came back; None: nobody."""
        return self.owner if self.state is IncidentState.OPEN else None

    @property
    def on_word_of(self) -> str | None:
        """Who says so, while no alert of it was ever heard; None: one was."""
        return self.declared_by if not self.firing and self.quiet_since is None else None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEntry:
    """Something that happened, before the store has numbered and chained it."""

    kind: EntryKind
    occurred_at: datetime
    actor: Actor
    payload: JsonObject = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry of an incident's chronology. Never changed, never removed."""

    incident_id: IncidentId
    seq: int
    """1 for the first entry of its incident, without gaps."""
    kind: EntryKind
    occurred_at: datetime
    recorded_at: datetime
    actor: Actor
    payload: JsonObject
    payload_hash: str
    """SHA-256 of the payload as it was written; outlives a redaction."""
    previous_hash: str
    hash: str
    """SHA-256 over this entry and *previous_hash*, in hexadecimal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Episode:
    """One firing of one alert: from when it began until it was reported as ended."""

    id: int | None
    source: str
    fingerprint: str
    """Alertmanager's hash of all labels: the same again when the alert comes back."""
    key: str
    """Correlation key of the incident it belongs to."""
    incident_id: IncidentId | None
    severity: Severity
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    generator_url: str | None
    started_at: datetime
    ended_at: datetime | None
    """None while it fires."""
    first_heard_at: datetime
    last_heard_at: datetime
    cleared_heard_at: datetime | None = None
    """When its end was reported to us."""
    absent_since: datetime | None = None
    """When Alertmanager was first seen not to list it; None: it does, or was not asked."""
    silenced_by: str | None = None
    """The silence that holds it back, as last seen."""
    repeats: int = 0
    heard_in: int | None = None
    """The number in the inbox of the newest report of it, whatever the clocks of nodes say; None: it is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A change to the system: recorded once, at the time it happened, shown on every incident it is near."""

    id: str
    kind: ChangeKind
    service: str
    title: str
    """In words: 'Deploy 1.8.2'."""
    occurred_at: datetime
    recorded_at: datetime
    actor: Actor
    version: str | None = None
    url: str | None = None
    details: JsonObject = field(default_factory=dict)


class Announcement(StrEnum):
    """Why people are told about an incident. One body causes at most one per incident."""

    OPENED = "opened"
    SEVERITY_RAISED = "severity_raised"
    REFIRED = "refired"
    REOPENED = "reopened"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"
    OUTCOME_UNKNOWN = "outcome_unknown"
    GLASS_BROKEN = "glass_broken"
    APPROVAL_WANTED = "approval_wanted"
    BREAKER_TRIPPED = "breaker_tripped"
    ESCALATED = "escalated"  # nobody took it: somebody is called
    CALLED = "called"  # a person, or a breaker, asks for somebody


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What a transition decided: the incident after it, what to write down, and whether to tell people."""

    incident: Incident
    entries: tuple[NewEntry, ...] = ()
    announce: Announcement | None = None
