"""`parapet inbox`, run as people run it. Its verbs are run on both databases by the tests of ops."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from parapet.core.errors import MalformedPayload

if TYPE_CHECKING:
    from tests.cli.conftest import Run
    from tests.conftest import Desk


@pytest.mark.parametrize("database", ["sqlite"])
def test_bodies_are_seen_replayed_and_given_up(parapet: Run, desk: Desk) -> None:
    """Listed by shelf, shown as they came, taken in again, dropped with a reason; mistakes are sentences."""
    desk.fire()
    with pytest.raises(MalformedPayload):
        desk.inbox.receive(b'{"alerts": "\x1b[31m"}', source="grafana")
    found = parapet("doctor", "inbox")
    assert (found.returncode, found.stdout) == (
        1,
        "     1 were no alerts; their senders were told: parapet inbox list --shelf rejected\n",
    )
    listed = parapet("inbox", "list", "--shelf", "rejected")
    assert "2  2026-11-12 02:13:00  grafana" in listed.stdout
    assert "1 shown; 0 waiting, 0 failing, 0 dropped." in listed.stdout
    held = json.loads(parapet("inbox", "list", "--shelf", "done", "--json").stdout)
    assert [(one["id"], one["state"], one["source"]) for one in held["bodies"]] == [(1, "done", "alertmanager")]
    shown = parapet("inbox", "show", "2").stdout
    assert "The body is not JSON" in shown
    assert "\x1b" not in shown
    assert parapet("inbox", "show", "2", "--raw").stdout == '{"alerts": "\x1b[31m"}'
    again = parapet("inbox", "replay", "2", "--by", "Ana")
    assert (again.returncode, again.stdout.startswith("It is no alert:")) == (1, True)
    assert parapet("inbox", "drop", "2").returncode == 2, "a reason is needed"
    assert parapet("inbox", "drop", "2", "--reason", "a test").stdout == "Body 2 is given up.\n"
    assert json.loads(parapet("inbox", "show", "2", "--json").stdout)["state"] == "dropped"
    assert parapet("doctor", "inbox").stdout == "Every body that was handed in is where it should be.\n"
    gone = parapet("inbox", "replay", "2")
    said = "Error: Body 2 was given up already. Nothing changed.\nNext: Look at its state, and at what that allows.\n"
    assert (gone.returncode, gone.stderr) == (1, said)
