"""Puts a scenario through real rules with promtool, and reads what fired from its answers."""

from __future__ import annotations

import json
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.artifacts.judged import depended_on, dumped, evaluation_order, put
from tests.scenarios.contestants import BAD, COUNTED, GOOD, METRIC, SERVICE, Contestant
from tests.scenarios.model import Scenario, Series, notation, samples

from parapet.core import names
from parapet.slo.budget import budget_events

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

_ANSWER = re.compile(r'expr: ("(?:[^"\\]|\\.)*"), time: (\w+),(?: err: (.*)|\s*exp: .*\s*got: (.*))')
_UNITS = {"y": 31_536_000.0, "w": 604_800.0, "d": 86_400.0, "h": 3_600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
PROCESSES = 2


class PromtoolFailed(Exception):
    """promtool did not run the test, or a query of it failed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Episode:
    """From when to when an alert fired, in minutes from the beginning of the scenario."""

    began: float
    ended: float | None
    """The first minute at which it did not fire any more; None if it fired until the end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What one set of rules made of one scenario."""

    scenario: Scenario
    pages: tuple[Episode, ...]
    tickets: tuple[Episode, ...]
    stale: tuple[Episode, ...]
    budget_used: float | None
    """Error ratio over the period divided by the budget; None if the rules do not know."""

    @property
    def page_after(self) -> float | None:
        """Minutes from onset to the first page; None if none came."""
        return self._after(self.pages)

    @property
    def ticket_after(self) -> float | None:
        """Minutes from onset to the first ticket; None if none came."""
        return self._after(self.tickets)

    @property
    def stale_after(self) -> float | None:
        """Minutes from the end of the first stretch until it is told that nothing is heard; None if it never is."""
        return self.stale[0].began - self.scenario.stretches[0].minutes if self.stale else None

    @property
    def clear_after(self) -> float | None:
        """Minutes from the end of the trouble until no page fired any more; None if one does, or none ever did."""
        ended = self.pages[-1].ended if self.pages else None
        repaired = self.scenario.repaired
        return None if ended is None or repaired is None else ended - repaired

    @property
    def false_pages(self) -> int:
        """Pages that began while nobody needed one."""
        return self._false(self.pages)

    @property
    def false_tickets(self) -> int:
        """The same for tickets."""
        return self._false(self.tickets)

    @property
    def lapses(self) -> int:
        """How often the page ended before the trouble did."""
        repaired = self.scenario.repaired
        return sum(one.ended is not None and repaired is not None and one.ended <= repaired for one in self.pages)

    @property
    def budget_truth(self) -> float:
        """What arithmetic says that `budget_used` is."""
        return self.scenario.error_ratio() / budget_events(self.scenario.objective, 1)

    @property
    def budget_error(self) -> float | None:
        """By how much the budget used is wrong, as a share of the truth; of the whole budget, if nothing was used."""
        if self.budget_used is None:
            return None
        return abs(self.budget_used - self.budget_truth) / (self.budget_truth or 1.0)

    def _after(self, episodes: Sequence[Episode]) -> float | None:
        onset = self.scenario.onset
        began = [one.began for one in episodes if onset is not None and one.began >= onset]
        return None if onset is None or not began else min(began) - onset

    def _false(self, episodes: Sequence[Episode]) -> int:
        begin, end = self.scenario.onset, self.scenario.repaired
        if begin is None or end is None:
            return len(episodes)
        return sum(not begin <= one.began <= end for one in episodes)


def run(contestant: Contestant, scenarios: Iterable[Scenario], folder: Path) -> dict[str, Outcome]:
    """Every scenario by name, each in a promtool of its own. *folder* takes their files.

    Raises:
        PromtoolFailed: it could not be run.
    """
    wanted = list(scenarios)
    with ThreadPoolExecutor(PROCESSES) as pool:
        return dict(zip((s.name for s in wanted), pool.map(lambda s: play(contestant, s, folder), wanted), strict=True))


def play(contestant: Contestant, scenario: Scenario, folder: Path) -> Outcome:
    """One scenario.

    Raises:
        PromtoolFailed: it could not be run.
    """
    queries = {"page": f"max({contestant.page})", "ticket": f"max({contestant.ticket})"}
    if contestant.stale:
        queries["stale"] = f"max({contestant.stale})"
    step, last = scenario.evaluated_seconds, scenario.minutes * 60
    asked = [(query, at) for query in queries.values() for at in range(step, last + 1, step)]
    if scenario.judges_budget:
        asked.append((contestant.period_burn, last))
    answers = ask(contestant.files(scenario.objective), scenario, asked, folder / f"{contestant.name}-{scenario.name}")
    episodes = {
        name: _episodes(sorted(at for asked_query, at in answers if asked_query == query), step, last)
        for name, query in queries.items()
    }
    return Outcome(
        scenario=scenario,
        pages=episodes["page"],
        tickets=episodes["ticket"],
        stale=episodes.get("stale", ()),
        budget_used=answers.get((contestant.period_burn, last)),
    )


def ask(
    rules: Mapping[str, str], scenario: Scenario, asked: Collection[tuple[str, int]], folder: Path
) -> dict[tuple[str, int], float]:
    """The value of every query at every second it is *asked* for, where it has one.

    promtool is told to expect nothing, and says what it got instead.

    Raises:
        PromtoolFailed: it could not be run, or a query failed.
    """
    rules = depended_on(rules, {query for query, _ in asked})
    test = {
        "interval": f"{scenario.step_seconds}s",
        "input_series": [
            {"series": f'{METRIC}{{{COUNTED},outcome="{GOOD}"}}', "values": notation(samples(scenario, Series.GOOD))},
            {"series": f'{METRIC}{{{COUNTED},outcome="{BAD}"}}', "values": notation(samples(scenario, Series.BAD))},
            {"series": f'up{{job="{SERVICE}"}}', "values": notation(samples(scenario, Series.UP))},
            {
                "series": f'{names.HEARTBEAT}{{job="{SERVICE}"}}',
                "values": notation(samples(scenario, Series.HEARTBEAT)),
            },
        ],
        "promql_expr_test": [{"expr": query, "eval_time": f"{at}s", "exp_samples": []} for query, at in asked],
    }
    document = {
        "rule_files": [*rules],
        "group_eval_order": evaluation_order(*rules.values()),
        "evaluation_interval": f"{scenario.evaluated_seconds}s",
        "tests": [test],
    }
    put(folder, {**rules, "test.yml": dumped(document)})
    done = subprocess.run(["promtool", "test", "rules", "test.yml"], cwd=folder, capture_output=True, text=True)
    said = done.stdout + done.stderr
    found: dict[tuple[str, int], float] = {}
    for query, at, error, got in _ANSWER.findall(said):
        if error:
            raise PromtoolFailed(f"{scenario.name}: {query} at {at}: {error}")
        found[json.loads(query), round(_seconds(at))] = float(got.rsplit(" ", 1)[1])
    if not found and "SUCCESS" not in said:
        raise PromtoolFailed(f"{scenario.name}: {said}")
    return found


def _episodes(fired: Sequence[int], step: int, last: int) -> tuple[Episode, ...]:
    found: list[Episode] = []
    for at in fired:
        if found and found[-1].ended == at / 60:
            found[-1] = Episode(began=found[-1].began, ended=(at + step) / 60)
        else:
            found.append(Episode(began=at / 60, ended=(at + step) / 60))
    if found and fired[-1] + step > last:
        found[-1] = Episode(began=found[-1].began, ended=None)
    return tuple(found)


def _seconds(text: str) -> float:
    return sum(float(number) * _UNITS[unit] for number, unit in re.findall(r"(\d+)(ms|[ywdhms])", text))
