"""Everything that `parapet generate` writes, as texts by relative path. Pure: the same catalog, the same bytes."""

from __future__ import annotations

from parapet.artifacts.alertmanager import alertmanager_file
from parapet.artifacts.alerts import alert_groups
from parapet.artifacts.recording import recording_groups
from parapet.artifacts.render import rules_document
from parapet.artifacts.scrape import scrape_file
from parapet.artifacts.unit_tests import unit_tests_file
from parapet.core.errors import ConfigurationError
from parapet.core.settings import Wiring
from parapet.slo.budget import in_words
from parapet.slo.catalog import Catalog

SCRAPES_PER_BASE = 4
"""Fewer would leave the base window without two samples when one scrape fails."""


def build(catalog: Catalog, wiring: Wiring) -> dict[str, str]:
    """Relative path -> text, for every generated file.

    Raises:
        ConfigurationError: the catalog is empty, or the intervals do not fit the burn policy.
    """
    if not len(catalog):
        raise ConfigurationError("There is nothing to generate: define at least one journey or slice.")
    _check_intervals(catalog, wiring)
    promises = [
        f"{one.name}: {one.title}. {in_words(one.objective, catalog.policy_of(one).period_seconds)}." for one in catalog
    ]
    return {
        "prometheus/recording.yml": rules_document(recording_groups(catalog, wiring), *promises),
        "prometheus/alerts.yml": rules_document(alert_groups(catalog, wiring), *promises),
        "prometheus/tests.yml": unit_tests_file(catalog),
        "prometheus/scrape.yml": scrape_file(catalog, wiring),
        "alertmanager/parapet.yml": alertmanager_file(catalog, wiring),
    }


def _check_intervals(catalog: Catalog, wiring: Wiring) -> None:
    base = catalog.burn.base_window_seconds
    longest = base / SCRAPES_PER_BASE
    for name in ("scrape_interval_seconds", "evaluation_interval_seconds"):
        seconds = getattr(wiring, name)
        if not 0 < seconds <= longest:
            raise ConfigurationError(
                f"{name} is {seconds:g} s, but the base window of the burn policy is {base:g} s; at most {longest:g} s "
                "fits. Set it in Wiring, or use a burn policy with longer windows."
            )
