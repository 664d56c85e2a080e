"""Whether the other dashboards can be believed: Parapet's own trouble, and that of who scrapes, judges and tells."""

from __future__ import annotations

from grafana_foundation_sdk.models import dashboard as schema

from parapet.artifacts.dashboards.board import DAY, Board, Heading, Line, refresh, span
from parapet.artifacts.dashboards.look import Tone, at_least, some_are, words
from parapet.artifacts.dashboards.marks import changes
from parapet.artifacts.dashboards.panels import HALF, WIDE, About, Query, bands, figure, lines, ranking
from parapet.artifacts.dashboards.queries import grown, legend, quantile, rate
from parapet.core import names
from parapet.core.settings import Wiring
from parapet.slo import series
from parapet.slo.catalog import Catalog
from parapet.slo.series import quoted

THIRD = WIDE // 3
FIGURE = 4
MOST = 15
NONE = "none"
UNSCRAPED = "Prometheus does not scrape itself"
UNTOLD = "Alertmanager is not scraped"
UP = words({1.0: ("Scraped", Tone.GOOD), 0.0: ("Not scraped", Tone.PAGE)})


def health(catalog: Catalog, wiring: Wiring) -> Board:
    """The dashboard of Parapet itself."""
    service = catalog.service
    return Board(
        page="parapet",
        service=service,
        title=f"{service}: Parapet itself",
        about="Whether signals arrive, rules are evaluated and alerts are told. Panels about Prometheus and "
        "Alertmanager need both to be scraped.",
        span=span(catalog.burn, DAY // 4),
        refresh=refresh(wiring),
        marks=changes(service),
        lines=(
            Line(height=4, panels=_figures(service)),
            Line(height=8, panels=(_targets(service), _freshness(service))),
            Heading(title="Signals"),
            Line(height=8, panels=_troubles(service)),
            Line(height=8, panels=(*_probes(service), _scrapes(service))),
            Line(height=10, panels=_series(service)),
            Heading(title="Rules and notifications"),
            Line(height=8, panels=_rules(service)),
            Line(height=8, panels=_notifications()),
        ),
    )


def _job(service: str) -> str:
    return f"{{job={quoted(service)}}}"


def _groups(service: str) -> str:
    """Rule groups of ours: Prometheus writes the file, a semicolon, and the group."""
    escaped = service.replace(".", "[.]")
    return f'{{rule_group=~".*;parapet:{escaped}:.*"}}'


def _figures(service: str) -> tuple[schema.Panel, ...]:
    job, groups = _job(service), _groups(service)
    counted = (
        (
            "Values refused",
            "Outside their vocabulary or beyond a ceiling. Their events were counted all the same.",
            grown(names.REJECTED, job),
            NONE,
        ),
        ("Exceptions kept away", "From the application, by Parapet.", grown(names.SWALLOWED, job), NONE),
        ("Identifiers lost", "They did not reach the evidence.", grown(names.REFS_DROPPED, job), NONE),
        (
            "Rules failed",
            "Evaluations of our rules that failed.",
            grown("prometheus_rule_evaluation_failures_total", groups),
            UNSCRAPED,
        ),
        (
            "Notifications failed",
            "Alertmanager could not tell somebody.",
            grown("alertmanager_notifications_failed_total", ""),
            UNTOLD,
        ),
    )
    return (
        figure(
            About(title="Targets scraped", text="Of those that Prometheus knows.", width=FIGURE, unit="percentunit"),
            Query(expr=f"avg(up{job})"),
            colours=at_least(0.5, 1.0),
            decimals=0,
        ),
        *(
            figure(
                About(title=title, text=f"{text} In the time shown.", width=FIGURE, nothing=nothing),
                Query(expr=expr, now=True),
                colours=some_are(Tone.TICKET),
                decimals=0,
            )
            for title, text, expr, nothing in counted
        ),
    )


def _targets(service: str) -> schema.Panel:
    about = About(title="Targets", text="Whether Prometheus could scrape each process of the service.", width=HALF)
    return bands(about, Query(expr=f"max by (instance) (up{_job(service)})", legend=legend("instance")), meanings=UP)


def _freshness(service: str) -> schema.Panel:
    newest = f"max by ({names.SLICE}) (timestamp({series.EVENTS}{series.matching(service)}))"
    return lines(
        About(
            title="Age of what promises are judged by",
            text="Since the newest recorded sample of each promise. A curve that ends is a promise without samples.",
            width=HALF,
            unit="s",
        ),
        Query(expr=f"time() - {newest}", legend=legend(names.SLICE)),
    )


def _troubles(service: str) -> tuple[schema.Panel, ...]:
    shown = (
        ("Values refused", "By signal, and by label or reason.", names.REJECTED, (names.FAMILY, names.REASON)),
        ("Exceptions kept away", "By place and class.", names.SWALLOWED, (names.WHERE, names.ERROR)),
        ("Identifiers lost", "By reason: full, sink, malformed.", names.REFS_DROPPED, (names.REASON,)),
    )
    return tuple(
        lines(
            About(title=title, text=f"A second. {text}", width=THIRD, unit="eps", nothing=NONE),
            Query(expr=rate(metric, _job(service), *by), legend=legend(*by)),
        )
        for title, text, metric, by in shown
    )


def _probes(service: str) -> tuple[schema.Panel, ...]:
    by = (names.PROBE, names.OUTCOME)
    return (
        lines(
            About(title="Probes", text="Runs a second, by how they ended.", width=THIRD, unit="eps", nothing=NONE),
            Query(expr=rate(f"{names.PROBE_DURATION}_count", _job(service), *by), legend=legend(*by)),
            stacked=True,
        ),
        lines(
            About(
                title="How long probes take",
                text="95 of 100 runs take no longer.",
                width=THIRD,
                unit="s",
                nothing=NONE,
            ),
            Query(expr=quantile(0.95, names.PROBE_DURATION, _job(service), names.PROBE), legend=legend(names.PROBE)),
        ),
    )


def _scrapes(service: str) -> schema.Panel:
    return lines(
        About(title="How long scrapes take", text="By target.", width=THIRD, unit="s"),
        Query(expr=f"max by (instance) (scrape_duration_seconds{_job(service)})", legend=legend("instance")),
    )


def _series(service: str) -> tuple[schema.Panel, ...]:
    job = quoted(service)
    by_family = f'count by (__name__) ({{__name__=~"parapet_.+",job={job}}})'
    return (
        ranking(
            About(
                title="Series, by family",
                text="What Prometheus keeps of this service's signals now. `parapet doctor cardinality` says how far "
                "each may grow.",
                width=HALF,
            ),
            Query(expr=f"topk({MOST}, {by_family})", legend=legend("__name__"), now=True),
        ),
        lines(
            About(title="Series a scrape", text="By target, all that it exposes.", width=HALF),
            Query(
                expr=f"max by (instance) (scrape_samples_post_metric_relabeling{_job(service)})",
                legend=legend("instance"),
            ),
        ),
    )


def _rules(service: str) -> tuple[schema.Panel, ...]:
    groups = _groups(service)
    last = f"prometheus_rule_group_last_duration_seconds{groups}"
    slowest = f'topk({MOST}, label_replace({last}, "group", "$1", "rule_group", ".*;parapet:(.*)"))'
    failed, missed = (
        f"sum(rate({metric}{groups}[$__rate_interval]))"
        for metric in ("prometheus_rule_evaluation_failures_total", "prometheus_rule_group_iterations_missed_total")
    )
    return (
        ranking(
            About(
                title="How long rule groups take",
                text="The slowest of ours, last time. It must stay far below their interval.",
                width=HALF,
                unit="s",
                nothing=UNSCRAPED,
            ),
            Query(expr=slowest, legend=legend("group"), now=True),
        ),
        lines(
            About(
                title="Rules failed or not evaluated",
                text="A second, of our groups. Anything but zero makes promises stale.",
                width=HALF,
                unit="eps",
                nothing=UNSCRAPED,
            ),
            Query(expr=failed, legend="failed", tone=Tone.PAGE),
            Query(expr=missed, legend="not evaluated in time", tone=Tone.TICKET),
        ),
    )


def _notifications() -> tuple[schema.Panel, ...]:
    sent = "alertmanager_notifications_total"
    return (
        lines(
            About(
                title="From Prometheus to Alertmanager",
                text="Alerts a second, of everybody's.",
                width=HALF,
                unit="eps",
                nothing=UNSCRAPED,
            ),
            Query(expr=rate("prometheus_notifications_sent_total", ""), legend="sent", tone=Tone.GOOD),
            Query(expr=rate("prometheus_notifications_errors_total", ""), legend="failed", tone=Tone.PAGE),
            Query(expr=rate("prometheus_notifications_dropped_total", ""), legend="dropped", tone=Tone.TICKET),
        ),
        lines(
            About(
                title="From Alertmanager to people and Parapet",
                text="Notifications a second by kind of receiver, of everybody's; those that were ever tried.",
                width=HALF,
                unit="eps",
                nothing=UNTOLD,
            ),
            Query(
                expr=f"{rate(sent, '', 'integration')} and on (integration) sum by (integration) ({sent}) > 0",
                legend="{{integration}} tried",
            ),
            Query(
                expr=f"{rate('alertmanager_notifications_failed_total', '', 'integration')}\n"
                f"and on (integration) sum by (integration) ({sent}) > 0",
                legend="{{integration}} failed",
                dashed=True,
            ),
        ),
    )
