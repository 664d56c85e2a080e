"""What each kind of measurement counts, what the catalog refuses about it, and how it says so."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import pytest

from parapet.core import names
from parapet.core.errors import ConfigurationError, UnknownName
from parapet.slo.burn import BurnPolicy
from parapet.slo.catalog import Catalog
from parapet.slo.diagnostic import Diagnostic
from parapet.slo.family import counter, gauge, histogram, native_histogram
from parapet.slo.raw_text import check_text
from parapet.slo.selector import begins_with, equals, none_of, one_of
from parapet.slo.sli import (
    EventRatio,
    Freshness,
    JobOutcome,
    LastSuccess,
    LatencyRatio,
    ProbeRuns,
    Raw,
    Sli,
    families_of,
)
from parapet.slo.slice import Slice

UPLOADS = counter("uploads_total", {"status": ("ok", "error"), "region": None})
BROKEN = counter("broken_uploads_total", {"region": None})
TIMES = histogram("upload_seconds", {}, bounds_seconds=(0.1, 0.5, 1.0))
BACKUP = gauge("backup_timestamp_seconds", {"disk": None})


def raw(bad: str = "sum(increase(bad_total[$window]))", total: str = "sum(increase(all_total[$window]))") -> Raw:
    """A raw ratio that is right, but for what is given."""
    return Raw(bad=bad, total=total)


def promised(sli: Sli, *groups: str, known: dict[str, tuple[str, ...]] | None = None) -> Catalog:
    """A catalog that promises *sli*."""
    one = Slice(name="one", title="One", sli=sli, objective=0.99, group_by=groups, runbook="https://runbooks.example/")
    return Catalog(service="shop", slices=(one,), known=known or {})


@pytest.mark.parametrize(
    ("sli", "counts", "bad"),
    [
        (
            EventRatio(metric=names.HTTP_DURATION, bad=(equals(names.STATUS_CLASS, "5xx"),)),
            names.HTTP_DURATION,
            "status_class is 5xx",
        ),
        (
            EventRatio(
                metric=UPLOADS.name,
                source=UPLOADS,
                total=(begins_with("region", "eu"),),
                good=(none_of("status", "error", "ok"),),
            ),
            "uploads_total where region begins with eu",
            "all but status is not error nor ok",
        ),
        (
            EventRatio(metric=UPLOADS.name, source=UPLOADS, bad_source=BROKEN, bad=(equals("region", "eu"),)),
            "uploads_total",
            "broken_uploads_total where region is eu",
        ),
        (LatencyRatio(metric=names.JOB_WAIT, threshold_seconds=60), names.JOB_WAIT, "slower than 60 s"),
        (Freshness(metric=names.ASYNC_BACKLOG, within_seconds=300), names.ASYNC_BACKLOG, "later than 5 minutes"),
        (
            JobOutcome(selector=(one_of(names.TASK, "a", "b"),)),
            f"{names.JOB_DURATION} that ended where task is a or b",
            "failed for good, with their worker too, or discarded",
        ),
        (ProbeRuns(probe="home"), f"{names.PROBE_DURATION} where probe is home", "anything but success"),
        (
            LastSuccess(within_seconds=7_200),
            f"seconds, by {names.JOB_LAST_SUCCESS}",
            "last success more than 2 hours ago",
        ),
        (raw(total="sum(\n  increase(all_total[$window])\n)"), "sum( increase(all_total[$window]) )", raw().bad),
    ],
)
def test_every_kind_is_accepted_and_says_what_it_counts(sli: Sli, counts: str, bad: str) -> None:
    """In words that lists and pull requests show."""
    promised(sli)
    assert (sli.counts, sli.bad_words) == (counts, bad)


def test_the_families_of_a_kind_are_known_where_anybody_can_know() -> None:
    """Each once; raw PromQL keeps its secrets."""
    assert [family.name for family in families_of(JobOutcome())] == [names.JOB_DURATION]
    assert families_of(LastSuccess(within_seconds=60, metric=BACKUP.name, source=BACKUP)) == (BACKUP,)
    assert families_of(raw()) == ()


@pytest.mark.parametrize(
    ("sli", "says"),
    [
        (
            EventRatio(metric=UPLOADS.name, source=UPLOADS, good=(equals("status", "okay"),)),
            r"Unknown status in slice 'one' 'okay'\. Did you mean 'ok'\?",
        ),
        (
            EventRatio(metric=UPLOADS.name, source=UPLOADS, bad_source=BROKEN, bad=(equals("status", "error"),)),
            r"Unknown label of broken_uploads_total in slice 'one' 'status'",
        ),
        (LatencyRatio(metric="upload_secs", threshold_seconds=1), r"Unknown metric in slice 'one' 'upload_secs'"),
        (LatencyRatio(metric="parapet_job_wait", threshold_seconds=1), r"Did you mean 'parapet_job_wait_seconds'\?"),
        (Freshness(metric="parapet_async_calback_total", within_seconds=1), r"Did you mean 'parapet_async_callback_t"),
        (JobOutcome(selector=(equals("que", "mail"),)), r"Did you mean 'queue'\?"),
        (ProbeRuns(probe="hom"), r"Unknown probe in slice 'one' 'hom'\. Did you mean 'home'\?"),
        (LastSuccess(within_seconds=60, selector=(equals("tsk", "x"),)), r"Did you mean 'task'\?"),
    ],
)
def test_what_is_never_emitted_is_refused_with_the_nearest_match(sli: Sli, says: str) -> None:
    """When the catalog is built, not during an outage."""
    with pytest.raises(UnknownName, match=says):
        promised(sli, known={names.PROBE: ("home",)})


@pytest.mark.parametrize(
    ("sli", "says"),
    [
        (EventRatio(metric=names.JOB_BACKLOG_AGE, bad=(equals(names.QUEUE, "x"),)), "no counter or histogram"),
        (
            EventRatio(
                metric=UPLOADS.name, source=UPLOADS, total=(equals("status", "error"),), good=(equals("status", "ok"),)
            ),
            r"calls status='ok' good, but its total leaves that out",
        ),
        (LatencyRatio(metric=UPLOADS.name, source=UPLOADS, threshold_seconds=1), "which measures none"),
        (LatencyRatio(metric=TIMES.name, source=TIMES, threshold_seconds=0.4), r"nearest are 0\.1 and 0\.5 s"),
        (
            Freshness(metric=names.ASYNC_STAGE, within_seconds=300),
            r"has no delay buckets\. These have: .*parapet_async_backlog_total",
        ),
        (JobOutcome(selector=(equals(names.STATE, "failed"),)), r"chooses jobs by state, which says how they ended"),
        (LastSuccess(metric=names.JOB_LOST, within_seconds=60), r"which is no gauge\. Gauges: parapet_change_last"),
    ],
)
def test_what_cannot_be_measured_is_refused(sli: Sli, says: str) -> None:
    """With a reason that says what there is instead."""
    with pytest.raises(ConfigurationError, match=says):
        promised(sli)


def test_a_native_histogram_has_every_bound() -> None:
    """Nobody chose its buckets, so no threshold is refused."""
    native = native_histogram("upload_seconds", {"region": None})
    promised(LatencyRatio(metric=native.name, source=native, threshold_seconds=0.42), "region")


def test_values_say_what_cannot_hold_when_they_are_made() -> None:
    """Before any catalog sees them."""
    with pytest.raises(ConfigurationError, match="says what is bad and what is good"):
        EventRatio(metric="x", bad=(equals("a", "b"),), good_source=UPLOADS)
    with pytest.raises(ConfigurationError, match=r"no delay bucket ends there\. Did you mean 300\? Known: 1, 30, 300,"):
        Freshness(metric=names.ASYNC_BACKLOG, within_seconds=600)
    with pytest.raises(ConfigurationError, match="more than 0"):
        LastSuccess(within_seconds=0)
    with pytest.raises(ConfigurationError, match="one example"):
        Raw(bad="x", total="y", bad_example="z")


def test_groups_must_be_labels_of_everything_that_is_read() -> None:
    """A group that one of two counters does not know could not be judged."""
    sli = EventRatio(metric=UPLOADS.name, source=UPLOADS, bad_source=BROKEN)
    promised(sli, "region")
    with pytest.raises(UnknownName, match="group label of broken_uploads_total in slice 'one' 'status'"):
        promised(sli, "status")


def test_groups_hold_good_and_bad_events() -> None:
    """By what decides what is bad, each group would be all good or all bad, and page for good."""
    with pytest.raises(ConfigurationError, match="grouped by 'state', which decides what is bad"):
        promised(JobOutcome(), names.STATE)
    promised(JobOutcome(), names.TASK)


@pytest.mark.parametrize(
    "total",
    [
        "sum(increase(all_total[$window]))",
        "sum by (region) (increase(all_total{job='x'}[$window]))",
        "sum by (region) (increase(a_total[$window])) + sum by (region) (increase(b_total[$window]))",
        "clamp_min(sum by (region) (increase(a_total[$window])) - sum by (region) (increase(b_total[$window])), 0)",
        "sum by (region) (increase(a[$window])) * on (region) group_left () max by (region) (scale)",
        "sum by (region) (increase(a_total[$window])) or sum by (region) (increase(b_total[$window]))",
        "2 * sum by (region) (sum_over_time((queue_age_seconds > bool 60)[$window:1m]))",
        "sum by (region) (changes(deploys[$window]))",
        "-(sum by (region) (increase(a_total[$window]))) * -1",
        "sum by (region) (increase(a_total[$window])) and on (region) max by (region, x) (up)",
    ],
)
def test_raw_counts_are_accepted(total: str) -> None:
    """Sums of increases, by the groups, in every usual shape."""
    groups = ("region",) if "region" in total else ()
    promised(raw(bad=total, total=total), *groups)
    check_text(total, "bad")


@pytest.mark.parametrize(
    ("total", "says"),
    [
        ("sum(increase(all_total[5m]))", r"total does not say \$window; expected it as the range"),
        ("sum(increase(all_total[$window])", "does not parse as PromQL"),
        ("sum(increase(all_total[$window]) by region)", "does not parse as PromQL"),
        ("sum(rate(all_total[$window]))", r"calls rate\(\), which counts no events; expected.*increase\(\.\.\.\[\$wi"),
        ("avg_over_time(all_total[$window])", r"calls avg_over_time\(\), which counts no events"),
        ("sum(max_over_time(all_total[$window]))", r"reads a range by max_over_time\(\).*expected one of increase"),
        ("sum(increase(a[$window])) + sum(increase(b[5m]))", r"reads \[5m\]; expected \[\$window\]"),
        (
            "increase(all_total[$window])",
            r"ends in increase\(\), so it keeps whatever.*sum\(increase\(\.\.\.\)\)",
        ),
        ("all_total > count(increase(b[$window]))", "is not aggregated; expected sum"),
        (
            "sum by (region) (increase(all_total[$window]))",
            "by region, but the slice is grouped by nothing",
        ),
        ("sum without (pod) (increase(all_total[$window]))", "aggregates `without` labels"),
        ("topk(3, increase(all_total[$window]))", "aggregates by topk; expected one of sum"),
        (
            "sum(increase(a[$window])) or sum by (region) (increase(b[$window]))",
            "nothing on the left of `or` and region on the right",
        ),
        ("scalar(sum(increase(a[$window])))", r"ends in scalar\(\)"),
        ("time() + 0 * 5 # $window", "is a plain number"),
    ],
)
def test_raw_promql_that_cannot_count_is_refused(total: str, says: str) -> None:
    """Each with what would be right."""
    with pytest.raises(ConfigurationError, match=says):
        promised(raw(total=total))


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        ("sum(increase(a_total[$window])", r"'\(' is not closed"),
        ('sum(increase(a_total{x=")"}[$window]]))', r"'\]' closes nothing"),
        ("sum(irate(a_total[$window]))", r"calls irate\(\), which counts no events"),
        ("increase(a_total[$window])", "is not aggregated"),
    ],
)
def test_without_a_parser_the_text_is_looked_at(bad: str, says: str) -> None:
    """Brackets, functions that count nothing, and an aggregation at the beginning."""
    with pytest.raises(ConfigurationError, match=says):
        check_text(bad, "bad")


def test_raw_promql_needs_no_parser_to_be_installed() -> None:
    """A host without promql-parser builds its catalog, and still hears of a rate."""
    code = """
import sys
from dataclasses import replace
sys.meta_path.insert(0, type("No", (), {"find_spec": staticmethod(lambda name, path=None, target=None: None)}))
sys.path_importer_cache.clear()
sys.path[:] = [each for each in sys.path if "site-packages" not in each or each.endswith("src")]
from parapet.core.errors import ConfigurationError
from parapet.slo.catalog import Catalog
from parapet.slo.slice import Slice
from parapet.slo.sli import Raw
for bad in ("sum(increase(a[$window]))", "sum(rate(a[$window]))"):
    try:
        sli = Raw(bad=bad, total="sum(increase(b[$window]))")
        Catalog(service="shop", slices=(Slice(name="a", title="A", sli=sli, objective=0.9, runbook="https://x.example"),))
        print("taken")
    except ConfigurationError as error:
        print(error.message)
print("promql_parser" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    taken, refused, loaded = done.stdout.splitlines()
    assert (taken, loaded) == ("taken", "False")
    assert "slice 'a': bad calls rate(), which counts no events" in refused


def test_a_diagnostic_is_checked_like_a_slice_and_needs_no_runbook() -> None:
    """Its name is taken once, among slices too; its threshold is a ratio; its window at least the base window."""
    sli = EventRatio(metric=names.HTTP_DURATION, bad=(equals(names.STATUS_CLASS, "4xx"),))
    one = Diagnostic(name="refusals", title="Refusals", sli=sli, threshold_ratio=0.2, group_by=(names.ROUTE,))
    catalog = Catalog(service="shop", diagnostics=(one,))
    assert [each.service for each in catalog.diagnostics] == ["shop"]
    assert catalog.group_labels == (names.ROUTE,)
    with pytest.raises(ConfigurationError, match="'refusals' is defined twice"):
        Catalog(service="shop", diagnostics=(one, one))
    with pytest.raises(ConfigurationError, match=r"threshold of 20; expected a ratio.*Did you mean 0\.2\?"):
        Diagnostic(name="refusals", title="Refusals", sli=sli, threshold_ratio=20)
    with pytest.raises(ConfigurationError, match="more than 0"):
        Diagnostic(name="refusals", title="Refusals", sli=sli, threshold_ratio=0.2, window_seconds=0)
    with pytest.raises(ConfigurationError, match=r"window of 60 s; expected at least the base window, 300 s"):
        Catalog(service="shop", diagnostics=(replace(one, window_seconds=60),))
    with pytest.raises(UnknownName, match="runbook in diagnostic 'refusals'"):
        Catalog(service="shop", diagnostics=(replace(one, runbook="refusal"),), runbooks=("refusals",))


def test_a_diagnostic_shrinks_with_a_policy_that_is_scaled_down() -> None:
    """An hour becomes a minute, as every window does."""
    sli = EventRatio(metric=names.HTTP_DURATION, bad=(equals(names.STATUS_CLASS, "4xx"),))
    one = Diagnostic(name="refusals", title="Refusals", sli=sli, threshold_ratio=0.2)
    catalog = Catalog(service="shop", diagnostics=(one,), burn=BurnPolicy().scaled_down(60))
    assert catalog.window_of(one) == 60
