"""What a scrape may ask for: OpenMetrics with exemplars, gzip; and what becomes of traces."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from opentelemetry import trace
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags
from prometheus_client.metrics_core import Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from prometheus_client.parser import text_string_to_metric_families as plain_families

from parapet.core import names
from parapet.signals.asgi import instrument
from parapet.signals.exemplars import INTERVAL_SECONDS, MOST_TRIES
from parapet.signals.exposition import negotiated, takes_gzip
from parapet.signals.recorder import Recorder
from parapet.signals.slab import MOST_NOTES
from parapet.signals.text import Format

PROMETHEUS = (
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
    "application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,"
    "text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
)
DONE = ("receipt", "mail", "succeeded")


def span(number: int, *, sampled: bool = True) -> NonRecordingSpan:
    flags = TraceFlags(TraceFlags.SAMPLED if sampled else TraceFlags.DEFAULT)
    return NonRecordingSpan(SpanContext(number, number + 1, is_remote=False, trace_flags=flags))


def openmetrics(recorder: Recorder) -> list[Metric]:
    return list(text_string_to_metric_families(recorder.render(Format.OPENMETRICS).decode()))  # type: ignore[no-untyped-call]


def marked(recorder: Recorder) -> dict[tuple[str, str, str], tuple[str, float]]:
    """Exemplars in an OpenMetrics scrape: (metric, series, le) -> (trace id, value)."""
    found = {}
    for family in openmetrics(recorder):
        for sample in family.samples:
            if sample.exemplar:
                series = "/".join(value for label, value in sample.labels.items() if label != "le")
                where = (family.name, series, sample.labels["le"])
                found[where] = (sample.exemplar.labels["trace_id"], sample.exemplar.value)
    return found


@pytest.fixture
def recorder() -> Recorder:
    recorder = Recorder()
    recorder.register_journey("login")
    recorder.record("login", "success", 0.1)
    recorder.http.observe(recorder.admission.labels("BREW", '/q"uo\\te\n{x}%d', 200), 1 / 3)
    recorder.observe(names.JOB_DURATION, DONE, 7)
    recorder.add(names.JOB_LOST, ("receipt", "mail"))
    recorder.set(names.JOB_LAST_SUCCESS, ("receipt", "mail"), 1_700_000_000.25)
    recorder.set(names.JOB_BACKLOG_SIZE, ("mail",), 3)
    return recorder


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (None, Format.PLAIN),
        ("", Format.PLAIN),
        ("*/*", Format.PLAIN),
        ("text/html,application/xhtml+xml;q=0.9,*/*;q=0.8", Format.PLAIN),
        (PROMETHEUS, Format.OPENMETRICS),
        ("application/openmetrics-text", Format.OPENMETRICS),
        ('Application/OpenMetrics-Text; Version="1.0.0"', Format.OPENMETRICS),
        ("application/openmetrics-text;version=2.0.0", Format.PLAIN),
        ("application/openmetrics-text;version=0.0.1", Format.PLAIN),
        ("application/openmetrics-text;q=0", Format.PLAIN),
        ("application/openmetrics-text;q=0.3,text/plain;q=0.5", Format.PLAIN),
        ("application/openmetrics-text;q=nonsense", Format.PLAIN),
        (";;,=;q,,", Format.PLAIN),
    ],
)
def test_the_format_is_the_one_that_the_scraper_likes_best(accept: str | None, expected: Format) -> None:
    """Prometheus gets OpenMetrics, a browser the plain text, nonsense the plain text."""
    assert negotiated(accept) is expected


@pytest.mark.parametrize(
    ("accept_encoding", "expected"),
    [("gzip", True), ("deflate, GZIP;q=0.5", True), ("*", True), ("gzip;q=0, *", False), ("br", False), (None, False)],
)
def test_a_body_is_packed_for_whoever_takes_gzip(accept_encoding: str | None, expected: bool) -> None:
    """And for nobody else."""
    assert takes_gzip(accept_encoding) is expected


def test_both_formats_hold_the_same_samples(recorder: Recorder) -> None:
    """Their own parsers read the same values, and OpenMetrics has no `_created`."""
    plain = {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in plain_families(recorder.render().decode())
        for sample in family.samples
    }
    text = recorder.render(Format.OPENMETRICS).decode()
    families = openmetrics(recorder)
    assert plain == {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in families
        for sample in family.samples
    }
    assert "_created" not in text
    assert text.endswith("# EOF\n")
    units = {family.name: family.unit for family in families}
    assert units[names.JOB_DURATION] == "seconds"
    assert units["parapet_job_lost"] == units[names.JOB_BACKLOG_SIZE] == ""


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed")
@pytest.mark.real
def test_promtool_has_nothing_against_any_family(recorder: Recorder) -> None:
    """Prometheus' own linter reads every family there is."""
    for metric, labels in names_and_labels():
        recorder.declare(metric, labels)
    done = subprocess.run(
        ["promtool", "check", "metrics"], input=recorder.render(), capture_output=True, timeout=30, check=False
    )
    assert (done.returncode, done.stdout + done.stderr) == (0, b"")


def names_and_labels() -> Iterator[tuple[str, tuple[str, ...]]]:
    from parapet.core import vocabulary

    for metric, labels in vocabulary.LABELS.items():
        yield metric, tuple(values[0] if values else "something" for values in labels.values())


def test_a_packed_scrape_unpacks_to_the_plain_one(recorder: Recorder) -> None:
    """With the headers that say so; caches in between learn what it depended on."""
    scrape = recorder.expose(accept=PROMETHEUS, accept_encoding="gzip")
    assert scrape.headers == {
        "content-type": "application/openmetrics-text; version=1.0.0; charset=utf-8",
        "content-encoding": "gzip",
        "vary": "accept, accept-encoding",
    }
    assert gzip.decompress(scrape.body) == recorder.render(Format.OPENMETRICS)
    assert len(scrape.body) * 5 < len(recorder.render())
    assert "content-encoding" not in recorder.expose().headers


def test_a_request_within_a_trace_leaves_an_exemplar(call: Callable[..., int | None]) -> None:
    """OpenMetrics shows the trace at its bucket; the plain text has no room for it."""
    recorder = Recorder()

    async def app(scope: dict[str, object], receive: object, send: Callable[..., object]) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})  # type: ignore[misc]
        await send({"type": "http.response.body", "body": b""})  # type: ignore[misc]

    measured = instrument(app, recorder)  # type: ignore[arg-type]
    with trace.use_span(span(0xABC)):
        call(measured)
    found = marked(recorder)
    assert {where[:2] for where in found} == {(names.HTTP_DURATION, "GET/unmatched/2xx")}
    assert next(iter(found.values()))[0] == f"{0xABC:032x}"
    assert "trace_id" not in recorder.render().decode()


def test_every_way_to_record_a_duration_leaves_exemplars() -> None:
    """Journeys, jobs and bound series as well as requests."""
    recorder = Recorder()
    recorder.register_journey("login")
    series = recorder.bind(names.DB_DURATION, ("select", "primary", "success"))
    with trace.use_span(span(7)):
        recorder.record("login", "success", 0.2)
        recorder.observe(names.JOB_DURATION, DONE, 9_999.0)
        series.observe(0.0002)
    trace_id = f"{7:032x}"
    assert marked(recorder) == {
        (names.JOURNEY_DURATION, "login/success", "0.25"): (trace_id, 0.2),
        (names.JOB_DURATION, "receipt/mail/succeeded", "+Inf"): (trace_id, 9_999.0),
        (names.DB_DURATION, "select/primary/success", "0.0005"): (trace_id, 0.0002),
    }


def test_a_trace_that_is_kept_nowhere_leaves_none() -> None:
    """Not sampled, or no span at all: a link that leads nowhere is worse than none."""
    recorder = Recorder()
    recorder.observe(names.JOB_DURATION, DONE, 1)
    with trace.use_span(span(7, sampled=False)):
        recorder.observe(names.JOB_DURATION, DONE, 1)
    assert marked(recorder) == {}


def test_a_bucket_is_looked_at_now_and_then_only() -> None:
    """After one exemplar, or some tries without a trace, a bucket waits: counting does not pay for it."""
    recorder = Recorder()
    exemplars = recorder.families.histogram(names.JOB_DURATION).exemplars
    with trace.use_span(span(1)):
        recorder.observe(names.JOB_DURATION, DONE, 7)
    waits = [due > time.perf_counter() for due in exemplars.due]
    assert waits.count(True) == 1
    with trace.use_span(span(2)):
        recorder.observe(names.JOB_DURATION, DONE, 7)
        recorder.observe(names.JOB_DURATION, DONE, 0.2)  # another bucket does not wait
    assert sorted(trace_id for trace_id, _ in marked(recorder).values()) == [f"{1:032x}", f"{2:032x}"]
    for _ in range(MOST_TRIES):
        recorder.observe(names.JOB_DURATION, DONE, 2)
    assert [due > time.perf_counter() for due in exemplars.due].count(True) == 3
    assert INTERVAL_SECONDS >= 0.5


def test_a_broken_tracer_costs_exemplars_and_nothing_else() -> None:
    """What it raises is counted by the guard; the duration is counted all the same."""

    class Broken(NonRecordingSpan):
        def get_span_context(self) -> SpanContext:
            raise RuntimeError("on purpose")

    recorder = Recorder()
    with trace.use_span(Broken(span(1).get_span_context())):
        recorder.observe(names.JOB_DURATION, DONE, 1)
    text = recorder.render().decode()
    assert f'{names.JOB_DURATION}_count{{task="receipt",queue="mail",state="succeeded"}} 1' in text
    assert 'where="signals.exemplars",error="RuntimeError"' in text


def test_without_opentelemetry_nothing_is_loaded_for_it() -> None:
    """A host that traces nothing pays nothing, not even an import."""
    script = (
        "import sys; from parapet.signals.recorder import Recorder; from parapet.core import names; r = Recorder(); "
        "r.observe(names.JOB_WAIT, ('a', 'b'), 1.0); r.render(); "
        "print([name for name in sys.modules if name.startswith('opentelemetry')])"
    )
    env = {"PYTHONPATH": str(Path(__file__).parents[2] / "src")}
    out = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=env, check=True)
    assert out.stdout.strip() == "[]"


def test_exemplars_of_all_processes_are_shown(tmp_path: Path) -> None:
    """Where several count into one directory, whichever is scraped shows them, the newest of each bucket."""
    recorder = Recorder(multiprocess_dir=tmp_path)

    def work(number: int) -> None:
        with trace.use_span(span(number)):
            recorder.observe(names.JOB_DURATION, DONE, 7)
            recorder.observe(names.JOB_DURATION, ("receipt", "mail", "failed"), number)

    for number in (10, 20):
        child = os.fork()
        if child == 0:
            try:
                work(number)
            finally:
                os._exit(0)
        os.waitpid(child, 0)
    expected = {
        (names.JOB_DURATION, "receipt/mail/succeeded", "10.0"): (f"{20:032x}", 7.0),
        (names.JOB_DURATION, "receipt/mail/failed", "10.0"): (f"{10:032x}", 10.0),
        (names.JOB_DURATION, "receipt/mail/failed", "30.0"): (f"{20:032x}", 20.0),
    }
    found = marked(Recorder(multiprocess_dir=tmp_path))
    assert {key: found[key] for key in found} == {key: expected[key] for key in found}
    assert (names.JOB_DURATION, "receipt/mail/succeeded", "10.0") in found


def test_notes_are_bounded_and_a_torn_one_is_left_out(tmp_path: Path) -> None:
    """A file of fixed size, in which the oldest is written over, perhaps while it is read."""
    recorder = Recorder(multiprocess_dir=tmp_path, ceilings={names.TASK: 500})
    recorder.observe(names.JOB_WAIT, ("first", "mail"), 1)
    exemplars = recorder.families.histogram(names.JOB_WAIT).exemplars
    with trace.use_span(span(5)):
        for index in range(MOST_NOTES * 3):
            exemplars.due[:] = [0.0] * len(exemplars.due)
            recorder.observe(names.JOB_WAIT, (f"t{index}", "x" * 190), 1)
    path = tmp_path / "parapet-0.notes"
    assert path.stat().st_size == 512 * MOST_NOTES
    data = bytearray(path.read_bytes())
    note = json.loads(bytes(data[:512]).rstrip(b"\0"))
    assert note[0] == names.JOB_WAIT
    data[:512] = json.dumps(note).encode()[:40].ljust(512, b"\0")
    path.write_bytes(data)
    assert len(marked(Recorder(multiprocess_dir=tmp_path))) == MOST_NOTES - 1
