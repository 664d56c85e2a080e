"""An alert that always fires, and comes every minute: while it is heard, silence means that nothing is wrong."""

from __future__ import annotations

from parapet.artifacts.rules import Group, Rule
from parapet.core import names
from parapet.core.settings import Wiring

EVERY_SECONDS = 60.0
"""How often Alertmanager repeats it."""


def watchdog_group(service: str, wiring: Wiring) -> Group:
    """The group of the watchdog of *service*. It belongs to no slice, and opens no incident."""
    rule = Rule(
        alert=names.ALERT_WATCHDOG,
        expr="vector(1)",
        labels={names.SERVICE: service},
        annotations={names.SUMMARY: "Alerts reach Parapet. When this one stops, nothing that is quiet can be trusted."},
        comment="Always fires. Parapet marks every open incident when it does not hear this any more.",
    )
    interval = wiring.evaluation_interval_seconds
    return Group(name=f"parapet:{service}:watchdog", interval_seconds=interval, rules=(rule,))
