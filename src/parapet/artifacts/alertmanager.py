"""How Alertmanager tells Parapet: a complete configuration with one receiver, and a page that silences its ticket."""

from __future__ import annotations

from parapet.artifacts.render import Node, document
from parapet.core import names
from parapet.core.settings import Wiring
from parapet.slo.catalog import Catalog
from parapet.slo.durations import prometheus_duration

RECEIVER = "parapet"


def alertmanager_file(catalog: Catalog, wiring: Wiring) -> str:
    """The text of a complete configuration file; merge the receiver, the route and the inhibition into your own."""
    identity: list[Node] = [names.SERVICE, names.SLICE, *catalog.group_labels]
    configuration: Node = {
        "route": {
            "receiver": RECEIVER,
            "group_by": identity,
            "group_wait": prometheus_duration(wiring.group_wait_seconds),
            "group_interval": prometheus_duration(wiring.group_interval_seconds),
            "repeat_interval": prometheus_duration(wiring.repeat_interval_seconds),
        },
        "receivers": [
            {
                "name": RECEIVER,
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
        ],
        "inhibit_rules": [
            {
                "source_matchers": [f'alertname="{names.ALERT_PAGE}"'],
                "target_matchers": [f'alertname="{names.ALERT_TICKET}"'],
                "equal": identity,
            }
        ],
    }
    return document(
        configuration,
        "One notification per service and slice, so that one delivery speaks of one trouble.",
        "send_resolved: Parapet must hear of the end. max_alerts 0: it must hear of every alert.",
        "While a page fires, the ticket of the same slice adds nothing, so it is inhibited.",
    )
