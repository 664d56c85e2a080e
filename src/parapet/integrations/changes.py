"""What tells of a change calls this: `parapet.changed`. Never waits for a database, never raises."""

from __future__ import annotations

from math import inf
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
        about: str | None = None,
        apart_seconds: float = inf,
    ) -> None:
        """Something of *kind* (deploy, rollback, flag, config, migration, ai_model, provider) changed now.

        *about*: what is in another state now; the same title about it, at most *apart_seconds* later, is the same.
        """
        ...
