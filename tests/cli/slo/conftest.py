"""A host's project, and the `parapet slo` commands run in it as people run them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

APP = """
from parapet import Parapet
from parapet.slo.packs.web import web_pack

parapet = Parapet(service="shop", owner="Shop team")
parapet.journey("login", objective=0.999)
parapet.journey("checkout", objective=0.95, latency=(1, 0.95))
parapet.adopt(web_pack())
"""

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with a host's definitions in it."""
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "reliability.py").write_text(APP)
    return folder


@pytest.fixture
def slo(project: Path) -> Run:
    """Runs `parapet slo ...` in the project."""

    def run(
        *arguments: str, columns: int = 100, environment: Mapping[str, str] | None = None, cwd: Path = project
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "parapet", "slo", *arguments],
            cwd=cwd,
            env={
                **{name: value for name, value in os.environ.items() if name != "NO_COLOR"},
                "PARAPET_APP": "reliability:parapet",
                "COLUMNS": str(columns),
                **(environment or {}),
            },
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    return run
