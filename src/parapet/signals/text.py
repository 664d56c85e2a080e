"""The Prometheus text format, version 0.0.4, written from snapshots. Decides nothing about what is shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import accumulate

from parapet.signals.histogram import HistogramSnapshot, Labels

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


@dataclass(frozen=True, slots=True, kw_only=True)
class CounterSnapshot:
    """A counter family as it stood when it was read. The name ends in `_total`."""

    name: str
    help_text: str
    label_names: tuple[str, ...]
    series: Mapping[Labels, int]


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


def write_counter(snapshot: CounterSnapshot) -> list[str]:
    """The lines of one counter family."""
    out = [_head(snapshot.name, snapshot.help_text, "counter")]
    for labels, count in sorted(snapshot.series.items()):
        out.append(f"{snapshot.name}{{{_pairs(snapshot.label_names, labels)}}} {count}\n")
    return out


def bound_text(bound_seconds: float) -> str:
    """The value of `le` for a bucket bound, as Prometheus clients write it."""
    return repr(float(bound_seconds))


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
