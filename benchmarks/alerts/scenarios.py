"""The scenarios of `tests/scenarios` put through the rules of every contestant, and what became of each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.scenarios.contestants import Contestant
from tests.scenarios.model import Scenario
from tests.scenarios.promtool import PROCESSES, Outcome, play


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What one set of rules made of one scenario. Minutes: from onset to the first alert, from repair to the end."""

    scenario: str
    title: str
    objective: float
    has_trouble: bool
    contestant: str
    page_after: float | None = None
    ticket_after: float | None = None
    clear_after: float | None = None
    lapses: int = 0
    """How often the page ended before the trouble did."""
    false_pages: int = 0
    false_tickets: int = 0
    told_unheard: bool = False
    judges_budget: bool = False
    budget_error: float | None = None
    """By how much the budget used is wrong, as a share of the truth; None: there is no number, or nobody asked."""

    @property
    def words(self) -> str:
        """What became of it, for a cell of a table."""
        if self.judges_budget:
            return "no number" if self.budget_error is None else f"{percent(self.budget_error)} wrong"
        parts = [self._alerted()] if self.has_trouble else []
        if self.clear_after is not None:
            minutes = f"{abs(self.clear_after):g}"
            parts.append(f"**ends {minutes} too early**" if self.clear_after < 0 else f"ends {minutes} later")
        elif self.lapses:
            parts.append("**ends too early**")
        if self.false_pages:
            parts.append(f"**{self.false_pages} false page{'s' if self.false_pages > 1 else ''}**")
        if self.told_unheard:
            parts.append("told as not heard")
        return ", ".join(parts) or "silent"

    def _alerted(self) -> str:
        if self.page_after is not None:
            return f"page after {self.page_after:g}"
        return "no page" if self.ticket_after is None else f"no page, ticket after {self.ticket_after:g}"


def percent(ratio: float) -> str:
    """*ratio* in percent, exact enough to be compared."""
    return f"{ratio * 100:,.0f} %" if ratio >= 1 else f"{ratio * 100:.2f} %"


def played(
    contestants: Sequence[Contestant], scenarios: Sequence[Scenario], folder: Path, step: Callable[[str], None]
) -> Iterator[Found]:
    """Everybody's outcome of every scenario, by scenario; *step* hears of each as it is done.

    Raises:
        PromtoolFailed: promtool could not be run.
    """
    pairs = [(scenario, contestant) for scenario in scenarios for contestant in contestants]

    def one(pair: tuple[Scenario, Contestant]) -> Found:
        found = _found(pair[1], play(pair[1], pair[0], folder))
        step(f"{found.contestant}: {found.scenario}")
        return found

    with ThreadPoolExecutor(PROCESSES) as pool:
        yield from pool.map(one, pairs)


def _found(contestant: Contestant, outcome: Outcome) -> Found:
    scenario, error = outcome.scenario, outcome.budget_error
    return Found(
        scenario=scenario.name,
        title=scenario.title,
        objective=scenario.objective,
        has_trouble=scenario.onset is not None,
        contestant=contestant.name,
        page_after=outcome.page_after,
        ticket_after=outcome.ticket_after,
        clear_after=outcome.clear_after,
        lapses=outcome.lapses,
        false_pages=outcome.false_pages,
        false_tickets=outcome.false_tickets,
        told_unheard=bool(outcome.stale),
        judges_budget=scenario.judges_budget,
        budget_error=None if not scenario.judges_budget or error is None or error != error else round(error, 6),
    )
