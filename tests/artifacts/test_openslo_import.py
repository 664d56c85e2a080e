"""Documents that others wrote, in the ways that others write them: what becomes of them, and why some are refused."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parapet.artifacts.openslo.imported import openslo_slices, read_slices
from parapet.artifacts.openslo.module import module_text
from parapet.artifacts.openslo.queries import count, divided, events, last_success
from parapet.artifacts.promql import selector_text
from parapet.core.errors import ConfigurationError, UnknownName
from parapet.core.vocabulary import Severity
from parapet.slo.burn import DAY, HOUR
from parapet.slo.catalog import Catalog
from parapet.slo.family import counter, gauge, histogram
from parapet.slo.selector import Match, Matcher, equals, none_of
from parapet.slo.sli import EventRatio, LastSuccess, LatencyRatio, Raw
from parapet.slo.slice import Slice

FIXTURES = Path(__file__).parents[1] / "fixtures" / "openslo"
RUNBOOK = "https://runbooks.example/x"


def made(name: str) -> dict[str, Slice]:
    """The slices of one file."""
    return {one.name: one for one in read_slices([FIXTURES / f"{name}.yaml"], runbook=RUNBOOK).slices}


def test_a_document_that_says_everything_itself() -> None:
    """Placeholders for the window, a regular expression that is more than words, an alert that wakes somebody."""
    one = made("gateway")["gateway-availability"]
    assert one.sli == Raw(
        bad='sum(increase(gateway_requests_total{job="gateway",code=~"(5..|429)"}[$window]))',
        total='sum(increase(gateway_requests_total{job="gateway"}[$window]))',
    )
    assert (one.title, one.objective, one.period_seconds) == ("Gateway answers", 0.999, 30 * DAY)
    assert (one.severities, one.runbook) == ((Severity.PAGE,), RUNBOOK)


def test_every_objective_is_a_slice() -> None:
    """OpenSLO may promise several shares of one indicator; percentages and weeks are read."""
    found = made("gateway")
    assert [found[f"gateway-uploads-{name}"].objective for name in ("all", "most")] == [0.995, 0.9]
    one = found["gateway-uploads-all"]
    assert (one.title, one.period_seconds, one.severities) == ("Gateway uploads: all", 28 * DAY, (Severity.TICKET,))
    uploads = counter("gateway_uploads_total", {"state": None})
    assert one.sli == EventRatio(metric="gateway_uploads_total", good=(equals("state", "stored"),), source=uploads)


def test_references_are_followed() -> None:
    """Indicator, data source, policy and condition by name; only the fast tier is asked for, so only it is kept."""
    one = made("shared")["search-latency"]
    family = histogram("search_duration_seconds", {"kind": None}, bounds_seconds=(0.3,))
    assert one.sli == LatencyRatio(
        metric="search_duration_seconds",
        selector=(none_of("kind", "suggestion"),),
        threshold_seconds=0.3,
        source=family,
    )
    assert (one.severities, one.without_tiers) == ((Severity.PAGE,), ("page-slow",))


def test_values_that_keep_a_limit() -> None:
    """An age is a last success; any other value is looked at once a minute."""
    found = made("shared")
    age = found["search-index-is-fresh"]
    built = gauge("search_index_built_timestamp_seconds", {"shard": None}, job="indexer")
    assert age.sli == LastSuccess(metric=built.name, within_seconds=2 * HOUR, source=built)
    assert age.group_by == ("shard",)
    length = found["search-queue-is-short"]
    assert length.sli == Raw(
        bad='sum(sum_over_time(((max(search_queue_length{job="search"})) >= bool 1000)[$window:1m]))',
        total='sum(count_over_time((max(search_queue_length{job="search"}))[$window:1m]))',
    )
    assert length.period_seconds is None


def test_a_ratio_is_taken_as_its_two_sides() -> None:
    """So that events weigh the same, not moments."""
    one = made("shared")["search-answers"]
    assert one.sli == Raw(
        bad='sum by (region) (increase(search_errors_total{job="search"}[$window]))',
        total='sum by (region) (increase(search_requests_total{job="search"}[$window]))',
    )
    assert one.group_by == ("region",)


def test_what_is_taken_in_another_way_is_said() -> None:
    """Other thresholds than ours, alerts without data, no window, no alert, and objects that need no slice."""
    gateway = " ".join(str(one) for one in read_slices([FIXTURES / "gateway.yaml"], runbook=RUNBOOK).remarks)
    assert "policy gateway-page alerts at 10 times the budget over 2 hours; Parapet derives window pairs" in gateway
    assert "wants an alert without data" in gateway
    shared = " ".join(str(one) for one in read_slices([FIXTURES / "shared.yaml"], runbook=RUNBOOK).remarks)
    assert "SLO search-queue-is-short: spec.timeWindow is missing: the period of the service holds" in shared
    assert "SLO search-answers: spec.alertPolicies is missing: it raises tickets and wakes nobody" in shared
    assert "DataSource metrics: needs no slice" in shared


REFUSED = {
    "too-old": ("apiVersion", "is 'openslo/v1alpha'; expected openslo/v1"),
    "slices-of-time": ("spec.budgetingMethod", "is 'Timeslices'; expected Occurrences"),
    "calendar": ("spec.timeWindow[0].calendar", "expected a rolling window"),
    "percent": ("spec.objectives[0].target", "Did you mean targetPercent: 99.9?"),
    "misspelt": ("spec.objectvies", "is no field of OpenSLO v1 here. Did you mean 'objectives'?"),
    "another-language": ("spec.indicator.spec.ratioMetric.good.metricSource.type", "is 'Datadog'; expected"),
    "no-promql": ("spec.indicator.spec.ratioMetric.bad", "does not parse as PromQL"),
    "a-gauge": ("spec.indicator.spec.ratioMetric.bad", "reads no range, and counter is not true"),
    "nowhere": ("spec.indicatorRef", "names the SLI 'not-there', which none of the files holds"),
    "too-easy": ("spec", "The objective is 0.3; expected a ratio of at least 0.5"),
    "loud-without-a-runbook": ("spec.alertPolicies", "page, and no runbook is named. Give one for all of them"),
    "blue-alert": ("spec.alertPolicies[0].spec.conditions[0].spec.condition.lookbackWindow", "is '90s'; expected"),
    "of-no-kind": ("kind", "is 'Sli'; expected Service or SLO or SLI"),
    "without a name": ("", "is 'just a text'; expected the fields apiVersion"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_promised_is_refused_with_its_field(name: str) -> None:
    """Which document, which field, what is there, what was expected."""
    field, why = REFUSED[name]
    refused = [one for one in read_slices([FIXTURES / "refused.yaml"]).refused if one.name == name]
    assert any(one.field == field and why in one.why for one in refused), refused


def test_every_document_of_that_file_is_refused() -> None:
    """None slips through."""
    found = read_slices([FIXTURES / "refused.yaml"])
    assert found.slices == ()
    assert {one.name for one in found.refused} == set(REFUSED)


def test_documents_before_a_broken_one_are_read(tmp_path: Path) -> None:
    """A file that breaks off is refused where it breaks."""
    path = tmp_path / "cut.yaml"
    path.write_text((FIXTURES / "gateway.yaml").read_text() + "---\nkind: [\n")
    found = read_slices([path], runbook=RUNBOOK)
    assert len(found.slices) == 3
    (refused,) = found.refused
    assert re.match(rf"{re.escape(str(path))}: cannot be read as YAML: ", str(refused))


def test_one_service_is_chosen() -> None:
    """A Parapet is of one service; the others are set aside and told."""
    paths = [FIXTURES / "gateway.yaml", FIXTURES / "shared.yaml"]
    with pytest.raises(ConfigurationError, match="several services: gateway, search"):
        read_slices(paths, runbook=RUNBOOK)
    with pytest.raises(UnknownName, match="Did you mean 'search'"):
        read_slices(paths, service="serch")
    found = read_slices(paths, service="search", runbook=RUNBOOK)
    assert len(found.slices) == 4
    assert sum(one.why == "is gateway, not search" for one in found.remarks) == 2


def test_a_name_that_is_taken_is_refused(tmp_path: Path) -> None:
    """The second document of a name makes no second promise."""
    text = (FIXTURES / "gateway.yaml").read_text()
    (tmp_path / "twice.yaml").write_text(f"{text}---\n{text}")
    found = read_slices([tmp_path / "twice.yaml"], runbook=RUNBOOK)
    assert len(found.slices) == 3
    assert "becomes the slice 'gateway-availability', which is taken already" in found.refused[0].why


def test_files_can_be_adopted_in_code() -> None:
    """One line; and nothing is half taken."""
    pack = openslo_slices(FIXTURES / "gateway.yaml", runbook=RUNBOOK)
    assert Catalog(service="gateway", slices=tuple(pack)).slice("gateway-uploads-most").objective == 0.9
    with pytest.raises(ConfigurationError, match=r"refused\.yaml: SLO percent: spec\.objectives\[0\]\.target is 99\.9"):
        openslo_slices(FIXTURES / "refused.yaml")


@pytest.mark.parametrize("name", ["gateway", "shared"])
def test_the_module_makes_the_same_slices(name: str) -> None:
    """What is written is Python that says the same, formatted as people format it."""
    slices = tuple(made(name).values())
    text = module_text(slices, ['Quotes """ and \\\\ in names.'], ["a # comment\nof two lines"])
    scope: dict[str, Any] = {}
    exec(text, scope)
    assert scope["SLICES"] == slices
    tidy = subprocess.run(
        [sys.executable, "-m", "ruff", "format", "--check", "--line-length=120", "--isolated", "-"],
        input=text,
        text=True,
        capture_output=True,
    )
    assert tidy.returncode == 0, tidy.stdout


values = st.text(st.sampled_from("ab.|()[]{}*+?^$\\\"'/ -é"), min_size=1, max_size=5)


@given(
    match=st.sampled_from([Match.ONE_OF, Match.NONE_OF, Match.BEGINS_WITH]),
    words=st.lists(values, min_size=1, max_size=3, unique=True),
)
def test_whatever_we_match_is_read_again(match: Match, words: list[str]) -> None:
    """Values with everything in them that PromQL and regular expressions could trip over."""
    matcher = Matcher(label="x", match=match, values=tuple(words))
    found = events(f"sum(rate(a_total{selector_text('shop', (matcher,))}[5m]))")
    assert found is not None
    assert (found.names, found.job, found.matchers, found.ranged) == (("a_total",), "shop", (matcher,), True)


@pytest.mark.parametrize(
    "query",
    [
        'sum(a_total{job="x",code=~"5.."})',
        'sum(a_total{job="x",code=~"(?i)ok"})',
        'sum without (pod) (a_total{job="x"})',
        'max(a_total{job="x"})',
        'sum(a_total{job="x"} offset 5m)',
        'sum(a_total{job="x"}) + sum(b_total{job="x"})',
        '{job="x"}',
    ],
)
def test_more_than_a_selector_is_no_selector(query: str) -> None:
    """Nothing is rounded to what a matcher could say."""
    assert events(query) is None


def test_matchers_that_say_nothing_are_left_out() -> None:
    """Anything, and anything but nothing."""
    found = events('sum(a_total{job="x",code=~".*",path=~".+"})')
    assert found is not None
    assert found.matchers == (none_of("path", ""),)


@pytest.mark.parametrize(
    ("query", "counted"),
    [
        ("sum(rate(a_total[5m]))", "sum(increase(a_total[$window]))"),
        ("sum(irate(a_total[$__rate_interval]))", "sum(increase(a_total[$window]))"),
        ("increase(a_total{x='[5m]'}[{{.window}}])", "sum(increase(a_total{x='[5m]'}[$window]))"),
        ("sum(count_over_time((a > bool 5)[1h:1m]))", "sum(count_over_time((a > bool 5)[$window:1m]))"),
        ("a_total - b_total", "sum(increase(a_total[$window])) - sum(increase(b_total[$window]))"),
        ("sum by (x) (a_total)", "sum by (x) (increase(a_total[$window]))"),
    ],
)
def test_a_query_becomes_a_count_of_the_window(query: str, counted: str) -> None:
    """Speeds are counts of the same window; counters are how much they grew."""
    assert count(query, counter=True) == counted


def test_two_ranges_are_no_window() -> None:
    """Nobody can say which of them stands for it."""
    with pytest.raises(ConfigurationError, match="reads ranges of 1h, 5m; expected one"):
        count("sum(rate(a_total[5m])) + sum(rate(a_total[1h]))", counter=True)
    with pytest.raises(ConfigurationError, match="neither a counter, nor a sum of counters"):
        count("quantile(0.9, a_total)", counter=True)


def test_ratios_and_ages_are_recognised() -> None:
    """And nothing else is."""
    assert divided("1 - (sum(rate(a[5m])) / sum(rate(b[5m])))") == ("sum(rate(a[5m]))", "sum(rate(b[5m]))", True)
    assert divided("sum(rate(a[5m]))") is None
    assert last_success("time() - max(done{job='x'})") is not None
    assert last_success("time() - min(done{job='x'})") is None


def parapet(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Runs the command in *folder*."""
    command = [sys.executable, "-m", "parapet", "openslo", *words]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60)


def test_the_command_writes_a_module_once(tmp_path: Path) -> None:
    """The host's own from then on: never overwritten, and its slices are adopted."""
    words = ("import", str(FIXTURES / "gateway.yaml"), "--out", "promises.py", "--runbook", RUNBOOK)
    done = parapet(tmp_path, *words)
    assert done.returncode == 0, done.stderr
    assert "promises.py: 3 slices. Adopt them: from promises import SLICES" in done.stderr
    host = (
        "from parapet import Parapet\nfrom promises import SLICES\n"
        "app = Parapet(service='gateway')\napp.adopt(*SLICES)\nprint(len(app.catalog))\n"
    )
    ran = subprocess.run([sys.executable, "-c", host], cwd=tmp_path, capture_output=True, text=True)
    assert ran.stdout == "3\n", ran.stderr
    again = parapet(tmp_path, *words)
    assert again.returncode == 1
    assert "promises.py exists, and may be yours" in again.stderr


def test_the_command_refuses_by_document_and_takes_the_rest(tmp_path: Path) -> None:
    """Exit status 1, every reason, and nothing on the output that is no module."""
    done = parapet(tmp_path, "import", str(FIXTURES / "refused.yaml"))
    assert (done.returncode, done.stdout) == (1, "")
    assert "percent" in done.stderr
    assert "spec.objectives[0].target is 99.9" in done.stderr
    assert "Nothing could be taken" in done.stderr
    both = parapet(
        tmp_path,
        *("import", str(FIXTURES / "refused.yaml"), str(FIXTURES / "gateway.yaml")),
        *("--service", "gateway", "--runbook", RUNBOOK, "--json"),
    )
    told = json.loads(both.stdout)
    assert both.returncode == 1
    assert [one["kind"] for one in told["slices"]] == ["raw", "events", "events"]
    assert {"source", "kind", "name", "field", "why"} == set(told["refused"][0])


def test_no_slo_at_all_is_an_error(tmp_path: Path) -> None:
    """Nothing to promise would look like success."""
    (tmp_path / "empty.yaml").write_text("# nothing\n")
    with pytest.raises(ConfigurationError, match="There is no SLO"):
        read_slices([tmp_path / "empty.yaml"])
