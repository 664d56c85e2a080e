"""What the tests of deliveries, pipelines and assistants share: a shop, and what it counted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeAlias

import pytest

from parapet import Parapet
from parapet.core import names
from parapet.testing import ManualClock

Counted: TypeAlias = Callable[[str], dict[tuple[str, ...], float]]


@pytest.fixture
def shop() -> Iterator[Parapet]:
    """A shop that counts, and keeps no evidence."""
    made = Parapet(service="shop", clock=ManualClock())
    yield made
    assert made.refs.drain(5)


@pytest.fixture
def counted(shop: Parapet) -> Counted:
    """The series of a counter by label values, without those at zero."""

    def read(metric: str) -> dict[tuple[str, ...], float]:
        found = [snapshot for snapshot in shop.recorder.read() if snapshot.name == metric]
        series: dict[tuple[str, ...], float] = dict(found[0].series) if found else {}  # type: ignore[arg-type]
        return {labels: value for labels, value in series.items() if value}

    return read


@pytest.fixture
def shown(shop: Parapet) -> Callable[[str], set[tuple[str, ...]]]:
    """Every series of a metric by label values, those at zero included."""

    def read(metric: str) -> set[tuple[str, ...]]:
        return {labels for snapshot in shop.recorder.read() if snapshot.name == metric for labels in snapshot.series}

    return read


@pytest.fixture
def rejected(counted: Counted) -> Callable[[], dict[tuple[str, ...], float]]:
    """What was not kept as it was, by signal and reason."""
    return lambda: counted(names.REJECTED)
