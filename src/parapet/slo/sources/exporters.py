"""The web exporters that Parapet can read, as data: series, labels, values and bucket bounds as they export them.

Every one takes `job`, if it is scraped by another job than the service's own, and `bounds_seconds`, if its buckets
were changed. An exporter shows a label set when it is first used, so the very first error of a kind is seen as a
series that appears, not as a step from zero: Parapet's own signals are there from the start.
"""

from __future__ import annotations

from http import HTTPStatus

from parapet.core.vocabulary import STATUS_CLASSES
from parapet.slo.family import Family
from parapet.slo.selector import Selector, begins_with, equals
from parapet.slo.sources.web import WebSource

STATUSES = tuple(str(status.value) for status in HTTPStatus)
SERVER_ERROR = "5"
ANSWERED = ("2", "3", "4")
"""How the statuses of answers begin whose time means something."""

PYTHON_BOUNDS_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)
"""What prometheus_client and OpenTelemetry give a histogram of which nobody says more."""


def fastapi_instrumentator(
    *, prefix: str = "", job: str | None = None, bounds_seconds: tuple[float, ...] | None = None
) -> WebSource:
    """prometheus-fastapi-instrumentator, with statuses grouped or not.

    Args:
        prefix: its `metric_namespace` and `metric_subsystem`, joined and ended by an underscore.
    """
    name = "prometheus-fastapi-instrumentator"
    fine = (0.5, 0.75, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 4.5, 5.0, 7.5, 10.0, 30.0, 60.0)
    return WebSource(
        exporter=name,
        answers=Family(
            name=f"{prefix}http_requests_total",
            labels={"handler": None, "method": None, "status": (*STATUS_CLASSES, *STATUSES)},
            counters=(f"{prefix}http_requests_total",),
            exporter=name,
            job=job,
        ),
        failed=(begins_with("status", SERVER_ERROR),),
        times=_histogram(
            f"{prefix}http_request_duration_highr_seconds",
            {},
            name,
            job,
            bounds_seconds or (0.01, 0.025, 0.05, 0.075, 0.1, 0.25, *fine),
        ),
    )


def starlette_exporter(
    *,
    prefix: str = "starlette",
    app_name: str | None = None,
    job: str | None = None,
    bounds_seconds: tuple[float, ...] | None = None,
) -> WebSource:
    """starlette_exporter. Requests that match no route are not in its numbers, unless it is told to keep them.

    Args:
        prefix: as it was given to its middleware.
        app_name: only this application, where several share a process; None: all.
    """
    name = "starlette_exporter"
    labels = {"app_name": None, "method": None, "path": None, "status_code": STATUSES}
    mine: Selector = (equals("app_name", app_name),) if app_name else ()
    return WebSource(
        exporter=name,
        answers=Family(
            name=f"{prefix}_requests_total",
            labels=labels,
            counters=(f"{prefix}_requests_total",),
            exporter=name,
            job=job,
        ),
        counted=mine,
        failed=(begins_with("status_code", SERVER_ERROR),),
        times=_histogram(f"{prefix}_request_duration_seconds", labels, name, job, bounds_seconds),
        timed=(*mine, begins_with("status_code", *ANSWERED)),
    )


def django_prometheus(
    *, prefix: str = "", job: str | None = None, bounds_seconds: tuple[float, ...] | None = None
) -> WebSource:
    """django-prometheus. Answers are read by status only: by view it counts the time of a crashed request twice.

    Args:
        prefix: its PROMETHEUS_METRIC_NAMESPACE, ended by an underscore.
    """
    name = "django-prometheus"
    counter = f"{prefix}django_http_responses_total_by_status_total"
    slow = (25.0, 50.0, 75.0)
    return WebSource(
        exporter=name,
        answers=Family(name=counter, labels={"status": STATUSES}, counters=(counter,), exporter=name, job=job),
        failed=(begins_with("status", SERVER_ERROR),),
        times=_histogram(
            f"{prefix}django_http_requests_latency_including_middlewares_seconds",
            {},
            name,
            job,
            bounds_seconds or (*PYTHON_BOUNDS_SECONDS[1:], *slow),
        ),
    )


def flask_exporter(
    *, prefix: str = "flask", job: str | None = None, bounds_seconds: tuple[float, ...] | None = None
) -> WebSource:
    """prometheus-flask-exporter. Its durations are grouped by path, so made-up paths make series: group by rule.

    Args:
        prefix: its `defaults_prefix`.
    """
    name = "prometheus-flask-exporter"
    counter = f"{prefix}_http_request_total"
    return WebSource(
        exporter=name,
        answers=Family(
            name=counter, labels={"method": None, "status": STATUSES}, counters=(counter,), exporter=name, job=job
        ),
        failed=(begins_with("status", SERVER_ERROR),),
        times=_histogram(
            f"{prefix}_http_request_duration_seconds",
            {"method": None, "path": None, "status": STATUSES},
            name,
            job,
            bounds_seconds,
        ),
        timed=(begins_with("status", *ANSWERED),),
    )


def opentelemetry(
    *, prefix: str = "", job: str | None = None, bounds_seconds: tuple[float, ...] | None = None
) -> WebSource:
    """OpenTelemetry's stable HTTP conventions, exported by opentelemetry-exporter-prometheus or by a collector.

    Instrumentations still speak the older ones unless OTEL_SEMCONV_STABILITY_OPT_IN=http is set.

    Args:
        prefix: what the exporter puts before every name, ended by an underscore.
    """
    name = "OpenTelemetry"
    family = _histogram(
        f"{prefix}http_server_request_duration_seconds",
        {
            "http_request_method": None,
            "http_response_status_code": STATUSES,
            "http_route": None,
            "url_scheme": None,
            "error_type": None,
        },
        name,
        job,
        bounds_seconds,
    )
    return WebSource(
        exporter=name,
        answers=family,
        failed=(begins_with("http_response_status_code", SERVER_ERROR),),
        times=family,
        timed=(begins_with("http_response_status_code", *ANSWERED),),
    )


def _histogram(
    name: str,
    labels: dict[str, tuple[str, ...] | None],
    exporter: str,
    job: str | None,
    bounds_seconds: tuple[float, ...] | None,
) -> Family:
    return Family(
        name=name,
        labels=labels,
        counters=(f"{name}_count",),
        buckets=f"{name}_bucket",
        bounds_seconds=bounds_seconds or PYTHON_BOUNDS_SECONDS,
        exporter=exporter,
        job=job,
    )
