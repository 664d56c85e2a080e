"""`parapet slo new`: what it writes runs, in a host's package and without one."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., subprocess.CompletedProcess[str]]

HOST = """\"\"\"What the shop promises.\"\"\"

import os
from parapet import Parapet

checkout = "a name that is taken"
parapet = Parapet(
    service="shop",
    owner="Shop team",
)
parapet.journey("login", objective=0.999)


def unrelated() -> str:
    return os.sep
"""


@pytest.fixture
def package(project: Path) -> Path:
    """The host as a package: `shop.reliability`."""
    folder = project / "shop"
    folder.mkdir()
    (folder / "__init__.py").touch()
    (folder / "reliability.py").write_text(HOST)
    return folder


def pytest_says(project: Path, *paths: str) -> str:
    """What pytest says of the generated tests, run as the command says."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *paths],
        cwd=project,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def tidy(project: Path, *paths: str) -> None:
    """The generated code is as a linter and a formatter with their defaults want it."""
    for words in (["check", "--isolated", "--select", "E,F,I,UP,B"], ["format", "--isolated", "--check"]):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *words, *paths], cwd=project, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr


def test_a_journey_is_written_wired_and_its_test_passes(slo: Run, project: Path, package: Path) -> None:
    """Beside the app's module, two lines in it, and the promise is there at once."""
    host = {"PARAPET_APP": "shop.reliability:parapet"}
    wanted = ("checkout", "--objective", "0.999", "--latency", "0.5:0.99", "--route", "POST /checkout")
    said = slo("new", *wanted, environment=host)
    assert said.returncode == 0, said.stderr
    assert "99.9 % = 43.2 minutes in 30 days. 99 % of what succeeds takes at most 0.5 s." in said.stdout
    assert "3 passed" in pytest_says(project, "tests/test_journey_checkout.py")
    tidy(project, "shop/journey_checkout.py", "tests/test_journey_checkout.py")
    expected = HOST.replace(
        "import Parapet\n", "import Parapet\n\nfrom shop.journey_checkout import define as define_checkout\n"
    )
    call = "journey_checkout = define_checkout(parapet)\n"  # the shorter name is taken
    expected = expected.replace('"login", objective=0.999)\n', f'"login", objective=0.999)\n{call}')
    assert (package / "reliability.py").read_text() == expected
    (speed,) = json.loads(slo("explain", "checkout-latency", "--json", environment=host).stdout)
    assert (speed["objective"], speed["runbook"], speed["owner"]) == (0.99, "checkout", "Shop team")


def test_nothing_is_overwritten_without_force(slo: Run, project: Path, package: Path) -> None:
    """Neither a promise that is there nor a file; with --force the files begin anew, and nothing is wired twice."""
    host = {"PARAPET_APP": "shop.reliability:parapet"}
    assert slo("new", "pay", "--objective", "0.99", environment=host).returncode == 0
    (package / "journey_pay.py").write_text((package / "journey_pay.py").read_text() + "# mine\n")
    kept = (package / "reliability.py").read_text()
    again = slo("new", "pay", "--objective", "0.99", environment=host)
    assert again.returncode == 1
    assert "promises 'pay' already" in again.stderr
    unwired = slo("new", "pay", "--objective", "0.99", "--out", "shop", environment={"PARAPET_APP": ""})
    assert unwired.returncode == 1
    assert "there already: shop/journey_pay.py, tests/test_journey_pay.py. See --force." in unwired.stderr
    assert "# mine" in (package / "journey_pay.py").read_text()
    forced = slo("new", "pay", "--objective", "0.95", "--force", environment=host)
    assert forced.returncode == 0, forced.stderr
    assert "objective=0.95" in (package / "journey_pay.py").read_text()
    assert (package / "reliability.py").read_text() == kept


def test_without_an_app_it_says_what_goes_where(slo: Run, project: Path) -> None:
    """A journey whose name is no Python name, in a folder of its own."""
    said = slo("new", "2fa-check", "--objective", "0.5", "--out", "deep/er", environment={"PARAPET_APP": ""})
    assert said.returncode == 0, said.stderr
    assert "from deep.er.journey_2fa_check import define as define_2fa_check" in said.stdout
    assert "journey_2fa_check = define_2fa_check(parapet)" in said.stdout
    assert "3 passed" in pytest_says(project, "tests/test_journey_2fa_check.py")
    tidy(project, "deep/er/journey_2fa_check.py", "tests/test_journey_2fa_check.py")


def test_a_module_that_makes_its_app_elsewhere_is_left_alone(slo: Run, project: Path) -> None:
    """There is no place that anybody could know: the lines are printed, also as JSON."""
    text = "from parapet import Parapet\n\nmade = {'it': Parapet(service='shop')}\nglobals()['app'] = made['it']\n"
    (project / "dynamic.py").write_text(text)
    said = slo("new", "pay", "--objective", "0.99", "--json", environment={"PARAPET_APP": "dynamic:app"})
    document = json.loads(said.stdout)
    assert document["changed"] is None
    assert document["put_in"] == ["from journey_pay import define as define_pay", "pay = define_pay(app)"]
    assert (project / "dynamic.py").read_text() == text


def test_a_module_that_would_not_load_any_more_is_put_back(slo: Run, project: Path) -> None:
    """Such as one that freezes its definitions before the end."""
    text = (project / "reliability.py").read_text() + "assert len(parapet.catalog) == 5\n"
    (project / "reliability.py").write_text(text)
    said = slo("new", "pay", "--objective", "0.99")
    assert said.returncode == 0, said.stderr
    assert "Put into the module of reliability:parapet" in said.stdout
    assert (project / "reliability.py").read_text() == text


@pytest.mark.parametrize(
    ("arguments", "status", "expected"),
    [
        (("Check Out", "--objective", "0.99"), 2, "Did you mean 'check-out'?"),
        (("pay", "--objective", "99.9"), 2, "Did you mean 0.999?"),
        (("pay", "--objective", "99.9%"), 2, "Did you mean 0.999?"),
        (("pay", "--objective", "most"), 2, "'most' is no ratio. Write 0.999 for 99.9 %."),
        (("pay", "--objective", "0.9", "--latency", "0.5"), 2, "Write 0.5:0.99 for 99 % in 0.5 s."),
        (("pay", "--objective", "0.9", "--latency", "0.99:3"), 2, "Did you mean 3:0.99?"),
        (("pay", "--objective", "0.9", "--route", "PST /pay"), 1, "'PST /pay' is no route."),
        (("login", "--objective", "0.9"), 1, "promises 'login' already"),
        (("pay",), 2, "Missing option '--objective'"),
    ],
)
def test_what_cannot_hold_is_refused_before_anything_is_written(
    slo: Run, project: Path, arguments: tuple[str, ...], status: int, expected: str
) -> None:
    """With the nearest thing that could."""
    said = slo("new", *arguments)
    assert said.returncode == status
    assert expected in " ".join(said.stderr.split())
    assert [path.name for path in project.iterdir() if path.suffix == ".py" or path.name == "tests"] == [
        "reliability.py"
    ]
