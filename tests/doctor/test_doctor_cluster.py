"""`parapet doctor cluster`: nodes that differ are told apart, by what each wrote down itself."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.conftest import at
from tests.forked import Forks

from parapet import IncidentPolicy, Parapet, Secrets, Wiring, __version__
from parapet.doctor.cluster import disagreements
from parapet.ops.nodes import Node, nodes
from parapet.ops.scraped import Scraped, settings_digest
from parapet.testing import ManualClock

if TYPE_CHECKING:
    from parapet.store.store import Store

NOW = at("02:00")
ONE = Node(name="worker/1", beat_at=NOW, host="a", pid=1, version="1.0", settings="x", skew_seconds=0.0)
HOST = """
import os
from parapet import Parapet
parapet = Parapet(service="shop", evidence=os.environ["HOST_EVIDENCE"])
parapet.journey("checkout", objective=0.999)
"""


@pytest.mark.parametrize(
    ("other", "said"),
    [
        (
            replace(ONE, name="worker/2", host="b", version="1.1"),
            "2 versions: 1.0 on a, process 1, 1.1 on b, process 1",
        ),
        (replace(ONE, name="worker/2", host="b", settings="y"), "2 different settings"),
        (replace(ONE, name="worker/2", host="b", skew_seconds=-30.0), "The clock of b is 30 s ahead"),
        (replace(ONE, name="worker/2", host="b", beat_at=NOW - timedelta(minutes=5)), "nobody on b took over"),
    ],
)
def test_a_node_that_differs_is_named(other: Node, said: str) -> None:
    """Another version, other settings, another time, or silence."""
    told = tuple(disagreements((ONE, other), NOW))
    assert len(told) == 1
    assert said in told[0]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"version": "1.1"}, "2 versions: 1.0 on a, process 1, 1.1 on web-1:8000"),
        (
            {"settings": "y"},
            "2 different settings: compare Wiring, policies and promises of a, process 1 and web-1:8000",
        ),
        ({"schema": "0016"}, "web-1:8000 is made for step 0016 of the schema; the database is at 0015. Run parapet db"),
        (
            {"schema": "0014"},
            "web-1:8000 is made for step 0014 of the schema; the database is at 0015. Finish the roll",
        ),
        ({"skew_seconds": 9.0}, "The clock of web-1:8000 is 9 s behind that of Prometheus."),
    ],
)
def test_a_web_process_that_differs_is_named(changed: dict[str, str | float], said: str) -> None:
    """From the workers, from the database, from the clock of Prometheus."""
    web = Scraped(instance="web-1:8000", version="1.0", settings="x", schema="0015", skew_seconds=0.1)
    assert tuple(disagreements((ONE,), NOW, (web, replace(web, instance="web-2:8000")), "0015")) == ()
    [line] = disagreements((ONE,), NOW, (replace(web, **changed),), "0015")  # type: ignore[arg-type]
    assert said in line


def test_settings_are_told_alike_whatever_the_order_of_sets() -> None:
    """Their order differs from process to process; what is no setting, such as a secret, is left out."""
    one = IncidentPolicy(routing_labels=frozenset(("team", "region", "tier", "cell")))
    other = IncidentPolicy(routing_labels=frozenset(("cell", "tier", "region", "team")))
    assert settings_digest((one, Wiring())) == settings_digest((other, Wiring()))
    assert settings_digest((one,)) != settings_digest((IncidentPolicy(),))
    assert settings_digest((Secrets(form_key="k" * 16),)) == settings_digest((Secrets(form_key="l" * 16),))


def test_nodes_that_agree_are_left_alone() -> None:
    """So is a worker whose node has another one since, and one that was stopped long ago."""
    replaced = replace(ONE, name="worker/2", beat_at=NOW - timedelta(minutes=5))
    stopped = replace(ONE, name="worker/3", host="c", beat_at=NOW - timedelta(days=1))
    assert tuple(disagreements((ONE, replaced, stopped), NOW)) == ()
    assert "No worker is alive" in next(disagreements((stopped,), NOW))


def test_each_worker_writes_down_what_it_runs_with(evidence_url: str, store: Store) -> None:
    """Equal settings have equal digests, in whatever process; the database's clock is compared with its own."""
    made = [
        Parapet(service="shop", evidence=evidence_url),
        Parapet(service="shop", evidence=evidence_url),
        Parapet(service="shop", evidence=evidence_url, wiring=Wiring(group_wait_seconds=3.0)),
        Parapet(service="shop", evidence=evidence_url, incidents=IncidentPolicy(quiet_period_seconds=60.0)),
        Parapet(service="shop", evidence=evidence_url, clock=ManualClock(NOW)),
    ]
    for parapet in made:
        parapet.tick()
        parapet.store.close()
    with store.read() as tx:
        found = {node.name: node for node in nodes(tx)}
    same, again, wired, patient, late = (found[one.worker.name] for one in made)
    assert same.settings == again.settings
    assert len({same.settings, wired.settings, patient.settings}) == 3
    assert (same.version, same.pid) == (__version__, os.getpid())
    if evidence_url.startswith("sqlite"):
        assert late.skew_seconds is None
    else:
        assert late.skew_seconds is not None
        assert abs(late.skew_seconds) > 60
        assert same.skew_seconds is not None
        assert abs(same.skew_seconds) < 60


def test_the_command_compares_processes(sqlite_template: Path, tmp_path: Path, forks: Forks) -> None:
    """Two workers, each a process of its own, agree."""
    (tmp_path / "reliability.py").write_text(HOST)
    (tmp_path / "evidence.db").write_bytes(sqlite_template.read_bytes())
    settings = {"HOST_EVIDENCE": f"sqlite:///{tmp_path / 'evidence.db'}", "PARAPET_APP": "reliability:parapet"}

    def parapet(*words: str) -> subprocess.CompletedProcess[str]:
        return forks.run("-m", "parapet", *words, cwd=tmp_path, env={**os.environ, **settings})

    nobody = parapet("doctor", "cluster")
    assert nobody.returncode == 1
    assert "No worker is alive" in nobody.stdout
    for _ in range(2):
        assert parapet("worker", "--once").returncode == 0
    told = parapet("doctor", "cluster", "--json")
    assert told.returncode == 0, told.stdout + told.stderr
    found = json.loads(told.stdout)
    assert len(found["nodes"]) == 2
    assert len({node["settings"] for node in found["nodes"]}) == 1
    assert found["processes"] == []
    said = parapet("doctor", "cluster").stdout
    assert "2 workers of shop agree." in said
    assert "nobody said where Prometheus is" in said
