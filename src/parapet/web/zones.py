"""In which time zone a person reads: their own choice, else what the host knows of them, else the host's own.

Nothing but what is shown depends on it: evidence, addresses and the API speak UTC.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

from parapet.core.clock import in_reach
from parapet.core.errors import ConfigurationError
from parapet.web.principal import Principal
from parapet.web.request import Request
from parapet.web.response import Response
from parapet.web.text import zone_word
from parapet.web.wall import moment, told

COOKIE = "parapet-zone"
KEPT_SECONDS = 400 * 86_400
"""As long as browsers keep a cookie at most."""
HOME = "UTC"
HALF_A_YEAR = timedelta(days=182)


@dataclass(frozen=True, slots=True, kw_only=True)
class Zone:
    """What a page needs to know of the zone it is shown in."""

    name: str
    """Europe/Berlin; UTC."""
    offsets: Mapping[str, timedelta]
    """What the zone is called in summer and in winter, and how far it is ahead of UTC then; empty for UTC."""


@lru_cache(maxsize=1)
def names() -> tuple[str, ...]:
    """Every zone that people live in, and UTC first; only UTC where the machine knows no others."""
    found = sorted(one for one in available_timezones() if "/" in one and not one.startswith(("Etc/", "SystemV/")))
    return (HOME, *found)


@lru_cache(maxsize=256)
def named(name: str) -> tzinfo | None:
    """The zone *name*; None if there is none."""
    if name == HOME:
        return UTC
    return ZoneInfo(name) if name in names() else None


def checked(name: str) -> str:
    """*name*, if a workbench can be shown in it.

    Raises:
        ConfigurationError: there is no such zone.
    """
    if named(name) is None:
        raise ConfigurationError(f"There is no time zone {name!r}. Give one such as 'Europe/Berlin' or 'UTC'.")
    return name


def chosen(request: Request) -> str:
    """The zone that this browser's person chose; empty if they chose none, or one that is not known any more."""
    name = request.cookies.get(COOKIE, "")
    return name if named(name) is not None else ""


def of(request: Request, principal: Principal | None, default: str) -> str:
    """The name of the zone in which *request* is answered."""
    host = principal.zone if principal is not None and principal.zone and named(principal.zone) is not None else ""
    return chosen(request) or host or default


def here(now: datetime, name: str) -> datetime:
    """*now* by the clock of *name*: whatever is shown beside it is shown in that zone."""
    return told(now, named(name) or UTC)


def zone(now: datetime, name: str) -> Zone:
    """What pages made *now* say of *name*."""
    if name == HOME:
        return Zone(name=name, offsets={})
    moments = [here(when, name) for when in (now, now - HALF_A_YEAR, now + HALF_A_YEAR)]
    return Zone(name=name, offsets={zone_word(one): one.utcoffset() or timedelta(0) for one in moments})


def remember(response: Response, name: str) -> Response:
    """*response*, after which this browser's person reads in *name*; empty: as the host says."""
    age = KEPT_SECONDS if name else 0
    return response.with_headers({"set-cookie": f"{COOKIE}={name}; Max-Age={age}; HttpOnly; SameSite=Lax"})


def moment_of(written: str, now: datetime, what: str) -> datetime | None:
    """The moment that a field of a form says, by the clock that tells *now*; None: it was left empty.

    Raises:
        ConfigurationError: it is none; *what* says of what.
    """
    if not written.strip():
        return None
    try:
        said = datetime.fromisoformat(written.strip())
    except ValueError:
        raise ConfigurationError(f"{what} is no time. Write it so: 2026-11-12T21:00.") from None
    try:
        return in_reach(said if said.tzinfo is not None else moment(said, now))
    except (ValueError, OverflowError) as error:
        raise ConfigurationError(f"{what} is no time: {error}.") from None
