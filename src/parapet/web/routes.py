"""The table of addresses: who may come in, how much they may bring, and which page answers."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum

from parapet.web.desk import Desk, Visit
from parapet.web.lanes import Lane
from parapet.web.principal import Action
from parapet.web.response import Response

FORM_BYTES = 64 * 1024


class Door(Enum):
    """What a visitor must show."""

    PUBLIC = "public"  # nothing: style sheets
    PERSON = "person"  # the host says who it is
    HOOK = "hook"  # a webhook token, and a signature where keys are configured
    API = "api"  # a token, or the host says who it is
    MACHINE = "machine"  # a token, whatever it may do


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One address and method."""

    method: str
    pattern: str
    """Such as /incidents/{id}; a name in braces takes one segment."""
    page: Callable[[Desk, Visit], Response]
    door: Door = Door.PERSON
    action: Action = Action.READ
    form: bool = False
    """True: a person's form, so the form token and its origin are checked."""
    lane: Lane = Lane.PEOPLE
    most_bytes: int = 0
    """The largest body it takes."""
    source: str = ""
    """Of a hook: who hands in there."""
    stream: bool = False
    """True: events are told there, where the host can."""
    expression: re.Pattern[str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        parts = (f"(?P<{p[1:-1]}>[^/]{{1,80}})" if p.startswith("{") else re.escape(p) for p in self.pattern.split("/"))
        object.__setattr__(self, "expression", re.compile("/".join(parts)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The route of a request and the values in its address."""

    route: Route
    params: Mapping[str, str]


def find(routes: Sequence[Route], method: str, path: str) -> Found | tuple[str, ...]:
    """The route for *method* and *path*; else the methods that path takes, none when there is no such path."""
    wanted = "GET" if method == "HEAD" else method
    allowed: list[str] = []
    for route in routes:
        if match := route.expression.fullmatch(path):
            if route.method == wanted:
                return Found(route=route, params=match.groupdict())
            allowed.append(route.method)
    return tuple(allowed)
