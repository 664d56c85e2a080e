"""Every dashboard of a service, and the files that provision them, as texts by relative path."""

from __future__ import annotations

from parapet.artifacts.dashboards.board import rendered
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
    """Relative path -> text. Deliveries have a dashboard unless it is known that there are none."""
    boards = [
        overview(catalog, wiring),
        *(promise_board(subject, catalog, wiring) for subject in subjects(catalog.judged)),
        *([deliveries(catalog, wiring)] if catalog.known.get(names.INTEGRATION, ("unknown",)) else []),
        work(catalog, wiring),
        *filter(None, (models(catalog, wiring),)),
        health(catalog, wiring),
    ]
    return {
        **{f"grafana/dashboards/{file_of(board.service, board.page)}": rendered(board) for board in boards},
        "grafana/provisioning/dashboards/parapet.yaml": provider_file(wiring),
        "grafana/provisioning/datasources/parapet.yaml": datasource_file(wiring),
    }
