"""Which promises share a dashboard: those of one journey, and those whose names begin alike, as a pack's do.

And where it is: known without the extra, because recorded series lead there.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from parapet.slo.diagnostic import Diagnostic
from parapet.slo.packs.parts import title_of
from parapet.slo.slice import Slice

TAG = "parapet"
LONGEST_UID = 40
"""Grafana's limit."""
LONGEST_FILE = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """Promises that are looked at together."""

    page: str
    """What their dashboard is called among those of the service: `journey-checkout`."""
    title: str
    slices: tuple[Slice, ...]
    diagnostics: tuple[Diagnostic, ...] = ()

    @property
    def judged(self) -> tuple[Slice | Diagnostic, ...]:
        """All of them."""
        return (*self.slices, *self.diagnostics)


def subjects(judged: Iterable[Slice | Diagnostic]) -> tuple[Subject, ...]:
    """*judged* by subject, in the order in which each is first spoken of."""
    found: dict[str, list[Slice | Diagnostic]] = {}
    for one in judged:
        found.setdefault(page_of(one), []).append(one)
    return tuple(
        Subject(
            page=page,
            title=_title(mine),
            slices=tuple(one for one in mine if isinstance(one, Slice)),
            diagnostics=tuple(one for one in mine if isinstance(one, Diagnostic)),
        )
        for page, mine in found.items()
    )


def page_of(one: Slice | Diagnostic) -> str:
    """The dashboard on which *one* is looked at."""
    return f"journey-{one.journey}" if one.journey else f"promise-{_stem(one)}"


def uid_of(service: str, page: str) -> str:
    """The identifier of a dashboard in Grafana: readable where its limits allow, and never another one's."""
    return _within(f"{TAG}-{service}-{page}", LONGEST_UID)


def file_of(service: str, page: str) -> str:
    """What the dashboard's file is called."""
    return _within(f"{service}-{page}", LONGEST_FILE) + ".json"


def _title(judged: Sequence[Slice | Diagnostic]) -> str:
    """What all titles begin with, as those of a pack do; else what their names begin with."""
    first = judged[0]
    if first.journey or len(judged) == 1:
        return first.title
    beginnings = {one.title.partition(":")[0] for one in judged}
    return beginnings.pop() if len(beginnings) == 1 else title_of(_stem(first))


def _stem(one: Slice | Diagnostic) -> str:
    """What the name begins with: `web` of `web-latency`."""
    return one.name.rpartition("-")[0] or one.name


def _within(wanted: str, longest: int) -> str:
    plain = re.sub(r"[^A-Za-z0-9_-]+", "-", wanted)
    if plain == wanted and len(plain) <= longest:
        return plain
    digest = hashlib.sha256(wanted.encode()).hexdigest()[:8]
    return f"{plain[: longest - 9]}-{digest}"
