"""`parapet gen`: what is written is the host's own, is whole, and registers what it says."""

from __future__ import annotations

import runpy
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
    parapet = defined(tmp_path / "shop" / "runbooks.py")
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
