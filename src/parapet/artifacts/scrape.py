"""How Prometheus reads the service: one job, named like the service, because every rule selects by it."""

from __future__ import annotations

from parapet.artifacts.render import Node, document
from parapet.core.settings import Wiring
from parapet.slo.catalog import Catalog
from parapet.slo.durations import prometheus_duration


def scrape_file(catalog: Catalog, wiring: Wiring) -> str:
    """The text of a file for `scrape_config_files`; or copy its job into `scrape_configs`."""
    interval = prometheus_duration(wiring.scrape_interval_seconds)
    job: dict[str, Node] = {
        "job_name": catalog.service,
        "scrape_interval": interval,
        "scrape_timeout": prometheus_duration(min(wiring.scrape_interval_seconds, 10.0)),
        "metrics_path": wiring.metrics_path,
    }
    if wiring.metrics_token_file is not None:
        job["authorization"] = {"type": "Bearer", "credentials_file": wiring.metrics_token_file}
    job["static_configs"] = [{"targets": list(wiring.scrape_targets)}]
    return document(
        {"scrape_configs": [job]},
        f"The job must keep the name {catalog.service}: every rule selects job={catalog.service!r}.",
        "The token is read from a file on the machine that runs Prometheus; it is in no generated file.",
    )
