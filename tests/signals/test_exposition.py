"""What a scrape reads: judged by promtool, by the Prometheus client's parser, and against its own collector."""

from __future__ import annotations

import shutil
import subprocess
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from parapet.core import guard, names
from parapet.signals.exposition import CONTENT_TYPE, render
from parapet.signals.recorder import Recorder

Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def observed() -> Recorder:
    recorder = Recorder()
    recorder.require_bound(names.HTTP_DURATION, 0.3)
    recorder.register_journey("login")
    recorder.route_journey("checkout", ["POST /checkout"])
    for index, status in enumerate([200, 200, 303, 404, 500, -1]):
        labels = recorder.admission.labels("POST", "/checkout", status)
        recorder.http.observe(labels, 0.003 * 7**index)
    recorder.http.observe(recorder.admission.labels("BREW", '/q"uo\\te\n{x}%d', 200), 0.1)
    recorder.record("login", "nonsense", float("nan"))
    guard.note("tests.exposition", ValueError("on purpose"))
    return recorder


def parsed(text: str) -> Samples:
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed")
@pytest.mark.real
def test_promtool_finds_nothing_to_complain_about() -> None:
    """Prometheus' own linter reads names, units, help texts and escapes."""
    for recorder in (Recorder(), observed()):
        done = subprocess.run(
            ["promtool", "check", "metrics"], input=render(recorder), capture_output=True, timeout=30, check=False
        )
        assert (done.returncode, done.stdout + done.stderr) == (0, b"")


def test_the_parser_reads_back_what_the_collector_says() -> None:
    """Our own rendering and prometheus_client's rendering of our collector are the same samples."""
    recorder = observed()
    registry = CollectorRegistry()
    registry.register(recorder.collector())
    ours = parsed(render(recorder).decode())
    theirs = parsed(generate_latest(registry).decode())
    assert ours == theirs
    series = (
        "parapet_http_request_duration_seconds_count",
        (("method", "other"), ("route", '/q"uo\\te\n{x}%d'), ("status_class", "2xx")),
    )
    assert ours[series] == 1


def test_a_collector_registers_once_and_is_described_without_being_counted() -> None:
    """A registry asks for the names first; registering the same names twice is refused there."""
    recorder = observed()
    registry = CollectorRegistry()
    registry.register(recorder.collector())
    with pytest.raises(ValueError, match="Duplicated timeseries"):
        registry.register(recorder.collector())
    described = {metric.name for metric in recorder.collector().describe()}
    assert described >= {metric.name for metric in registry.collect()}


@given(
    template=st.text(min_size=1).map(lambda text: "/" + text),
    seconds=st.lists(st.floats(min_value=0, max_value=100), max_size=20),
)
def test_no_label_text_breaks_the_format(template: str, seconds: list[float]) -> None:
    """Quotes, backslashes, newlines and percent signs come back as they were, and buckets only grow."""
    recorder = Recorder()
    labels = recorder.admission.labels("GET", template, 200)
    for duration in seconds:
        recorder.http.observe(labels, duration)
    samples = parsed(render(recorder).decode())
    text = template.encode("utf-8", "replace").decode()
    mine = [
        value
        for (name, pairs), value in samples.items()
        if name.endswith("_bucket") and ("route", text) in pairs and ("status_class", "2xx") in pairs
    ]
    assert len(mine) == len(recorder.http.bounds_seconds) + 1
    assert mine == sorted(mine)
    assert mine[-1] == len(seconds)


def test_bounds_are_spelled_as_prometheus_spells_them() -> None:
    """An objective names its bucket by this text."""
    text = render(observed()).decode()
    for bound in ("0.005", "0.3", "1.0", "30.0", "+Inf"):
        assert f'le="{bound}"' in text
    assert CONTENT_TYPE == "text/plain; version=0.0.4; charset=utf-8"


def test_ten_thousand_series_are_rendered_in_milliseconds() -> None:
    """A scrape holds the interpreter, so it must be short: best of five, with room for a busy machine."""
    recorder = Recorder()
    for route in range(170):
        for status in (200, 302, 404, 500):
            recorder.http.observe(recorder.admission.labels("GET", f"/route/{route}", status), 0.2)
    assert render(recorder).count(b"\n") > 10_000
    took = []
    for _ in range(5):
        start = time.thread_time()
        render(recorder)
        took.append(time.thread_time() - start)
    assert min(took) < 0.05


def test_totals_in_the_text_never_go_back() -> None:
    """Counters that fall look like restarts to Prometheus."""
    recorder = observed()
    before = parsed(render(recorder).decode())
    recorder.record("login", "success", 0.1)
    after = parsed(render(recorder).decode())
    assert all(after[key] >= value for key, value in before.items())
