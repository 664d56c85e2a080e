"""The `parapet` command in a folder of its own, over real evidence."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import pytest

if TYPE_CHECKING:
    from tests.conftest import Desk
    from tests.forked import Forks

APP = """
import os
from parapet import Parapet
parapet = Parapet(service="shop", evidence=os.environ["HOST_EVIDENCE"])
parapet.journey("checkout", objective=0.999)
"""
Run: TypeAlias = "Callable[..., subprocess.CompletedProcess[str]]"


@pytest.fixture
def parapet(tmp_path: Path, desk: Desk, forks: Forks) -> Run:
    """The command, in a folder with a host's module, over the evidence of *desk*."""
    (tmp_path / "reliability.py").write_text(APP)

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        env = {**os.environ, "HOST_EVIDENCE": desk.url, "PARAPET_APP": "reliability:parapet"}
        return forks.run("-m", "parapet", *arguments, cwd=tmp_path, env=env)

    return run
