"""What the pages need of a Parapet's actions, as a protocol."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from parapet.core.part import Part, Place
from parapet.core.types import Actor, IncidentId
from parapet.incidents.model import Incident
from parapet.response.approval import Approval
from parapet.response.capability import Capability
from parapet.response.checks import Standing
from parapet.response.preview import FrozenPreview
from parapet.response.record import Record
from parapet.response.run import LedgerEntry, Run, RunState
from parapet.response.runbook import Runbook


class RunFile(Protocol):
    """A run with its preview and its lines of the ledger."""

    @property
    def run(self) -> Run: ...
    @property
    def preview(self) -> FrozenPreview: ...
    @property
    def lines(self) -> Sequence[LedgerEntry]: ...


class Actions(Protocol):
    """Previews and runs capabilities."""

    def preview(
        self,
        capability_name: str,
        incident_id: IncidentId,
        /,
        *,
        actor: Actor,
        inputs: Mapping[str, str] | None = ...,
        permits: Callable[[str], bool] = ...,
    ) -> FrozenPreview: ...
    def standing(self, preview_id: str, /) -> Standing: ...
    def confirm(
        self,
        preview_id: str,
        /,
        *,
        digest: str,
        actor: Actor,
        reason: str,
        typed: str = ...,
        break_glass: bool = ...,
        key: str | None = ...,
        permits: Callable[[str], bool] = ...,
    ) -> Run: ...
    def settle(self, number: int, /, *, outcome: RunState, actor: Actor, reason: str, version: int) -> Run: ...


class Undoing(Protocol):
    """Takes runs back."""

    def undo(
        self, number: int, /, *, actor: Actor, reason: str, version: int, permits: Callable[[str], bool] = ...
    ) -> Run: ...


class Approvals(Protocol):
    """Second persons."""

    def ask(self, preview_id: str, /, *, actor: Actor, reason: str) -> Approval: ...
    def decide(
        self,
        number: int,
        /,
        *,
        approve: bool,
        actor: Actor,
        reason: str,
        version: int,
        permits: Callable[[str], bool] = ...,
    ) -> Approval: ...
    def page(self, state: str = ..., /) -> Sequence[Approval]: ...
    def of_preview(self, preview_id: str, /) -> Approval | None: ...


class Records(Protocol):
    """Reads what was done."""

    def run(self, number: int, /) -> RunFile: ...
    def runs(
        self,
        *,
        capability: str | None = ...,
        before: Place | None = ...,
        after: Place | None = ...,
        limit: int = ...,
    ) -> Part[Run]: ...
    def ledger(
        self,
        *,
        after: Place | None = ...,
        before: Place | None = ...,
        capability: str | None = ...,
        limit: int = ...,
    ) -> Part[LedgerEntry]: ...
    def record(self, capability: str, /) -> Record: ...
    def runbooks(self, incident: Incident, /) -> tuple[tuple[Runbook, ...], bool]: ...
    def of_incident(self, incident_id: IncidentId, /) -> Sequence[Run]: ...


class Acts(Protocol):
    """What the workbench needs of a Parapet to act."""

    @property
    def capabilities(self) -> Sequence[Capability]: ...
    @property
    def actions(self) -> Actions: ...
    @property
    def undoing(self) -> Undoing: ...
    @property
    def approvals(self) -> Approvals: ...
    @property
    def records(self) -> Records: ...
