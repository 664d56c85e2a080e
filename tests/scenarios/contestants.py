"""Whose rules are put through the scenarios, and how their alerts are recognised."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from parapet.artifacts.bundle import build
from parapet.core import names
from parapet.core.settings import Wiring
from parapet.core.vocabulary import Outcome
from parapet.slo import series
from parapet.slo.budget import percent
from parapet.slo.catalog import Catalog
from parapet.slo.packs.journeys import journey_slices

SERVICE = "shop"
METRIC = f"{names.JOURNEY_DURATION}_count"
COUNTED = f'job="{SERVICE}",journey="login"'
GOOD, BAD = Outcome.SUCCESS.value, Outcome.FAILURE.value


@dataclass(frozen=True, slots=True, kw_only=True)
class Contestant:
    """A way to write rules for one promise about one service."""

    name: str
    files: Callable[[float], Mapping[str, str]]
    """Objective, a ratio -> file name -> text of a rule file."""
    page: str
    """The selector of its firing pages."""
    ticket: str
    stale: str | None
    """The selector of what it raises when it stops hearing; None: it raises nothing."""
    period_burn: str
    """The query for its error ratio over the period, divided by the budget: 1 is the whole budget at this pace."""


def catalog(objective: float) -> Catalog:
    """A shop where only logins are promised."""
    slices = journey_slices("login", objective=objective, title=f"Login at {percent(objective)}")
    return Catalog(service=SERVICE, slices=slices, runbooks=("journey-login",))


def _rules(objective: float) -> Mapping[str, str]:
    files = build(catalog(objective), Wiring())
    return {name: files[f"prometheus/{name}"] for name in ("recording.yml", "alerts.yml")}


def _firing(name: str) -> str:
    return f'ALERTS{{alertname="{name}",alertstate="firing"}}'


PARAPET = Contestant(
    name="Parapet",
    files=_rules,
    page=_firing(names.ALERT_PAGE),
    ticket=_firing(names.ALERT_TICKET),
    stale=_firing(names.ALERT_STALE),
    period_burn=series.PERIOD_BURN,
)
