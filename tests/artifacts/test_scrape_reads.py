"""A real Prometheus reads a service, and ports of its own, by the generated job."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import yaml
from tests.artifacts.servers import LOOPBACK, asked, free_port, installed, running, wait

from parapet.artifacts.scrape import scrape_file
from parapet.core.errors import ConfigurationError
from parapet.core.settings import Wiring
from parapet.signals.port import serve_metrics
from parapet.signals.recorder import Recorder
from parapet.slo.catalog import Catalog

pytestmark = pytest.mark.real

TOKEN = "a-token-of-many-letters"


@pytest.fixture
def service() -> Iterator[str]:
    """A service that shows its signals beneath a path of its own, to who has the token; its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            known = self.headers.get("authorization") == f"Bearer {TOKEN}" and self.path == "/shop/metrics/"
            self.send_response(200 if known else 404)
            self.send_header("content-type", "text/plain; version=0.0.4")
            self.end_headers()
            self.wfile.write(b"" if not known else b"shop_seen 1\n")

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Quiet."""

    server = ThreadingHTTPServer((LOOPBACK, 0), Handler)
    thread = threading.Thread(target=lambda: server.serve_forever(poll_interval=0.05))
    thread.start()
    yield f"{LOOPBACK}:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join()


def test_the_service_and_a_port_of_its_own_are_one_job(service: str, shop_catalog: Catalog, tmp_path: Path) -> None:
    """Each where it answers, with the token from a file, under the name that every rule selects by."""
    (tmp_path / "token").write_text(TOKEN)
    prometheus = installed("prometheus", "prometheus")
    with ExitStack() as stack:
        port = stack.enter_context(serve_metrics(Recorder(), 0, tokens=(TOKEN,))).port
        wiring = Wiring(
            scrape_targets=(service,),
            metrics_path="/shop/metrics/",
            port_targets=(f"{LOOPBACK}:{port}",),
            metrics_token_file=str(tmp_path / "token"),
            scrape_interval_seconds=1,
        )
        configuration = yaml.safe_load(scrape_file(shop_catalog, wiring))
        (tmp_path / "prometheus.yml").write_text(yaml.safe_dump(configuration))
        address = f"http://{LOOPBACK}:{free_port()}"
        words = [
            prometheus,
            f"--config.file={tmp_path / 'prometheus.yml'}",
            f"--storage.tsdb.path={tmp_path / 'data'}",
            f"--web.listen-address={address.removeprefix('http://')}",
        ]
        stack.enter_context(running(words, f"{address}/-/ready", tmp_path / "prometheus.log"))

        def up() -> dict[str, str] | None:
            told = json.loads(asked(f"{address}/api/v1/query?query=up") or b"{}")
            found = {one["metric"]["instance"]: one for one in told.get("data", {}).get("result", [])}
            good = {at: one["metric"]["job"] for at, one in found.items() if one["value"][1] == "1"}
            return good if len(good) == 2 else None

        assert wait("both are read", up) == {service: "shop", f"{LOOPBACK}:{port}": "shop"}


def test_older_versions_are_told_to_copy_the_job(shop_catalog: Catalog) -> None:
    """`scrape_config_files` came with Prometheus 2.43."""
    assert "# Prometheus 2.43 and later read this file" in scrape_file(shop_catalog, Wiring())


def test_nothing_to_scrape_is_refused(shop_catalog: Catalog) -> None:
    """An empty job would look like health."""
    with pytest.raises(ConfigurationError, match="nothing to scrape"):
        scrape_file(shop_catalog, Wiring(scrape_targets=()))
