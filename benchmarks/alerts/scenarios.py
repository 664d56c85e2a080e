"""The scenarios of `tests/scenarios` put through Parapet's rules and those of its peers, side by side.

    python benchmarks/alerts/scenarios.py [NAME ...]

Names are parts of scenarios' names; without any, all of them: with as much past as the longest windows have, because
the peers' rules are quicker without one. Prints a Markdown table. Figures are minutes of arithmetic, the same on every
machine.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from benchmarks.alerts.peers import PEERS
from tests.scenarios.contestants import PARAPET
from tests.scenarios.corpus import FULL, corpus
from tests.scenarios.model import Scenario
from tests.scenarios.promtool import Outcome, run

CONTESTANTS = (PARAPET, *PEERS)


def compared(scenarios: Sequence[Scenario]) -> str:
    """A Markdown table: minutes to the page and to its end, false pages, budget error, of each contestant."""
    with tempfile.TemporaryDirectory() as folder:
        found = {one.name: run(one, scenarios, Path(folder)) for one in CONTESTANTS}
    names = list(found)
    lines = [
        "| scenario | " + " | ".join(names) + " |",
        "|---" * (len(names) + 1) + "|",
        *(
            f"| {scenario.title} ({scenario.objective * 100:g} %) | "
            + " | ".join(told(found[name][scenario.name]) for name in names)
            + " |"
            for scenario in scenarios
        ),
    ]
    return "\n".join(lines)


def told(outcome: Outcome) -> str:
    """One cell."""
    if outcome.scenario.judges_budget:
        error = outcome.budget_error
        return "no number" if error is None or error != error else f"budget wrong by {error:.2%}"
    parts = []
    if outcome.scenario.onset is not None:
        page, ticket = outcome.page_after, outcome.ticket_after
        parts.append("no page" if page is None else f"page after {page:g}")
        if page is None and ticket is not None:
            parts.append(f"ticket after {ticket:g}")
        if outcome.lapses:
            parts.append("clears too early")
        if outcome.clear_after is not None:
            early = outcome.clear_after < 0
            minutes = abs(outcome.clear_after)
            parts.append(f"{minutes:g} minutes before the end" if early else f"clear after {minutes:g}")
    if outcome.false_pages:
        parts.append(f"**{outcome.false_pages} false page{'s' if outcome.false_pages > 1 else ''}**")
    if outcome.stale:
        parts.append("told as not heard")
    return ", ".join(parts) or "silent"


def main() -> None:
    """Print the table."""
    wanted = sys.argv[1:]
    print(compared([one for one in corpus(FULL) if not wanted or any(part in one.name for part in wanted)]))


if __name__ == "__main__":
    main()
