"""What tells Grafana where the dashboards are, and where the numbers come from."""

from __future__ import annotations

from parapet.artifacts.render import document
from parapet.core.settings import Wiring
from parapet.slo.durations import prometheus_duration

FOLDER = "Parapet"
LOOK_AGAIN_SECONDS = 30
HERE = "http://127.0.0.1:9090"


def provider_file(wiring: Wiring) -> str:
    """Where Grafana finds the dashboards: for its folder `provisioning/dashboards`."""
    return document(
        {
            "apiVersion": 1,
            "providers": [
                {
                    "name": "parapet",
                    "folder": FOLDER,
                    "type": "file",
                    "disableDeletion": False,
                    "allowUiUpdates": False,
                    "updateIntervalSeconds": LOOK_AGAIN_SECONDS,
                    "options": {"path": wiring.dashboards_folder},
                }
            ],
        },
        "The same for every service whose dashboards lie in this folder: Grafana must read a folder only once.",
        f"Copy it into Grafana's provisioning/dashboards, and the dashboards into {wiring.dashboards_folder} there.",
    )


def datasource_file(wiring: Wiring) -> str:
    """A data source for those who have none yet: for Grafana's folder `provisioning/datasources`."""
    return document(
        {
            "apiVersion": 1,
            "datasources": [
                {
                    "name": "Prometheus (Parapet)",
                    "type": "prometheus",
                    "uid": "parapet-prometheus",
                    "access": "proxy",
                    "url": wiring.prometheus_url or HERE,
                    "jsonData": {
                        "httpMethod": "POST",
                        "prometheusType": "Prometheus",
                        "timeInterval": prometheus_duration(wiring.scrape_interval_seconds),
                    },
                }
            ],
        },
        "An example: leave it out where Grafana knows this Prometheus already. Dashboards let you choose the source.",
        "timeInterval is the scrape interval: without it, rates at high zoom would look back too little.",
    )
