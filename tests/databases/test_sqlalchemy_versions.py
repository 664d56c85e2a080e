"""The requirements of this folder hold on SQLAlchemy 2.0 as well; the environment of the tests has 2.1."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def older() -> str:
    """The interpreter of an environment with SQLAlchemy 2.0, made once."""
    made = subprocess.run([ROOT / "scripts" / "make-env", "sqlalchemy20"], capture_output=True, text=True, check=False)
    if made.returncode:
        if os.environ.get("CI"):
            pytest.fail(made.stderr)
        pytest.skip(f"The environment could not be made: {made.stderr[-300:]}")
    return made.stdout.strip()


def test_everything_holds_on_sqlalchemy_2_0(older: str) -> None:
    """Statements, pools and asynchronous engines, on SQLite and Postgres."""
    code = "import sqlalchemy, sys; sys.exit(sqlalchemy.__version__[:4] != '2.0.')"
    subprocess.run([older, "-c", code], check=True)
    files = sorted(str(path) for path in HERE.glob("test_sqlalchemy_*.py") if path != Path(__file__))
    ran = subprocess.run(
        [older, "-m", "pytest", "-q", "-p", "no:cacheprovider", *files], cwd=ROOT, capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stdout[-4_000:] + ran.stderr[-2_000:]
