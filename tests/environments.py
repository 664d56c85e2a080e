"""Environments of their own, for libraries that cannot stand beside the project's: made once by scripts/make-env."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

MAKE = Path(__file__).parents[1] / "scripts" / "make-env"
MAKING_SECONDS = 600


def python_of(name: str) -> str:
    """The interpreter of an environment of scripts/envs; without it the test is skipped loudly, or fails under CI."""
    made = subprocess.run([MAKE, name], capture_output=True, text=True, timeout=MAKING_SECONDS, check=False)
    if made.returncode == 0:
        return made.stdout.strip().splitlines()[-1]
    said = f"The environment {name!r} could not be made: {made.stderr.strip()[-500:]}"
    if os.environ.get("CI"):
        pytest.fail(said)
    pytest.skip(said)
