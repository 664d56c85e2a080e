"""Every query of every dashboard, asked of a real Prometheus: none may be refused, and none may be empty."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from math import isnan

import pytest
from tests.dashboards.conftest import Dashboard, Recorded

pytestmark = pytest.mark.real

GLOBALS = {"__rate_interval": "4s", "__interval": "1s", "__range": "60s"}
"""What Grafana fills in, for a scrape interval of a second and the last minute on the screen."""
LOOKED_BACK_SECONDS = 20
PAGES = (
    "shop-deliveries.json",
    "shop-journey-checkout.json",
    "shop-journey-login.json",
    "shop-models.json",
    "shop-overview.json",
    "shop-parapet.json",
    "shop-promise-assistant.json",
    "shop-promise-fresh.json",
    "shop-promise-good.json",
    "shop-promise-jobs.json",
    "shop-promise-latest.json",
    "shop-promise-parts.json",
    "shop-promise-probe.json",
    "shop-promise-raw.json",
    "shop-promise-receipts.json",
    "shop-promise-tasks.json",
    "shop-promise-uploads.json",
    "shop-promise-videos.json",
    "shop-promise-web.json",
    "shop-work.json",
)


@dataclass(frozen=True, kw_only=True)
class Question:
    """One query, where it stands, and how it is asked."""

    where: str
    expr: str
    now: bool


def questions(dashboard: Dashboard) -> Iterator[Question]:
    """What panels and marks ask."""
    for panel in dashboard["panels"]:
        for target in panel.get("targets", ()):
            where = f"{panel['title']} {target['refId']}"
            yield Question(where=where, expr=target["expr"], now=target["instant"])
    for mark in dashboard["annotations"]["list"]:
        yield Question(where=f"mark {mark['name']}", expr=mark["expr"], now=False)


def chosen(dashboard: Dashboard, recorded: Recorded) -> dict[str, str]:
    """Variable -> everything there is to choose, as Grafana writes it into a query."""
    values: dict[str, str] = {}
    for variable in dashboard["templating"]["list"]:
        if variable["type"] == "datasource":
            continue
        query = filled(variable["query"], values)
        asked = re.fullmatch(r"label_values\((.*), (\w+)\)", query, re.DOTALL)
        assert asked, query
        found = there_to_choose(recorded, *asked.groups())
        values[variable["name"]] = f"({'|'.join(map(re.escape, found))})"
    return values


def there_to_choose(recorded: Recorded, selector: str, label: str) -> list[str]:
    """The values of *label*, as soon as there is one."""
    found: list[str] = []

    def look() -> bool:
        found[:] = recorded.ask(f"label/{label}/values", **{"match[]": selector})
        return bool(found)

    recorded.wait(look, lambda: f"{label} of {selector}")
    return found


def filled(text: str, values: dict[str, str]) -> str:
    """*text* with its variables replaced, every one of which must be known."""
    known = {**GLOBALS, **values}
    return re.sub(r"\$([A-Za-z_]\w*)", lambda match: known[match.group(1)].replace("\\", "\\\\"), text)


def answers(question: Question, recorded: Recorded) -> bool:
    """Whether Prometheus has at least one number to say."""
    if question.now:
        result = recorded.ask("query", query=question.expr)["result"]
        points = [one["value"] for one in result]
    else:
        end = time.time()
        start = end - LOOKED_BACK_SECONDS
        result = recorded.ask("query_range", query=question.expr, start=start, end=end, step=1)["result"]
        points = [point for one in result for point in one.get("values", ())]
        if any(one.get("histograms") for one in result):  # native ones have no single value
            return True
    return any(not isnan(float(value)) for _, value in points)


@pytest.mark.parametrize("page", PAGES)
def test_every_query_of_a_dashboard_has_an_answer(page: str, recorded: Recorded) -> None:
    """Panels, marks and what can be chosen: all of it, with the variables filled in."""
    dashboard = recorded.dashboards[page]
    values = chosen(dashboard, recorded)
    pending = [Question(where=one.where, expr=filled(one.expr, values), now=one.now) for one in questions(dashboard)]
    assert pending

    def look() -> bool:
        pending[:] = [one for one in pending if not answers(one, recorded)]
        return not pending

    recorded.wait(look, lambda: "\n\n".join(f"{one.where}:\n{one.expr}" for one in pending))


def test_every_dashboard_is_asked(recorded: Recorded) -> None:
    """One for each subject, and the four about all of them."""
    assert sorted(recorded.dashboards) == list(PAGES)
