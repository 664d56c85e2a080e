"""`parapet doctor --live` beside a real Prometheus and real Alertmanagers: healthy ones, and ones with every fault."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeAlias

import pytest
import uvicorn
import yaml
from tests.artifacts.servers import LOOPBACK, asked, free_port, installed, running, wait
from tests.doctor import grafana as standing_in
from tests.doctor.host import SECRETS, Case, new_case
from tests.postgres import evidence_database

from parapet import Parapet, __version__
from parapet.artifacts.bundle import FOLDERS, build
from parapet.artifacts.files import write
from parapet.core import names
from parapet.core.clock import SystemClock
from parapet.core.types import PARAPET
from parapet.doctor.cluster import disagreements
from parapet.doctor.examine import Report, chosen, examine
from parapet.doctor.facts import Facts
from parapet.doctor.finding import Grade
from parapet.doctor.gathered.http import Api
from parapet.doctor.gathered.watching import same
from parapet.doctor.registry import CHECKS
from parapet.incidents.model import ChangeKind
from parapet.notify.webhook import WebhookChannel
from parapet.ops.nodes import nodes
from parapet.ops.prometheus import Prometheus
from parapet.ops.scraped import scraped
from parapet.slo.packs import web_pack
from parapet.slo.sources.exporters import flask_exporter
from parapet.store import migrate
from parapet.store.steps import newest
from parapet.testing import ManualClock

pytestmark = pytest.mark.real
AWAY = f"http://{LOOPBACK}:9"
SLOW = {"group_wait": "5m", "group_interval": "1h", "repeat_interval": "4h"}


@dataclass(frozen=True, kw_only=True)
class Town:
    """A healthy host with its servers, and servers beside it that have every fault."""

    case: Case
    address: str
    prometheus: str
    alertmanager: str
    broken_prometheus: str
    broken_alertmanager: str
    lax_alertmanager: str
    database: Callable[[], str]
    grafana: standing_in.Grafana
    workers: list[Parapet] = field(default_factory=list)
    """What is served, and goes its rounds."""

    def parapet(self, *, wiring: Mapping[str, Any] | None = None, **settings: Any) -> Parapet:
        """The healthy definitions, but for what is changed."""
        return self.case.parapet(wiring={**self.wiring, **(wiring or {})}, **settings)

    @property
    def wiring(self) -> dict[str, Any]:
        """Where everything is."""
        return {
            "scrape_targets": (self.address,),
            "scrape_interval_seconds": 1.0,
            "evaluation_interval_seconds": 1.0,
            "group_wait_seconds": 1.0,
            "group_interval_seconds": 60.0,
            "webhook_url": f"http://{self.address}/parapet/hooks/alertmanager",
            "workbench_url": f"http://{self.address}/parapet",
            "metrics_token_file": str(self.case.folder.parent / "metrics-token"),
            "webhook_token_file": str(self.case.folder.parent / "webhook-token"),
            "prometheus_url": self.prometheus,
            "alertmanager_urls": (self.alertmanager,),
        }

    def facts(self, parapet: Parapet) -> Facts:
        """What the doctor knows of it."""
        ops = self.case.folder / "ops"
        return Facts(parapet, app_spec="reliability:parapet", folder=self.case.folder, out=ops, patience_seconds=2.0)


Plant: TypeAlias = Callable[[Town], Facts]


def wired(**wiring: Any) -> Plant:
    return lambda town: town.facts(town.parapet(wiring=wiring))


def changed(**settings: Any) -> Plant:
    return lambda town: town.facts(town.parapet(**settings))


def tomorrow(town: Town, **settings: Any) -> Facts:
    return town.facts(town.parapet(clock=ManualClock(SystemClock().now() + timedelta(hours=1)), **settings))


def to_broken(prometheus: bool = False, **more: Any) -> Plant:
    """Asks the servers with faults."""
    if prometheus:
        return lambda town: town.facts(town.parapet(wiring={"prometheus_url": town.broken_prometheus, **more}))
    return lambda town: town.facts(town.parapet(wiring={"alertmanager_urls": (town.broken_alertmanager,), **more}))


def to_lax(town: Town) -> Facts:
    return town.facts(town.parapet(wiring={"alertmanager_urls": (town.lax_alertmanager,)}))


def pictured(town: Town, *, credentials: str = standing_in.TOKEN, **wiring: Any) -> Facts:
    """Asks Grafana."""
    pictures = {"dashboards": True, "grafana_url": town.grafana.url, **wiring}
    return town.facts(town.parapet(wiring=pictures, secrets={"grafana_credentials": credentials}))


def without_worker(town: Town) -> Facts:
    return town.facts(town.parapet(clock=ManualClock(SystemClock().now() + timedelta(minutes=5))))


def elsewhere(town: Town) -> Facts:
    """A service that nobody scrapes and whose deploys nobody marked; its worker lives."""
    facts = town.facts(town.parapet(service="other"))
    facts.app.tick()
    return facts


LIVE: Mapping[str, Plant] = {
    "PDA01": wired(prometheus_url=AWAY),
    "PDA02": tomorrow,
    "PDA03": changed(service="other"),
    "PDA04": to_broken(prometheus=True),
    "PDA05": changed(define=lambda one: one.journey("login", objective=0.99)),
    "PDA06": wired(evaluation_interval_seconds=2.0),
    "PDA07": to_broken(prometheus=True),
    "PDA08": changed(define=lambda one: one.adopt(web_pack(source=flask_exporter()))),
    "PDA09": to_broken(prometheus=True),
    "PDA10": to_broken(prometheus=True),
    "PDA11": wired(scrape_interval_seconds=2.0),
    "PDA12": elsewhere,
    "PDB01": wired(alertmanager_urls=(AWAY,)),
    "PDB02": tomorrow,
    "PDB03": wired(webhook_url=f"{AWAY}/elsewhere/hooks/alertmanager"),
    "PDB04": to_broken(),
    "PDB05": to_lax,
    "PDB06": to_lax,
    "PDB07": to_lax,
    "PDB08": to_lax,
    "PDB09": to_broken(),
    "PDB10": lambda town: town.facts(town.parapet(evidence=town.database())),
    "PDC01": without_worker,
    "PDC02": lambda town: tomorrow(town, evidence=town.database()),
    "PDC03": wired(webhook_url=f"{AWAY}/parapet/hooks/alertmanager"),
    "PDC04": lambda town: town.facts(town.parapet(wiring={"workbench_url": f"http://{town.address}/nowhere"})),
    "PDC05": lambda town: town.facts(town.parapet(wiring={"metrics_path": "/open"})),
    "PDC06": changed(channels=(WebhookChannel(name="ops", url=AWAY, secret="k3Jq8ZtB7xLrPq2VnYd0"),)),
    "PDC07": lambda town: town.facts(
        town.parapet(wiring={"dashboards": True, "dashboards_folder": str(town.case.folder)})
    ),
    "PDC08": lambda town: pictured(town, credentials="glsa_another"),
    "PDC09": lambda town: town.facts(
        town.parapet(
            service="other",
            wiring={"dashboards": True, "grafana_url": town.grafana.url},
            secrets={"grafana_credentials": standing_in.TOKEN},
        )
    ),
    "PDC10": elsewhere,
}
"""Code -> the fault."""


@pytest.fixture(scope="module")
def town(
    healthy_folder: Path, sqlite_template: Path, postgres_uri: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Town]:
    """Everything started once."""
    folder = tmp_path_factory.mktemp("town")
    case = new_case(healthy_folder, folder, sqlite_template)
    host, good, bad, one, two, lax = (free_port() for _ in range(6))
    gossip = [free_port(), free_port()]
    for name in ("metrics", "webhook"):
        (folder / f"{name}-token").write_text(SECRETS[f"{name}_tokens"][0])
    made: list[Iterator[str]] = []

    def database() -> str:
        made.append(evidence_database(postgres_uri))
        return next(made[-1])

    town = Town(
        case=case,
        address=f"{LOOPBACK}:{host}",
        prometheus=f"http://{LOOPBACK}:{good}",
        broken_prometheus=f"http://{LOOPBACK}:{bad}",
        alertmanager=f"http://{LOOPBACK}:{one}",
        broken_alertmanager=f"http://{LOOPBACK}:{two}",
        lax_alertmanager=f"http://{LOOPBACK}:{lax}",
        database=database,
        grafana=standing_in.Grafana(f"http://{LOOPBACK}:{good}"),
    )
    parapet = town.parapet()
    town.workers.append(parapet)
    parapet.recorder.set(names.NODE, ("0.0.1", "old", "0001"), SystemClock().now().timestamp() - 3_600)
    write(case.folder / "ops", build(parapet.catalog, parapet.wiring), FOLDERS)
    with ExitStack() as stack:
        stack.callback(town.grafana.stop)
        stack.enter_context(served(parapet, case, host))
        stack.enter_context(alertmanager(case.folder / "ops" / "alertmanager" / "parapet.yml", one, folder / "am1"))
        fine = yaml.safe_load((case.folder / "ops" / "alertmanager" / "parapet.yml").read_text())
        mail = {**fine, "route": {"receiver": "mail"}, "receivers": [*fine["receivers"], {"name": "mail"}]}
        stack.enter_context(alertmanager(written(folder / "am2.yml", mail), two, folder / "am2", gossip))
        loose = json.loads(json.dumps(fine))
        [hook] = loose["receivers"][0]["webhook_configs"]
        hook |= {"send_resolved": False, "max_alerts": 5}
        del hook["http_config"]
        loose["route"] |= SLOW
        stack.enter_context(alertmanager(written(folder / "am3.yml", loose), lax, folder / "am3", gossip[::-1]))
        stack.enter_context(prometheus(case.folder / "ops", good, folder / "p1", alertmanagers=[f"{LOOPBACK}:{one}"]))
        stack.enter_context(broken(case.folder / "ops", bad, folder))
        for url in (town.prometheus, town.broken_prometheus):
            wait("scraped", lambda url=url: b'"up"' in (asked(f"{url}/api/v1/query?query=up==1") or b""))  # type: ignore[misc]
        wait("told", lambda: one_of(town.prometheus, "alertmanagers", "activeAlertmanagers"))
        parapet.tick()
        yield town
        parapet.store.close()
    for each in made:
        next(each, None)


def beat(town: Town) -> float:
    """The newest sign of life of a worker that Prometheus has read."""
    found = json.loads(asked(f"{town.prometheus}/api/v1/query?query=max({names.WORKER_BEAT})") or b"{}")
    return max((float(one["value"][1]) for one in found.get("data", {}).get("result", ())), default=0.0)


def one_of(url: str, what: str, field: str) -> bool:
    return bool(json.loads(asked(f"{url}/api/v1/{what}") or b"{}").get("data", {}).get(field))


def served(parapet: Parapet, case: Case, port: int) -> ExitStack:
    """The host behind a real server."""
    app = case.application(parapet)
    app.get("/open")(lambda: "up 1")
    server = uvicorn.Server(uvicorn.Config(app, host=LOOPBACK, port=port, log_level="critical", lifespan="off"))
    thread = threading.Thread(target=server.run)
    thread.start()
    stack = ExitStack()

    def stop() -> None:
        server.should_exit = True
        thread.join()

    stack.callback(stop)
    wait("the host answers", lambda: asked(f"http://{LOOPBACK}:{port}/open"))
    return stack


def written(path: Path, configuration: object) -> Path:
    path.write_text(yaml.safe_dump(configuration))
    return path


def alertmanager(configuration: Path, port: int, folder: Path, gossip: Sequence[int] = ()) -> Any:
    """A real Alertmanager; with *gossip*, it listens at the first port and joins the second."""
    cluster = ["--cluster.listen-address="]
    if gossip:
        mine, theirs = gossip
        cluster = [f"--cluster.listen-address={LOOPBACK}:{mine}", f"--cluster.peer={LOOPBACK}:{theirs}"]
    words = [
        installed("prometheus-alertmanager", "prometheus-alertmanager", "alertmanager"),
        f"--config.file={configuration}",
        f"--storage.path={folder}",
        f"--web.listen-address={LOOPBACK}:{port}",
        *cluster,
    ]
    return running(words, f"http://{LOOPBACK}:{port}/-/healthy", folder.with_suffix(".log"))


def prometheus(
    ops: Path, port: int, folder: Path, *, alertmanagers: Sequence[str], words: Sequence[str] = (), more: Any = None
) -> Any:
    """A real Prometheus on the files in *ops*."""
    scrape = yaml.safe_load((ops / "prometheus" / "scrape.yml").read_text())["scrape_configs"]
    configuration = {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(ops / "prometheus" / name) for name in ("recording.yml", "alerts.yml")],
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": list(alertmanagers)}]}]}
        if alertmanagers
        else {},
        "scrape_configs": scrape,
        **(more or {}),
    }
    path = written(folder.with_suffix(".yml"), configuration)
    command = [
        installed("prometheus", "prometheus"),
        f"--config.file={path}",
        f"--storage.tsdb.path={folder}",
        f"--web.listen-address={LOOPBACK}:{port}",
        *words,
    ]
    return running(command, f"http://{LOOPBACK}:{port}/-/ready", folder.with_suffix(".log"))


def broken(ops: Path, port: int, folder: Path) -> Any:
    """One that has a dead target, a rule that fails, nobody to tell, and tells seldom."""
    [job] = yaml.safe_load((ops / "prometheus" / "scrape.yml").read_text())["scrape_configs"]
    job["static_configs"].append({"targets": [f"{LOOPBACK}:9"]})
    rules = yaml.safe_load((ops / "prometheus" / "recording.yml").read_text())
    rules["groups"][0]["rules"][0]["expr"] = (
        'up + on() group_left() (vector(1) or label_replace(vector(1), "a", "b", "", ""))'
    )
    more = {"scrape_configs": [job], "rule_files": [str(written(folder / "rules.yml", rules))]}
    words = ["--rules.alert.resend-delay=10m"]
    return prometheus(ops, port, folder / "p2", alertmanagers=(), words=words, more=more)


def looked(facts: Facts, *codes: str) -> Report:
    return examine(facts, chosen(CHECKS, only=codes))


@pytest.mark.parametrize("code", sorted(LIVE))
def test_every_fault_of_what_runs_is_found(code: str, town: Town) -> None:
    """Each is really there: in a server's configuration, on the network, or between the clocks."""
    expected = next(one for one in CHECKS if one.code == code)
    if code in {"PDA04", "PDA07", "PDB09"}:  # what a server learns by and by
        wait(code, lambda: looked(LIVE[code](town), code).findings)
    facts = LIVE[code](town)
    report = looked(facts, code)
    facts.app.store.close()
    grades = {one.grade for one in report.findings}
    assert grades == {expected.grade}, report.findings


def test_what_runs_well_is_called_well(town: Town) -> None:
    """Rules as Prometheus writes them are those that are defined; a test alert goes all the way and comes back, and so
    does the one of whoever asks again at once."""
    facts = town.facts(town.parapet(clock=SystemClock()))
    facts.app.changes.mark(kind=ChangeKind.DEPLOY, actor=PARAPET, version="1")
    [worker], known = town.workers, beat(town)
    worker.tick()
    wait("the worker is read", lambda: beat(town) > known)
    assert looked(facts, "PDA", "PDB", "PDC").findings == ()
    again = town.facts(facts.app)
    assert facts.tested == again.tested == ((town.alertmanager, None),)
    assert facts.app.look.queue("open").incidents == ()
    assert not facts.app.bodies.counts()["rejected"]
    facts.app.store.close()


def test_web_processes_are_known_by_what_they_say_when_they_are_scraped(town: Town) -> None:
    """With what, for which schema, and by which clock; one that says nothing any more, an hour ago, is not counted."""
    prometheus = Prometheus(town.prometheus)
    [web] = wait("the process is read", lambda: scraped(prometheus, "shop"))
    facts = town.facts(town.parapet())
    facts.app.tick()
    with facts.app.store.read() as tx:
        workers = nodes(tx)
    assert (web.instance, web.version) == (town.address, __version__)
    assert web.settings in {one.settings for one in workers}
    assert web.schema == migrate.at(facts.app.store.engine) == newest()
    assert abs(web.skew_seconds) < 60
    assert not list(disagreements(workers[-1:], facts.now, (replace(web, skew_seconds=0.0),), newest()))
    facts.app.store.close()


def test_the_same_rule_in_other_words_is_the_same(town: Town) -> None:
    """Prometheus writes numbers, durations and brackets its own way."""
    api = Api(town.prometheus, SystemClock().now)
    assert same(api, "sum by (a) (rate(x[5m]))  > 0.50", "sum by(a) (rate(x[5m])) > 0.5")
    assert not same(api, "rate(x[5m])", "rate(x[6m])")
    assert not same(api, 'x{a="b c"}', 'x{a="bc"}')


def test_grafana_is_asked_what_it_shows(town: Town) -> None:
    """By its data source it knows the service; each dashboard is the generated one, but for what Grafana adds."""
    grafana = town.grafana
    facts = pictured(town)
    texts = dict(facts.generated.texts)
    uid = json.loads(texts["grafana/dashboards/shop-overview.json"])["uid"]
    facts.app.store.close()

    def said() -> list[tuple[str, Grade, str]]:
        facts = pictured(town)
        facts.__dict__["generated"] = replace(facts.generated, texts=texts)
        found = looked(facts, "PDC07", "PDC08", "PDC09").findings
        facts.app.store.close()
        return [(one.code, one.grade, one.what) for one in found]

    assert {code for code, _, _ in said()} == {"PDC07"}
    grafana.load(texts)
    wait("the rules are evaluated", lambda: not said())
    grafana.boards[uid]["panels"][0]["title"] = "Another"
    [(code, _, what)] = said()
    assert (code, what) == (
        "PDC07",
        f"'shop: are users succeeding?' ({uid}) is another one: it differs at panels[0].title.",
    )
    grafana.load(texts)
    grafana.may_list = False
    [(code, grade, what)] = said()
    assert (code, grade) == ("PDC09", Grade.SKIP)
    assert "datasources:read" in what
    grafana.may_list, grafana.kind = True, "graphite"
    assert said() == [("PDC09", Grade.ERROR, "It has no data source of the kind Prometheus.")]
    grafana.kind, grafana.prometheus = "prometheus", AWAY
    [(code, _, what)] = said()
    assert what == "Metrics: Grafana does not reach it (400): dial tcp: connection refused."
    grafana.database = "failing"
    [(code, _, what)] = said()
    assert (code, what) == ("PDC08", f"The database of {grafana.url} is not well: failing.")
    grafana.database, grafana.prometheus = "ok", town.prometheus
