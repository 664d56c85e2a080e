"""Ten processes confirm the same preview at the same moment: one runs it, nine are refused, each clearly."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from tests.actions.conftest import ONE

from parapet.response.run import RunState

if TYPE_CHECKING:
    from tests.actions.conftest import Floor

PROCESSES = 10
CONFIRM = """
import json, os, sys, time
from datetime import datetime
from pathlib import Path
from parapet import Parapet
from parapet.core.errors import ActionRefused
from parapet.core.types import Actor, ActorClass
from parapet.response.capability import Proposal, Target
from parapet.testing import ManualClock
url, now, book, preview, digest, me, processes = sys.argv[1:]
def execute(situation, targets):
    with Path(book).open("a") as out:
        out.write(f"{situation.run} {len(targets)}\\n")
parapet = Parapet(service="shop", evidence=url, clock=ManualClock(datetime.fromisoformat(now)))
targets = tuple(Target(id=f"job-{number}", version="v1") for number in (1, 2, 3))
words = "put them back on the queue checkout, once each"
parapet.capability("retry-jobs", preview=lambda situation: Proposal(targets=targets, will_do=words))(execute)
actions = parapet.actions
actions.standing(preview)
Path(f"{book}.ready-{me}").touch()
while sum(one.name.startswith("book.ready-") for one in Path(book).parent.iterdir()) < int(processes):
    time.sleep(0.01)
try:
    run = actions.confirm(
        preview, digest=digest, actor=Actor(kind=ActorClass.OPERATOR, name=me), reason="all of us press"
    )
    print(json.dumps(["ran", run.state.value]))
except ActionRefused as error:
    print(json.dumps([type(error).__name__, error.message, error.next_step]))
"""


def test_ten_processes_confirm_the_same_preview_and_one_runs_it(
    floor: Floor, together: Callable[..., list[object]], tmp_path: Path
) -> None:
    """One execution; nine hear that it was confirmed, or is being run, and what to do next; the story has one run."""
    preview = floor.preview()
    book, now = tmp_path / "book", floor.desk.clock.now().isoformat()
    given = [
        (floor.desk.url, now, str(book), preview.id, preview.digest, f"person-{number}", str(PROCESSES))
        for number in range(PROCESSES)
    ]
    said = together(CONFIRM, *given)
    assert book.read_text().splitlines() == [f"preview/{preview.id} 3"]
    kinds = Counter(one[0] for one in said if isinstance(one, list))
    assert kinds["ran"] == 1
    assert kinds["PreviewUsed"] == PROCESSES - 1
    assert all("RUN-1" in one[2] for one in said if isinstance(one, list) and one[0] == "PreviewUsed")
    with floor.desk.store.read() as tx:
        runs = tx.runs.of_incident(ONE)
    assert [(run.state, run.target_count) for run in runs] == [(RunState.DONE, 3)]
    assert Counter(floor.desk.kinds())["action_started"] == 1
    assert floor.desk.count("ledger") == 2
    assert floor.desk.count("audit", "verb = 'confirm' AND outcome = 'refused'") == PROCESSES - 1
    assert floor.desk.audit.verify().broken is None
