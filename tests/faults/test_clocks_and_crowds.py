"""Clocks that jump, and several processes that do the same at once."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.conftest import ANA, PAGE, at
from tests.faults.acts import LOGIN, ONE, TICKET, time_passes
from tests.faults.conftest import WHOLE
from tests.faults.truth import holds

from parapet.core.errors import Refused
from parapet.incidents.model import IncidentState
from parapet.testing import alert, alertmanager_payload

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Desk
    from tests.faults.conftest import NewDesk

DELIVER = """
import json, random, sys
from parapet import Parapet
from parapet.core.errors import EvidenceUnavailable
bodies = [bytes.fromhex(one) for one in json.loads(sys.argv[2])]
random.Random(sys.argv[3]).shuffle(bodies)
parapet = Parapet(service="shop", evidence=sys.argv[1])
for body in bodies:
    while True:
        try:
            parapet.inbox.receive(body)
            break
        except EvidenceUnavailable:
            continue
print(json.dumps(len(bodies)))
"""
JUMPS = st.lists(st.integers(min_value=-7_200, max_value=7_200), min_size=4, max_size=4)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@settings(max_examples=60 if WHOLE else 8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(jumps=JUMPS)
def test_a_clock_that_jumps_tells_no_lies(jumps: Sequence[int], desks: NewDesk, tmp_path: Path) -> None:
    """By up to two hours, either way, between any two steps: one trouble, as told, and closed in the end."""
    told = (("02:13", None), ("02:13", "02:21"), ("02:24", None), ("02:24", "02:34"))
    with desks(tmp_path / "book") as desk:
        desk.clock.set(at("04:00"))
        for (start, end), jump in zip(told, jumps, strict=True):
            desk.clock.advance(jump)
            one = alert(PAGE, starts_at=at(start), ends_at=at(end) if end else None)
            desk.inbox.receive(alertmanager_payload(one))
            desk.worker.tick()
        desk.clock.set(at("09:00"))
        time_passes(desk)
        holds(desk)
        incidents = desk.incidents()
        assert all(one.state is IncidentState.RESOLVED for one in incidents)
        assert min(one.started_at for one in incidents) == at("02:13")
        assert len(incidents) == 1 + sum(one.previous_id is not None for one in incidents)


@pytest.mark.parametrize("processes", [2, 4] if WHOLE else [2])
def test_processes_that_deliver_the_same_make_it_once(
    processes: int, desk: Desk, together: Callable[..., list[object]]
) -> None:
    """Each sends every body, in an order of its own, while others do."""
    bodies = [
        alertmanager_payload(alert({**labels, "instance": f"host-{number}"}, starts_at=at("02:13")))
        for labels in (PAGE, LOGIN, TICKET)
        for number in range(4)
    ]
    given = json.dumps([one.hex() for one in bodies])
    done = together(DELIVER, *((desk.url, given, str(number)) for number in range(processes)))
    assert done == [len(bodies)] * processes
    time_passes(desk)
    holds(desk)
    assert Counter(one.slice for one in desk.incidents()) == {"checkout": 1, "login": 1}
    assert desk.count("episodes") == len(bodies)
    assert sum(one.firing for one in desk.incidents()) == len(bodies)


def test_of_two_who_decide_at_once_one_is_refused(desk: Desk) -> None:
    """Both saw the same version; the chronology has one of them, and the audit both."""
    desk.fire()
    desk.operator.acknowledge(ONE, actor=ANA, reason="looking", version=1)
    with pytest.raises(Refused):
        desk.operator.resolve(ONE, actor=ANA, reason="over", version=1)
    desk.clock.advance(timedelta(minutes=1).total_seconds())
    holds(desk)
    assert desk.kinds() == ["opened", "acknowledged"]
    assert desk.count("audit", "outcome = 'refused'") == 1
