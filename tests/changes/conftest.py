"""Projects of hosts that tell of their changes."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import pytest

if TYPE_CHECKING:
    from tests.conftest import Desk

Run: TypeAlias = "Callable[..., subprocess.CompletedProcess[str]]"
RELIABILITY = """
import os
from parapet import Parapet
parapet = Parapet(service="shop", evidence=os.environ["HOST_EVIDENCE"])
"""

BROKEN = """
def broken(*_, **__):
    raise RuntimeError("on purpose")
parapet.__dict__["changed"] = broken
"""


@pytest.fixture
def break_telling(tmp_path: Path) -> Callable[[], None]:
    """From now on, whoever tells the host's Parapet of a change hits an error."""

    def break_it() -> None:
        (tmp_path / "reliability.py").write_text(RELIABILITY + BROKEN)

    return break_it


@pytest.fixture
def run(tmp_path: Path, desk: Desk) -> Run:
    """Run a Python program in the host's folder, over the evidence of *desk*; it must end well."""
    (tmp_path / "reliability.py").write_text(RELIABILITY)
    host = {"HOST_EVIDENCE": desk.url, "PARAPET_APP": "reliability:parapet"}

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=tmp_path,
            env={**os.environ, **host, "PYTHONPATH": str(tmp_path)},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done

    return run
