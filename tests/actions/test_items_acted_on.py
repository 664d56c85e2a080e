"""The exact objects of action items are targets of a capability, and what was done closes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.actions.conftest import ONE
from tests.conftest import ANA

from parapet.incidents.items import ItemState
from parapet.ops.act import Actions
from parapet.ops.acting import Bench
from parapet.ops.items import ActionItems
from parapet.response.capability import Situation
from parapet.response.ready_items import CHANGED, act_on_items
from parapet.response.run import RunState

if TYPE_CHECKING:
    from tests.conftest import Desk


def test_open_items_of_the_incident_and_its_slice_are_acted_on_once_each(desk: Desk) -> None:
    """Those of others are left alone; one that was closed meanwhile is another preview; what failed stays open."""
    incident = desk.fire("02:13")
    items, sent = ActionItems(desk.context), []

    def send(told: Situation, receipt: str) -> None:
        if receipt == "msg-2":
            raise ConnectionError
        sent.append((told.run, receipt))

    def opened(name: str, slice_name: str | None = None) -> int:
        about = {"slice_name": slice_name} if slice_name else {"incident_id": ONE}
        return items.open("suppressed", name, title="Receipt was not sent", **about).id or 0

    with desk.store.read() as tx:
        kept = tx.incidents.get(ONE)
    assert incident is not None
    assert kept is not None
    assert kept.slice is not None
    one, two, three = opened("msg-1"), opened("msg-2"), opened("msg-3", kept.slice)
    opened("msg-9", "another")
    again = act_on_items(items, "suppressed", send, name="send-again", will_do="send them again", noun="receipt")
    actions = Actions(Bench(context=desk.context, capabilities={"send-again": again}))
    seen = actions.preview("send-again", ONE, actor=ANA)
    assert sorted(target.id for target in seen.targets) == ["msg-1", "msg-2", "msg-3"]
    run = actions.confirm(seen.id, digest=seen.digest, actor=ANA, reason="the provider is back")
    assert (run.state, run.done_count, list(run.failed)) == (RunState.FAILED, 2, ["msg-2"])
    assert sorted(sent) == [(run.key, "msg-1"), (run.key, "msg-3")]
    states = [items.get(number).state for number in (one, two, three)]
    assert states == [ItemState.RESOLVED, ItemState.OPEN, ItemState.RESOLVED]
    told = Situation(
        service="shop",
        incident_id=1,
        ref="INC-1",
        slice=None,
        title="",
        severity="page",
        firing=1,
        started_at=kept.started_at,
        now=kept.started_at,
        inputs={"limit": "20"},
        run="run-2",
    )
    left = again.preview(told)
    items.dismiss(two, actor=ANA, reason="refunded", version=items.get(two).version)
    done = again.execute(told, left.targets)  # type: ignore[union-attr]
    assert done.failed == {"msg-2": CHANGED}  # type: ignore[union-attr]
    assert len(sent) == 2
