"""The shop of every kind of promise under a real Prometheus and Alertmanager, recorded once for all dashboards."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any
from urllib.parse import urlencode

import pytest
import yaml
from tests.artifacts.native_exposition import Attempts, native_service
from tests.artifacts.servers import LOOPBACK, free_port, installed, running

ROOT = Path(__file__).parents[2]
APP = "tests.dashboards.host:parapet"
PATIENCE_SECONDS = 180.0
PAUSE_SECONDS = 0.5

Dashboard = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """A Prometheus that has something to say about everything, and the files that were generated for it."""

    url: str
    out: Path

    @property
    def dashboards(self) -> dict[str, Dashboard]:
        """File name -> dashboard, as Grafana would read it."""
        return {path.name: json.loads(path.read_text()) for path in (self.out / "grafana/dashboards").glob("*.json")}

    def ask(self, path: str, **parameters: str | float) -> Any:
        """The data of one answer of Prometheus's API; a refusal is a failure that quotes it."""
        address = f"{self.url}/api/v1/{path}?{urlencode(parameters)}"
        try:
            with urllib.request.urlopen(address, timeout=60) as answer:
                return json.load(answer)["data"]
        except urllib.error.HTTPError as error:
            with error:
                pytest.fail(f"{error.read().decode()}\n{parameters}")

    def wait(self, look: Callable[[], object], what: Callable[[], str]) -> None:
        """Look until it is there."""
        until, pause = monotonic() + PATIENCE_SECONDS, threading.Event()
        while not look():
            if monotonic() > until:
                pytest.fail(f"not within {PATIENCE_SECONDS:g} s: {what()}")
            pause.wait(PAUSE_SECONDS)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Recorded]:
    """Everything is generated, started and scraped; it all ends with the tests of a module."""
    prometheus = installed("prometheus", "prometheus")
    alertmanager = installed("prometheus-alertmanager", "prometheus-alertmanager", "alertmanager")
    home = tmp_path_factory.mktemp("dashboards")
    shop, exporter, judge, teller = (free_port() for _ in range(4))
    (home / "metrics-token").write_text("a token that everybody knows")
    outer = {name: value for name, value in os.environ.items() if not name.startswith("PARAPET_")}
    with ExitStack() as stack:
        grows = {"eu": Attempts(quick=5, slow=5), "us": Attempts(quick=1, slow=9)}
        given = {
            "DASHBOARDS_HOME": str(home),
            "DASHBOARDS_PORT": str(shop),
            "DASHBOARDS_EXPORTER_PORT": str(exporter),
            "DASHBOARDS_NATIVE": stack.enter_context(native_service("upload_seconds", "region", grows)),
        }
        environment = {**outer, **given}
        out = home / "generated"
        for words in (("db", "upgrade", "--app", APP), ("generate", "--app", APP, "--out", str(out))):
            run = [sys.executable, "-m", "parapet", *words]
            done = subprocess.run(
                run, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False
            )
            assert done.returncode == 0, done.stderr
        _configure(home, out, {"prometheus": judge, "alertmanager": teller, "celery-exporter": exporter})
        stack.enter_context(
            running(
                [
                    alertmanager,
                    f"--config.file={out / 'alertmanager/parapet.yml'}",
                    f"--storage.path={home / 'alertmanager-data'}",
                    f"--web.listen-address={LOOPBACK}:{teller}",
                    "--cluster.listen-address=",
                ],
                f"http://{LOOPBACK}:{teller}/-/ready",
                home / "alertmanager.log",
            )
        )
        told = [f"{name}={value}" for name, value in given.items()]
        stack.enter_context(
            running(
                ["env", "-C", ROOT, *told, sys.executable, "-m", "tests.dashboards.host"],
                f"http://{LOOPBACK}:{shop}/shelves/2",
                home / "host.log",
            )
        )
        url = f"http://{LOOPBACK}:{judge}"
        stack.enter_context(
            running(
                [
                    prometheus,
                    f"--config.file={home / 'prometheus.yml'}",
                    f"--storage.tsdb.path={home / 'prometheus-data'}",
                    f"--web.listen-address={LOOPBACK}:{judge}",
                    "--rules.alert.resend-delay=2s",
                    "--enable-feature=native-histograms",
                ],
                f"{url}/-/ready",
                home / "prometheus.log",
            )
        )
        yield Recorded(url=url, out=out)


def _configure(home: Path, out: Path, others: dict[str, int]) -> None:
    """Prometheus reads the shop as generated, and beside it whoever listens at the ports of *others*."""
    scrape = yaml.safe_load((out / "prometheus/scrape.yml").read_text())["scrape_configs"]
    beside = [
        {"job_name": name, "static_configs": [{"targets": [f"{LOOPBACK}:{port}"]}]} for name, port in others.items()
    ]
    teller = {"static_configs": [{"targets": [f"{LOOPBACK}:{others['alertmanager']}"]}]}
    configuration = {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(out / "prometheus" / name) for name in ("recording.yml", "alerts.yml")],
        "alerting": {"alertmanagers": [teller]},
        "scrape_configs": [*scrape, *beside],
    }
    (home / "prometheus.yml").write_text(yaml.safe_dump(configuration))
