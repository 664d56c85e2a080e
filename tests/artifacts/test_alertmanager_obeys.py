"""amtool and a real Alertmanager judge the generated configuration: who is told, and when a ticket is held back."""

from __future__ import annotations

import json
import shlex
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import yaml
from tests.artifacts.servers import LOOPBACK, asked, free_port, installed, running, wait

from parapet.artifacts.alertmanager import alertmanager_files, alerts_labels, receiver
from parapet.artifacts.files import write
from parapet.artifacts.groups import groups_of
from parapet.core import names
from parapet.core.settings import Wiring
from parapet.core.vocabulary import Severity
from parapet.slo.catalog import Catalog
from parapet.slo.diagnostic import Diagnostic
from parapet.slo.selector import equals
from parapet.slo.sli import EventRatio

pytestmark = pytest.mark.real

Tool = Callable[..., str]
TOKEN = "a-token-of-many-letters"
TEAM = 'payments, "gold" \\ $HOME {x} it\'s'

HOSTS_OWN = """
route:
  receiver: everybody
  group_by: [alertname]
  routes:
    - receiver: pager
      matchers: [severity="page"]
receivers:
  - name: everybody
  - name: pager
"""


@pytest.fixture
def routed(shop_catalog: Catalog) -> Catalog:
    """The shop, whose login is routed by a label with everything in it that a shell could trip over."""
    slices = (
        replace(one, alert_labels={Severity.PAGE: {"team": TEAM}, Severity.TICKET: {"team": "identity"}})
        if one.name == "login"
        else one
        for one in shop_catalog
    )
    drift = Diagnostic(
        name="login-drift",
        title="Logins drift",
        sli=EventRatio(metric=names.JOURNEY_DURATION, bad=(equals(names.OUTCOME, "user_error"),)),
        threshold_ratio=0.2,
        group_by=(names.JOURNEY,),
    )
    return replace(shop_catalog, slices=tuple(slices), diagnostics=(drift,))


@pytest.fixture
def folder(routed: Catalog, tmp_path: Path) -> Path:
    """The files, written."""
    write(tmp_path, alertmanager_files(routed, Wiring(), groups_of(routed, Wiring())))
    return tmp_path / "alertmanager"


def test_every_alert_of_every_slice_has_a_route(folder: Path, routed: Catalog) -> None:
    """A line per alert, with the labels that the rules put on it."""
    lines = [line for line in (folder / "routes.txt").read_text().splitlines() if not line.startswith("#")]
    assert len(lines) == len(list(alerts_labels(routed, Wiring(), groups_of(routed, Wiring())))) >= 2 * len(routed) + 1
    assert any("slice=login-drift severity=ticket journey=example" in line for line in lines)
    assert all(line.startswith("--verify.receivers=parapet-shop alertname=Parapet") for line in lines)


def test_the_line_for_builds_holds_for_the_complete_configuration(folder: Path) -> None:
    """As the file says it is run, in a shell, with labels that a shell would love to read."""
    installed("prometheus-alertmanager", "amtool")
    said = (folder / "routes.txt").read_text()
    (command,) = [line.removeprefix("# ") for line in said.splitlines() if "xargs" in line]
    done = subprocess.run(command, shell=True, cwd=folder, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert set(done.stdout.split()) == {"parapet-shop"}
    (folder / "routes.txt").write_text(said.replace("receivers=parapet-shop", "receivers=nobody", 1))
    assert subprocess.run(command, shell=True, cwd=folder, capture_output=True, timeout=120).returncode != 0


def test_the_fragment_is_added_to_a_configuration_that_exists(folder: Path, routed: Catalog, tool: Tool) -> None:
    """Parapet hears of every alert of ours, whoever else does; of others it hears nothing."""
    host = yaml.safe_load(HOSTS_OWN)
    fragment = yaml.safe_load((folder / "fragment.yml").read_text())
    host["receivers"] += fragment["receivers"]
    host["route"]["routes"] = fragment["route"]["routes"] + host["route"]["routes"]
    host["inhibit_rules"] = fragment["inhibit_rules"]
    (folder / "merged.yml").write_text(yaml.safe_dump(host, sort_keys=False))
    assert "SUCCESS" in tool("amtool", "check-config", "merged.yml", cwd=folder)

    def receivers(*labels: str) -> str:
        said = tool("amtool", "config", "routes", "test", "--config.file=merged.yml", *labels, cwd=folder)
        return said.splitlines()[0]

    for line in (folder / "routes.txt").read_text().splitlines():
        if not line.startswith("#"):
            _, *labels = shlex.split(line)
            expected = "parapet-shop,pager" if "severity=page" in labels else "parapet-shop"
            assert receivers(*labels) == expected
    assert receivers("alertname=DiskFull", "severity=page") == "pager"
    assert receivers("alertname=ParapetBudgetBurnPage", "service=other") == "everybody"


@pytest.fixture
def heard() -> Iterator[tuple[str, list[dict[str, object]], list[str]]]:
    """Who Alertmanager notifies: its address, what it heard, and with which credentials."""
    bodies: list[dict[str, object]] = []
    credentials: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            bodies.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            credentials.append(self.headers.get("authorization", ""))
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Quiet."""

    server = ThreadingHTTPServer((LOOPBACK, 0), Handler)
    thread = threading.Thread(target=lambda: server.serve_forever(poll_interval=0.05))
    thread.start()
    yield f"http://{LOOPBACK}:{server.server_address[1]}/hook", bodies, credentials
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_page_holds_back_the_ticket_of_its_slice_and_no_other(
    routed: Catalog, tmp_path: Path, heard: tuple[str, list[dict[str, object]], list[str]]
) -> None:
    """A real Alertmanager is given a page and two tickets: one trouble is one notification, another is another."""
    url, bodies, credentials = heard
    token = tmp_path / "webhook-token"
    token.write_text(TOKEN)
    wiring = Wiring(webhook_url=url, webhook_token_file=str(token), group_wait_seconds=2, group_interval_seconds=1.0)
    write(tmp_path, alertmanager_files(routed, wiring, groups_of(routed, wiring)))
    port = free_port()
    address = f"http://{LOOPBACK}:{port}"
    words = [
        installed("prometheus-alertmanager", "prometheus-alertmanager", "alertmanager"),
        f"--config.file={tmp_path / 'alertmanager' / 'parapet.yml'}",
        f"--storage.path={tmp_path / 'data'}",
        f"--web.listen-address={LOOPBACK}:{port}",
        "--cluster.listen-address=",
    ]
    raised = alerts_labels(routed, wiring, groups_of(routed, wiring))
    of_login = [one for one in raised if one.get(names.SLICE) == "login"]
    (page,) = [one for one in of_login if one["alertname"] == names.ALERT_PAGE]
    (ticket,) = [one for one in of_login if one["alertname"] == names.ALERT_TICKET]
    other = {**ticket, names.SLICE: "checkout"}

    def state(labels: dict[str, str]) -> str | None:
        told = json.loads(asked(f"{address}/api/v2/alerts?inhibited=true") or b"[]")
        return next((one["status"]["state"] for one in told if one["labels"] == labels), None)

    with running(words, f"{address}/-/ready", tmp_path / "alertmanager.log"):
        alerts = json.dumps([{"labels": labels} for labels in (ticket, page, other)]).encode()
        wait("Alertmanager takes the alerts", lambda: asked(f"{address}/api/v2/alerts", alerts) is not None)
        wait("the ticket is held back", lambda: state(ticket) == "suppressed")
        assert state(page) == "active"
        wait("both troubles are told", lambda: len(bodies) >= 2)
        assert state(other) == "active"
    told = [alert["labels"] for body in bodies for alert in body["alerts"]]  # type: ignore[attr-defined]
    assert {body["receiver"] for body in bodies} == {receiver("shop")}
    assert page in told
    assert other in told
    assert ticket not in told
    assert set(credentials) == {f"Bearer {TOKEN}"}
