"""Latency over native histograms, judged by a real Prometheus that scrapes them: promtool cannot be fed with them."""

from __future__ import annotations

import json
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import quote

import pytest
import yaml
from tests.artifacts.native_exposition import Attempts, native_service
from tests.artifacts.servers import LOOPBACK, asked, free_port, installed, running, wait

from parapet.artifacts.bundle import build
from parapet.artifacts.files import write
from parapet.core.settings import Wiring
from parapet.slo import series
from parapet.slo.burn import BurnPolicy
from parapet.slo.catalog import Catalog
from parapet.slo.family import native_histogram
from parapet.slo.selector import begins_with
from parapet.slo.sli import EventRatio, LatencyRatio
from parapet.slo.slice import Slice

pytestmark = pytest.mark.real

UPLOADS = native_histogram("upload_seconds", {"region": None})
FAST = Slice(
    name="uploads-fast",
    title="Uploads are fast",
    sli=LatencyRatio(metric=UPLOADS.name, source=UPLOADS, threshold_seconds=0.5),
    objective=0.9,
    group_by=("region",),
    runbook="https://runbooks.example/uploads",
)
EUROPEAN = Slice(
    name="uploads-european",
    title="Uploads are European",
    sli=EventRatio(metric=UPLOADS.name, source=UPLOADS, bad=(begins_with("region", "us"),)),
    objective=0.5,
    runbook="https://runbooks.example/uploads",
)


def test_a_real_prometheus_counts_what_was_too_slow(tmp_path: Path) -> None:
    """Nine of ten uploads are quick in one region and half of them in another; where nobody uploads, nothing is NaN."""
    prometheus = installed("prometheus", "prometheus")
    grows = {"eu": Attempts(quick=9, slow=1), "us": Attempts(quick=5, slow=5), "idle": Attempts(quick=0, slow=0)}
    with ExitStack() as stack:
        target = stack.enter_context(native_service(UPLOADS.name, "region", grows))
        wiring = Wiring(scrape_interval_seconds=1, evaluation_interval_seconds=1, scrape_targets=(target,))
        catalog = Catalog(service="shop", slices=(FAST, EUROPEAN), burn=BurnPolicy().scaled_down(60))
        write(tmp_path, build(catalog, wiring))
        configuration = {
            "rule_files": ["prometheus/recording.yml", "prometheus/alerts.yml"],
            "scrape_configs": [
                {"job_name": "shop", "scrape_interval": "1s", "static_configs": [{"targets": [target]}]}
            ],
        }
        (tmp_path / "prometheus.yml").write_text(yaml.safe_dump(configuration))
        address = f"http://{LOOPBACK}:{free_port()}"
        words = [
            prometheus,
            f"--config.file={tmp_path / 'prometheus.yml'}",
            f"--storage.tsdb.path={tmp_path / 'data'}",
            f"--web.listen-address={address.removeprefix('http://')}",
            "--enable-feature=native-histograms",
        ]
        stack.enter_context(running(words, f"{address}/-/ready", tmp_path / "prometheus.log"))

        def values(expr: str) -> dict[str, float]:
            told = json.loads(asked(f"{address}/api/v1/query?query={quote(expr)}") or b"{}")
            found = told.get("data", {}).get("result", [])
            return {one["metric"].get("region", ""): float(one["value"][1]) for one in found}

        ratio = series.error_ratio_series(5.0)
        fast = wait(
            "the share of slow uploads is recorded",
            lambda: found if len(found := values(f'{ratio}{{slice="uploads-fast"}}')) == 2 else None,
        )
        assert fast == {"eu": pytest.approx(0.1), "us": pytest.approx(0.5)}
        assert values(f'{series.BAD_EVENTS}{{slice="uploads-fast",region="idle"}}') == {"idle": 0}
        shares = wait("the share of one region is recorded", lambda: values(f'{ratio}{{slice="uploads-european"}}'))
        assert shares == {"": pytest.approx(0.5)}
        assert wait(
            "the events of both are added up", lambda: values(f'{series.EVENTS}{{slice="uploads-european"}} > 60')
        )
        assert values(f"count({series.BAD_EVENTS} != {series.BAD_EVENTS})") == {}
