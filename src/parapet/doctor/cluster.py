"""Whether the nodes of a service agree: versions, settings, clocks, signs of life. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from parapet.ops.nodes import Node
from parapet.ops.scraped import NO_SCHEMA, Scraped

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


def disagreements(
    nodes: Sequence[Node], now: datetime, processes: Sequence[Scraped] = (), schema: str | None = None
) -> Iterator[str]:
    """What is wrong, a sentence each.

    Args:
        nodes: the workers, as they last said.
        now: when this is asked.
        processes: those that Prometheus reads, web processes above all.
        schema: the newest step that the database has; None: it was not asked.
    """
    here = alive(nodes, now)
    if not here:
        yield "No worker is alive. Start one on each node: parapet worker"
    for node in nodes:
        if SILENT_SECONDS < age_seconds(node, now) <= GONE_SECONDS and not _replaced(node, here):
            age = age_seconds(node, now)
            yield f"{place(node)} was last alive {age:.0f} s ago, and nobody on {node.host} took over."
    runs = [(place(node), node.version, node.settings) for node in here]
    runs += [(one.instance, one.version, one.settings) for one in processes]
    versions = sorted({version for _, version, _ in runs})
    if len(versions) > 1:
        said = ", ".join(f"{one} on {next(where for where, version, _ in runs if version == one)}" for one in versions)
        yield f"Nodes run {len(versions)} versions: {said}. Finish the rollout."
    settings = dict.fromkeys(digest for _, _, digest in runs)
    if len(settings) > 1:
        places = (next(where for where, _, digest in runs if digest == one) for one in settings)
        yield (
            f"Nodes were started with {len(settings)} different settings: compare Wiring, policies and promises of "
            f"{' and '.join(sorted(places))}."
        )
    for one in processes:
        if schema is not None and one.schema not in {schema, NO_SCHEMA}:
            way = "Run parapet db upgrade." if one.schema > schema else "Finish the rollout."
            yield f"{one.instance} is made for step {one.schema} of the schema; the database is at {schema}. {way}"
    yield from _clocks(here, processes)


def _clocks(nodes: Sequence[Node], processes: Sequence[Scraped]) -> Iterator[str]:
    told = [(node.host, node.skew_seconds, "the database's") for node in nodes]
    told += [(one.instance, one.skew_seconds, "that of Prometheus") for one in processes]
    for where, skew, whose in told:
        if skew is not None and abs(skew) > MOST_SKEW_SECONDS:
            yield f"The clock of {where} is {abs(skew):.0f} s {'behind' if skew > 0 else 'ahead of'} {whose}."


def place(node: Node) -> str:
    """Where it runs."""
    return f"{node.host}, process {node.pid}"


def _replaced(node: Node, here: Sequence[Node]) -> bool:
    return any(one.host == node.host for one in here)
