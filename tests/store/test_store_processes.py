"""Several processes on one evidence database: nothing is lost, nothing is doubled."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

from parapet.store.chain import first_broken
from parapet.testing import alert, alertmanager_payload

if TYPE_CHECKING:
    from tests.conftest import Desk

WRITES = 50
WRITER = f"""
import sys
from parapet import Parapet
from parapet.core.errors import EvidenceUnavailable
from parapet.testing import alert, alertmanager_payload, ManualClock
clock = ManualClock()
start = clock.now()
clock.advance(-int(sys.argv[2]))  # no two of them agree on what time it is
parapet = Parapet(service="shop", evidence=sys.argv[1], clock=clock)
labels = {{"alertname": "Burn", "service": "shop", "slice": "checkout", "severity": "page"}}
done = 0
for number in range({WRITES}):
    one = alert({{**labels, "instance": f"{{sys.argv[2]}}-{{number}}"}}, starts_at=start)
    while True:
        try:
            done += parapet.inbox.receive(alertmanager_payload(one)).state in {{"done", "stored"}}
            break
        except EvidenceUnavailable:
            continue  # nothing was stored, so the sender sends it again
print(done)
"""
SAME_BODY = """
import sys
from parapet import Parapet
parapet = Parapet(service="shop", evidence=sys.argv[1])
body = bytes.fromhex(sys.argv[2])
print(sum(parapet.inbox.receive(body).state == "done" for _ in range(10)))
"""
FORKED = """
import os, sys
from parapet import Parapet
from parapet.testing import alert, alertmanager_payload, ManualClock
parapet = Parapet(service="shop", evidence=sys.argv[1])
body = alertmanager_payload(alert({"alertname": "Burn"}, starts_at=ManualClock().now()))
parapet.inbox.receive(body)
child = os.fork()  # with a connection in the pool
states = [parapet.inbox.receive(body).state for _ in range(10)]
if child == 0:
    os._exit(states != ["done"] * 10)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) or int(states != ["done"] * 10))
"""


def test_200_of_200_contended_writes_survive(desk: Desk, together: Callable[..., list[object]]) -> None:
    """Four processes hand in fifty alerts each of one meaning: one incident, two hundred episodes, one whole chain.

    Whatever their clocks say, nothing is recorded before the entry in front of it.
    """
    done = together(WRITER, *((desk.url, str(number)) for number in range(4)))
    assert done == [WRITES] * 4
    desk.clock.advance(5)
    while desk.look.trust().inbox_waiting:  # on a slow machine a writer may have waited for the lock too long
        desk.worker.tick()
        desk.clock.advance(60)
    assert desk.only.firing == 4 * WRITES
    assert desk.count("episodes") == 4 * WRITES
    assert desk.count("inbox", "state = 'done'") == 4 * WRITES
    kinds = desk.kinds()
    assert kinds.count("opened") == 1
    assert kinds.count("alert_fired") == 4 * WRITES - 1
    assert desk.only.id is not None
    with desk.store.read() as tx:
        entries = tx.entries.of(desk.only.id)
    assert first_broken(entries) is None
    assert all(one.recorded_at <= following.recorded_at for one, following in pairwise(entries))


def test_an_end_told_by_every_peer_at_once_is_one_episode(desk: Desk, together: Callable[..., list[object]]) -> None:
    """A resolve of an alert never seen firing, in four processes ten times: it is kept once, and calls nobody."""
    start = desk.clock.now()
    gone = alert({"alertname": "Burn"}, starts_at=start, ends_at=start + timedelta(minutes=1))
    together(SAME_BODY, *((desk.url, alertmanager_payload(gone).hex()) for _ in range(4)))
    assert desk.count("episodes") == 1
    assert (desk.only.noticed_over, desk.kinds()) == (True, ["opened", "quiet"])


def test_a_forked_process_does_not_share_a_connection(desk: Desk, together: Callable[..., list[object]]) -> None:
    """A server that forks its workers after the first use: parent and child both go on working."""
    assert together(FORKED, (desk.url,)) == [0]
    assert desk.only.repeats == 20
