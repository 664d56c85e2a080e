"""`parapet incident` and `parapet audit`, run as people run them: on one database each, for tests of ops take both."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from parapet.core.types import IncidentId

if TYPE_CHECKING:
    from tests.cli.conftest import Run
    from tests.conftest import Desk


@pytest.mark.parametrize("database", ["postgres"])
def test_an_incident_is_worked_on_from_a_terminal(parapet: Run, desk: Desk) -> None:
    """Listed, read, taken, noted, handed over, judged, resolved and reopened; each says what is true now."""
    desk.fire("02:13")
    assert "INC-1" in parapet("incident", "list").stdout
    for arguments, said in (
        (("ack", "INC-1", "--reason", "looking", "--by", "Ana"), "INC-1 is yours."),
        (("note", "1", "the bank is down", "--by", "Ana"), "INC-1 has one more note."),
        (("assign", "inc-1", "--to", "Tom", "--reason", "shift", "--by", "Ana"), "INC-1 belongs to Tom."),
        (("release", "1", "--reason", "asleep", "--by", "Tom"), "INC-1 belongs to nobody."),
        (("severity", "1", "ticket", "--reason", "a test shop"), "INC-1 is a ticket."),
        (("resolve", "1", "--reason", "over"), "INC-1 is resolved."),
        (("reopen", "1", "--reason", "not over"), "INC-1 is open again."),
    ):
        done = parapet("incident", *arguments)
        assert (done.returncode, done.stderr.replace("1 of its alerts still fire: a repeat reopens it.\n", "")) == (
            0,
            "",
        )
        assert said in done.stdout
    shown = parapet("incident", "show", "INC-1").stdout
    assert "the bank is down" in shown
    told = json.loads(parapet("incident", "show", "INC-1", "--json").stdout)
    assert [entry["kind"] for entry in told["chronology"]] == [
        "opened",
        "acknowledged",
        "noted",
        "handed_over",
        "released",
        "severity_changed",
        "resolved",
        "reopened",
    ]
    assert told["alerts"][0]["fingerprint"]
    assert told["triage"]["next_step"]["kind"] == "recommendation"
    assert told["triage"]["about"] == "events"
    assert told["triage"]["promise"]["text"].startswith("99.9 % over 30 days")
    assert told["memory"] == {"last": None, "count": 0, "count_days": 90, "told": []}
    assert "Last time" in shown
    assert "99.9 % over 30 days" in shown


@pytest.mark.parametrize("database", ["sqlite"])
def test_action_items_are_opened_listed_and_closed(parapet: Run, desk: Desk) -> None:
    """Each command as a person types it, and as a script reads it."""
    desk.fire("02:13")
    told = ("action", "open", "dead_job", "job-1", "--title", "Run it again", "--incident", "INC-1", "--by", "Ana")
    assert parapet(*told).stdout == "ACT-1 is open. Run it again\n"
    assert json.loads(parapet(*told, "--json").stdout)["told"] == 2
    assert "job-1" in parapet("action", "list").stdout
    assert json.loads(parapet("action", "list", "--kind", "other", "--json").stdout)["items"] == []
    assert "ACT-1 (open) Run it again: dead_job job-1" in parapet("incident", "show", "1").stdout
    assert parapet("action", "dismiss", "act-1", "--reason", "a test").stdout == "ACT-1 is dismissed. Run it again\n"
    assert "a test" in parapet("action", "show", "1").stdout
    refused = parapet("action", "resolve", "1", "--reason", "again")
    assert (refused.returncode, "dismissed already" in refused.stderr) == (1, True)
    assert "Write ACT-7" in parapet("action", "show", "x").stderr


@pytest.mark.parametrize("database", ["sqlite"])
def test_refusals_and_mistakes_are_sentences(parapet: Run, desk: Desk) -> None:
    """What moved, what is not there, what is missing: exit status 1 or 2, and words."""
    desk.fire("02:13")
    for arguments, status, said in (
        (("incident", "ack", "1", "--reason", "x", "--version", "7"), 1, "you read version 7"),
        (("incident", "ack", "9", "--reason", "x"), 1, "There is no incident INC-9."),
        (("incident", "ack", "nine", "--reason", "x"), 2, "Write INC-12"),
        (("incident", "ack", "1"), 2, "Missing option '--reason'"),
        (("incident", "list", "--scope", "mine"), 2, "--owner"),
        (("incident", "declare", "x", "--severity", "page", "--reason", "x", "--slice", "chekout"), 1, "'checkout'"),
        (("audit", "redact", "1", "9", "--reason", "x"), 1, "no entry 9"),
    ):
        refused = parapet(*arguments)
        assert refused.returncode == status, arguments
        assert said in refused.stderr, arguments


def test_a_script_hears_of_mistakes_in_one_document(parapet: Run, desk: Desk) -> None:
    """With --json, whatever happens: what is wrong and what to do next, as the API says it; people read the same."""
    desk.fire("02:13")
    stale = ("incident", "ack", "1", "--reason", "x", "--version", "7", "--json")
    for arguments, status, code in (
        (stale, 1, "stale_version"),
        (("incident", "show", "9", "--json"), 1, "not_found"),
        (("incident", "list", "--before", "x", "--json"), 1, "malformed_payload"),
        (("incident", "retrospective", "1", "--json"), 1, "not_found"),
        (("incident", "ack", "nine", "--reason", "x", "--json"), 2, "usage"),
        (("incident", "ack", "1", "--json"), 2, "usage"),
        (("incidnt", "list", "--json"), 2, "usage"),
    ):
        refused = parapet(*arguments)
        said = json.loads(refused.stdout)
        assert (refused.returncode, said["code"]) == (status, code), arguments
        assert said["detail"] in refused.stderr
    assert json.loads(parapet(*stale).stdout)["next_step"]


def test_what_was_learned_is_read_in_a_terminal(parapet: Run, desk: Desk) -> None:
    """As Markdown for the repository, and as the API has it."""
    desk.fire("02:13")
    parapet("incident", "resolve", "1", "--reason", "rolled back")
    assert "parapet incident retrospective INC-1" in parapet("incident", "show", "1").stdout
    assert parapet("incident", "retrospective", "inc-1").stdout.startswith("# INC-1: ")
    assert json.loads(parapet("incident", "retrospective", "1", "--json").stdout)["incident_id"] == 1


@pytest.mark.parametrize("database", ["postgres"])
def test_two_incidents_become_one_and_two_again(parapet: Run, desk: Desk) -> None:
    """Merge and split by number and fingerprint."""
    opened = parapet("incident", "declare", "Search is slow", "--severity", "ticket", "--reason", "calls", "--json")
    assert json.loads(opened.stdout)["ref"] == "INC-1"
    desk.fire("02:13")
    desk.fire("02:13", labels={"alertname": "Disk", "severity": "ticket", "host": "a"})
    assert "took INC-2 over" in parapet("incident", "merge", "2", "--into", "3", "--reason", "disk full").stdout
    alerts = json.loads(parapet("incident", "show", "3", "--json").stdout)["alerts"]
    page = next(one["fingerprint"] for one in alerts if one["severity"] == "page")
    parted = parapet("incident", "split", "3", "--alert", page, "--title", "Checkout", "--reason", "not the disk")
    assert "INC-4 was split off from INC-3. Checkout" in parted.stdout
    assert desk.look.incident(IncidentId(4)).incident.firing == 1


@pytest.mark.parametrize("database", ["postgres"])
def test_the_evidence_proves_itself(parapet: Run, desk: Desk) -> None:
    """Whole with a checkpoint; words taken out; then somebody edits the database, and is found."""
    desk.fire("02:13")
    first = json.loads(parapet("audit", "verify", "--json").stdout)
    assert first["whole"]
    assert parapet("audit", "verify", "--checkpoint", first["checkpoint"]).returncode == 0
    parapet("incident", "note", "1", "card 4111", "--by", "Ana")
    assert parapet("audit", "verify", "--checkpoint", first["checkpoint"]).returncode == 1
    assert "are gone" in parapet("audit", "redact", "INC-1", "2", "--reason", "card data").stdout
    assert "4111" not in parapet("incident", "show", "1").stdout
    assert "redact" in parapet("audit", "log", "--target", "INC-1").stdout
    assert parapet("audit", "verify").returncode == 0
    with desk.store.engine.begin() as connection:
        connection.execute(text("UPDATE parapet_heads SET seq = seq + 1"))
    broken = parapet("audit", "verify")
    assert broken.returncode == 1
    assert "Broken at INC-1, entry 3: entries behind it are not there any more." in broken.stdout
