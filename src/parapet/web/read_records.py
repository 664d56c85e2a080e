"""What the pages need of changes and of action items, as protocols. Part of `reads.App`."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol

from parapet.core.part import Place
from parapet.core.types import Actor, IncidentId
from parapet.incidents.changes import Told
from parapet.incidents.items import ActionItem
from parapet.incidents.model import Change, ChangeKind


class ChangePage(Protocol):
    """A stretch of the changes."""

    @property
    def changes(self) -> Sequence[Told]: ...
    @property
    def next(self) -> Place | None: ...
    @property
    def previous(self) -> Place | None: ...


class Changes(Protocol):
    """Where changes to the system are recorded."""

    def mark(
        self,
        *,
        kind: ChangeKind,
        title: str | None = ...,
        version: str | None = ...,
        occurred_at: datetime | None = ...,
        actor: Actor,
        url: str | None = ...,
        change_id: str | None = ...,
    ) -> Change: ...


class ItemPage(Protocol):
    """A stretch of the action items."""

    @property
    def items(self) -> Sequence[ActionItem]: ...
    @property
    def open(self) -> int: ...
    @property
    def next(self) -> Place | None:
        """Where the next stretch begins; None at the end."""

    @property
    def previous(self) -> Place | None:
        """Where the stretch before it ends; None at the beginning."""


class ActionItems(Protocol):
    """Exact objects that somebody must look after."""

    def open(
        self,
        kind: str,
        object_id: str,
        /,
        *,
        title: str,
        incident_id: IncidentId | None = ...,
        slice_name: str | None = ...,
        url: str | None = ...,
        by: Actor,
    ) -> ActionItem: ...
    def get(self, number: int, /) -> ActionItem: ...
    def page(
        self,
        state: str = ...,
        *,
        kinds: Collection[str] = ...,
        limit: int = ...,
        before: Place | None = ...,
        after: Place | None = ...,
    ) -> ItemPage: ...
    def resolve(self, number: int, /, *, actor: Actor, reason: str, version: int) -> ActionItem: ...
    def dismiss(self, number: int, /, *, actor: Actor, reason: str, version: int) -> ActionItem: ...
