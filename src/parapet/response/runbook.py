"""A runbook as a value: what a person does, step by step, which of it Parapet can do, and where it applies."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass

from parapet.core import names
from parapet.core.codec import decode, encode
from parapet.core.errors import ConfigurationError
from parapet.core.types import Json, JsonObject
from parapet.incidents.model import Incident


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step: guidance that the operator follows, or a capability that Parapet previews and runs.

    Raises:
        ConfigurationError: it is automatic, and names nothing to run.
    """

    title: str
    text: str
    """What to do, what to look for, and what not to do."""
    capability: str = ""
    """The capability that does it; empty: the operator does it, Parapet changes nothing."""
    automatic: bool = False
    """Whether Parapet runs it by itself while the incident is open and fires: previewed, limited, recorded."""

    def __post_init__(self) -> None:
        if self.automatic and not self.capability:
            raise ConfigurationError(f"Step {self.title!r} is automatic and names no capability. Give capability=.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Runbook:
    """Guidance for one kind of trouble.

    Raises:
        ConfigurationError: it has no steps, or is attached to nothing.
    """

    name: str
    title: str
    owner: str
    steps: tuple[Step, ...]
    slices: tuple[str, ...] = ()
    """Slices it belongs to, by name."""
    journeys: tuple[str, ...] = ()
    """Journeys it belongs to: all of their slices."""
    planes: tuple[str, ...] = ()
    """Fault planes it belongs to, such as `provider`, as the slice of the incident names them."""
    alerts: tuple[str, ...] = ()
    """Alerts it belongs to, by name, also those that Parapet did not generate."""
    warnings: tuple[str, ...] = ()
    targets: str = ""
    """What its capabilities may touch, in words."""
    url: str | None = None
    """Where the long form lives, such as the host's repository."""

    def __post_init__(self) -> None:
        if not self.steps:
            raise ConfigurationError(f"Runbook {self.name!r} has no steps. Say at least one thing to do.")
        if not (self.slices or self.journeys or self.planes or self.alerts):
            raise ConfigurationError(
                f"Runbook {self.name!r} is attached to no slice. Name one in slices=, or journeys, planes or alerts."
            )

    @property
    def digest(self) -> str:
        """What tells this version from every other one."""
        return hashlib.sha256(json.dumps(encode(self), sort_keys=True).encode()).hexdigest()

    @property
    def automatic(self) -> tuple[str, ...]:
        """Capabilities of its automatic steps."""
        return tuple(step.capability for step in self.steps if step.automatic)


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What runbooks are looked up by."""

    slice: str | None = None
    journey: str | None = None
    plane: str | None = None
    alerts: tuple[str, ...] = ()


def subject_of(incident: Incident, *, journey: str | None, alerts: Iterable[str]) -> Subject:
    """What *incident* is about; *journey* is that of its slice, *alerts* the names of what fired."""
    plane = incident.annotations.get(names.FAULT_PLANE)
    return Subject(slice=incident.slice, journey=journey, plane=plane, alerts=tuple(alerts))


def runbooks_for(subject: Subject, runbooks: Iterable[Runbook]) -> tuple[Runbook, ...]:
    """Those of *runbooks* that belong to *subject*: by slice, then alert, journey and plane, each as registered."""
    books = tuple(runbooks)
    by_slice = [book for book in books if subject.slice in book.slices]
    by_alert = [book for book in books if set(subject.alerts) & set(book.alerts)]
    by_journey = [book for book in books if subject.journey in book.journeys]
    by_plane = [book for book in books if subject.plane in book.planes]
    return tuple(dict.fromkeys((*by_slice, *by_alert, *by_journey, *by_plane)))


def to_json(runbook: Runbook) -> Json:
    """*runbook*, to be kept."""
    return encode(runbook)


def from_json(document: JsonObject) -> Runbook:
    """The runbook that `to_json` wrote.

    Raises:
        MalformedPayload: it is none.
    """
    return decode(Runbook, document)
