"""Everything that `parapet generate` writes, as texts by relative path. Pure: the same catalog, the same bytes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from math import ceil

from parapet.artifacts.alertmanager import alertmanager_files
from parapet.artifacts.groups import Groups, groups_of
from parapet.artifacts.kubernetes import kubernetes_files
from parapet.artifacts.openslo.exported import openslo_files
from parapet.artifacts.render import rules_document
from parapet.artifacts.scrape import scrape_file
from parapet.artifacts.unit_tests import unit_tests_file
from parapet.artifacts.watchdog import watchdog_group
from parapet.core.errors import ConfigurationError, UnknownName
from parapet.core.settings import Wiring
from parapet.slo.budget import in_words
from parapet.slo.catalog import Catalog

SCRAPES_PER_BASE = 4
"""Fewer would leave the base window without two samples when one scrape fails."""

Texts = Mapping[str, str]
"""Relative path -> text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Some of the generated files, chosen and left out together."""

    name: str
    """What `--with` and `--without` call it."""
    about: str
    """What it is and who runs it, in a few words."""
    folders: tuple[str, ...]
    """Where its files lie; what is ours in there and is not generated any more is removed."""
    texts: Callable[[Catalog, Wiring, Groups], Texts]
    wanted: Callable[[Wiring], bool] = lambda _: True
    """Whether it is written when nobody asks for it by name."""
    needs: str | None = None
    """A part without which this one is of no use."""


def _rules(catalog: Catalog, wiring: Wiring, groups: Groups) -> Texts:
    promises = [
        f"{one.name}: {one.title}. {in_words(one.objective, catalog.policy_of(one).period_seconds)}." for one in catalog
    ]
    promises += [f"{one.name}: {one.title}. No promise, so no budget." for one in catalog.diagnostics]
    return {
        "prometheus/recording.yml": rules_document(groups.recordings, *promises),
        "prometheus/alerts.yml": rules_document(groups.alerts, *promises),
    }


def _dashboards(catalog: Catalog, wiring: Wiring, groups: Groups) -> Texts:
    try:
        from parapet.artifacts.dashboards.pages import grafana_files
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            "Grafana dashboards need their schema library: pip install 'parapet-ops[grafana]'. Where nobody uses "
            "Grafana, say so in code, Wiring(dashboards=False), or leave them out this once: --without dashboards."
        ) from error
    return grafana_files(catalog, wiring)


PARTS = (
    Part(
        name="rules",
        about="recording rules and alerts, for Prometheus, Mimir, Thanos or vmalert",
        folders=("prometheus",),
        texts=_rules,
    ),
    Part(
        name="tests",
        about="unit tests of the rules, for promtool",
        folders=("prometheus",),
        texts=lambda catalog, _, groups: {"prometheus/tests.yml": unit_tests_file(catalog, groups)},
        needs="rules",
    ),
    Part(
        name="watchdog",
        about="an alert that always fires, for Prometheus: while Parapet hears it, silence means something",
        folders=("prometheus",),
        texts=lambda catalog, wiring, _: {
            "prometheus/watchdog.yml": rules_document((watchdog_group(catalog.service, wiring),))
        },
    ),
    Part(
        name="scrape",
        about="the scrape job, for Prometheus",
        folders=("prometheus",),
        texts=lambda catalog, wiring, _: {"prometheus/scrape.yml": scrape_file(catalog, wiring)},
    ),
    Part(
        name="alertmanager",
        about="receiver, route and inhibition, for Alertmanager, and the routes that alerts must take",
        folders=("alertmanager",),
        texts=alertmanager_files,
    ),
    Part(
        name="openslo",
        about="the promises as OpenSLO v1, for catalogues and other tools",
        folders=("openslo",),
        texts=lambda catalog, wiring, _: openslo_files(catalog, wiring),
    ),
    Part(
        name="kubernetes",
        about="PrometheusRule, ServiceMonitor and AlertmanagerConfig, for the Prometheus operator",
        folders=("kubernetes",),
        texts=kubernetes_files,
        wanted=lambda wiring: wiring.kubernetes is not None,
    ),
    Part(
        name="dashboards",
        about="dashboards and their provisioning, for Grafana",
        folders=("grafana/dashboards", "grafana/provisioning/dashboards", "grafana/provisioning/datasources"),
        texts=_dashboards,
        wanted=lambda wiring: wiring.dashboards,
    ),
)
FOLDERS = tuple(sorted({folder for part in PARTS for folder in part.folders}))
"""Every folder that a part may write to."""


def chosen(wiring: Wiring, *, also: Collection[str] = (), without: Collection[str] = ()) -> tuple[Part, ...]:
    """The parts that *wiring* wants, and those named in *also*, but for those named in *without*.

    Raises:
        UnknownName: there is no such part.
        ConfigurationError: a part is asked for and left out, nothing is left, or one lacks what it needs.
    """
    known = [part.name for part in PARTS]
    for name in (*also, *without):
        if name not in known:
            raise UnknownName.of("part", name, known)
    if both := sorted({*also} & {*without}):
        raise ConfigurationError(f"{both[0]} is asked for and left out. Say one of the two.")
    parts = tuple(part for part in PARTS if (part.name in also or part.wanted(wiring)) and part.name not in {*without})
    names = {part.name for part in parts}
    for part in parts:
        if part.needs is not None and part.needs not in names:
            raise ConfigurationError(f"{part.name} is of no use without {part.needs}. Leave out both, or neither.")
    if not parts:
        raise ConfigurationError("Every part is left out, so there is nothing to generate.")
    return parts


def build(catalog: Catalog, wiring: Wiring, parts: Collection[Part] | None = None) -> dict[str, str]:
    """Relative path -> text, for every generated file of *parts*; without them, of those that *wiring* wants.

    Raises:
        ConfigurationError: the catalog is empty, or the intervals do not fit the burn policy.
    """
    if not catalog.judged:
        raise ConfigurationError("There is nothing to generate: define at least one journey or slice.")
    _check_intervals(catalog, wiring)
    groups = groups_of(catalog, wiring)
    texts: dict[str, str] = {}
    for part in chosen(wiring) if parts is None else parts:
        texts.update(part.texts(catalog, wiring, groups))
    return texts


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
    evaluations = base / wiring.evaluation_interval_seconds
    if abs(evaluations - round(evaluations)) > 1e-6:
        raise ConfigurationError(
            f"evaluation_interval_seconds is {wiring.evaluation_interval_seconds:g} s, which does not divide the base "
            f"window of the burn policy ({base:g} s); {base / ceil(evaluations):g} s would. Windows are sums of base "
            "windows that must not overlap."
        )
