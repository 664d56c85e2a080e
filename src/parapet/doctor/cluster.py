"""Whether the nodes of a service agree: versions, settings, clocks, signs of life. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from parapet.ops.nodes import Node

SILENT_SECONDS = 60.0
"""A worker beats with every round."""
GONE_SECONDS = 3_600.0
"""After that a worker was stopped, and not lost."""
MOST_SKEW_SECONDS = 5.0


def alive(nodes: Sequence[Node], now: datetime) -> tuple[Node, ...]:
    """Those that beat lately."""
    return tuple(node for node in nodes if age_seconds(node, now) <= SILENT_SECONDS)


def age_seconds(node: Node, now: datetime) -> float:
    """How old its last beat is."""
    return (now - node.beat_at).total_seconds()


def disagreements(nodes: Sequence[Node], now: datetime) -> Iterator[str]:
    """What is wrong, a sentence each."""
    here = alive(nodes, now)
    if not here:
        yield "No worker is alive. Start one on each node: parapet worker"
    for node in nodes:
        if SILENT_SECONDS < age_seconds(node, now) <= GONE_SECONDS and not _replaced(node, here):
            age = age_seconds(node, now)
            yield f"{place(node)} was last alive {age:.0f} s ago, and nobody on {node.host} took over."
    versions = sorted({node.version for node in here})
    if len(versions) > 1:
        yield f"Nodes run {len(versions)} versions: {', '.join(versions)}. Finish the rollout."
    settings = {node.settings for node in here}
    if len(settings) > 1:
        yield (
            f"Nodes were started with {len(settings)} different settings: compare Wiring, policies and promises of "
            f"{' and '.join(sorted({place(_first(here, one)) for one in settings}))}."
        )
    for node in here:
        if node.skew_seconds is not None and abs(node.skew_seconds) > MOST_SKEW_SECONDS:
            direction = "behind" if node.skew_seconds > 0 else "ahead of"
            yield f"The clock of {node.host} is {abs(node.skew_seconds):.0f} s {direction} the database's."


def place(node: Node) -> str:
    """Where it runs."""
    return f"{node.host}, process {node.pid}"


def _replaced(node: Node, here: Sequence[Node]) -> bool:
    return any(one.host == node.host for one in here)


def _first(nodes: Sequence[Node], settings: str) -> Node:
    return next(node for node in nodes if node.settings == settings)
