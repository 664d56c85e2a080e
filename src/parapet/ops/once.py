"""Requests that name themselves: however often one is sent, it is done once."""

from __future__ import annotations

from dataclasses import dataclass

from parapet.core.errors import KeyReused
from parapet.core.types import IncidentId


@dataclass(frozen=True, slots=True, kw_only=True)
class Once:
    """A request that names itself."""

    key: str
    digest: str
    """Of what it asks for: another request of the same name is a mistake."""

    def check(self, done: tuple[str, IncidentId]) -> IncidentId:
        """Which incident came of it, if what was *done* under its name is what it asks for.

        Raises:
            KeyReused: it is not.
        """
        digest, number = done
        if digest != self.digest:
            raise KeyReused("This idempotency key was used for another request. Use a new one. Nothing changed.")
        return number
