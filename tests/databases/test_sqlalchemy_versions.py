"""The requirements of this folder hold on SQLAlchemy 2.0 as well; the environment of the tests has 2.1."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from tests.environments import python_of

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def older() -> str:
    """The interpreter of an environment with SQLAlchemy 2.0, made once."""
    return python_of("sqlalchemy20")


def test_everything_holds_on_sqlalchemy_2_0(older: str) -> None:
    """Statements, pools and asynchronous engines, on SQLite and Postgres."""
    code = "import sqlalchemy, sys; sys.exit(sqlalchemy.__version__[:4] != '2.0.')"
    subprocess.run([older, "-c", code], check=True)
    files = sorted(str(path) for path in HERE.glob("test_sqlalchemy_*.py") if path != Path(__file__))
    ran = subprocess.run(
        [older, "-m", "pytest", "-q", "-p", "no:cacheprovider", *files], cwd=ROOT, capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stdout[-4_000:] + ran.stderr[-2_000:]
