"""What an incident is about: a promise of one kind, a signal that is gone, somebody else's alert, a person's word.

Each kind has its own reading: who may be hurt, where the fault usually lies, and what is safe to do first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from parapet.core import names
from parapet.core.vocabulary import FaultPlane
from parapet.incidents.model import Incident
from parapet.incidents.sightings import NOTHING, Concern

SIGNAL_PLANE = "signal"
"""Not the service: what tells of it."""


class Kind(StrEnum):
    """What an incident is about."""

    EVENTS = "events"  # attempts that fail
    LATENCY = "latency"  # attempts that are slow, by classic buckets
    LATENCY_NATIVE = "latency_native"  # the same, by a native histogram: interpolated
    FRESHNESS = "freshness"  # what comes late
    JOB = "job"  # background work that ends badly
    PROBE = "probe"  # a machine's own tries
    LAST_SUCCESS = "last_success"  # what has not succeeded for too long
    RAW = "raw"  # an expression of the host's own
    DIAGNOSTIC = "diagnostic"  # worth a look; promises nothing
    METRIC_GONE = "metric_gone"  # the target answers, its metric is not there
    TARGET_GONE = "target_gone"  # no target answers
    LOOP = "loop"  # Parapet's own work is not done: nobody is told, nobody is called
    FOREIGN = "foreign"  # an alert that Parapet did not generate, or of a slice it does not know
    DECLARED = "declared"  # a person says so; no alert speaks of it


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """What the catalog says of one slice or diagnostic, as far as an incident needs it."""

    kind: Kind
    name: str
    title: str
    said: str
    """What was promised, in a sentence."""
    bad: str
    """Which events are bad, for people."""
    concern: Concern = NOTHING
    """Which events with exact identifiers it is about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What holds for every incident of a kind."""

    plane: str | None
    """Where the fault usually lies, when nobody named another place; None: it may be anywhere."""
    hurt: str
    """Who may be hurt, when the alert does not say."""
    known: bool
    """Whether that is a fact, or what nobody knows."""
    step: str
    """What is safe to do first: it changes nothing, or can be undone."""


def kind_of(incident: Incident, promise: Promise | None) -> Kind:
    """What *incident* is about; *promise*: what the catalog says of its slice, if it knows it."""
    signal = incident.labels.get(names.SIGNAL)
    if signal in (Kind.METRIC_GONE.value, Kind.TARGET_GONE.value):
        return Kind(signal)
    if promise is not None:
        return promise.kind
    if incident.labels.get("alertname") in LOOP_ALERTS:
        return Kind.LOOP
    if incident.declared_by is not None and incident.slice is None:
        return Kind.DECLARED
    return Kind.FOREIGN


LOOP_ALERTS = frozenset({names.ALERT_WORKER_SILENT, names.ALERT_WORKER_BEHIND})
"""What Parapet raises about its own work."""
_WHO = "The alert does not say who is hurt, or how many."

READINGS: Mapping[Kind, Reading] = MappingProxyType(
    {
        Kind.EVENTS: Reading(
            plane=None,
            hurt=_WHO,
            known=False,
            step="Find out who is hurt: look at what fails since onset. Change nothing before that.",
        ),
        Kind.LATENCY: Reading(
            plane=FaultPlane.DEPENDENCY.value,
            hurt="They wait; how many give up is not known.",
            known=False,
            step="Find out what they wait for: one slow request, from its start to its answer. Restart nothing yet: "
            "cold caches and new connections make waiting longer.",
        ),
        Kind.LATENCY_NATIVE: Reading(
            plane=FaultPlane.DEPENDENCY.value,
            hurt="They wait; how many give up is not known.",
            known=False,
            step="Find out what they wait for: one slow request, from its start to its answer. The share is "
            "interpolated within one bucket: look at a trace before you trust the last digit.",
        ),
        Kind.FRESHNESS: Reading(
            plane=FaultPlane.BACKLOG.value,
            hurt="What was asked for comes late; whether it comes at all is not known.",
            known=False,
            step="See whether the backlog grows or stands, and whether anybody works on it. Do not empty the queue: "
            "what waits there is somebody's.",
        ),
        Kind.JOB: Reading(
            plane=FaultPlane.WORKER.value,
            hurt="Users see it later than it happens: what the job does for them is not done.",
            known=False,
            step="Read the error of one failed run before you retry any: a run that half succeeded may do its effect "
            "twice.",
        ),
        Kind.PROBE: Reading(
            plane=None,
            hurt="A machine tried, and failed; whether users do is not known.",
            known=False,
            step="Try it as a user would, from another place. If that works, the fault lies with the probe or its way.",
        ),
        Kind.LAST_SUCCESS: Reading(
            plane=FaultPlane.WORKER.value,
            hurt="What depends on it works with what is old; nothing else is known of who that is.",
            known=False,
            step="See whether it was started at all: scheduler first, then its own log. Start it by hand only if it "
            "may run twice.",
        ),
        Kind.RAW: Reading(
            plane=None,
            hurt=_WHO,
            known=False,
            step="Ask Prometheus both expressions of the promise since onset: which of them moved says where to look.",
        ),
        Kind.DIAGNOSTIC: Reading(
            plane=None,
            hurt="No promise is broken: this is worth a look, and hurts nobody that is known.",
            known=True,
            step="Look at which of the events drift, and since when. It can wait for the day: change nothing at night.",
        ),
        Kind.METRIC_GONE: Reading(
            plane=SIGNAL_PLANE,
            hurt="Nobody knows how users fare: what counts them is gone.",
            known=False,
            step="Try it yourself, the way a user would: nothing else can tell. Then look for a deploy that renamed or "
            "removed the metric, a label, or the code that counts.",
        ),
        Kind.TARGET_GONE: Reading(
            plane=SIGNAL_PLANE,
            hurt="Nobody knows how users fare: nothing that is measured is reached.",
            known=False,
            step="Try it yourself, the way a user would: nothing else can tell. Then see, in this order, whether the "
            "process runs, the network reaches it, and the scrape configuration names it.",
        ),
        Kind.LOOP: Reading(
            plane=SIGNAL_PLANE,
            hurt="Users are not hurt by it. While it lasts, people hear late of those who are, or not at all.",
            known=True,
            step="Start `parapet worker` where it ran: as many as you like share the work. Until it goes round again, "
            "read the queue here yourself: nobody is called. `parapet doctor --live` says what else is wrong.",
        ),
        Kind.FOREIGN: Reading(
            plane=None,
            hurt=_WHO,
            known=False,
            step="Find out who is hurt, and which promise to them it touches: look at the journeys first. Change "
            "nothing before that.",
        ),
        Kind.DECLARED: Reading(
            plane=None,
            hurt="Whoever opened it knows of somebody; no alert says who is hurt, or how many.",
            known=False,
            step="Find out who is hurt, and since when. Close it once it is over: nothing else does. Then promise what "
            "should have told you.",
        ),
    }
)
"""By kind; complete."""
