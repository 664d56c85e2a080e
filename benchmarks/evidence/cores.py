"""On which processors whoever takes part runs: one machine of two stands for two machines. Linux only."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sqlalchemy import create_engine, text

ALL: frozenset[int] = frozenset()
"""Wherever the machine likes."""


def halves() -> tuple[frozenset[int], frozenset[int]]:
    """One processor for the host and whoever looks at it, and the others for the storm.

    `ALL` for both where there is one only, or where nobody can be kept to one.
    """
    ours = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_setaffinity") else []
    return (frozenset(ours[:1]), frozenset(ours[1:])) if len(ours) > 1 else (ALL, ALL)


def keep_to(cores: frozenset[int]) -> None:
    """Keep whoever calls, and all that it begins from now on, to *cores*."""
    if cores:
        os.sched_setaffinity(0, cores)


def move(cores: frozenset[int], *processes: int) -> None:
    """Keep *processes*, with every thread that they have, to *cores*."""
    for one in processes if cores else ():
        with suppress(FileNotFoundError, ProcessLookupError):  # it has ended meanwhile
            for thread in Path(f"/proc/{one}/task").iterdir():
                with suppress(ProcessLookupError):
                    os.sched_setaffinity(int(thread.name), cores)


@contextmanager
def kept_to(cores: frozenset[int]) -> Iterator[None]:
    """Keep whoever calls, and all that it begins meanwhile, to *cores*."""
    before = frozenset(os.sched_getaffinity(0)) if cores else ALL
    keep_to(cores)
    try:
        yield
    finally:
        keep_to(before)


@contextmanager
def database_on(cores: frozenset[int], url: str) -> Iterator[None]:
    """Keep the Postgres at *url*, if it is one, to *cores*, with the connections that it has."""
    if not cores or not url.startswith("postgres"):
        yield
        return
    server = _server(url)
    before = os.sched_getaffinity(server)
    move(cores, server, *_children(server))
    try:
        yield
    finally:
        move(frozenset(before), server, *_children(server))


def _server(url: str) -> int:
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://", 1))
    try:
        with engine.connect() as connection:
            mine: int = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
            return _parent(Path(f"/proc/{mine}"))
    finally:
        engine.dispose()


def _children(server: int) -> list[int]:
    return [int(one.name) for one in Path("/proc").glob("[0-9]*") if _parent(one) == server]


def _parent(process: Path) -> int:
    try:
        return int((process / "stat").read_text().rpartition(")")[2].split()[1])
    except (FileNotFoundError, ProcessLookupError):
        return 0  # it has ended meanwhile
