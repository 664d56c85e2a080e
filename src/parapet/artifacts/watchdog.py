"""What watches the watchers: an alert that always fires, so that silence means something, and two about the worker."""

from __future__ import annotations

from parapet.artifacts import promql
from parapet.artifacts.rules import Group, Rule
from parapet.core import names
from parapet.core.settings import Wiring
from parapet.core.vocabulary import Severity
from parapet.core.work import Work
from parapet.slo.durations import prometheus_duration, spoken
from parapet.slo.selector import one_of

EVERY_SECONDS = 60.0
"""How often Alertmanager repeats it."""
SILENT_SECONDS = 300.0
"""A worker beats with every round: every few seconds, or every minute where cron calls it."""
REMEMBERED_SECONDS = 86_400.0
"""Where no worker was ever scraped nothing is missed; one that was is missed for a day."""
BEHIND_SECONDS = 300.0
PRESSING = (Work.BODY, Work.CALL, Work.NOTIFICATION)
"""Somebody waits for these."""


def watchdog_group(service: str, wiring: Wiring) -> Group:
    """The group of the watchdogs of *service*. They belong to no slice."""
    dog = Rule(
        alert=names.ALERT_WATCHDOG,
        expr="vector(1)",
        labels={names.SERVICE: service},
        annotations={names.SUMMARY: "Alerts reach Parapet. When this one stops, nothing that is quiet can be trusted."},
        comment="Always fires. Parapet marks every open incident when it does not hear this any more.",
    )
    interval = wiring.evaluation_interval_seconds
    return Group(
        name=f"parapet:{service}:watchdog", interval_seconds=interval, rules=(dog, _silent(service), _behind(service))
    )


def _silent(service: str) -> Rule:
    beats = f"{names.WORKER_BEAT}{promql.selector_text(service, ())}[{prometheus_duration(REMEMBERED_SECONDS)}]"
    return Rule(
        alert=names.ALERT_WORKER_SILENT,
        expr=f"time() - max(max_over_time({beats})) > {SILENT_SECONDS:g}",
        labels={names.SERVICE: service, names.SEVERITY: Severity.PAGE.value},
        annotations={
            names.TITLE: "Parapet's worker is dead",
            names.SUMMARY: f"No worker of Parapet went round for {spoken(SILENT_SECONDS)}.",
            names.DESCRIPTION: (
                "Nobody is told of incidents, nobody is called, and quiet incidents do not close. "
                "Start `parapet worker` again; `parapet doctor --live` says what it finds."
            ),
        },
        comment="Parapet cannot tell anybody of this: give it to a receiver of yours, too.",
    )


def _behind(service: str) -> Rule:
    pressing = one_of(names.WORK, *(work.value for work in PRESSING))
    lag = f"{names.WORKER_LAG}{promql.selector_text(service, (pressing,))}"
    return Rule(
        alert=names.ALERT_WORKER_BEHIND,
        expr=f"max({lag}) > {BEHIND_SECONDS:g}",
        for_seconds=60.0,
        labels={names.SERVICE: service, names.SEVERITY: Severity.PAGE.value},
        annotations={
            names.TITLE: "Parapet's workers are far behind",
            names.SUMMARY: f"What is due waits for more than {spoken(BEHIND_SECONDS)} for a worker of Parapet.",
            names.DESCRIPTION: (
                "People hear of incidents that late. Start another `parapet worker`: several share the work. "
                f"{names.WORKER_LAG} says by kind of work what waits, {names.WORKER_TURN} what takes long."
            ),
        },
        comment="Workers go round, and do not keep up with bodies, calls or notifications.",
    )
