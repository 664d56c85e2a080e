"""`parapet slo list` and `explain`, as a person runs them: in a pipe, in a terminal, narrow and wide."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., subprocess.CompletedProcess[str]]


def in_a_terminal(project: Path, *arguments: str, **environment: str) -> str:
    """What `parapet slo ...` writes to a terminal."""
    ours, theirs = pty.openpty()
    plain = {name: value for name, value in os.environ.items() if name not in {"NO_COLOR", "COLUMNS"}}
    with subprocess.Popen(
        [sys.executable, "-m", "parapet", "slo", *arguments],
        cwd=project,
        env={**plain, "PARAPET_APP": "reliability:parapet", **environment},
        stdout=theirs,
        stderr=theirs,
        stdin=theirs,
    ) as process:
        os.close(theirs)
        said = b""
        while True:
            try:
                part = os.read(ours, 65_536)
            except OSError:  # how Linux tells the end of a terminal
                break
            if not part:
                break
            said += part
        os.close(ours)
        assert process.wait(timeout=60) == 0, said.decode()
    return said.decode()


def test_list_says_what_every_objective_allows(slo: Run) -> None:
    """One line a slice: objective, minutes a month, and when a total outage is told."""
    said = slo("list")
    assert said.returncode == 0, said.stderr
    lines = said.stdout.splitlines()
    assert lines[0] == "5 promises of shop"
    (login,) = (line for line in lines if line.startswith("login"))
    assert login.split() == ["login", "99.9", "%", "43.2", "minutes", "page,", "51.8", "s", "Login"]


def test_list_as_json_is_a_snapshot(slo: Run) -> None:
    """Everything that another revision could be compared with, unrounded."""
    document = json.loads(slo("list", "--json").stdout)
    assert document["service"] == "shop"
    speed = next(one for one in document["slices"] if one["slice"] == "checkout-latency")
    assert speed["budget_ratio"] == 0.05
    assert speed["bad"] == "slower than 1 s"
    assert speed["owner"] == "Shop team"
    page = {one["error_ratio"]: one["seconds"] for one in speed["told"] if one["severity"] == "page"}
    assert page == {1.0: pytest.approx(2_592), 0.5: pytest.approx(12_960), **dict.fromkeys((0.1, 0.05, 0.02, 0.01))}


def test_explain_shows_the_arithmetic(slo: Run) -> None:
    """Budget, thresholds, and the time until somebody is told; the nearest name where there is no such slice."""
    said = [" ".join(line.split()) for line in slo("explain", "login", columns=120).stdout.splitlines()]
    for line in (
        "promise 99.9 % good in any 30 days. That allows 43.2 minutes of total outage, or 1,000 bad in a million.",
        "100 % 51.8 s ━━━━ 9.32 minutes ━━━━━━━━",
        "page 1.44 % 1 hour 5 minutes 14.4x 2 % 5 failures",
    ):
        assert line in said
    unknown = slo("explain", "chekout")
    assert unknown.returncode == 1
    assert "Did you mean 'checkout'?" in unknown.stderr
    assert "Traceback" not in unknown.stderr


@pytest.mark.parametrize("columns", [80, 120])
@pytest.mark.parametrize("arguments", [("list",), ("explain",)])
def test_nothing_is_wider_than_the_terminal(slo: Run, columns: int, arguments: tuple[str, ...]) -> None:
    """Tables give way and sentences wrap."""
    said = slo(*arguments, columns=columns).stdout
    assert max(len(line) for line in said.splitlines()) <= columns
    assert not any(line.endswith(" ") for line in said.splitlines())


def test_colour_is_for_terminals_that_want_it(slo: Run, project: Path) -> None:
    """None in a pipe, some in a terminal, none in a terminal with NO_COLOR."""
    assert "\x1b[" not in slo("explain", "login").stdout
    assert "\x1b[31m" in in_a_terminal(project, "explain", "login")
    assert "\x1b[" not in in_a_terminal(project, "explain", "login", NO_COLOR="1")


def test_where_only_ascii_can_be_written_ascii_is_written(project: Path) -> None:
    """Bars of plain signs instead of an error."""
    command = [sys.executable, "-m", "parapet", "slo", "explain", "login"]
    env = {**os.environ, "PARAPET_APP": "reliability:parapet", "PYTHONIOENCODING": "ascii"}
    said = subprocess.run(command, cwd=project, env=env, capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stderr
    assert "====" in said.stdout


def test_help_has_examples_and_a_missing_app_is_a_usage_error(slo: Run) -> None:
    """Every command of the group shows how it is run."""
    for command in ([], ["list"], ["explain"]):
        assert "Examples:" in slo(*command, "--help").stdout
    assert slo("list", environment={"PARAPET_APP": ""}).returncode == 2
