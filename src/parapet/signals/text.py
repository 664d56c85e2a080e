"""The Prometheus text format 0.0.4 and OpenMetrics 1.0, written from snapshots. Decides nothing about what is shown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from itertools import accumulate
from typing import TypeAlias

from parapet.signals.cells import Labels
from parapet.signals.exemplars import Exemplar, Where
from parapet.signals.histogram import HistogramSnapshot, bound_text
from parapet.signals.numbers import NumberSnapshot

Snapshot: TypeAlias = HistogramSnapshot | NumberSnapshot

WHOLE = 2.0**53
"""Below this, a float holds every whole number."""


class Format(StrEnum):
    """What a scrape is written in; the value is its content type."""

    PLAIN = "text/plain; version=0.0.4; charset=utf-8"
    OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"


class Text:
    """Writes scrapes of one recorder.

    All lines of a label set differ from scrape to scrape only in their numbers, so they are kept as one form; of bytes,
    because a text of a megabyte costs more to encode than to write. The memory is bounded because the families' label
    sets are.
    """

    def __init__(self) -> None:
        self._kept: dict[str, tuple[tuple[float, ...], dict[Labels, bytes]]] = {}

    def write(
        self, snapshots: Iterable[Snapshot], form: Format, exemplars: Mapping[Where, Exemplar] | None = None
    ) -> bytes:
        """One scrape. Exemplars go into OpenMetrics only: the other format has no room for them."""
        out: list[bytes] = []
        marks = _marks(exemplars or {}) if form is Format.OPENMETRICS else {}
        for snapshot in snapshots:
            if isinstance(snapshot, HistogramSnapshot):
                out.append(_encoded(_head(snapshot.name, snapshot.help_text, "histogram", form)))
                self._histogram(snapshot, out, marks.get(snapshot.name, {}))
            else:
                out.append(_encoded(_head(snapshot.name, snapshot.help_text, snapshot.kind, form)))
                out += map(_encoded, _numbers(snapshot))
        if form is Format.OPENMETRICS:
            out.append(b"# EOF\n")
        return b"".join(out)

    def _histogram(self, snapshot: HistogramSnapshot, out: list[bytes], marks: Mapping[Labels, _Marks]) -> None:
        bounds, forms = self._kept.get(snapshot.name, ((), {}))
        if snapshot.bounds_seconds != bounds:
            forms = {}
            self._kept[snapshot.name] = (snapshot.bounds_seconds, forms)
        series = snapshot.series
        for labels in sorted(series):
            form = forms.get(labels)
            if form is None:
                form = forms[labels] = _form(snapshot, labels)
            cells = series[labels]
            counts = tuple(map(int, accumulate(cells[:-1])))  # written faster than floats
            lines = form % (*counts, cells[-1], counts[-1])
            out.append(_marked(lines, snapshot, marks[labels]) if labels in marks else lines)


_Marks: TypeAlias = list[tuple[str, str]]
"""Bound and exemplar, as text."""


def _numbers(snapshot: NumberSnapshot) -> Iterator[str]:
    for labels, value in sorted(snapshot.series.items()):
        yield f"{snapshot.name}{{{_pairs(snapshot.label_names, labels)}}} {number_text(value)}\n"


def number_text(value: float) -> str:
    """A value: whole numbers without a point."""
    return str(int(value)) if value == value and abs(value) < WHOLE and int(value) == value else repr(float(value))


def _form(snapshot: HistogramSnapshot, labels: Labels) -> bytes:
    pairs = _pairs(snapshot.label_names, labels).replace("%", "%%")
    bounds = [*map(bound_text, snapshot.bounds_seconds), "+Inf"]
    lines = [f'{snapshot.name}_bucket{{{pairs},le="{bound}"}} %d\n' for bound in bounds]
    return _encoded("".join(lines) + f"{snapshot.name}_sum{{{pairs}}} %r\n{snapshot.name}_count{{{pairs}}} %d\n")


def _marks(exemplars: Mapping[Where, Exemplar]) -> dict[str, dict[Labels, _Marks]]:
    marks: dict[str, dict[Labels, _Marks]] = {}
    for (name, labels, bound), one in exemplars.items():
        ids = f'trace_id="{_escaped(one.trace_id)}",span_id="{_escaped(one.span_id)}"'
        mark = f" # {{{ids}}} {one.seconds!r} {one.at:.3f}"
        marks.setdefault(name, {}).setdefault(labels, []).append((bound, mark))
    return marks


def _marked(text: bytes, snapshot: HistogramSnapshot, marks: _Marks) -> bytes:
    lines = text.split(b"\n")
    bounds = [*map(bound_text, snapshot.bounds_seconds), "+Inf"]
    for bound, mark in marks:
        if bound in bounds:  # another version of the service may have had others
            lines[bounds.index(bound)] += _encoded(mark)
    return b"\n".join(lines)


def _head(name: str, help_text: str, kind: str, form: Format) -> str:
    escaped = help_text.replace("\\", r"\\").replace("\n", r"\n")
    if form is Format.PLAIN:
        return f"# HELP {name} {escaped}\n# TYPE {name} {kind}\n"
    family = name.removesuffix("_total") if kind == "counter" else name
    unit = f"# UNIT {family} seconds\n" if family.endswith("_seconds") else ""
    escaped = escaped.replace('"', r"\"")
    return f"# HELP {family} {escaped}\n# TYPE {family} {kind}\n{unit}"


def _pairs(names: tuple[str, ...], values: Labels) -> str:
    return ",".join(f'{name}="{_escaped(value)}"' for name, value in zip(names, values, strict=True))


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "replace")
