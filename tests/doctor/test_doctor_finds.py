"""`parapet doctor`: it finds every fault that is planted, and says nothing of a healthy host."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest
from tests.doctor.host import SECRETS, Case
from tests.doctor.planted import PLANTED
from tests.doctor.test_doctor_live import LIVE
from tests.forked import Forks

from parapet.core.errors import UnknownName
from parapet.doctor.examine import chosen, examine
from parapet.doctor.finding import Grade
from parapet.doctor.formats import to_github, to_sarif
from parapet.doctor.registry import AREAS, CHECKS

Command: TypeAlias = "Callable[..., subprocess.CompletedProcess[str]]"
HERE = tuple(one for one in CHECKS if not one.live)
CODES = tuple(one.code for one in HERE)
HOST = """
import os
from parapet import Parapet, Runbook, Secrets, Wiring
from parapet.response.runbook import Step
parapet = Parapet(
    service="shop", environment="test", owner="the shop's team", evidence=os.environ["EVIDENCE"],
    wiring=Wiring(dashboards=False),
    secrets=Secrets(
        webhook_tokens=(os.environ["W"],), metrics_tokens=(os.environ["M"],), form_key=os.environ["F"],
    ),
)
parapet.journey("checkout", objective=0.999)
"""
WEB = """
from fastapi import FastAPI
from starlette.routing import Route
from parapet.web import metrics, workbench
from reliability import parapet
app = FastAPI()
app.add_middleware(parapet.middleware)
app.routes.append(Route("/metrics", metrics(parapet)))
app.mount("/parapet", workbench(parapet, authenticate=lambda request: None))
"""


@pytest.mark.parametrize("code", CODES)
def test_every_planted_fault_is_found(code: str, case: Case) -> None:
    """Each check, run over a host with its fault, says so, and how much it matters."""
    facts = PLANTED[code](case)
    report = examine(facts, chosen(CHECKS, only=(code,)))
    found = [one for one in report.findings if one.code == code]
    assert found
    expected = next(one for one in CHECKS if one.code == code)
    assert {one.grade for one in found} == {Grade.SKIP if code == "PD612" else expected.grade}
    assert all(one.what and one.why and one.fix for one in found)


@pytest.mark.parametrize(
    ("path", "environment", "folder", "found"),
    [
        ("/tmp/evidence.db", "production", "/srv/shop", True),
        ("/dev/shm/evidence.db", "production", "/srv/shop", True),
        ("/var/run/evidence.db", "production", "/srv/shop", True),
        ("/var/lib/shop/evidence.db", "production", "/srv/shop", False),
        ("/tmp/evidence.db", "development", "/srv/shop", False),
        ("/tmp/shop/evidence.db", "production", "/tmp/shop", False),
    ],
)
def test_evidence_that_does_not_survive_is_found_where_it_matters(
    path: str, environment: str, folder: str, found: bool, case: Case
) -> None:
    """In production, by whatever name the temporary folder is called; not for a host that is itself in one."""
    facts = case.facts(case.parapet(environment=environment, evidence=f"sqlite:///{path}"))
    facts.folder = Path(folder)
    assert bool(examine(facts, chosen(CHECKS, only=("PD506",))).findings) is found


def test_no_check_says_anything_of_a_healthy_host(case: Case) -> None:
    """Of the host in which every fault was planted, without a fault."""
    assert examine(case.facts(), HERE).findings == ()


def test_every_check_has_a_fault_of_its_own() -> None:
    """A check without one was never seen to work; codes are unique, and belong to one part of a host."""
    assert sorted(PLANTED) == sorted(CODES)
    assert sorted(LIVE) == sorted(one.code for one in CHECKS if one.live)
    assert len({one.code for one in CHECKS}) == len(CHECKS)
    hundreds = [{one.code[:3] for one in CHECKS if one.look.__module__ == module.__name__} for _, module in AREAS]
    assert [len(one) for one in hundreds] == [1] * len(AREAS)


def test_a_code_may_be_shortened_and_must_exist() -> None:
    """PD3 is all of PD3xx; a typing error is told, and not taken for health."""
    secrets = chosen(CHECKS, only=("pd3",))
    assert {one.code[:3] for one in secrets} == {"PD3"}
    assert len(chosen(CHECKS, without=("PD3",))) == len(HERE) - len(secrets)
    with pytest.raises(UnknownName, match="PDX"):
        chosen(CHECKS, only=("PDX",))


def test_a_check_that_breaks_is_a_finding(case: Case) -> None:
    """It was not looked at, and the others were."""
    facts = case.facts()
    facts.__dict__["catalog"] = None
    facts.__dict__["deployment"] = None
    report = examine(facts, chosen(CHECKS, only=("PD701", "PD704")))
    assert [(one.code, one.grade) for one in report.findings] == [("PD701", Grade.SKIP)]
    assert "could not be looked at" in report.findings[0].what


def test_machines_read_where_a_fault_is(case: Case) -> None:
    """SARIF for code scanning and annotations of GitHub name file and line, and escape what they must."""
    facts = PLANTED["PD307"](case)
    checks = chosen(CHECKS, only=("PD307",))
    report = examine(facts, checks)
    sarif = json.loads(json.dumps(to_sarif(report, checks, "1")))
    [run] = sarif["runs"]
    [result] = run["results"]
    assert result["ruleId"] == run["tool"]["driver"]["rules"][0]["id"] == "PD307"
    where = result["locations"][0]["physicalLocation"]
    assert (where["artifactLocation"]["uri"], where["region"]["startLine"]) == ("settings.py", 1)
    line = to_github(report)
    assert line.startswith("::error file=settings.py,line=1,title=PD307 A secret is written in code::")
    assert line.count("\n") == 1


@pytest.fixture
def shop(case: Case, command: Command) -> Path:
    """The folder of a host that the command can import."""
    case.write("reliability.py", HOST).write("app.py", WEB)
    (case.folder / "env.json").write_text(
        json.dumps({
            "EVIDENCE": case.evidence, "W": SECRETS["webhook_tokens"][0], "M": SECRETS["metrics_tokens"][0],
            "F": SECRETS["form_key"],
        })
    )  # fmt: skip
    command(case.folder, "generate", "--out", "ops")
    subprocess.run(["git", "-C", str(case.folder), "add", "ops"], check=True)
    return case.folder


@pytest.fixture
def command(forks: Forks) -> Command:
    """What `parapet` answers in a folder."""

    def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
        settings = json.loads((folder / "env.json").read_text())
        env = {**os.environ, **settings, "PARAPET_APP": "reliability:parapet", "COLUMNS": "100"}
        return forks.run("-m", "parapet", *words, cwd=folder, env=env)

    return run


def test_the_command_finds_the_application_and_ends_by_what_it_found(shop: Path, command: Command) -> None:
    """0 where nothing must be done, 1 where something must, 2 where it could not look; --ci is stricter."""
    told = command(shop, "doctor", "--ci")
    assert (told.returncode, told.stderr) == (0, ""), told.stdout
    assert told.stdout == f"{len(HERE)} checks of shop: nothing to say.\n"
    (shop / "Procfile").write_text("web: gunicorn app:app -w 3\nworker: parapet worker\n")
    (shop / "reliability.py").write_text(HOST.replace("the shop's team", ""))
    found = command(shop, "doctor", "--json", "--only", "PD2", "--only", "PD7")
    assert found.returncode == 1
    report = json.loads(found.stdout)
    assert [one["code"] for one in report["findings"]] == ["PD701", "PD205"]
    assert report["findings"][0]["place"] == {"path": "Procfile", "line": 1}
    assert command(shop, "doctor", "--only", "PD2").returncode == 0
    strict = command(shop, "doctor", "--only", "PD2", "--ci")
    assert strict.returncode == 1
    assert "PD205  A promise belongs to nobody" in strict.stdout
    (shop / "reliability.py").write_text("import nothing_of_the_kind\n")
    broken = command(shop, "doctor")
    assert broken.returncode == 2
    assert "nothing_of_the_kind" in broken.stderr
    assert "A secret can be guessed" in command(shop, "doctor", "--explain", "PD304").stdout


SHOP = """
import sys
from pathlib import Path
from examples.shop.settings import make_secrets
home = Path(sys.argv[1])
make_secrets(home / "secrets")
from parapet.cli.main import main
app = ["--app", "examples.shop.reliability:parapet"]
main(["db", "upgrade", *app], standalone_mode=False)
main(["generate", *app, "--out", str(home / "ops")], standalone_mode=False)
host = ["--host", "examples.shop.app:create_app", "--folder", "examples/shop", "--out", str(home / "ops")]
main(["doctor", *app, *host, "--json"], standalone_mode=False)
"""


def test_the_shop_is_healthy(tmp_path: Path) -> None:
    """A real application with a login, a worker and the wiring of a demonstration: not even a remark."""
    told = subprocess.run(
        [sys.executable, "-c", SHOP, str(tmp_path)],
        cwd=Path(__file__).parents[2],
        env={**os.environ, "SHOP_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert told.returncode == 0, told.stderr
    report = json.loads(told.stdout[told.stdout.index("\n{") :])
    assert report["findings"] == []
    assert report["checked"] == len(HERE)


INSTALLED = """
from parapet.cli.main import main
for command in (["db", "upgrade"], ["generate"], ["doctor", "--json"]):
    main(command, standalone_mode=False)
"""
"""Nobody says where anything is: the install has written it down."""


@pytest.mark.parametrize("name", ["notes", "clinic"])
def test_installed_examples_are_healthy(name: str, tmp_path: Path, forks: Forks) -> None:
    """Flask with RQ and Django with Celery, as an install wired them, in the environment that their files ask for."""
    folder = tmp_path / name
    shutil.copytree(Path(__file__).parents[2] / "examples" / name, folder)
    settings = {
        "DJANGO_SETTINGS_MODULE": "clinic.settings",
        "PARAPET_MULTIPROCESS_DIR": str(tmp_path / "counted"),
        "PARAPET_WEBHOOK_TOKEN": SECRETS["webhook_tokens"][0],
        "PARAPET_METRICS_TOKEN": SECRETS["metrics_tokens"][0],
        "PARAPET_FORM_KEY": SECRETS["form_key"],
        "NOTES_SECRET_KEY": "a-secret-key-of-a-test",
    }
    told = forks.run("-c", INSTALLED, cwd=folder, env={**os.environ, **settings})
    assert told.returncode == 0, told.stdout + told.stderr
    report = json.loads(told.stdout[told.stdout.index("\n{") :])
    assert report["findings"] == []
