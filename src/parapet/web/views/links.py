"""Links out, pre-filtered to the window of an incident. The host gives the addresses; values are percent-encoded."""

from __future__ import annotations

import string
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from parapet.core.errors import ConfigurationError
from parapet.web.text import machine, web_link

PLACEHOLDERS = ("service", "slice", "from_ms", "to_ms", "from_iso", "to_iso")


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """Somewhere else to look, such as a dashboard or a log search.

    The address may hold {service}, {slice}, {from_ms}, {to_ms}, {from_iso} and {to_iso}.
    One with {slice} is left out where an incident has none.

    Raises:
        ConfigurationError: the address is not http(s), or holds another placeholder.
    """

    title: str
    url: str
    note: str = ""

    def __post_init__(self) -> None:
        try:
            used = {name for _, name, _, _ in string.Formatter().parse(self.url) if name is not None}
        except ValueError as error:
            raise ConfigurationError(f"The link {self.title!r} has an address that cannot be read: {error}.") from error
        if unknown := used - set(PLACEHOLDERS):
            known = ", ".join(PLACEHOLDERS)
            raise ConfigurationError(f"The link {self.title!r} uses {sorted(unknown)}. Known placeholders: {known}.")
        if not self.url.startswith(("http://", "https://")):
            raise ConfigurationError(f"The link {self.title!r} must begin with http:// or https://.")

    def filled(self, *, service: str, slice_name: str | None, start: datetime, end: datetime) -> str | None:
        """The address for one incident; None if it asks for a slice that there is none of, or is no web address."""
        if slice_name is None and "{slice}" in self.url:
            return None
        values: Mapping[str, str] = {
            "service": service,
            "slice": slice_name or "",
            "from_ms": str(int(start.timestamp() * 1000)),
            "to_ms": str(int(end.timestamp() * 1000)),
            "from_iso": machine(start),
            "to_iso": machine(end),
        }
        return web_link(self.url.format_map({name: quote(value, safe="") for name, value in values.items()}))
