"""The commands in the documentation run, and begin to say what is written there."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.real

ROOT = Path(__file__).parents[3]


def test_every_command_of_the_page_runs() -> None:
    """In the demo's shop, beside a real Prometheus; `make slo-docs` writes the page again."""
    if shutil.which("prometheus") is None or shutil.which("promtool") is None:
        message = "prometheus is not installed (Debian: prometheus)"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    command = [sys.executable, str(ROOT / "scripts" / "slo_commands.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
