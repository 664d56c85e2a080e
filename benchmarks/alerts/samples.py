"""What rules cost the Prometheus that evaluates them: samples read a minute, as a real one counts them.

A month is backfilled as if it had been scraped and evaluated every 15 seconds, then every expression is asked once.
With many series only the last hour is backfilled; what looks back further over raw metrics is worked out from few
series, because it reads the same of each.
"""

from __future__ import annotations

import json
import subprocess
import urllib.request
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import yaml
from tests.artifacts.servers import LOOPBACK, free_port, running
from tests.scenarios.contestants import BAD, COUNTED, GOOD, METRIC, Contestant

from parapet.artifacts.cost import selectors
from parapet.slo.burn import DAY, HOUR
from parapet.slo.durations import seconds_of

SCRAPE_SECONDS = 15.0
FEW, MANY = 20, 2_000
"""Input series: half of them count successes, half failures."""
STEPS = 4
"""How often whoever waits for the measurement hears of it."""
NOW = 1_796_083_200.0
"""The moment at which everything is asked."""
PERIOD_SECONDS = 30 * DAY
USUALLY_SECONDS = 12 * HOUR
"""How far back recorded series go that are looked at as they were hours ago."""
STEP_SECONDS = 60.0
"""At which a series is backfilled of which nobody reads every sample: a sample for each step of any subquery."""
BLOCK = "1458h"
"""A block of history holds so much. promtool reads everything anew for each block, and makes them of two hours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reads:
    """What a set of rules reads, in samples a minute, at few and at many input series."""

    contestant: str
    few: float
    many: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rule:
    expr: str
    record: str | None
    every_seconds: float

    def spans(self, raw: bool) -> Iterator[tuple[str, str | None]]:
        """The selectors of raw metrics, or those of recorded series."""
        yield from (one for one in selectors(self.expr) if one[0].startswith(METRIC) is raw)


def measured(
    contestants: Sequence[Contestant],
    folder: Path,
    step: Callable[[str], None],
    *,
    period_seconds: float = PERIOD_SECONDS,
    many: int = MANY,
    objective: float = 0.999,
) -> tuple[Reads, ...]:
    """Samples a minute of each contestant's rules at an objective; *step* hears of what takes long."""
    rules = {one.name: _rules(one, objective) for one in contestants}
    every = [rule for mine in rules.values() for rule in mine]
    step(f"a month of {FEW} series")
    longest = max(_seconds(span) for rule in every for _, span in rule.spans(raw=True))
    with _prometheus(folder / "few", _history(FEW, min(longest, period_seconds), every, period_seconds)) as few:
        step("asking")
        of_few = {name: [_samples(few, rule.expr) for rule in mine] for name, mine in rules.items()}
    step(f"an hour of {many:,} series")
    with _prometheus(folder / "many", _history(many, HOUR, (), HOUR)) as url:
        step("asking")
        return tuple(
            Reads(
                contestant=name,
                few=sum(_a_minute(rule, read) for rule, read in zip(mine, of_few[name], strict=True)),
                many=sum(
                    _a_minute(rule, _at_many(rule, read, url, many))
                    for rule, read in zip(mine, of_few[name], strict=True)
                ),
            )
            for name, mine in rules.items()
        )


def _at_many(rule: _Rule, read: float, url: str, many: int) -> float:
    """What a rule reads at many input series, if it read so much at few."""
    spans = [_seconds(span) for _, span in rule.spans(raw=True)]
    if not spans:
        return read
    if max(spans) > HOUR:
        return read * many / FEW
    return _samples(url, rule.expr) + sum(1 for _ in rule.spans(raw=False))


def _rules(one: Contestant, objective: float) -> list[_Rule]:
    groups = [group for text in one.files(objective).values() for group in yaml.safe_load(text)["groups"]]
    return [
        _Rule(
            expr=rule["expr"],
            record=rule.get("record"),
            every_seconds=seconds_of(group["interval"]) if "interval" in group else SCRAPE_SECONDS,
        )
        for group in groups
        for rule in group["rules"]
    ]


def _a_minute(rule: _Rule, read: float) -> float:
    return read * 60 / rule.every_seconds


def _seconds(span: str | None) -> float:
    return seconds_of(span.partition(":")[0]) if span else 0.0


def _history(count: int, raw_seconds: float, rules: Iterable[_Rule], period_seconds: float) -> Iterator[str]:
    """Lines of OpenMetrics: raw counters for so long, and what the rules record for as long as others read it."""
    for outcome in (GOOD, BAD):
        for number in range(count // 2):
            where = f'{COUNTED},instance="{number}",outcome="{outcome}"'
            yield from _steady(METRIC, where, raw_seconds, SCRAPE_SECONDS)
    given = tuple(rules)
    every = {rule.record: rule.every_seconds for rule in given if rule.record}
    back: dict[str, float] = defaultdict(lambda: USUALLY_SECONDS)
    whole = set()
    for rule in given:
        for name, span in rule.spans(raw=False):
            back[name] = max(back[name], min(_seconds(span), period_seconds))
            if span is not None and ":" not in span:
                whole.add(name)
    for name, seconds in every.items():
        labels = 'service="shop",slice="login"'
        yield from _steady(name, labels, back[name], seconds if name in whole else max(seconds, STEP_SECONDS))


def _steady(name: str, labels: str, seconds: float, every: float) -> Iterator[str]:
    count = int(seconds / every)
    begin = NOW - count * every
    for number in range(count + 1):
        yield f"{name}{{{labels}}} {number + 1} {begin + number * every:.0f}\n"


@contextmanager
def _prometheus(home: Path, lines: Iterable[str]) -> Iterator[str]:
    """A Prometheus that remembers those lines of OpenMetrics, by its address."""
    home.mkdir(parents=True)
    with (home / "history.txt").open("w") as file:
        file.writelines(lines)
        file.write("# EOF\n")
    backfill = [
        "promtool",
        "tsdb",
        "create-blocks-from",
        f"--max-block-duration={BLOCK}",
        "openmetrics",
        "history.txt",
        "data",
    ]
    subprocess.run(backfill, cwd=home, check=True, capture_output=True)
    (home / "history.txt").unlink()
    (home / "prometheus.yml").write_text("global: {}\n")
    address = f"{LOOPBACK}:{free_port()}"
    words = [
        "prometheus",
        f"--config.file={home / 'prometheus.yml'}",
        f"--storage.tsdb.path={home / 'data'}",
        "--storage.tsdb.retention.time=100y",
        f"--web.listen-address={address}",
    ]
    with running(words, f"http://{address}/-/ready", home / "log"):
        yield f"http://{address}"


def _samples(url: str, expr: str) -> float:
    """As the server counts them itself."""
    asked = urlencode({"query": expr, "time": f"{NOW:.0f}", "stats": "all"})
    with urllib.request.urlopen(f"{url}/api/v1/query?{asked}", timeout=120) as answer:
        return float(json.load(answer)["data"]["stats"]["samples"]["totalQueryableSamples"])
