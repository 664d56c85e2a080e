"""A label that is closed is closed in every process, also in one that starts later, until it is opened again."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.actions.conftest import ONE
from tests.jobs.conftest import wait_until

from parapet import Parapet
from parapet.core.types import Actor, ActorClass
from parapet.core.vocabulary import Severity
from parapet.response.ready import close_label, open_label
from parapet.response.run import Run, RunState
from parapet.testing import assert_preview_changes_nothing

if TYPE_CHECKING:
    from tests.conftest import Desk

ANA = Actor(kind=ActorClass.OPERATOR, name="Ana")
OTHER = r"""
import sys
from parapet import Parapet
from parapet.response.ready import close_label, open_label
url, shared = sys.argv[1:]
parapet = Parapet(service="shop", evidence=url, multiprocess_dir=shared)
ceilings = parapet.recorder.families.ceilings
parapet.capability(close_label(parapet.labels, "queue"))
parapet.capability(open_label(parapet.labels, "queue"))
parapet.recorder.add("parapet_job_lost_total", ("work", "mail"))
for line in sys.stdin:
    said = ceilings.closed("queue") if line == "closed?\n" else ceilings.admits("queue", line.strip())
    print(said, flush=True)
"""


def made(url: str) -> Parapet:
    """One process of the shop; it reaches nobody but through the evidence."""
    parapet = Parapet(service="shop", evidence=url)
    parapet.recorder.families.ceilings.register("queue", ["mail"])
    parapet.capability(close_label(parapet.labels, "queue"))
    parapet.capability(open_label(parapet.labels, "queue"))
    return parapet


def run(parapet: Parapet, capability: str) -> Run:
    """Seen, and confirmed."""
    seen = parapet.actions.preview(capability, ONE, actor=ANA)
    done = parapet.actions.confirm(seen.id, digest=seen.digest, actor=ANA, reason="it grows without end")
    assert done.state is RunState.DONE
    return done


@pytest.fixture
def other(desk: Desk, tmp_path: Path) -> Iterator[Callable[[str], bool]]:
    """A worker that others are scraped instead of; says whether the label is closed, or whether it takes a value."""
    script = [sys.executable, "-c", OTHER, desk.url, str(tmp_path / "shared")]
    with subprocess.Popen(script, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:

        def ask(what: str) -> bool:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(f"{what}\n")
            process.stdin.flush()
            return process.stdout.readline() == "True\n"

        yield ask
        process.kill()


def test_closed_in_every_process_and_after_a_restart_until_it_is_opened(
    desk: Desk, other: Callable[[str], bool]
) -> None:
    """What is new counts as `other` and what was known stays; undone, or opened later, it takes values again."""
    parapet = made(desk.url)
    parapet.operator.declare(title="Series without end", severity=Severity.TICKET, actor=ANA, reason="a graph")
    ceilings = parapet.recorder.families.ceilings
    assert (other("closed?"), other("audio")) == (False, True)
    closing = next(one for one in parapet.capabilities if one.name == "close-label-queue")
    assert_preview_changes_nothing(closing, lambda: ceilings.closed("queue"))
    first = run(parapet, "close-label-queue")
    assert (ceilings.admits("queue", "mail"), ceilings.admits("queue", "video")) == (True, False)
    wait_until(lambda: other("closed?"))
    assert (other("audio"), other("video")) == (True, False)
    late = made(desk.url)
    late.recorder.read()
    wait_until(lambda: late.recorder.families.ceilings.closed("queue"))
    assert assert_preview_changes_nothing(closing, lambda: None).targets == ()
    late.undoing.undo(first.id or 0, actor=ANA, reason="it was something else", version=first.version)
    wait_until(lambda: not other("closed?"))
    assert other("video")
    parapet.labels.refresh()
    assert not ceilings.closed("queue")
    run(late, "close-label-queue")
    run(parapet, "open-label-queue")
    late.labels.refresh()
    assert late.recorder.families.ceilings.admits("queue", "video")
    for one in (parapet, late):
        one.store.close()
