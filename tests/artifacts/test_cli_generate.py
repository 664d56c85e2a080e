"""`parapet generate`, as a person runs it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

APP = """
from parapet import Parapet
from parapet.slo.packs.web import web_pack

parapet = Parapet(service="shop")
parapet.journey("login", objective=0.999)
parapet.journey("checkout", objective=0.95, latency=(1, 0.95))
parapet.adopt(web_pack())
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with a host's definitions in it."""
    (tmp_path / "reliability.py").write_text(APP)
    return tmp_path


def parapet(
    project: Path, *arguments: str, app: str | None = "reliability:parapet"
) -> subprocess.CompletedProcess[str]:
    """Runs the command in *project*."""
    env = {"PARAPET_APP": app} if app else {}
    command = [sys.executable, "-m", "parapet", *arguments]
    return subprocess.run(command, cwd=project, env=env, capture_output=True, text=True, timeout=60)


def test_generate_then_check_then_drift(project: Path) -> None:
    """Written once, agreed with, and a changed objective is a diff and exit status 1."""
    done = parapet(project, "generate", "--out", "rules")
    assert (done.returncode, done.stderr) == (0, "")
    assert "rules: 5 slices of shop, 5 files, 5 changed." in done.stdout
    assert parapet(project, "generate", "--out", "rules", "--check").returncode == 0
    (project / "reliability.py").write_text(APP.replace("0.999", "0.99"))
    drift = parapet(project, "generate", "--out", "rules", "--check")
    assert drift.returncode == 1
    assert "-# login: Login. 99.9 % = 43.2 minutes in 30 days.\n+# login: Login. 99 % = 7.2 hours" in drift.stdout
    assert "Run `parapet generate --out rules` and commit." in drift.stderr


def test_generate_speaks_json(project: Path) -> None:
    """For pipelines: what changed, and whether it differs."""
    done = json.loads(parapet(project, "generate", "--json").stdout)
    assert done["changes"][0] == "written alertmanager/parapet.yml"
    check = json.loads(parapet(project, "generate", "--check", "--json").stdout)
    assert check == {"out": "ops", "differs": False, "diff": ""}


def test_an_error_is_one_sentence(project: Path) -> None:
    """No traceback: what is wrong, and what was meant."""
    (project / "reliability.py").write_text(APP.replace("0.999", "99.9"))
    failed = parapet(project, "generate")
    assert failed.returncode == 1
    assert "Did you mean 0.999?" in failed.stderr
    assert "Traceback" not in failed.stderr


def test_help_shows_how_it_is_run(project: Path) -> None:
    """With examples that can be copied."""
    said = parapet(project, "generate", "--help").stdout
    assert "parapet generate --app shop.reliability:parapet --out ops/ --check" in said
    assert parapet(project, "generate", app=None).returncode == 2
