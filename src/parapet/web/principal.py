"""Who is asking, as the host says, and what they may do. The host authenticates; nothing here does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from parapet.core.types import Actor, ActorClass
from parapet.web.request import Request


class Role(StrEnum):
    """What a principal may do in the workbench."""

    VIEWER = "viewer"  # reads
    RESPONDER = "responder"  # works on incidents, acts, lets something rest
    ADMIN = "admin"  # that, and what nobody can take back: takes words out, gives bodies up


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """A person, as the host knows them."""

    id: str
    """Stable and unique: form tokens are bound to it."""
    name: str
    """Shown, and written into the chronology. Make it unique enough to know who it was a year later."""
    role: Role
    zone: str | None = None
    """The time zone the host knows them by, such as Europe/Berlin; what they choose here goes before it."""
    machine: bool = False
    """True for a script or a pipeline that came with a token."""

    @property
    def may_write(self) -> bool:
        """True for everybody but viewers."""
        return self.role is not Role.VIEWER

    @property
    def actor(self) -> Actor:
        """How the chronology names them."""
        return Actor(kind=ActorClass.EXTERNAL if self.machine else ActorClass.OPERATOR, name=self.name)


class Action(StrEnum):
    """What a person may ask the workbench to do; the names given to `authorize`."""

    READ = "read"
    ACKNOWLEDGE = "incident.acknowledge"
    NOTE = "incident.note"
    RESOLVE = "incident.resolve"
    CLOSE_ITEM = "item.close"
    REOPEN = "incident.reopen"
    HAND_OVER = "incident.hand_over"
    RELEASE = "incident.release"
    SEVERITY = "incident.severity"
    MERGE = "incident.merge"
    SPLIT = "incident.split"
    DECLARE = "incident.declare"
    ESCALATE = "incident.escalate"
    REDACT = "incident.redact"
    INBOX = "inbox.work"
    DROP = "inbox.drop"
    MAINTAIN = "maintenance"
    CHANGE = "change.mark"
    PREVIEW = "action.preview"
    CONFIRM = "action.confirm"
    APPROVE = "action.approve"
    BREAK_GLASS = "action.break_glass"


ADMINS_ONLY = frozenset({Action.REDACT, Action.DROP})
"""What makes evidence less, for good. At three in the morning nobody needs it."""

Authenticate: TypeAlias = Callable[[Request], Principal | None]
"""Who is asking; None when nobody is signed in."""

Authorize: TypeAlias = Callable[[Principal, str], bool]
"""May they? Asked after the role allowed it: it can only take away. The text is an `Action`, or the permission of a
capability."""
