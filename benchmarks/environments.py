"""Environments of their own, for peers and servers that the project's own does not have."""

from __future__ import annotations

import subprocess
from pathlib import Path

MAKE = Path(__file__).resolve().parents[1] / "scripts" / "make-env"


def interpreter(environment: str) -> str:
    """The Python of an environment of `scripts/envs`, which is made if it is not there.

    Raises:
        CalledProcessError: it could not be made.
    """
    made = subprocess.run([MAKE, environment], stdout=subprocess.PIPE, text=True, check=True)
    return made.stdout.splitlines()[-1]
