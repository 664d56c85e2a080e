"""`parapet slo backtest` over the history of a real Prometheus: it tells the alerts that promtool sees fire."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.artifacts.judged import EVERY_SLICE, RULES_AND_TESTS, depended_on, dumped, evaluation_order, put
from tests.artifacts.kinds import SLIS, slice_of

from parapet.artifacts.batches import in_batches
from parapet.artifacts.bundle import build
from parapet.artifacts.examples import Stretch, input_series
from parapet.core import names
from parapet.core.settings import Wiring
from parapet.slo import series
from parapet.slo.catalog import Catalog
from parapet.slo.packs.journeys import journey_slices
from parapet.slo.sli import LastSuccess
from parapet.slo.slice import Slice

pytestmark = pytest.mark.real

Run = Callable[..., subprocess.CompletedProcess[str]]
Recorded = Callable[..., str]

START = 1_794_441_600
"""12 November 2026, a midnight in UTC."""
MINUTES = 6 * 60 + 30
HEALTHY = (120.0, 0.0)

Minute = tuple[float, float] | None
"""Good and bad events of a minute; None: the target is gone."""


def shaped(usual: Callable[[int], Minute], *stretches: tuple[int, int, Callable[[int], Minute]]) -> list[Minute]:
    """Every minute as *usual*, but for (from, to, what) in *stretches*."""
    traffic = [usual(minute) for minute in range(MINUTES)]
    for first, last, what in stretches:
        traffic[first:last] = [what(minute) for minute in range(first, last)]
    return traffic


def always(good: float, bad: float) -> Callable[[int], Minute]:
    """The same each minute."""
    return lambda minute: (good, bad)


def gone(minute: int) -> Minute:
    """Nothing is scraped."""
    return None


def rarely(good: float, bad: float, every: int = 10) -> Callable[[int], Minute]:
    """Once in so many minutes."""
    return lambda minute: (good, bad) if minute % every == 0 else (0.0, 0.0)


SCENARIOS: dict[str, list[Minute]] = {
    "outage": shaped(always(*HEALTHY), (60, 100, always(0, 120)), (300, 303, always(0, 120))),
    "some-errors": shaped(always(*HEALTHY), (60, 300, always(117, 3))),
    "slow-burn": shaped(always(*HEALTHY), (20, MINUTES, always(119.34, 0.66))),
    "low-traffic": shaped(rarely(1, 0), (60, 61, always(0, 1)), (150, 350, rarely(0, 1))),
    "gap-while-well": shaped(always(*HEALTHY), (60, 160, gone), (280, 310, always(60, 60))),
    "gap-while-burning": shaped(always(*HEALTHY), (60, 80, always(0, 120)), (80, 200, gone), (200, 240, always(0, 0))),
    "starts-late": shaped(always(*HEALTHY), (0, 200, gone), (220, 260, always(80, 40))),
    "night": shaped(always(*HEALTHY), (60, 300, always(0, 0)), (305, 312, always(10, 110))),
}


SIMPLE = {"outage", "some-errors", "slow-burn", "gap-while-well"}
"""Run by `make slices`; the others have what these have, and more."""
PLAYED = {name: traffic for name, traffic in SCENARIOS.items() if EVERY_SLICE or name not in SIMPLE}


@dataclass(frozen=True, kw_only=True)
class Fired:
    """One alert; minutes since the start."""

    severity: str
    start: int
    end: int


@dataclass(frozen=True, kw_only=True)
class Told:
    """What a backtest told of one slice."""

    fired: tuple[Fired, ...]
    used: float
    """Share of the budget at the end."""


Values = Sequence[float | None]
"""One for each minute; None: no sample."""


def counters(name: str, traffic: Sequence[Minute]) -> Iterator[tuple[str, Values]]:
    """Two series and their values, one a minute."""
    for outcome, which in (("success", 0), ("failure", 1)):
        reached, values = 0.0, list[float | None]()
        for minute in traffic:
            reached += 0.0 if minute is None else minute[which]
            values.append(None if minute is None else reached)
        yield f'{names.JOURNEY_DURATION}_count{{job="shop",journey="{name}",outcome="{outcome}"}}', values


def spelled_out(notation: str) -> list[float]:
    """The values behind promtool's notation: `1+2x3` is 1 3 5 7, `4x2` is 4 4 4."""
    values: list[float] = []
    for part in notation.split():
        matched = re.fullmatch(r"(?P<first>[-\d.e+]*?\d)(?:(?P<each>[-+][\d.e-]+)?x(?P<more>\d+))?", part)
        assert matched is not None, part
        first, each, more = float(matched["first"]), float(matched["each"] or 0), int(matched["more"] or 0)
        values += [first + each * number for number in range(more + 1)]
    return values


def openmetrics(fed: Mapping[str, Values]) -> Iterator[str]:
    """The same values for the real Prometheus, from the start on."""
    for name, values in fed.items():
        for minute, value in enumerate(values):
            if value is not None:
                yield f"{name} {value:.12g} {START + 60 * minute}"


def told(document: str, minutes: int) -> dict[str, Told]:
    """What the JSON of a backtest says, slice by slice."""
    found = {}
    for one in json.loads(document)["slices"]:
        verdict = one["objectives"][0]
        fired = (
            Fired(
                severity=alert["severity"],
                start=minute_of(alert["start"]),
                end=minutes if alert["end"] is None else minute_of(alert["end"]),
            )
            for alert in verdict["alerts"]
        )
        found[one["slice"]] = Told(fired=tuple(fired), used=verdict["budget_used_ratio"])
    return found


def minute_of(text: str) -> int:
    """Minutes since the start."""
    return round((datetime.fromisoformat(text).timestamp() - START) / 60)


def promtool_says(folder: Path, catalog: Catalog, fed: Mapping[str, Values], found: Mapping[str, Told]) -> str:
    """What promtool says when it is asked whether exactly these alerts fire, give or take an evaluation.

    And whether so much of the budget is used at the end.
    """
    minutes = len(next(iter(fed.values())))
    asked = [each for one in catalog for each in questions(one, found[one.name], minutes)]
    series_fed = [
        {"series": name, "values": " ".join("_" if value is None else f"{value:.12g}" for value in values)}
        for name, values in fed.items()
    ]
    test = {"interval": "1m", "input_series": series_fed, "promql_expr_test": asked}
    files = build(catalog, Wiring(), RULES_AND_TESTS)
    rules = {name: files[f"prometheus/{name}"] for name in ("recording.yml", "alerts.yml")}
    rules = depended_on(rules, (str(one["expr"]) for one in asked))
    order = evaluation_order(*rules.values())
    document = {"rule_files": [*rules], "group_eval_order": order, "evaluation_interval": "1m", "tests": [test]}
    put(folder / "prometheus", {**rules, "same.yml": dumped(document)})
    done = subprocess.run(
        ["promtool", "test", "rules", "same.yml"],
        cwd=folder / "prometheus",
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    return done.stdout + done.stderr


def questions(judged: Slice, one: Told, minutes: int) -> Iterator[dict[str, object]]:
    """Whether promtool saw the same of one slice.

    Prometheus 2 takes a look more than Prometheus 3 at how old a last success is, so the rules see it a minute later.
    """
    name, slack = judged.name, 2 if isinstance(judged.sli, LastSuccess) else 1
    left = f'{series.BUDGET_REMAINING}{{slice="{name}"}}'
    yield question(f"abs(sum(1 - {left}) - {one.used}) <= bool {0.002 + abs(one.used) / 100}", minutes - 1, 1)
    for severity, alertname in series.ALERTS.items():
        firing = f'ALERTS{{alertname="{alertname}",alertstate="firing",slice="{name}"}}'
        mine = [fired for fired in one.fired if fired.severity == severity]
        total = f"(sum(count_over_time({firing}[{minutes}m])) or vector(0))"
        long = sum(fired.end - fired.start for fired in mine)
        yield question(f"abs({total} - {long}) <= bool {2 * slack * len(mine)}", minutes - 1, 1)
        for fired in mine:
            yield question(f"count({firing})", fired.start - 2, None)
            yield question(f"count({firing})", fired.start + slack, 1)
            yield question(f"count({firing})", fired.end - 2, 1)
            if fired.end + slack < minutes:
                yield question(f"count({firing})", fired.end + slack, None)


def question(expression: str, minute: int, answer: float | None) -> dict[str, object]:
    """One question to promtool; None: no sample at all."""
    samples = [] if answer is None else [{"labels": "{}", "value": answer}]
    return {"expr": expression, "eval_time": f"{minute}m", "exp_samples": samples}


def asked_for(minutes: int) -> tuple[str, ...]:
    """The options that make a backtest of all that was fed."""
    until = datetime.fromtimestamp(START + 60 * (minutes - 1), UTC).isoformat()
    return ("--days", f"{minutes / 1_440}", "--until", until, "--json")


def test_the_alerts_are_those_that_promtool_sees_fire(
    slo: Run, project: Path, recorded: Recorded, tmp_path: Path
) -> None:
    """Outage, slow burn, low traffic, gaps, idle nights: begin and end within one evaluation, and none besides."""
    journeys = "\n".join(f"parapet.journey({name!r}, objective=0.999)" for name in PLAYED)
    host = f"from parapet import Parapet\nparapet = Parapet(service='shop')\n{journeys}"
    (project / "reliability.py").write_text(host)
    fed = {series_: values for name, traffic in PLAYED.items() for series_, values in counters(name, traffic)}
    said = slo("backtest", "--prometheus", recorded(openmetrics(fed)), *asked_for(MINUTES))
    assert said.returncode == 0, said.stderr
    found = told(said.stdout, MINUTES)
    paged = {name for name, one in found.items() if any(fired.severity == "page" for fired in one.fired)}
    assert paged == PLAYED.keys() - {"slow-burn"}
    slices = tuple(one for name in PLAYED for one in journey_slices(name, objective=0.999))
    catalog = Catalog(service="shop", slices=slices, runbooks=[f"journey-{name}" for name in PLAYED])
    verdict = promtool_says(tmp_path, catalog, fed, found)
    assert "SUCCESS" in verdict, f"{found}\n{verdict}"


FORGETFUL = """
from dataclasses import replace
from parapet import Parapet
from parapet.slo.packs.journeys import journey_slices

parapet = Parapet(service="shop")
parapet.journey("login")
(promise,) = journey_slices("login", objective=0.999, runbook="https://runbooks.example/login")
parapet.adopt(replace(promise, without_tiers=("page-slow",)))
"""


def test_a_page_holds_while_an_old_page_of_metrics_is_all_that_answers(
    slo: Run, project: Path, recorded: Recorded, tmp_path: Path
) -> None:
    """One bad minute, and then a cache answers for longer than the page's hour: what stands still is no recovery."""
    (project / "reliability.py").write_text(FORGETFUL)
    minutes, bad, thaws = 210, 80, 180
    still = range(bad + 1, thaws)
    traffic: list[Minute] = [(0.0, 0.0) if minute in still else HEALTHY for minute in range(minutes)]
    traffic[bad] = (0.0, 120.0)
    fed: dict[str, Values] = {
        **dict(counters("login", traffic)),
        'up{job="shop"}': [1.0] * minutes,
        f'{names.HEARTBEAT}{{job="shop"}}': [60.0 * (bad if minute in still else minute) for minute in range(minutes)],
    }
    said = slo("backtest", "--prometheus", recorded(openmetrics(fed)), *asked_for(minutes))
    assert said.returncode == 0, said.stderr
    found = told(said.stdout, minutes)
    (page,) = (fired for fired in found["login"].fired if fired.severity == "page")
    assert page.start <= bad + 2
    assert page.end >= thaws
    assert [(one["signal"], one["name"]) for one in json.loads(said.stdout)["tickets"]] == [("target_gone", "shop")]
    (promise,) = journey_slices("login", objective=0.999, runbook="https://runbooks.example/login")
    catalog = Catalog(service="shop", slices=(replace(promise, without_tiers=("page-slow",)),))
    verdict = promtool_says(tmp_path, catalog, fed, found)
    assert "SUCCESS" in verdict, f"{found}\n{verdict}"


KINDS = """
from parapet import Parapet
from tests.artifacts.kinds import SLIS, slice_of

parapet = Parapet(service="shop")
parapet.probe("home", lambda: None)
parapet.delivery("mail", provider="ses", channel="email")
parapet.adopt(*(slice_of(name) for name in {names}))
"""


def test_slices_of_every_kind_are_replayed_as_their_rules_judge(
    slo: Run, project: Path, recorded: Recorded, tmp_path: Path
) -> None:
    """Counters, buckets, delays, jobs, probes, moments of success and raw PromQL, by groups: one outage in each."""
    grouped_first = sorted(SLIS.keys() - {"raw"}, key=lambda name: (not SLIS[name][1], name))
    kinds = [*in_batches(map(slice_of, grouped_first))[0], slice_of("raw")]
    assert {one.sli.kind for one in kinds} == {one.kind for one, _ in SLIS.values()}
    stretches = (Stretch(steps=20, good=900, bad=0), Stretch(steps=40, good=0, bad=900))
    recovery = Stretch(steps=30, good=900, bad=0)
    fed: dict[str, Values] = {}
    shifted: dict[str, Values] = {}
    catalog = Catalog(service="shop", slices=tuple(kinds))
    for one in catalog:
        for name, notation in input_series(one, (*stretches, recovery), 60.0):
            fed[name] = values = spelled_out(notation)
            moment = isinstance(one.sli, LastSuccess)  # counted from promtool's start, which is 1970
            shifted[name] = [value + START if moment and value else value for value in values]
    (project / "kinds.py").write_text(KINDS.format(names=tuple(one.name for one in kinds)))
    where = {"PARAPET_APP": "kinds:parapet", "PYTHONPATH": str(Path(__file__).parents[3])}
    minutes = len(next(iter(fed.values())))
    url = recorded(openmetrics(shifted))
    said = slo("backtest", "--prometheus", url, *asked_for(minutes), environment=where)
    assert said.returncode == 0, said.stderr
    found = told(said.stdout, minutes)
    assert all(any(fired.severity == "page" for fired in one.fired) for one in found.values()), found
    verdict = promtool_says(tmp_path, catalog, fed, found)
    assert "SUCCESS" in verdict, f"{found}\n{verdict}"
