"""Every dashboard of a service, and the files that provision them, as texts by relative path."""

from __future__ import annotations

from collections.abc import Iterator

from parapet.artifacts.dashboards.board import Board, rendered
from parapet.artifacts.dashboards.deliveries import deliveries
from parapet.artifacts.dashboards.health import health
from parapet.artifacts.dashboards.models import models
from parapet.artifacts.dashboards.overview import overview
from parapet.artifacts.dashboards.places import file_of, subjects
from parapet.artifacts.dashboards.promise import promise_board
from parapet.artifacts.dashboards.provisioning import datasource_file, provider_file
from parapet.artifacts.dashboards.work import work
from parapet.core import names
from parapet.core.settings import Wiring
from parapet.slo.catalog import Catalog


def grafana_files(catalog: Catalog, wiring: Wiring) -> dict[str, str]:
    """Relative path -> text."""
    return {
        **{f"grafana/dashboards/{file_of(one.service, one.page)}": rendered(one) for one in _boards(catalog, wiring)},
        "grafana/provisioning/dashboards/parapet.yaml": provider_file(wiring),
        "grafana/provisioning/datasources/parapet.yaml": datasource_file(wiring),
    }


def _boards(catalog: Catalog, wiring: Wiring) -> Iterator[Board]:
    """One after the other, because each is large. Deliveries have one unless it is known that there are none."""
    yield overview(catalog, wiring)
    for subject in subjects(catalog.judged):
        yield promise_board(subject, catalog, wiring)
    if catalog.known.get(names.INTEGRATION, ("unknown",)):
        yield deliveries(catalog, wiring)
    yield work(catalog, wiring)
    if (about_models := models(catalog, wiring)) is not None:
        yield about_models
    yield health(catalog, wiring)
