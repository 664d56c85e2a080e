"""How Alertmanager tells Parapet: a complete configuration, the same for one that exists, and what both must do.

A page silences the ticket of its slice. Secrets are named by file and written into none of these.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable

from parapet.artifacts.examples import INVENTED
from parapet.artifacts.groups import Groups
from parapet.artifacts.render import HEADER, Node, commented, document
from parapet.artifacts.watchdog import EVERY_SECONDS, watchdog_group
from parapet.core import names
from parapet.core.settings import Wiring
from parapet.slo.catalog import Catalog
from parapet.slo.durations import prometheus_duration
from parapet.slo.series import quoted

OURS = "Parapet.+"
"""Matches the names of all alerts of ours."""
WHY = (
    "send_resolved: Parapet must hear of the end. max_alerts 0: it must hear of every alert.",
    "The watchdog always fires and comes every minute, so that silence means something.",
    "While a page fires, the ticket of the same slice adds nothing, so it is inhibited.",
)


def alertmanager_files(catalog: Catalog, wiring: Wiring, groups: Groups) -> dict[str, str]:
    """Relative path -> text: a configuration, a fragment for an existing one, and the routes that both must take."""
    return {
        "alertmanager/parapet.yml": _configuration(catalog, wiring),
        "alertmanager/fragment.yml": _fragment(catalog, wiring),
        "alertmanager/routes.txt": _routes(catalog, wiring, groups),
    }


def receiver(service: str) -> str:
    """What the receiver of a service is called; services may share one Alertmanager."""
    return f"{names.RECEIVER_PREFIX}{service}"


def _configuration(catalog: Catalog, wiring: Wiring) -> str:
    return document(
        {
            "route": _route(catalog, wiring),
            "receivers": [_receiver(catalog, wiring)],
            "inhibit_rules": [_inhibition(catalog)],
        },
        "A complete configuration. Where you have one of your own, take fragment.yml instead.",
        "One notification per service and slice, so that one delivery speaks of one trouble.",
        *WHY,
        "Check: amtool check-config parapet.yml",
    )


def _fragment(catalog: Catalog, wiring: Wiring) -> str:
    mine: dict[str, Node] = {
        "matchers": [f'{names.SERVICE}="{catalog.service}"', f"alertname=~{quoted(OURS)}"],
        "continue": True,
    }
    route, *rest = _route(catalog, wiring).items()
    return document(
        {
            "receivers": [_receiver(catalog, wiring)],
            "route": {"routes": [dict((route, *mine.items(), *rest))]},
            "inhibit_rules": [_inhibition(catalog)],
        },
        "No configuration by itself. Add what each list holds to the list of the same name in yours: the receiver and "
        "the inhibition anywhere, the route before all others of route.routes.",
        "It continues, so your own routes still see these alerts: by severity, team, or what else slices put on them.",
        *WHY,
        "Check what you made of it: amtool check-config alertmanager.yml, and the lines of routes.txt.",
    )


def _routes(catalog: Catalog, wiring: Wiring, groups: Groups) -> str:
    lines = [
        HEADER,
        commented(
            "Every alert that the rules may raise, and the receiver that must get it: arguments of amtool, a line "
            "each. An alert that goes elsewhere makes this fail, beside the configuration:"
        ),
        "# grep -v '^#' routes.txt | xargs -L 1 amtool config routes test --config.file=parapet.yml\n",
        commented("Where receivers of yours get them too, add those to --verify.receivers, after a comma."),
    ]
    for labels in alerts_labels(catalog, wiring, groups):
        told = (f"{name}={_value(value)}" for name, value in labels.items())
        lines.append(f"{shlex.join([f'--verify.receivers={receiver(catalog.service)}', *told])}\n")
    return "".join(lines)


def _value(text: str) -> str:
    """A label's value as amtool reads it: in quotes where it is more than a word."""
    if re.fullmatch(r"[\w./:@+-]+", text, re.ASCII):
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def alerts_labels(catalog: Catalog, wiring: Wiring, groups: Groups) -> Iterable[dict[str, str]]:
    """The labels of every alert that the rules may raise; those that vary have an example for a value."""
    varying = {one.name: dict.fromkeys(one.group_by, INVENTED) for one in catalog.judged}
    for group in (*groups.alerts, watchdog_group(catalog.service, wiring)):
        for rule in group.rules:
            separate = varying.get(rule.labels.get(names.SLICE, ""), {})
            yield {"alertname": rule.alert or "", **rule.labels, **separate}


def _receiver(catalog: Catalog, wiring: Wiring) -> Node:
    return {
        "name": receiver(catalog.service),
        "webhook_configs": [
            {
                "url": wiring.webhook_url,
                "send_resolved": True,
                "max_alerts": 0,
                "http_config": {
                    "authorization": {"type": "Bearer", "credentials_file": wiring.webhook_token_file},
                    "follow_redirects": False,
                },
            }
        ],
    }


def _route(catalog: Catalog, wiring: Wiring) -> dict[str, Node]:
    return {
        "receiver": receiver(catalog.service),
        "group_by": _identity(catalog),
        "group_wait": prometheus_duration(wiring.group_wait_seconds),
        "group_interval": prometheus_duration(wiring.group_interval_seconds),
        "repeat_interval": prometheus_duration(wiring.repeat_interval_seconds),
        "routes": [{"matchers": [f'alertname="{names.ALERT_WATCHDOG}"'], **often(wiring)}],
    }


def often(wiring: Wiring) -> dict[str, Node]:
    """How the watchdog comes: at once, and each minute again."""
    every = prometheus_duration(min(EVERY_SECONDS, wiring.repeat_interval_seconds))
    interval = prometheus_duration(min(EVERY_SECONDS, wiring.group_interval_seconds))
    return {"group_wait": "0s", "group_interval": interval, "repeat_interval": every}


def _inhibition(catalog: Catalog) -> Node:
    return {
        "source_matchers": [f'alertname="{names.ALERT_PAGE}"'],
        "target_matchers": [f'alertname="{names.ALERT_TICKET}"'],
        "equal": _identity(catalog),
    }


def _identity(catalog: Catalog) -> list[Node]:
    """The labels that tell troubles apart."""
    return [names.SERVICE, names.SLICE, *catalog.group_labels]
