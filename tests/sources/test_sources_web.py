"""Every web exporter's preset, judged over what the real exporter says after traffic with errors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from prometheus_client.parser import text_string_to_metric_families
from tests.artifacts.judged import EVERY_SLICE

from parapet.core.errors import ConfigurationError, UnknownName
from parapet.slo.catalog import Catalog
from parapet.slo.packs import web_pack
from parapet.slo.selector import begins_with
from parapet.slo.sources import exporters
from parapet.slo.sources.web import WebSource

RUNBOOKS = ("web-availability", "web-latency")

# host -> its preset, the answers it counts, and those whose time it counts. 20 + 5 + 2 good, 4 missing, 5 broken.
PRESETS: dict[str, tuple[WebSource, int, int]] = {
    "fastapi": (exporters.fastapi_instrumentator(), 36, 36),
    "starlette": (exporters.starlette_exporter(app_name="shop"), 32, 27),
    "django": (exporters.django_prometheus(), 36, 36),
    "flask": (exporters.flask_exporter(), 36, 31),
    "opentelemetry": (exporters.opentelemetry(), 36, 31),
}
BROKEN, SLOW = 5, 2


def catalog(source: WebSource) -> Catalog:
    """Both slices of *source*; /slow, of 0.3 s, is too slow."""
    pack = web_pack(source=source, latency=(0.25, 0.99))
    return Catalog(service="shop", slices=pack.slices, runbooks=RUNBOOKS)


@pytest.mark.real
@pytest.mark.parametrize("host", sorted(PRESETS))
def test_the_rules_see_exactly_the_errors_that_happened(
    host: str, scrape: Callable[[str], str], judge: Callable[..., dict[str, float]]
) -> None:
    """The generated rules, run by Prometheus over the exporter's own text, give the ratios of what was sent.

    Generated tests over invented text say less; they are run for the exporter whose names are most unlike ours, and for
    all by `make slices`.
    """
    source, answers, timed = PRESETS[host]
    ratios = judge(catalog(source), scrape(host), tested=EVERY_SLICE or host == "opentelemetry")
    assert ratios["web-availability"] == pytest.approx(BROKEN / answers)
    assert ratios["web-latency"] == pytest.approx(SLOW / timed)


@pytest.mark.real
@pytest.mark.parametrize("host", sorted(PRESETS))
def test_the_data_about_an_exporter_is_what_it_exports(host: str, scrape: Callable[[str], str]) -> None:
    """Series, labels that are matched, values, and bucket bounds: as the real one has them."""
    source, _, _ = PRESETS[host]
    found = [sample for family in text_string_to_metric_families(scrape(host)) for sample in family.samples]
    for family, selector in ((source.answers, (*source.counted, *source.failed)), (source.times, source.timed)):
        counted = [sample for sample in found if sample.name == family.counters[0]]
        assert counted
        for matcher in selector:
            values = {sample.labels[matcher.label] for sample in counted}
            assert matcher.of(values)
            assert values <= set(family.labels[matcher.label] or values)
    bounds = {float(one.labels["le"]) for one in found if one.name == source.times.buckets}
    assert bounds - {float("inf")} == set(source.times.bounds_seconds or ())


def test_a_threshold_that_the_exporter_does_not_have_is_refused() -> None:
    """An interpolated answer would be a guess; the neighbours are named, and so is the way out."""
    pack = web_pack(source=exporters.django_prometheus(), latency=(0.4, 0.99))
    with pytest.raises(ConfigurationError, match=r"0\.25 and 0\.5 s.*bounds_seconds"):
        Catalog(service="shop", slices=pack.slices, runbooks=RUNBOOKS)
    told = web_pack(source=exporters.django_prometheus(bounds_seconds=(0.4, 1.0)), latency=(0.4, 0.99))
    assert len(Catalog(service="shop", slices=told.slices, runbooks=RUNBOOKS)) == 2


def test_a_status_that_no_answer_has_is_refused() -> None:
    """A slice over a value that never occurs is found when it is defined, not during an outage."""
    source = replace(exporters.flask_exporter(), failed=(begins_with("status", "6"),))
    with pytest.raises(UnknownName, match="status"):
        catalog(source)


def test_names_and_jobs_can_be_told(judge: Callable[[Catalog, str], dict[str, float]]) -> None:
    """A host with a prefix, or whose exporter is scraped by another job, says so."""
    source = exporters.starlette_exporter(prefix="store", job="edge")
    text = "\n".join(
        [
            "# TYPE store_requests_total counter",
            'store_requests_total{method="GET",path="/",status_code="200"} 3',
            'store_requests_total{method="GET",path="/",status_code="503"} 1',
            "",
        ]
    )
    pack = web_pack(source=source, latency=None, name="store")
    ratios = judge(Catalog(service="shop", slices=pack.slices, runbooks=("store-availability",)), text)
    assert ratios == {"store-availability": pytest.approx(0.25)}


def test_routes_are_told_apart_by_parapet_only() -> None:
    """Exporters call them differently, or not at all: what cannot be left out is not promised to be."""
    with pytest.raises(ConfigurationError, match="only Parapet's own signals"):
        web_pack(source=exporters.flask_exporter(), except_routes=("/checkout",))
