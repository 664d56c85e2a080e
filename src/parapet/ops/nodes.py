"""The nodes of one service: each worker says where it runs and with what, so that they can be compared."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from datetime import datetime

from parapet import __version__
from parapet.core.types import JsonObject
from parapet.store.store import Transaction

WORKERS = "worker/"
"""Before the name of every worker, among the signs of life."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One worker, as it last said."""

    name: str
    beat_at: datetime
    host: str
    pid: int
    version: str
    settings: str
    """Digest of what it was started with; equal ones were started with the same."""
    skew_seconds: float | None
    """How far its clock was behind the database's; None: the database has none of its own."""


def describe(tx: Transaction, *, now: datetime, settings: str) -> JsonObject:
    """What this process says about itself."""
    theirs = tx.clock()
    return {
        "host": socket.gethostname()[:100],
        "pid": os.getpid(),
        "version": __version__,
        "settings": settings,
        "skew_seconds": None if theirs is None else round((theirs - now).total_seconds(), 3),
    }


def nodes(tx: Transaction) -> tuple[Node, ...]:
    """Every worker that was alive in the last days."""
    return tuple(_node(name, beat_at, about) for name, beat_at, about in tx.heartbeats.about(WORKERS))


def _node(name: str, beat_at: datetime, about: JsonObject) -> Node:
    skew, pid = about.get("skew_seconds"), about.get("pid")
    return Node(
        name=name,
        beat_at=beat_at,
        host=str(about.get("host", "")),
        pid=pid if isinstance(pid, int) else 0,
        version=str(about.get("version", "")),
        settings=str(about.get("settings", "")),
        skew_seconds=float(skew) if isinstance(skew, int | float) else None,
    )
