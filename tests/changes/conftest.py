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
    from tests.forked import Forks

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
def run(tmp_path: Path, desk: Desk, forks: Forks) -> Run:
    """Run Python in the host's folder, over the evidence of *desk*; it must end well. A module is forked."""
    (tmp_path / "reliability.py").write_text(RELIABILITY)
    host = {"HOST_EVIDENCE": desk.url, "PARAPET_APP": "reliability:parapet"}

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        env = {**os.environ, **host, "PYTHONPATH": str(tmp_path)}
        if arguments[0] == "-m":
            done = forks.run(*arguments, cwd=tmp_path, env=env)
        else:
            command = [sys.executable, *arguments]
            done = subprocess.run(
                command, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=120, check=False
            )
        assert done.returncode == 0, done.stderr
        return done

    return run
