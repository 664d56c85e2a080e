"""Questions to the real Prometheus and Alertmanager of the stack, over their HTTP APIs."""

from __future__ import annotations

import http.client
import json
import urllib.error
import urllib.request
from dataclasses import dataclass
from urllib.parse import quote

from parapet.core import names

TIMEOUT_SECONDS = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """An alert as a server tells it."""

    labels: dict[str, str]
    state: str
    """firing or pending in Prometheus; active or suppressed in Alertmanager."""

    @property
    def slice(self) -> str:
        """The slice it speaks of."""
        return self.labels.get("slice", "")

    @property
    def severity(self) -> str:
        """page or ticket."""
        return self.labels.get("severity", "")


class Prometheus:
    """The Prometheus at *url*."""

    def __init__(self, url: str) -> None:
        self.url = url

    def query(self, expression: str) -> list[tuple[dict[str, str], float]]:
        """Labels and value of every series that *expression* gives now; none while the server does not answer."""
        answer = _json(f"{self.url}/api/v1/query?query={quote(expression, safe='')}")
        if not isinstance(answer, dict) or answer.get("status") != "success":
            return []
        return [(dict(one["metric"]), float(one["value"][1])) for one in answer["data"]["result"]]

    def value(self, expression: str) -> float | None:
        """The value of the first series of *expression*; None if there is none."""
        found = self.query(expression)
        return found[0][1] if found else None

    def firing(self, slice_name: str | None = None) -> list[Alert]:
        """The alerts that fire, of one slice or of all; the watchdog, which always does, is none of them."""
        answer = _json(f"{self.url}/api/v1/alerts")
        found = answer["data"]["alerts"] if isinstance(answer, dict) else []
        alerts = [Alert(labels=dict(one["labels"]), state=one["state"]) for one in found]
        told = [one for one in alerts if one.state == "firing" and one.labels["alertname"] != names.ALERT_WATCHDOG]
        return [one for one in told if slice_name in {None, one.slice}]

    def alertmanagers(self) -> list[str]:
        """The addresses it sends alerts to."""
        answer = _json(f"{self.url}/api/v1/alertmanagers")
        return [one["url"] for one in answer["data"]["activeAlertmanagers"]] if isinstance(answer, dict) else []


class Alertmanager:
    """The Alertmanager at *url*."""

    def __init__(self, url: str) -> None:
        self.url = url

    def alerts(self, slice_name: str | None = None) -> list[Alert]:
        """What it knows to be firing, of one slice or of all."""
        answer = _json(f"{self.url}/api/v2/alerts?active=true&inhibited=true&silenced=true")
        told = answer if isinstance(answer, list) else []
        alerts = [Alert(labels=dict(one["labels"]), state=one["status"]["state"]) for one in told]
        return [one for one in alerts if slice_name in {None, one.slice}]


def answers(url: str) -> bool:
    """Whether *url* answers with status 200."""
    return _body(url) is not None


def _json(url: str) -> object:
    body = _body(url)
    return None if body is None else json.loads(body)


def _body(url: str) -> bytes | None:
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT_SECONDS) as answer:
            found: bytes = answer.read()
            return found
    except urllib.error.HTTPError as error:
        error.close()
        return None
    except (OSError, http.client.HTTPException):
        return None
