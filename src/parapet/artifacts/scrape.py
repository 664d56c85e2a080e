"""How Prometheus reads the service: one job, named like the service, because every rule selects by it."""

from __future__ import annotations

from parapet.artifacts.render import Node, document
from parapet.core.errors import ConfigurationError
from parapet.core.settings import Wiring
from parapet.slo.catalog import Catalog
from parapet.slo.durations import prometheus_duration

PORT_PATH = "/metrics"
"""Where a port of its own answers, wherever the service does."""


def scrape_file(catalog: Catalog, wiring: Wiring) -> str:
    """The text of a file for `scrape_config_files`; or copy its job into `scrape_configs`.

    Raises:
        ConfigurationError: nothing is to be scraped.
    """
    if not (wiring.scrape_targets or wiring.port_targets):
        raise ConfigurationError(
            "There is nothing to scrape. Give Wiring(scrape_targets=('host:port',)), or leave the "
            "part out: --without scrape."
        )
    interval = prometheus_duration(wiring.scrape_interval_seconds)
    job: dict[str, Node] = {
        "job_name": catalog.service,
        "scrape_interval": interval,
        "scrape_timeout": prometheus_duration(min(wiring.scrape_interval_seconds, 10.0)),
        "metrics_path": wiring.metrics_path,
    }
    if wiring.metrics_token_file is not None:
        job["authorization"] = {"type": "Bearer", "credentials_file": wiring.metrics_token_file}
    targets: list[Node] = [{"targets": list(wiring.scrape_targets)}] if wiring.scrape_targets else []
    if wiring.port_targets:
        elsewhere: dict[str, Node] = {"targets": list(wiring.port_targets)}
        if wiring.metrics_path != PORT_PATH:
            elsewhere["labels"] = {"__metrics_path__": PORT_PATH}
        targets.append(elsewhere)
    job["static_configs"] = targets
    return document(
        {"scrape_configs": [job]},
        "Prometheus 2.43 and later read this file where scrape_config_files names it; for an older one, copy the job "
        "into scrape_configs.",
        f"The job must keep the name {catalog.service}: every rule selects job={catalog.service!r}.",
        "The token is read from a file on the machine that runs Prometheus; it is in no generated file.",
    )
