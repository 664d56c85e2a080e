"""What Grafana's alerting sends to a webhook contact point: Alertmanager's shape, and what Grafana puts beside it."""

from __future__ import annotations

from parapet.core.errors import MalformedPayload
from parapet.core.types import Json, JsonObject
from parapet.incidents.payload import Delivery, delivery_of, document_of

VALUES = "values"
"""The annotation that holds what the queries and expressions of the rule came to: `A = 44.2, C = 1`."""
LINKS = {"dashboardURL": "dashboard_url", "panelURL": "panel_url", "silenceURL": "silence_url"}
"""Field of an alert -> the annotation that holds it."""
PRIVATE = "__"
"""Before the names of labels that Grafana keeps for itself."""


def parse(body: bytes) -> Delivery:
    """The delivery that *body* holds. The top-level `state` and `status` are left out: each alert says its own.

    Raises:
        MalformedPayload: it is not a body of Grafana's; says which field, what was expected and what came.
    """
    document = document_of(body)
    alerts = document.get("alerts")
    if not isinstance(alerts, list):
        return delivery_of(document)  # which says what is wrong with it
    return delivery_of({**document, "alerts": [_plain(one, f"alerts[{place}]") for place, one in enumerate(alerts)]})


def _plain(alert: Json, where: str) -> Json:
    """*alert* as Alertmanager would send it: numbers and links are among its annotations."""
    if not isinstance(alert, dict):
        return alert
    labels, annotations = alert.get("labels"), alert.get("annotations")
    told: JsonObject = dict(annotations) if isinstance(annotations, dict) else {}
    for field, name in LINKS.items():
        if alert.get(field):
            told.setdefault(name, alert[field])
    values = alert.get("values")
    if values is not None and not isinstance(values, dict):
        raise MalformedPayload(f"{where}.values: expected an object of numbers, got {type(values).__name__}.")
    if values:
        told.setdefault(VALUES, ", ".join(f"{name} = {_number(values[name])}" for name in sorted(values)))
    if isinstance(labels, dict):
        labels = {name: value for name, value in labels.items() if not name.startswith(PRIVATE)}
    return {**alert, "labels": labels, "annotations": told if isinstance(annotations, dict | None) else annotations}


def _number(value: Json) -> str:
    return f"{value:.6g}" if isinstance(value, int | float) and abs(value) < 1e300 else f"{value}"
