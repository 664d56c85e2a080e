"""`parapet do`, `parapet capability` and `parapet ledger`, as people and scripts type them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner
from tests.cli.conftest import APP

from parapet.cli.main import main

if TYPE_CHECKING:
    from tests.conftest import Desk

HOST = (
    APP
    + """
from parapet.response.capability import Done, Proposal, Target
def jobs(situation):
    targets = tuple(Target(id=f"job-{n}", version="v1") for n in range(int(situation.inputs["limit"])))
    return Proposal(targets=targets, will_do="run them again")
def again(situation, targets):
    return Done(note="Queued.")
limits = {"inputs": {"limit": "2"}, "second_person_from": 3}
parapet.capability("retry-jobs", preview=jobs, undo=again, noun="job", **limits)(again)
"""
)


@pytest.fixture
def typed(tmp_path: Path, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    """A terminal in a folder with a host's module; an incident is open."""
    name = f"host_{desk.url.split(':')[0]}_{tmp_path.name.replace('-', '_')}"
    (tmp_path / f"{name}.py").write_text(HOST)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("HOST_EVIDENCE", desk.url)
    monkeypatch.setenv("PARAPET_APP", f"{name}:parapet")
    desk.fire("02:13")
    return CliRunner()


def said(typed: CliRunner, *words: str, code: int = 0) -> str:
    done = typed.invoke(main, words)
    assert done.exit_code == code, done.output
    return done.output


def told(typed: CliRunner, *words: str) -> dict[str, Any]:
    answered = json.loads(said(typed, *words, "--json"))
    assert isinstance(answered, dict)
    return answered


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_capability_is_seen_confirmed_taken_back_and_summed_up(typed: CliRunner) -> None:
    """What the preview prints is what confirm takes; refusals say what is next."""
    assert "retry-jobs" in said(typed, "capability", "list")
    assert "capability.retry-jobs" in said(typed, "capability", "show", "retry-jobs")
    assert told(typed, "capability", "list")["capabilities"][0]["max_targets"] == 100
    shown = said(typed, "do", "preview", "retry-jobs", "INC-1", "--by", "Ana")
    assert "2 jobs. Nothing has run." in shown
    seen = told(typed, "do", "preview", "retry-jobs", "INC-1", "--by", "Ana")
    words = ("do", "confirm", seen["id"], "--digest", seen["digest"], "--reason", "the bank is back", "--by", "Ana")
    assert "RUN-1 is done: 2 of 2 done. Queued." in said(typed, *words)
    assert "Next: Look at RUN-1." in said(typed, *words, code=1)
    assert "RUN-1" in said(typed, "do", "list")
    assert "the bank is back" in said(typed, "do", "show", "RUN-1")
    assert "2 of 2 done. Queued. Taken back." in said(typed, "do", "undo", "RUN-1", "--reason", "wrong queue")
    rows = said(typed, "ledger", "export", "--format", "csv").splitlines()
    assert len(rows) == 1 + 4
    assert [json.loads(line)["kind"] for line in said(typed, "ledger", "export").splitlines()] == [
        "intent",
        "done",
        "undo_intent",
        "undone",
    ]
    assert told(typed, "ledger", "record")["records"][0]["undone"] == 1
    assert (
        "only an unknown outcome" in said(typed, "do", "settle", "1", "--as", "done", "--reason", "x", code=1).lower()
    )


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_second_person_approves_in_a_terminal(typed: CliRunner) -> None:
    """Asked, listed, refused to who asks, approved by somebody else."""
    seen = told(typed, "do", "preview", "retry-jobs", "INC-1", "--input", "limit=3", "--by", "Ana")
    words = ("do", "confirm", seen["id"], "--digest", seen["digest"], "--reason", "go", "--by", "Ana")
    assert "second person" in said(typed, *words, code=1)
    assert told(typed, "do", "ask", seen["id"], "--reason", "they wait", "--by", "Ana")["state"] == "waiting"
    assert "they wait" in said(typed, "do", "approvals")
    assert "somebody else" in said(typed, "do", "approve", "1", "--reason", "fine", "--by", "Ana", code=1)
    assert "approved" in said(typed, "do", "approve", "1", "--reason", "fine", "--by", "Ben")
    assert "RUN-1 is done" in said(typed, *words)
