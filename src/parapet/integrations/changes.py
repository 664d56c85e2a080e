"""What tells of a change calls this: `parapet.changed`. Never waits for a database, never raises."""

from __future__ import annotations

from typing import Protocol

from parapet.core.types import JsonObject


class Tell(Protocol):
    """Takes note that something changed."""

    def __call__(
        self,
        kind: str,
        title: str,
        *,
        version: str | None = None,
        by: str = "application",
        details: JsonObject | None = None,
        change_id: str | None = None,
    ) -> None:
        """Something of *kind* (deploy, rollback, flag, config, migration, ai_model, provider) changed now."""
        ...
