"""Tickets about no promise, in `slo backtest` over a real Prometheus: shares to look at, and what went unheard."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from parapet.core import names

pytestmark = pytest.mark.real

Run = Callable[..., subprocess.CompletedProcess[str]]
Recorded = Callable[..., str]

START = 1_794_441_600
"""12 November 2026, a midnight in UTC."""
MINUTES = 280
REFUSED, DOWN, FROZEN, UNMEASURED = (range(40, 60), range(80, 100), range(120, 150), range(190, 280))
"""Minutes in which users get much wrong, no target answers, the same old page answers, and the counters are gone."""
HOST = """
from parapet import Parapet
from parapet.core import names
from parapet.slo.diagnostic import Diagnostic
from parapet.slo.selector import equals
from parapet.slo.sli import EventRatio

parapet = Parapet(service="shop")
parapet.journey("login", objective=0.999)
parapet.adopt(
    Diagnostic(
        name="wrong",
        title="Users get logins wrong",
        sli=EventRatio(metric=names.JOURNEY_DURATION, bad=(equals(names.OUTCOME, "user_error"),)),
        threshold_ratio=0.2,
        window_seconds=600,
    )
)
"""


def history() -> Iterator[str]:
    """A shop whose logins succeed, a hundred a minute, and what Prometheus saw of it."""
    counted = f'{names.JOURNEY_DURATION}_count{{job="shop",journey="login",outcome='
    good = wrong = beat = 0.0
    lines: dict[str, list[str]] = {"success": [], "user_error": [], "up": [], "beat": []}
    for minute in range(MINUTES):
        at = START + 60 * minute
        if minute not in FROZEN:
            good += 60 if minute in REFUSED else 100
            wrong += 40 if minute in REFUSED else 0
            beat = at
        lines["up"].append(f'up{{job="shop"}} {int(minute not in DOWN)} {at}')
        if minute not in DOWN:
            lines["beat"].append(f'{names.HEARTBEAT}{{job="shop"}} {beat} {at}')
        if minute not in DOWN and minute not in UNMEASURED:
            lines["success"].append(f'{counted}"success"}} {good} {at}')
            lines["user_error"].append(f'{counted}"user_error"}} {wrong} {at}')
    for told in lines.values():
        yield from told


def test_what_is_told_beside_promises_is_told_when_it_was(slo: Run, project: Path, recorded: Recorded) -> None:
    """A share beyond its threshold, a target that is down, an old page, lost counters: once each, and nothing else."""
    (project / "reliability.py").write_text(HOST)
    until = datetime.fromtimestamp(START + 60 * (MINUTES - 1), UTC).isoformat()
    url = recorded(history())
    said = slo("backtest", "--prometheus", url, "--days", f"{MINUTES / 1_440}", "--until", until, "--json")
    assert said.returncode == 0, said.stderr
    tickets = json.loads(said.stdout)["tickets"]
    told = [(one["signal"], one["name"], minute(one["start"]), minute(one["end"])) for one in tickets]
    assert [(signal, name) for signal, name, _, _ in told] == [
        ("diagnostic", "wrong"),
        ("target_gone", "shop"),
        ("target_gone", "shop"),
        ("metric_gone", "login"),
    ], told
    (_, _, *refused), (_, _, *down), (_, _, *frozen), (_, _, begun, ended) = told
    assert refused == [pytest.approx(REFUSED.start + 5, abs=3), pytest.approx(REFUSED.stop + 7, abs=3)]
    assert down == [pytest.approx(DOWN.start + 5, abs=2), pytest.approx(DOWN.stop, abs=2)]
    assert frozen == [pytest.approx(FROZEN.start + 10, abs=2), pytest.approx(FROZEN.stop, abs=2)]
    assert begun == pytest.approx(UNMEASURED.start + 65, abs=3)
    assert ended is None


def minute(moment: str | None) -> int | None:
    """Minutes since the start."""
    return None if moment is None else round((datetime.fromisoformat(moment).timestamp() - START) / 60)
