"""Objects for the Prometheus operator: the same rules, the same scrape job and the same route as the files.

Secrets are named, with the key to look under; they are written into none of these.
"""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterable, Iterator

from parapet.artifacts.alertmanager import OURS, often, receiver
from parapet.artifacts.dns import dns_label
from parapet.artifacts.groups import Groups
from parapet.artifacts.render import HEADER, Node, commented, document, dumped, group_node, group_text
from parapet.artifacts.rules import Group
from parapet.artifacts.watchdog import watchdog_group
from parapet.core import names
from parapet.core.settings import Kubernetes, Wiring
from parapet.slo.catalog import Catalog
from parapet.slo.durations import prometheus_duration

MOST_BYTES = 240_000
"""Of one object, as JSON. `kubectl apply` keeps a copy in an annotation, and all annotations of an object together
may have 262,144 bytes; the ConfigMaps that the operator makes of rules hold more than that."""
METRICS_TOKEN = "metrics-token"
WEBHOOK_TOKEN = "webhook-token"


def kubernetes_files(catalog: Catalog, wiring: Wiring, groups: Groups) -> dict[str, str]:
    """Relative path -> text of what `kubectl apply --filename` takes."""
    settings = wiring.kubernetes or Kubernetes()
    return {
        "kubernetes/prometheusrule.yaml": _rules(catalog, settings, groups),
        "kubernetes/watchdog.yaml": _watchdog(catalog, wiring, settings),
        "kubernetes/servicemonitor.yaml": _monitor(catalog, wiring, settings),
        "kubernetes/alertmanagerconfig.yaml": _route(catalog, wiring, settings),
    }


def _rules(catalog: Catalog, settings: Kubernetes, groups: Groups) -> str:
    objects = list(_sized(groups.all))
    parts = [
        HEADER,
        commented("The rules of recording.yml and alerts.yml, for the Prometheus operator."),
        commented("A Helm template would read {{ }} in them as its own: apply them as they are, or by .Files.Get."),
    ]
    if len(objects) > 1:
        parts.append(commented(f"{len(objects)} objects, because one would be more than `kubectl apply` can take."))
    for number, some in enumerate(objects, start=1):
        name = (
            dns_label("parapet", catalog.service) if number == 1 else dns_label("parapet", catalog.service, f"{number}")
        )
        head = _head("monitoring.coreos.com/v1", "PrometheusRule", name, catalog, settings)
        parts += ["---\n", dumped(head), "spec:\n  groups:\n"]
        parts += [textwrap.indent(group_text(group), "  ") for group in some]
    return "".join(parts)


def _watchdog(catalog: Catalog, wiring: Wiring, settings: Kubernetes) -> str:
    name = dns_label("parapet", catalog.service, "watchdog")
    head = _head("monitoring.coreos.com/v1", "PrometheusRule", name, catalog, settings)
    return document(
        {**head, "spec": {"groups": [group_node(watchdog_group(catalog.service, wiring))]}},
        "The rule of watchdog.yml, for the Prometheus operator.",
    )


def _sized(groups: Iterable[Group]) -> Iterator[list[Group]]:
    """*groups*, in order, so divided that each division fits into an object."""
    fits: list[Group] = []
    size = 0
    for group in groups:
        more = len(json.dumps(group_node(group)))
        if fits and size + more > MOST_BYTES:
            yield fits
            fits, size = [], 0
        fits.append(group)
        size += more
    yield fits


def _monitor(catalog: Catalog, wiring: Wiring, settings: Kubernetes) -> str:
    endpoint: dict[str, Node] = {
        "port": settings.port,
        "path": wiring.metrics_path,
        "interval": prometheus_duration(wiring.scrape_interval_seconds),
        "scrapeTimeout": prometheus_duration(min(wiring.scrape_interval_seconds, 10.0)),
    }
    if wiring.metrics_token_file is not None:
        endpoint["authorization"] = {"type": "Bearer", "credentials": _secret(catalog, settings, METRICS_TOKEN)}
    endpoint["relabelings"] = [{"targetLabel": "job", "replacement": catalog.service}]
    spec: dict[str, Node] = {
        "selector": {"matchLabels": dict(settings.scraped or {"app.kubernetes.io/name": catalog.service})}
    }
    if settings.scraped_namespace is not None:
        spec["namespaceSelector"] = {"matchNames": [settings.scraped_namespace]}
    spec["endpoints"] = [endpoint]
    name = dns_label("parapet", catalog.service)
    return document(
        {**_head("monitoring.coreos.com/v1", "ServiceMonitor", name, catalog, settings), "spec": spec},
        f"Every pod behind the Service is read as job {catalog.service}, which every rule selects by.",
        "The token is read from a Secret in the namespace of this object.",
    )


def _route(catalog: Catalog, wiring: Wiring, settings: Kubernetes) -> str:
    identity: list[Node] = [names.SERVICE, names.SLICE, *catalog.group_labels]
    spec: Node = {
        "route": {
            "receiver": receiver(catalog.service),
            "matchers": [_matcher(names.SERVICE, catalog.service), _matcher("alertname", OURS, "=~")],
            "groupBy": identity,
            "groupWait": prometheus_duration(wiring.group_wait_seconds),
            "groupInterval": prometheus_duration(wiring.group_interval_seconds),
            "repeatInterval": prometheus_duration(wiring.repeat_interval_seconds),
            "continue": True,
            "routes": [{"matchers": [_matcher("alertname", names.ALERT_WATCHDOG)], **_often(wiring)}],
        },
        "receivers": [
            {
                "name": receiver(catalog.service),
                "webhookConfigs": [
                    {
                        "url": wiring.webhook_url,
                        "sendResolved": True,
                        "maxAlerts": 0,
                        "httpConfig": {
                            "authorization": {
                                "type": "Bearer",
                                "credentials": _secret(catalog, settings, WEBHOOK_TOKEN),
                            },
                            "followRedirects": False,
                        },
                    }
                ],
            }
        ],
        "inhibitRules": [
            {
                "sourceMatch": [_matcher("alertname", names.ALERT_PAGE)],
                "targetMatch": [_matcher("alertname", names.ALERT_TICKET)],
                "equal": identity,
            }
        ],
    }
    name = dns_label("parapet", catalog.service)
    return document(
        {**_head("monitoring.coreos.com/v1alpha1", "AlertmanagerConfig", name, catalog, settings), "spec": spec},
        "The receiver, the route and the inhibition of alertmanager/parapet.yml, for the Prometheus operator.",
        "By itself the operator lets an AlertmanagerConfig see only alerts with the label namespace of its own. Ours "
        "speak of a service, not of a namespace, so set alertmanagerConfigMatcherStrategy.type to None on the "
        "Alertmanager object.",
    )


def _often(wiring: Wiring) -> dict[str, Node]:
    """How the watchdog comes, in the operator's spelling."""
    words = {name: name.split("_") for name in often(wiring)}
    spelled = {name: first + "".join(map(str.capitalize, rest)) for name, (first, *rest) in words.items()}
    return {spelled[name]: value for name, value in often(wiring).items()}


def _head(version: str, kind: str, name: str, catalog: Catalog, settings: Kubernetes) -> dict[str, Node]:
    labels: dict[str, Node] = {
        "app.kubernetes.io/managed-by": "parapet",
        "app.kubernetes.io/part-of": dns_label(catalog.service),
        **settings.labels,
    }
    metadata: dict[str, Node] = {"name": name, "labels": labels}
    if settings.namespace is not None:
        metadata = {"name": name, "namespace": settings.namespace, "labels": labels}
    return {"apiVersion": version, "kind": kind, "metadata": metadata}


def _secret(catalog: Catalog, settings: Kubernetes, key: str) -> Node:
    return {"name": settings.secret or dns_label("parapet", catalog.service), "key": key}


def _matcher(name: str, value: str, match: str = "=") -> Node:
    return {"name": name, "value": value, "matchType": match}
