"""Where else to look, filled in for each incident."""

from __future__ import annotations

from parapet.web import Link

from examples.shop.settings import Settings


def links(settings: Settings) -> list[Link]:
    """Prometheus and Alertmanager, where this deployment has them."""
    found = []
    if settings.prometheus_url:
        burn = "parapet%3Aslo_burn%3Acurrent%7Bslice%3D%22{slice}%22%7D"
        graph = f"{settings.prometheus_url}/graph?g0.tab=0&g0.range_input=15m&g0.expr={burn}"
        found.append(Link(title="Burn in Prometheus", url=graph, note="the last 15 minutes"))
        found.append(Link(title="Alerts in Prometheus", url=f"{settings.prometheus_url}/alerts"))
    if settings.alertmanager_url:
        found.append(Link(title="Alerts in Alertmanager", url=f"{settings.alertmanager_url}/#/alerts"))
    return found
