"""`parapet generate`, as a person runs it."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.forked import Forks

Run = Callable[..., subprocess.CompletedProcess[str]]

APP = """
from parapet import Parapet
from parapet.slo.packs import web_pack

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


@pytest.fixture
def parapet(project: Path, forks: Forks) -> Run:
    """Runs the command in the project."""

    def run(*arguments: str, app: str | None = "reliability:parapet") -> subprocess.CompletedProcess[str]:
        return forks.run("-m", "parapet", *arguments, cwd=project, env={"PARAPET_APP": app} if app else {})

    return run


def test_generate_then_check_then_drift(project: Path, parapet: Run) -> None:
    """Written once, agreed with, and a changed objective is a diff and exit status 1."""
    done = parapet("generate", "--out", "rules")
    assert (done.returncode, done.stderr) == (0, "")
    assert "rules: 5 slices of shop, " in done.stdout
    assert parapet("generate", "--out", "rules", "--check").returncode == 0
    (project / "reliability.py").write_text(APP.replace("0.999", "0.99"))
    drift = parapet("generate", "--out", "rules", "--check")
    assert drift.returncode == 1
    assert "-# login: Login. 99.9 % = 43.2 minutes in 30 days.\n+# login: Login. 99 % = 7.2 hours" in drift.stdout
    assert "Run `parapet generate --out rules` and commit." in drift.stderr


def test_generate_speaks_json(project: Path, parapet: Run) -> None:
    """For pipelines: what changed, and whether it differs."""
    done = json.loads(parapet("generate", "--json").stdout)
    assert "written alertmanager/parapet.yml" in done["changes"]
    check = json.loads(parapet("generate", "--check", "--json").stdout)
    assert check == {"out": "ops", "differs": False, "summary": [], "diff": ""}
    (project / "reliability.py").write_text(APP.replace("0.999", "0.99"))
    drift = json.loads(parapet("generate", "--check", "--json").stdout)
    assert drift["differs"] is True
    assert drift["summary"][0].startswith("login: promised 99.9 %, promises 99 %; ")


def test_a_check_says_what_differs_before_it_shows_it(project: Path, parapet: Run) -> None:
    """Words first, then the diff; no colour codes in a file."""
    parapet("generate")
    (project / "reliability.py").write_text(APP.replace("0.999", "0.99"))
    lines = parapet("generate", "--check").stdout.splitlines()
    assert lines[0] == "ops differs from the definitions:"
    assert lines[1].startswith("  login: promised 99.9 %, promises 99 %; ")
    assert lines.index("--- prometheus/alerts.yml (in ops)") > 2
    assert not any("\033" in line for line in lines)


def test_a_diff_has_colours_on_a_terminal(project: Path, parapet: Run) -> None:
    """Red for what is committed, green for what the definitions say; NO_COLOR is heard."""
    parapet("generate")
    (project / "reliability.py").write_text(APP.replace("0.999", "0.99"))
    said = on_a_terminal(project, "generate", "--check")
    assert "\033[31m-# login: Login. 99.9 %" in said
    assert "\033[32m+# login: Login. 99 %" in said
    assert "\033[" not in on_a_terminal(project, "generate", "--check", NO_COLOR="1")


def on_a_terminal(project: Path, *arguments: str, **environment: str) -> str:
    """What the command shows on a terminal of its own."""
    ours, theirs = os.openpty()
    env = {"PARAPET_APP": "reliability:parapet", "TERM": "xterm", **environment}
    process = subprocess.Popen(
        [sys.executable, "-m", "parapet", *arguments], cwd=project, env=env, stdin=theirs, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    said = b""
    with contextlib.suppress(OSError):  # how Linux says that nobody holds the other end any more
        while chunk := os.read(ours, 65_536):
            said += chunk
    process.wait(60)
    os.close(ours)
    return said.decode()


def test_parts_are_left_out_and_listed(project: Path, parapet: Run) -> None:
    """What is left out goes from the folder; --list writes nothing."""
    parapet("generate")
    listed = parapet("generate", "--without", "scrape", "--list").stdout
    assert "tests: unit tests of the rules, for promtool\n  ops/prometheus/tests.yml\n" in listed
    assert "not generated: scrape, the scrape job, for Prometheus (--with scrape)" in listed
    assert (project / "ops" / "prometheus" / "scrape.yml").exists()
    drift = parapet("generate", "--without", "scrape", "--check")
    assert drift.returncode == 1
    assert "Run `parapet generate --out ops --without scrape` and commit." in drift.stderr
    assert "removed prometheus/scrape.yml" in parapet("generate", "--without", "scrape").stdout
    (listed_file, *_) = json.loads(parapet("generate", "--list", "--json").stdout)["files"]
    assert listed_file["part"] == "alertmanager"


def test_the_same_bytes_whatever_order_hashes_have(project: Path, parapet: Run) -> None:
    """Sets and dictionaries of another process must not shuffle a committed file."""
    parapet("generate", "--out", "first")
    for seed in ("0", "1", "4242"):
        command = [sys.executable, "-m", "parapet", "generate", "--out", "first", "--check"]
        env = {"PARAPET_APP": "reliability:parapet", "PYTHONHASHSEED": seed}
        again = subprocess.run(command, cwd=project, env=env, capture_output=True, text=True, timeout=60)
        assert again.returncode == 0, again.stdout


def test_an_error_is_one_sentence(project: Path, parapet: Run) -> None:
    """No traceback: what is wrong, and what was meant."""
    (project / "reliability.py").write_text(APP.replace("0.999", "99.9"))
    failed = parapet("generate")
    assert failed.returncode == 1
    assert "Did you mean 0.999?" in failed.stderr
    assert "Traceback" not in failed.stderr


def test_help_shows_how_it_is_run(project: Path, parapet: Run) -> None:
    """With examples that can be copied."""
    said = parapet("generate", "--help").stdout
    assert "parapet generate --app shop.reliability:parapet --out ops/ --check" in said
    assert parapet("generate", app=None).returncode == 2
