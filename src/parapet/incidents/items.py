"""Action items: exact objects that somebody must look after, such as one suppressed delivery. One for each object."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from parapet.core.errors import IllegalTransition, MalformedPayload, ReasonRequired, StaleVersion
from parapet.core.types import IncidentId, JsonObject
from parapet.incidents.payload import clean, http_url

MAX_KIND_CHARACTERS = 64
MAX_OBJECT_CHARACTERS = 255
MAX_TITLE_CHARACTERS = 300


class ItemState(StrEnum):
    """Where an action item stands."""

    OPEN = "open"  # somebody must look after it
    RESOLVED = "resolved"  # somebody did; told again, it is open again
    DISMISSED = "dismissed"  # nobody needs to; told again, it stays so


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported:
    """What an integration or a person says about one object.

    Raises:
        MalformedPayload: a part is missing or too long to tell objects apart, or the address is no http(s) address.
    """

    kind: str
    """What sort of object, such as `suppressed_delivery`."""
    object_id: str
    """What its own system calls it, exactly."""
    title: str
    incident_id: IncidentId | None = None
    slice: str | None = None
    url: str | None = None
    """Where to look at it."""
    details: JsonObject = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, most in (("kind", MAX_KIND_CHARACTERS), ("object_id", MAX_OBJECT_CHARACTERS)):
            given: str = getattr(self, name)
            if not given.strip() or len(given) > most or clean(given, most) != given:
                raise MalformedPayload(f"{name} must have 1 to {most} printable characters; it has {len(given)}.")
        if not self.title.strip():
            raise MalformedPayload("An action item needs a title, so that people know what to do.")
        if self.incident_id is None and not self.slice:
            raise MalformedPayload("An action item belongs to an incident or to a slice. Say which.")
        if self.url is not None and (http_url(self.url) is None or not self.url.isprintable()):
            raise MalformedPayload(f"{self.url[:80]!r} is no http or https address.")

    @property
    def about(self) -> str:
        """What it belongs to, as one word of its identity."""
        return f"INC-{self.incident_id}" if self.incident_id is not None else f"slice/{self.slice}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionItem:
    """One object that needs, or needed, somebody."""

    id: int | None
    """None until the store has given it its number."""
    service: str
    kind: str
    object_id: str
    about: str
    """The incident or slice it belongs to: with kind and object, what makes it this one."""
    incident_id: IncidentId | None
    slice: str | None
    title: str
    url: str | None
    details: JsonObject
    state: ItemState
    opened_at: datetime
    opened_by: str
    told: int = 1
    """How often it was reported."""
    last_told_at: datetime
    closed_at: datetime | None = None
    closed_by: str | None = None
    reason: str | None = None
    """Why it was resolved or dismissed."""
    version: int = 1

    @property
    def ref(self) -> str:
        """What people call it: ACT-7."""
        return f"ACT-{self.id}" if self.id is not None else "ACT-new"


def item_of(reported: Reported, *, service: str, by: str, now: datetime) -> ActionItem:
    """The item of an object that was not known before."""
    return ActionItem(
        id=None,
        service=service,
        kind=reported.kind,
        object_id=reported.object_id,
        about=reported.about,
        incident_id=reported.incident_id,
        slice=reported.slice,
        title=clean(" ".join(reported.title.split()), MAX_TITLE_CHARACTERS),
        url=reported.url,
        details=reported.details,
        state=ItemState.OPEN,
        opened_at=now,
        opened_by=by,
        last_told_at=now,
    )


def told_again(item: ActionItem, reported: Reported, *, now: datetime) -> ActionItem:
    """*item* after it was reported once more: what was resolved is open again, what was dismissed stays so.

    What belonged to a promise belongs to the incident of it that is named now.
    """
    again = replace(item, told=item.told + 1, last_told_at=max(now, item.last_told_at))
    if item.incident_id is None and reported.incident_id is not None:
        return replace(again, incident_id=reported.incident_id, about=reported.about, version=item.version + 1)
    if item.state is not ItemState.RESOLVED:
        return again
    return replace(again, state=ItemState.OPEN, closed_at=None, closed_by=None, reason=None, version=item.version + 1)


def close(item: ActionItem, state: ItemState, *, by: str, reason: str, version: int, now: datetime) -> ActionItem:
    """*item* resolved or dismissed.

    Raises:
        ReasonRequired: none was given.
        StaleVersion: it moved since *version*.
        IllegalTransition: it is not open.
    """
    if not reason.strip():
        raise ReasonRequired("Say why, so that the next person knows. Nothing changed.")
    if item.version != version:
        raise StaleVersion(
            f"{item.ref} moved on: you read version {version}, it is at {item.version}. Nothing changed; read it again."
        )
    if item.state is not ItemState.OPEN:
        raise IllegalTransition(f"{item.ref} is {item.state.value} already. Nothing changed.")
    return replace(
        item, state=state, closed_at=now, closed_by=by, reason=clean(reason.strip(), 4_000), version=version + 1
    )
