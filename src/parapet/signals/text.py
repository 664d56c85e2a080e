"""The Prometheus text format, version 0.0.4, written from snapshots. Decides nothing about what is shown."""

from __future__ import annotations

from itertools import accumulate

from parapet.signals.cells import Labels, NumberSnapshot
from parapet.signals.histogram import HistogramSnapshot, bound_text

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

WHOLE = 2.0**53
"""Below this, a float holds every whole number."""


class HistogramText:
    """Writes one histogram family.

    All lines of a label set differ from scrape to scrape only in their numbers, so they are kept as one format
    string. The memory is bounded because the family's label sets are.
    """

    def __init__(self) -> None:
        self._kept: tuple[tuple[float, ...], dict[Labels, str]] = ((), {})

    def write(self, snapshot: HistogramSnapshot) -> list[str]:
        """The family's lines, each piece ending in a newline."""
        bounds, forms = self._kept
        if snapshot.bounds_seconds != bounds:
            forms = {}
            self._kept = (snapshot.bounds_seconds, forms)
        out = [_head(snapshot.name, snapshot.help_text, "histogram")]
        for labels in sorted(snapshot.series):
            form = forms.get(labels)
            if form is None:
                form = forms[labels] = _form(snapshot, labels)
            cells = snapshot.series[labels]
            counts = tuple(accumulate(cells[:-1]))
            out.append(form % (*counts, cells[-1], counts[-1]))
        return out


def write_numbers(snapshot: NumberSnapshot) -> list[str]:
    """The lines of one counter or gauge family."""
    out = [_head(snapshot.name, snapshot.help_text, snapshot.kind)]
    for labels, value in sorted(snapshot.series.items()):
        out.append(f"{snapshot.name}{{{_pairs(snapshot.label_names, labels)}}} {number_text(value)}\n")
    return out


def number_text(value: float) -> str:
    """A value: whole numbers without a point."""
    return str(int(value)) if value == value and abs(value) < WHOLE and int(value) == value else repr(float(value))


def _form(snapshot: HistogramSnapshot, labels: Labels) -> str:
    pairs = _pairs(snapshot.label_names, labels).replace("%", "%%")
    bounds = [*map(bound_text, snapshot.bounds_seconds), "+Inf"]
    lines = [f'{snapshot.name}_bucket{{{pairs},le="{bound}"}} %d\n' for bound in bounds]
    return "".join(lines) + f"{snapshot.name}_sum{{{pairs}}} %r\n{snapshot.name}_count{{{pairs}}} %d\n"


def _head(name: str, help_text: str, kind: str) -> str:
    escaped = help_text.replace("\\", r"\\").replace("\n", r"\n")
    return f"# HELP {name} {escaped}\n# TYPE {name} {kind}\n"


def _pairs(names: tuple[str, ...], values: Labels) -> str:
    return ",".join(f'{name}="{_escaped(value)}"' for name, value in zip(names, values, strict=True))


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
