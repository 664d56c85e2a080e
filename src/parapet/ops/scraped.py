"""The nodes of one service as Prometheus reads them: every process that is scraped, web processes above all.

Each says in a signal with what it runs. That costs the database nothing: it is telemetry, and no evidence.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields, is_dataclass

from parapet import __version__
from parapet.core import names
from parapet.core.clock import Clock
from parapet.ops.prometheus import Prometheus, Sample
from parapet.signals.recorder import Recorder

DIGEST_LETTERS = 12
NO_SCHEMA = "none"
"""What is said for the schema by a process that keeps no evidence."""
PASSED_SECONDS = 60.0
"""A process says every few seconds that it is there; one that is that far behind others of its address has ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scraped:
    """Processes that Prometheus reads at one address and that run with the same."""

    instance: str
    """The address, as Prometheus calls it."""
    version: str
    settings: str
    """As of a node."""
    schema: str
    """The newest step of the schema that it knows, or NO_SCHEMA."""
    skew_seconds: float
    """How far its clock was behind that of Prometheus."""


class NodeMark:
    """Says in a signal with what this process runs, when it is read. *schema*: the newest step it knows."""

    def __init__(self, clock: Clock, started_with: Callable[[], str], schema: str) -> None:
        self._clock = clock
        self._started_with = started_with
        self._schema = schema
        self._said: tuple[str, str, str] | None = None

    def show(self, recorder: Recorder) -> None:
        """Say it now. Raises what hinders the definitions from being taken together."""
        if self._said is None:
            self._said = (__version__, self._started_with(), self._schema)
        recorder.set(names.NODE, self._said, self._clock.now().timestamp())


def settings_digest(parts: Iterable[object]) -> str:
    """A few letters that differ where *parts* are written differently, and are the same in every process."""
    return hashlib.sha256("\n".join(map(_written, parts)).encode()).hexdigest()[:DIGEST_LETTERS]


def _written(part: object) -> str:
    """As `repr` has it, but for sets, whose order differs from process to process."""
    if is_dataclass(part) and not isinstance(part, type):
        shown = (field.name for field in fields(part) if field.repr)
        return f"{type(part).__name__}({', '.join(f'{name}={_written(getattr(part, name))}' for name in shown)})"
    if isinstance(part, set | frozenset):
        return f"{{{', '.join(sorted(map(_written, part)))}}}"
    if isinstance(part, Mapping):
        return f"{{{', '.join(f'{_written(name)}: {_written(value)}' for name, value in part.items())}}}"
    if isinstance(part, tuple | list):
        return f"({', '.join(map(_written, part))})"
    return repr(part)


def scraped(prometheus: Prometheus, service: str) -> tuple[Scraped, ...]:
    """Every process of *service* that Prometheus reads now, by address.

    Raises:
        DeliveryFailed: Prometheus does not answer.
        DeliveryRejected: it refuses the query, or the credentials.
    """
    series = f'{names.NODE}{{job="{service}"}}'
    said = prometheus.now(series)
    read = {tuple(sorted(one.labels.items())): one.value for one in prometheus.now(f"timestamp({series})")}
    newest: dict[str, float] = {}
    for one in said:
        instance = one.labels.get("instance", "")
        newest[instance] = max(newest.get(instance, 0.0), one.value)
    found = (one for one in said if one.value > newest[one.labels.get("instance", "")] - PASSED_SECONDS)
    return tuple(sorted((_scraped(one, read) for one in found), key=lambda one: (one.instance, one.version)))


def _scraped(one: Sample, read: dict[tuple[tuple[str, str], ...], float]) -> Scraped:
    labels = {name: value for name, value in one.labels.items() if name != "__name__"}
    return Scraped(
        instance=labels.get("instance", ""),
        version=labels.get(names.VERSION, ""),
        settings=labels.get(names.DEFINITIONS, ""),
        schema=labels.get(names.SCHEMA, ""),
        skew_seconds=round(read.get(tuple(sorted(labels.items())), one.value) - one.value, 3),
    )
