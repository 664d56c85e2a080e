"""The whole stack, for tests that run it for real."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path
from typing import Protocol

import pytest

sys.path.insert(0, str(Path(__file__).parents[2]))  # the examples are no part of what is installed

from examples.stage.browser import Browser
from examples.stage.load import Load, Rates
from examples.stage.machine import StackError, program
from examples.stage.stack import Stack
from examples.stage.story import run

from parapet.incidents.model import Resolution, Severity
from parapet.lessons.retrospective import MomentName

STAFF = "ana"
FEW = Rates(logins=1, checkouts=4, browse=1)
"""Enough for what the story tells, which is about checkouts."""


class Start(Protocol):
    """Starts a stack, customers included, that ends with the test."""

    def __call__(
        self, *, burn_scale: float, rates: Rates, evaluation_seconds: int = 1
    ) -> tuple[Stack, Load, Browser]: ...


@pytest.fixture
def servers() -> None:
    """Skips, loudly, where Prometheus or Alertmanager is missing; on CI that is a failure."""
    try:
        program("prometheus", "prometheus")
        program("prometheus-alertmanager", "prometheus-alertmanager", "alertmanager")
    except StackError as error:
        if os.environ.get("CI"):
            pytest.fail(str(error))
        pytest.skip(str(error))


@pytest.fixture
def happens(servers: None, tmp_path: Path) -> Callable[[str], None]:
    """Runs the story on an empty evidence database, and checks what is remembered of it."""

    def go(evidence_url: str) -> None:
        said: list[str] = []
        told = run(home=tmp_path / "stack", evidence_url=evidence_url, rates=FEW, say=said.append)
        kept = told.retrospective
        assert (kept.slice, kept.severity, kept.resolution) == ("checkout", Severity.PAGE, Resolution.REPORTED)
        times = [one.at for one in kept.moments]
        assert [one.name for one in kept.moments] == list(MomentName)
        assert all(sooner <= later for sooner, later in pairwise(times))
        titles = [one.title for one in kept.changes]
        assert titles[0] == "Deploy 1.8.2"
        assert "Rollback 1.8.1" in titles
        assert [one.actor for one in kept.actions] == ["ana"]
        assert len(told.passed) == 20
        assert "nothing was left running" in "\n".join(said)

    return go


@pytest.fixture
def start(servers: None, tmp_path: Path) -> Iterator[Start]:
    """Starts stacks; everything is stopped when the test ends."""
    with ExitStack() as running:

        def go(*, burn_scale: float, rates: Rates, evaluation_seconds: int = 1) -> tuple[Stack, Load, Browser]:
            stack = running.enter_context(
                Stack(home=tmp_path / "stack", burn_scale=burn_scale, evaluation_seconds=evaluation_seconds)
            )
            load = running.enter_context(Load(stack.address, stack.password, rates))
            browser = running.enter_context(Browser(stack.address))
            browser.post("/login", {"login": STAFF, "password": stack.settings.staff_passwords()[STAFF]})
            return stack, load, browser

        yield go
