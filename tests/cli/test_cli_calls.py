"""`parapet escalation`, `oncall` and `notify`, run as people run them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.response.conftest import ROSTER

if TYPE_CHECKING:
    from tests.cli.conftest import Run
    from tests.conftest import Desk

HOST = """
import os
from parapet import Parapet
from parapet.core.errors import DeliveryRejected
from parapet.notify.channel import Asked, Sent
from tests.response.conftest import ROSTER

class Phone:
    name = "phone"
    def deliver(self, message, delivery):
        if delivery.to == "nobody":
            raise DeliveryRejected("no such number")
        return Sent(words="rang")

class Ops(Phone):
    name = "ops"
    def ask(self):
        return Asked(words="it listens", proven=True)

parapet = Parapet(service="shop", evidence=os.environ["HOST_EVIDENCE"], channels=(Phone(), Ops()), on_call=ROSTER)
"""


@pytest.mark.parametrize("database", ["sqlite"])
def test_people_are_called_and_it_is_seen_why(
    parapet: Run, desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Listed, shown with what was decided, taken further by hand, suppressed; mistakes are sentences."""
    (tmp_path / "reliability.py").write_text(HOST)
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    desk.roster = ROSTER
    desk.channels = {"phone": None, "ops": None}  # type: ignore[dict-item]
    desk.fire()
    desk.escalations.run_due()
    shown = parapet("escalation", "show", "INC-1").stdout
    assert "running" in shown
    assert "shop, step 1 of 3, called Ben by phone. Why: nobody acknowledged it." in shown
    moved = json.loads(parapet("escalation", "next", "1", "--reason", "help", "--by", "Ana", "--json").stdout)
    assert moved["next_step"] == 3
    stale = parapet("escalation", "next", "1", "--reason", "help", "--by", "Ana", "--place", "1.0.1")
    assert (stale.returncode, "went on since you read it" in stale.stderr) == (1, True)
    wrong = parapet("escalation", "suppress", "INC-1", "--for", "2d", "--reason", "a holiday")
    assert wrong.returncode == 1
    assert "up to 1 d from now" in wrong.stderr
    assert "Nobody is called until" in parapet("escalation", "suppress", "1", "--for", "4h", "--reason", "known").stdout
    assert "suppressed" in parapet("escalation", "list").stdout
    assert "primary" in parapet("oncall").stdout
    stands = parapet("oncall", "override", "primary", "Cem", "--for", "8h", "--reason", "Ben is ill").stdout
    assert stands.startswith("Override 1: Cem is called for primary until")
    logged = parapet("notify", "log").stdout
    assert "Ben by phone" in logged
    assert "nobody acknowledged it" in logged.replace("\n", " ")
    assert parapet("notify", "test", "phone").stdout == "phone works: rang.\n"
    assert parapet("notify", "test", "ops", "--dry-run").stdout == "ops would be told: it listens.\n"
    assert "cannot be asked" in parapet("notify", "test", "phone", "--dry-run").stdout
    refused = parapet("notify", "test", "phone", "--to", "nobody")
    assert (refused.returncode, refused.stdout) == (1, "phone could not be told: no such number\n")


@pytest.mark.parametrize("database", ["sqlite"])
def test_a_journey_rests_and_counts_again(parapet: Run, desk: Desk) -> None:
    """Begun, listed and ended from a terminal; mistakes are sentences."""
    begun = parapet("maintenance", "begin", "checkout", "--for", "30m", "--reason", "upgrade", "--by", "Ana")
    assert "M-1: checkout rests until" in begun.stdout, begun.stderr
    listed = json.loads(parapet("maintenance", "list", "--json").stdout)["maintenances"]
    assert [(one["ref"], one["state"], one["by"]) for one in listed] == [("M-1", "running", "Ana")]
    wrong = parapet("maintenance", "begin", "chekout", "--for", "30m", "--reason", "upgrade")
    assert wrong.returncode == 1
    assert "checkout" in wrong.stderr
    assert "M-1 is over: checkout counts" in parapet("maintenance", "end", "M-1", "--reason", "done").stdout
    assert "upgrade" in parapet("maintenance", "list").stdout
