"""`parapet gen`: what is written is the host's own, is whole, and registers what it says."""

from __future__ import annotations

import json
import runpy
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from parapet import Parapet
from parapet.cli.gen import gen
from parapet.core.errors import ConfigurationError
from parapet.response.recoveries import RECOVERIES, runbook_of


def defined(path: Path) -> Parapet:
    """A service that has what the file defines."""
    parapet = Parapet(service="shop", owner="ops")
    runpy.run_path(str(path))["define"](parapet)
    return parapet


def test_all_runbooks_are_written_as_they_are(tmp_path: Path) -> None:
    """Read back, they are equal; a file of the host is never overwritten."""
    done = CliRunner().invoke(gen, ["runbooks", "--out", str(tmp_path / "shop")])
    assert done.exit_code == 0, done.output
    parapet = defined(tmp_path / "shop" / "playbooks.py")
    assert parapet.runbooks == tuple(runbook_of(name, owner="ops") for name in RECOVERIES)
    again = CliRunner().invoke(gen, ["runbooks", "--out", str(tmp_path / "shop")])
    assert isinstance(again.exception, ConfigurationError)


@pytest.mark.parametrize("name", RECOVERIES)
def test_a_recovery_has_a_capability_unless_it_is_guidance_only(name: str, tmp_path: Path) -> None:
    """One that does nothing until it is written, and says so."""
    done = CliRunner().invoke(gen, ["recovery", name, "--out", str(tmp_path)])
    assert done.exit_code == 0, done.output
    parapet = defined(tmp_path / f"{name.replace('-', '_')}.py")
    assert [book.name for book in parapet.runbooks] == [name]
    assert [one.name for one in parapet.capabilities] == ([] if RECOVERIES[name].guidance_only else [name])


HOST = """from parapet import Parapet
from parapet.slo.packs.jobs import jobs_pack

parapet = Parapet(service="shop", owner="ops")
parapet.adopt(jobs_pack())
"""


def test_what_fits_an_application_is_written_and_used_by_the_lines_that_are_said(tmp_path: Path) -> None:
    """Nothing meets the runbooks of an installation, and the doctor finds none that belongs to nothing."""
    package = tmp_path / "shop" / "reliability"
    package.mkdir(parents=True)
    (tmp_path / "shop" / "__init__.py").touch()
    (package / "__init__.py").write_text(HOST)
    (package / "runbooks.py").write_text("# what an installation wrote\n")
    said = ran(tmp_path, "gen", "runbooks", "--app", "shop.reliability:parapet")
    assert "Left out" in said
    assert "login-breakage" in said
    also = ran(tmp_path, "gen", "recovery", "login-breakage", "--app", "shop.reliability:parapet")
    assert "Nothing that it is about is promised here yet" in also
    assert (package / "playbooks.py").exists(), "beside the Parapet object"
    lines = [line.strip() for line in said.splitlines() if line.startswith("    ")]
    assert len(lines) == 2
    (package / "__init__.py").write_text("\n".join([HOST, *lines, ""]))
    found = json.loads(ran(tmp_path, "doctor", "--app", "shop.reliability:parapet", "--json"))
    assert found["checked"] > 50
    assert "PD202" not in {one["code"] for one in found["findings"]}


def ran(folder: Path, *command: str) -> str:
    """What a command says there, in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "parapet.cli.main", *command], cwd=folder, capture_output=True, text=True, check=False
    )
    assert not done.stderr.startswith("Traceback"), done.stderr
    return done.stdout
