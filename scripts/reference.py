"""Writes docs/reference: every family, field, value, metric, label and bucket, and every pack, from the code itself."""

from __future__ import annotations

import ast
import difflib
import inspect
import json
import sys
import tokenize
from collections.abc import Iterable
from enum import StrEnum
from io import StringIO
from pathlib import Path

import doctor_page
import manual_pages
import packs_page

from parapet.core import contract, gauges, names, vocabulary
from parapet.signals.cardinality import ORIGINS
from parapet.signals.delivery import PLANES
from parapet.slo.family import COUNTER_NAME, Family
from parapet.slo.sources import exporters
from parapet.slo.sources.tasks import celery_exporter_pack
from parapet.web.api import openapi

FOLDER = Path(__file__).parents[1] / "docs" / "reference"
HEADER = "<!-- Generated from the code by scripts/make-reference. Do not edit. -->\n"

INTRODUCTION = """# Signals: the reference

Telemetry is a contract: families of events, whose fields have closed sets of values or a stated ceiling. What this
page lists is what rules, dashboards and your own queries may rely on.

Recording never raises and never blocks. A value outside its vocabulary, or beyond its ceiling, is counted as `other`
and in `parapet_signals_rejected_total{family,reason}`; the event itself is never lost. Exact identifiers (`refs`) never
become labels: they go to the evidence database, or to the sink that the host wires with `parapet.refs.to(sink)`, and
what was not kept is counted in `parapet_refs_dropped_total{reason}`.
"""

ENUMS = (
    vocabulary.Outcome,
    vocabulary.JobState,
    vocabulary.DeliveryOutcome,
    vocabulary.AsyncOutcome,
    vocabulary.FailureClass,
    vocabulary.FaultPlane,
    vocabulary.RetryState,
    vocabulary.DelayBucket,
    vocabulary.Channel,
    vocabulary.ProbeOutcome,
    vocabulary.GuardrailOutcome,
    vocabulary.ToolOutcome,
    vocabulary.EvaluationOutcome,
    vocabulary.ApprovalOutcome,
    vocabulary.AiReason,
)
PRESETS = (
    exporters.fastapi_instrumentator,
    exporters.starlette_exporter,
    exporters.django_prometheus,
    exporters.flask_exporter,
    exporters.opentelemetry,
)
CHANGES = """## change

A deploy, a flag flip, a configuration change or a migration is evidence, not telemetry: it is kept in the evidence
database with its kind, title, version and actor, shown on every incident near it, and has no metric. Record one with
`parapet deploy mark`, the API, or `parapet.changes.mark(...)`.
"""


def page() -> str:
    """The whole page."""
    parts = [HEADER, INTRODUCTION, _overview()]
    signals = dict.fromkeys(contract.SIGNALS.get(metric, "about Parapet itself") for metric in vocabulary.LABELS)
    for signal in signals:
        metrics = [m for m in vocabulary.LABELS if contract.SIGNALS.get(m, "about Parapet itself") == signal]
        parts.append(f"## {signal}\n")
        parts += [_metric(metric) for metric in metrics]
    parts.append(CHANGES)
    parts.append("## Values\n")
    parts += [_values(kind) for kind in ENUMS]
    parts += [_planes(), _exporters()]
    return "\n".join(parts)


def _api() -> str:
    return json.dumps(openapi.document(), indent=1, ensure_ascii=False) + "\n"


def _overview() -> str:
    rows = [
        (f"`{contract.SIGNALS.get(metric, '-')}`", f"`{metric}`", _kind(metric), contract.HELP[metric])
        for metric in vocabulary.LABELS
    ]
    return "## Overview\n\n" + _table(("signal", "metric", "kind", "what it says"), rows)


def _metric(metric: str) -> str:
    rows = []
    for label, closed in vocabulary.LABELS[metric].items():
        if closed is None:
            most = contract.CEILINGS.get(label, contract.DEFAULT_CEILING)
            rows.append((f"`{label}`", f"{ORIGINS[label]}: at most {most}, then `other`"))
        else:
            rows.append((f"`{label}`", ", ".join(f"`{value}`" for value in closed)))
    text = f"### {metric}\n\n{_kind(metric).capitalize()}. {contract.HELP[metric]}\n\n"
    text += _table(("label", "values"), rows)
    if metric in vocabulary.BUCKETS_SECONDS:
        text += f"\nBuckets, in seconds: {_numbers(vocabulary.BUCKETS_SECONDS[metric])}; a promise adds its own.\n"
    if metric in gauges.GAUGES:
        text += f"\nOver several processes: {gauges.GAUGES[metric].value}.\n"
    return text


def _kind(metric: str) -> str:
    if metric in vocabulary.BUCKETS_SECONDS:
        return "histogram"
    return "gauge" if metric in gauges.GAUGES else "counter"


def _values(kind: type[StrEnum]) -> str:
    said = (inspect.getdoc(kind) or "").replace("\n", " ")
    meanings = _comments(kind)
    rows = [(f"`{member.value}`", meanings.get(member.name, "")) for member in kind]
    return f"### {kind.__name__}\n\n{said}\n\n" + _table(("value", "meaning"), rows)


def _comments(kind: type[StrEnum]) -> dict[str, str]:
    """Member -> the comment beside it, which is where its meaning is written."""
    source = inspect.getsource(kind)
    by_line = {
        token.start[0]: token.string.removeprefix("#").strip()
        for token in tokenize.generate_tokens(StringIO(source).readline)
        if token.type == tokenize.COMMENT
    }
    (body,) = ast.parse(source).body
    assert isinstance(body, ast.ClassDef)
    return {
        target.id: by_line[node.lineno]
        for node in body.body
        if isinstance(node, ast.Assign) and node.lineno in by_line
        for target in node.targets
        if isinstance(target, ast.Name)
    }


def _planes() -> str:
    rows = [(f"`{why}`", f"`{plane.value}`") for why, plane in PLANES.items()]
    return (
        "### Where a fault lies, if nobody says otherwise\n\n"
        + _table((f"`{names.FAILURE_CLASS}`", f"`{names.FAULT_PLANE}`"), rows)
        + "\nA callback without a failure that came after five minutes or more: `webhook`.\n"
    )


def _exporters() -> str:
    heading = "## Exporters that a slice may be defined over\n\n"
    parts = [heading + "A host that exports these already need not count twice: see `parapet.slo.sources`.\n"]
    for preset in PRESETS:
        source = preset()
        doc = (inspect.getdoc(preset) or "").split("\n\n")[0].replace("\n", " ")
        families = dict.fromkeys((source.answers, source.times))
        parts.append(f"### {source.exporter}\n\n{doc}\n\n" + _families(families))
    tasks = celery_exporter_pack(latency=(1.0, 0.99))
    parts.append(
        "### celery-exporter\n\nBackground tasks, from Celery's events.\n\n"
        + _families(dict.fromkeys(one.sli.family for one in tasks))
    )
    return "\n".join(parts)


def _families(families: Iterable[Family]) -> str:
    rows = []
    for family in families:
        series = [*family.counters, *([family.buckets] if family.buckets else [])]
        labels = [label for label in family.labels if label != COUNTER_NAME]
        rows.append(
            (
                ", ".join(f"`{one}`" for one in series),
                ", ".join(f"`{label}`" for label in labels) or "none",
                _numbers(family.bounds_seconds) if family.bounds_seconds else "-",
            )
        )
    return _table(("series", "labels", "buckets, in seconds"), rows)


def _numbers(numbers: Iterable[float]) -> str:
    return ", ".join(f"{number:g}" for number in numbers)


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |\n" for line in lines)


def main(arguments: list[str]) -> int:
    """Write the pages, or compare them with --check; the exit status."""
    pages = {
        "signals.md": page(),
        "packs.md": packs_page.page(HEADER, _table),
        "doctor.md": f"{HEADER}\n{doctor_page.page()}",
        "openapi.json": _api(),
        **{name: f"{HEADER}\n{text.rstrip()}\n" for name, text in manual_pages.pages(_table).items()},
    }
    if arguments == ["--check"]:
        present = {name: (FOLDER / name).read_text() if (FOLDER / name).exists() else "" for name in pages}
        for name, wanted in pages.items():
            sys.stdout.writelines(
                difflib.unified_diff(present[name].splitlines(True), wanted.splitlines(True), name, "the code")
            )
        if present != pages:
            print("The reference is not what the code says. Run scripts/make-reference.", file=sys.stderr)
        return int(present != pages)
    if arguments:
        print("Usage: make-reference [--check]", file=sys.stderr)
        return 2
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, wanted in pages.items():
        (FOLDER / name).write_text(wanted)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
