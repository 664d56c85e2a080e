"""What a capability did so far: how its runs ended, and whether they helped. Pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median

from parapet.core.types import JsonObject
from parapet.incidents.document import instant
from parapet.response.acted_document import line_object
from parapet.response.capability import Effect
from parapet.response.run import LedgerEntry, Run, RunState, UndoState

CSV_FIELDS = (
    "id",
    "run",
    "kind",
    "recorded_at",
    "by",
    "by_kind",
    "service",
    "capability",
    "slice",
    "incident",
    "preview",
    "outcome",
    "effect",
    "done_count",
    "count",
    "reason",
)
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True, kw_only=True)
class Month:
    """One month of a capability."""

    month: str
    """2026-11."""
    runs: int
    done: int
    judged: int
    """Those of which could be told whether they helped."""
    worked: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What a capability did so far."""

    capability: str
    runs: int
    done: int
    failed: int
    unknown: int
    undone: int
    automatic: int
    """Runs that no person confirmed."""
    targets: int
    """Targets that it was done to."""
    worked: int
    no_effect: int
    worse: int
    unclear: int
    last_at: datetime | None
    median_seconds: float | None
    """From the intent to the end."""
    months: tuple[Month, ...]
    """Oldest first."""

    @property
    def success_ratio(self) -> float | None:
        """Share of the runs whose end is known that are done; None: none is."""
        known = self.done + self.failed
        return self.done / known if known else None

    @property
    def effect_ratio(self) -> float | None:
        """Share of the runs that were judged that helped; None: none was."""
        return self.worked / self.judged if self.judged else None

    @property
    def judged(self) -> int:
        """Runs of which could be told whether they helped."""
        return self.worked + self.no_effect + self.worse


def record_of(capability: str, runs: Sequence[Run]) -> Record:
    """What *runs*, all of *capability*, come to."""
    took = [(run.ended_at - run.started_at).total_seconds() for run in runs if run.ended_at is not None]
    months = sorted({f"{run.started_at:%Y-%m}" for run in runs})
    return Record(
        capability=capability,
        runs=len(runs),
        done=_in(runs, RunState.DONE),
        failed=_in(runs, RunState.FAILED),
        unknown=_in(runs, RunState.UNKNOWN),
        undone=sum(run.undo is UndoState.UNDONE for run in runs),
        automatic=sum(run.actor.kind.value == "system" for run in runs),
        targets=sum(run.done_count for run in runs),
        worked=_judged(runs, Effect.WORKED),
        no_effect=_judged(runs, Effect.NO_EFFECT),
        worse=_judged(runs, Effect.WORSE),
        unclear=_judged(runs, Effect.UNCLEAR),
        last_at=max((run.started_at for run in runs), default=None),
        median_seconds=median(took) if took else None,
        months=tuple(_month(month, [run for run in runs if f"{run.started_at:%Y-%m}" == month]) for month in months),
    )


def record_object(record: Record) -> JsonObject:
    """A record as JSON; ratios, not percent."""
    return {
        "capability": record.capability,
        "runs": record.runs,
        "done": record.done,
        "failed": record.failed,
        "unknown": record.unknown,
        "undone": record.undone,
        "automatic": record.automatic,
        "targets": record.targets,
        "worked": record.worked,
        "no_effect": record.no_effect,
        "worse": record.worse,
        "unclear": record.unclear,
        "success_ratio": record.success_ratio,
        "effect_ratio": record.effect_ratio,
        "median_seconds": record.median_seconds,
        "last_at": instant(record.last_at),
        "months": [
            {"month": one.month, "runs": one.runs, "done": one.done, "judged": one.judged, "worked": one.worked}
            for one in record.months
        ],
    }


def ledger_csv(lines: Iterable[LedgerEntry]) -> str:
    """The ledger for a spreadsheet. What would be a formula there is made text."""
    out = io.StringIO()
    writer = csv.DictWriter(out, CSV_FIELDS, lineterminator="\n")
    writer.writeheader()
    for line in lines:
        row = line_object(line) | {name: line.body.get(name) for name in CSV_FIELDS if name in line.body}
        row["run"] = f"RUN-{line.run_id}"
        writer.writerow({name: _cell(row.get(name)) for name in CSV_FIELDS})
    return out.getvalue()


def _cell(value: object) -> str:
    text = "" if value is None else f"{value}"
    return f"'{text}" if text.startswith(_FORMULA) else text


def _in(runs: Sequence[Run], state: RunState) -> int:
    return sum(run.state is state for run in runs)


def _judged(runs: Sequence[Run], effect: Effect) -> int:
    return sum(run.effect is effect for run in runs)


def _month(month: str, runs: Sequence[Run]) -> Month:
    worked = _judged(runs, Effect.WORKED)
    judged = worked + _judged(runs, Effect.NO_EFFECT) + _judged(runs, Effect.WORSE)
    return Month(month=month, runs=len(runs), done=_in(runs, RunState.DONE), judged=judged, worked=worked)
