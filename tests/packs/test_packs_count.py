"""Every pack in a real process under a real Prometheus: shown at zero, and bad is what is bad and nothing else."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families
from tests.artifacts.servers import LOOPBACK, asked, free_port, installed, running, wait
from tests.forked import Forks
from tests.packs.host import OFTEN, TOKEN
from tests.packs.host import parapet as everything

from parapet.core import names
from parapet.slo import series
from parapet.slo.sli import LastSuccess, Raw, Term

pytestmark = pytest.mark.real

ROOT = Path(__file__).parents[2]
APP = "tests.packs.host:parapet"


@dataclass(frozen=True, kw_only=True)
class Shop:
    """The shop of every pack, and the Prometheus that judges it."""

    address: str
    prometheus: str

    def get(self, path: str, token: str = "") -> str:
        """What the shop answers at *path*; nothing while it fails."""
        request = ["-H", f"Authorization: Bearer {token}"] if token else []
        command = ["curl", "-s", *request, f"{self.address}{path}"]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    def ask(self, query: str) -> dict[str, float]:
        """Slice -> value, or the sum over its groups."""
        answer = asked(f"{self.prometheus}/api/v1/query?{urlencode({'query': f'sum by (slice) ({query})'})}")
        found = json.loads(answer or b"{}").get("data", {}).get("result", [])
        return {one["metric"]["slice"]: float(one["value"][1]) for one in found}

    def until(self, what: str, query: str, holds: Callable[[float], bool], slices: set[str]) -> None:
        """Wait until *holds* is true of the answer of every one of *slices*."""
        missing: set[str] = set()

        def look() -> bool:
            told = self.ask(query)
            missing.clear()
            missing.update(one for one in slices if one not in told or not holds(told[one]))
            return not missing

        try:
            wait(what, look)
        except AssertionError as error:
            raise AssertionError(f"{error}; not {', '.join(sorted(missing))}: {self.ask(query)}") from None


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, forks: Forks) -> Iterator[Shop]:
    """Started with its generated rules; nothing has happened in it."""
    prometheus = installed("prometheus", "prometheus")
    home = tmp_path_factory.mktemp("packs")
    (home / "token").write_text(TOKEN)
    port, judge = free_port(), free_port()
    told = {"PACKS_PORT": str(port), "PACKS_TOKEN_FILE": str(home / "token")}
    generate = ("-m", "parapet", "generate", "--app", APP, "--out", str(home))
    done = forks.run(*generate, cwd=ROOT, env={**os.environ, **told})
    assert done.returncode == 0, done.stderr
    configuration = {
        "global": {"evaluation_interval": "5s"},
        "rule_files": ["prometheus/recording.yml"],  # nothing here asks what fires
        **yaml.safe_load((home / "prometheus/scrape.yml").read_text()),
    }
    (home / "prometheus.yml").write_text(yaml.safe_dump(configuration))
    address, judged = f"http://{LOOPBACK}:{port}", f"http://{LOOPBACK}:{judge}"
    host = [
        "env",
        "-C",
        str(ROOT),
        *(f"{name}={value}" for name, value in told.items()),
        sys.executable,
        "-m",
        "tests.packs.host",
    ]
    words = [
        prometheus,
        f"--config.file={home / 'prometheus.yml'}",
        f"--storage.tsdb.path={home / 'data'}",
        f"--web.listen-address={LOOPBACK}:{judge}",
    ]
    with ExitStack() as stack:
        stack.enter_context(running(host, f"{address}/fine", home / "host.log"))
        stack.enter_context(running(words, f"{judged}/-/ready", home / "prometheus.log"))
        yield Shop(address=address, prometheus=judged)


def test_every_series_of_every_promise_is_there_before_anything_happened(shop: Shop) -> None:
    """What counts, and what is bad or good of it: a first error is a step from zero, not a series that appears."""
    scraped = text_string_to_metric_families(shop.get("/metrics", TOKEN))
    found: dict[str, list[dict[str, str]]] = {}
    for sample in (sample for family in scraped for sample in family.samples):
        found.setdefault(sample.name, []).append(sample.labels)

    def shown(term: Term) -> bool:
        if term.bound_seconds is None:
            there = [labels for counter in term.family.counters for labels in found.get(counter, ())]
        else:
            bound = str(term.bound_seconds)
            there = [labels for labels in found.get(str(term.family.buckets), ()) if labels["le"] == bound]
        return any(all(matcher.of((labels.get(matcher.label, ""),)) for matcher in term.selector) for labels in there)

    for one in everything.catalog.judged:
        if not isinstance(one.sli, LastSuccess | Raw):
            for term in (one.sli.counted.total, one.sli.counted.part):
                assert shown(term), f"{one.name}: {term}"


def test_prometheus_sees_bad_events_and_nothing_else_as_bad(shop: Shop) -> None:
    """First what burns nothing and what is good, then what is bad, by the rules that were generated."""
    catalog = everything.catalog
    promised = {one.name for one in catalog}
    watched = {one.name for one in catalog.diagnostics}
    worst = f"max_over_time({series.BAD_EVENTS}[10m])"
    fresh = {one.name for one in catalog if isinstance(one.sli, LastSuccess)}
    shop.until("all is quiet", series.EVENTS, lambda events: events == 0, promised - fresh)
    shop.until("none is bad", series.BAD_EVENTS, lambda events: events == 0, promised - fresh)

    shop.get("/nowhere")  # a 4xx is no failure of ours
    for what in ("harmless", "good"):
        assert shop.get(f"/do/{what}") == "done"
    shop.until("good events count", f"{series.EVENTS} > 0", bool, promised)
    shop.until("none was ever bad", worst, lambda bad: bad == 0, promised)
    shop.until("a list kept some from being sent", f"{series.DIAGNOSTIC_BAD_EVENTS} > 0", bool, {"receipts-suppressed"})
    answered = 'sum(parapet_http_request_duration_seconds_count{status_class="4xx"})'
    told = json.loads(asked(f"{shop.prometheus}/api/v1/query?{urlencode({'query': answered})}") or b"{}")
    assert float(told["data"]["result"][0]["value"][1]) == 1

    assert shop.get("/do/bad") == "done"
    for _ in range(OFTEN):
        shop.get("/broken")
    shop.until("bad events count as bad", f"{series.BAD_EVENTS} > 0", bool, promised - fresh)
    assert watched == {"receipts-suppressed", "videos-funnel"}
    shop.until("what succeeded lately is fresh", worst, lambda bad: bad == 0, fresh)


def test_probes_are_judged_apart(shop: Shop) -> None:
    """The one slice of all probes has a series for each."""
    query = f'{series.EVENTS}{{slice="probes"}}'

    def both() -> set[str]:
        answer = asked(f"{shop.prometheus}/api/v1/query?{urlencode({'query': query})}")
        found = json.loads(answer or b"{}").get("data", {}).get("result", [])
        return {one["metric"][names.PROBE] for one in found} & {"home", "login"}

    wait("a series for each probe", lambda: both() == {"home", "login"})
