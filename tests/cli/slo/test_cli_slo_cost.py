"""`parapet slo cost`: what is worked out, and what a real Prometheus counts."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from parapet.artifacts.cost import selectors
from parapet.artifacts.recording import recording_groups
from parapet.core import names
from parapet.core.settings import Wiring
from parapet.slo import series
from parapet.slo.burn import BurnPolicy
from parapet.slo.catalog import Catalog
from parapet.slo.packs.journeys import journey_slices

pytestmark = pytest.mark.real

Run = Callable[..., subprocess.CompletedProcess[str]]
Recorded = Callable[..., str]

SCALE = 60
INPUTS = 5
AHEAD_SECONDS = 600
QUICK = f"""
from parapet import BurnPolicy, Parapet, Wiring

parapet = Parapet(
    service="shop",
    burn=BurnPolicy().scaled_down({SCALE}),
    wiring=Wiring(scrape_interval_seconds=1, evaluation_interval_seconds=1),
)
parapet.journey("login", objective=0.999)
"""


def steady(name: str, labels: str, until: float, seconds: float, every: float) -> Iterator[str]:
    """A series that grows by one at each sample, for so long."""
    samples = int(seconds / every)
    for number in range(samples + 1):
        yield f"{name}{{{labels}}} {number + 1} {until - (samples - number) * every:.3f}"


def full_history(until: float) -> Iterator[str]:
    """Everything that the rules of a login read, at the intervals at which it would be recorded, for a whole period."""
    catalog = Catalog(
        service="shop",
        slices=journey_slices("login", objective=0.999),
        burn=BurnPolicy().scaled_down(SCALE),
        runbooks=("journey-login",),
    )
    labels = f'{names.SERVICE}="shop",{names.SLICE}="login"'
    base = {series.EVENTS, series.BAD_EVENTS, series.usual_events_series(catalog.burn.base_window_seconds)}
    for group in recording_groups(catalog, Wiring(scrape_interval_seconds=1, evaluation_interval_seconds=1)):
        for rule in group.rules:
            period = catalog.burn.period_seconds if rule.record in base else 2 * AHEAD_SECONDS
            yield from steady(rule.record or "", labels, until, period, group.interval_seconds)
    yield from steady(names.HEARTBEAT, 'job="shop",instance="0"', until, 2 * AHEAD_SECONDS, 1)
    for outcome in ("success", "failure"):
        for number in range(INPUTS):
            where = f'job="shop",journey="login",outcome="{outcome}",instance="{number}"'
            yield from steady(f"{names.JOURNEY_DURATION}_count", where, until, 2 * AHEAD_SECONDS, 1)


def a_minute(said: str) -> dict[str, float]:
    """Rule -> samples read a minute."""
    one, targets = json.loads(said)["slices"]
    assert (one["slice"], targets["slice"]) == ("login", "")
    return {rule["rule"]: rule["samples_a_minute"] for rule in one["rules"]}


def test_what_is_worked_out_is_what_prometheus_counts(slo: Run, project: Path, recorded: Recorded) -> None:
    """Rule by rule, within a sample at each end of a window; at full history, which is when rules are dearest."""
    (project / "quick.py").write_text(QUICK)
    where = {"PARAPET_APP": "quick:parapet"}
    ahead = datetime.now(UTC).timestamp() + AHEAD_SECONDS  # so that windows are full however long this takes
    url = recorded(full_history(ahead))
    inputs = str(2 * INPUTS)  # the total reads successes and failures
    worked_out = slo("cost", "--json", "--input-series", inputs, environment=where)
    measured = slo("cost", "--json", "--prometheus", url, environment=where)
    assert worked_out.returncode == 0, worked_out.stderr
    assert measured.returncode == 0, measured.stderr
    expected, found = a_minute(worked_out.stdout), a_minute(measured.stdout)
    assert expected.keys() == found.keys()
    (raw,) = (name for name in expected if name == series.BAD_EVENTS)
    for rule in expected.keys() - {raw}:
        slack = 60 * 2 * (2 * INPUTS if rule == series.EVENTS else 2)
        assert found[rule] == pytest.approx(expected[rule], rel=0.02, abs=slack), rule
    assert expected[raw] / 2.5 < found[raw] < expected[raw]  # only failures, half the series


def test_only_the_base_rules_grow_with_the_input(slo: Run) -> None:
    """A hundred times the series cost less than a hundred times as much; the table says so, and who is dear."""
    small, large = (
        json.loads(slo("cost", "login", "--json", "--input-series", count).stdout)["slices"][0]
        for count in ("20", "2000")
    )
    grown = {
        one["rule"]
        for one, other in zip(small["rules"], large["rules"], strict=True)
        if other["samples_a_minute"] > one["samples_a_minute"]
    }
    assert grown == {series.EVENTS, series.BAD_EVENTS}
    assert small["series"] == sum(rule["rule"].startswith("parapet:") for rule in small["rules"])
    table = slo("cost", columns=80).stdout.splitlines()
    assert table[2].split()[:6] == ["slice", "at", "20", "inputs", "at", "200"]
    assert max(len(line) for line in table) <= 80
    assert "for each raw selector" in slo("cost", "login").stdout


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("http://127.0.0.1:1", "http://127.0.0.1:1 did not answer"),
        ("127.0.0.1:9090", "is not an http or https address"),
        ("http://user:secret@127.0.0.1:9090", "carries a password"),
    ],
)
def test_a_server_that_cannot_be_asked_is_told_in_a_sentence(slo: Run, address: str, expected: str) -> None:
    """No traceback, no password."""
    said = slo("cost", "--prometheus", address)
    assert said.returncode == 1
    assert expected in said.stderr
    assert "Traceback" not in said.stderr
    assert "secret" not in said.stderr


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ('sum by (a, b) (increase(x{le="}[1m]"}[5m]))', [("x", "5m")]),
        ("y:z offset 5m > 1e3 and sqrt(w)", [("y:z", None), ("w", None)]),
        ("sum_over_time(y{a='b'}[1d:5m])", [("y", "1d:5m")]),
        ("sum_over_time((sum(rate(q[5m])) or vector(0))[1d:5m])", [("parapet_inner", "1d:5m")]),
        ('{__name__="a"} unless on (x) group_left () ALERTS', [("parapet_input", None), ("ALERTS", None)]),
        ('label_replace(a offset 1h, "b", "c", "d", "e[5m]")', [("a", None)]),
    ],
)
def test_selectors_are_told_from_the_rest(expression: str, expected: list[tuple[str, str | None]]) -> None:
    """Whatever is in strings, label lists and numbers."""
    assert selectors(expression) == expected
