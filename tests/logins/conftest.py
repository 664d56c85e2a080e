"""What the tests of logins share: real applications in an environment of their own, and what they counted."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest
from tests.environments import python_of

ROOT = Path(__file__).parents[2]
HOSTS = Path(__file__).parent / "hosts"
PATIENCE_SECONDS = 120

Told: TypeAlias = dict[str, list[object]]
"""What each step was answered with, and what it counted."""


@pytest.fixture(scope="session")
def interpreter() -> str:
    """The interpreter of an environment with the libraries that log people in, made once."""
    return python_of("logins")


@pytest.fixture(scope="session")
def ask(interpreter: str) -> Callable[..., Told]:
    """Runs an application and its browser."""

    def run(name: str, *arguments: str) -> Told:
        clean = {key: value for key, value in os.environ.items() if not key.startswith(("DJANGO", "PYTEST", "FLASK"))}
        ran = subprocess.run(
            [interpreter, str(HOSTS / f"{name}_host.py"), *arguments],
            env=clean | {"PYTHONPATH": f"{HOSTS}:{ROOT / 'src'}"},
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
        )
        assert ran.returncode == 0, ran.stderr[-3_000:]
        told: Told = json.loads(ran.stdout.splitlines()[-1])
        return told

    return run
