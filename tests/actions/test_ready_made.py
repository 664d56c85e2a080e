"""Ready-made capabilities, and connections of the host that cannot write."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError

from parapet.core.errors import ConfigurationError, PreviewFailed
from parapet.integrations.read_only import read_only
from parapet.ops.hosted import propose
from parapet.response.capability import Capability, Done, Proposal, Situation, Target
from parapet.response.ready import request_provider_check, revert_flags
from parapet.testing import assert_preview_changes_nothing, situation


def run(capability: Capability, proposal: Proposal, *, undo: bool = False) -> Done:
    function = capability.undo if undo else capability.execute
    assert function is not None
    done = function(situation(run="run-1"), proposal.targets)
    assert isinstance(done, Done)
    return done


def test_flags_are_reverted_and_set_again() -> None:
    """Those that are not safe; what moved meanwhile is left alone."""
    flags = {"new-checkout": "on", "new-search": "on", "old": "off"}
    revert = revert_flags(dict.fromkeys(flags, "off"), read=flags.__getitem__, write=flags.__setitem__)
    seen = assert_preview_changes_nothing(revert, lambda: dict(flags))
    assert [one.id for one in seen.targets] == ["new-checkout", "new-search"]
    flags["new-search"] = "half"
    assert set(run(revert, seen).failed) == {"new-search"}
    assert flags == {"new-checkout": "off", "new-search": "half", "old": "off"}
    assert run(revert, Proposal(targets=seen.targets[:1]), undo=True).failed == {}
    assert flags["new-checkout"] == "on"


def test_a_provider_is_asked() -> None:
    """Under the key of the run; what it answers is kept."""
    asked: list[str] = []

    def ask(told: Situation) -> str:
        asked.append(told.run)
        return "ticket 7"

    check = request_provider_check("postmark", ask=ask)
    assert run(check, assert_preview_changes_nothing(check, lambda: list(asked))).note == "Asked: ticket 7"
    assert asked == ["run-1"]


@pytest.mark.parametrize("database", ["sqlite", "postgres"], indirect=True)
def test_a_preview_that_reads_through_parapet_cannot_write(empty_url: str, tmp_path: Path) -> None:
    """The database itself refuses; reading works, and writing works again afterwards."""
    engine = create_engine(empty_url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE jobs (id TEXT)"))
        connection.execute(text("INSERT INTO jobs VALUES ('job-1')"))

    def preview(told: Situation) -> Proposal:
        ids = told.database.execute(text("SELECT id FROM jobs")).scalars()
        return Proposal(targets=tuple(Target(id=one) for one in ids))

    def writes(told: Situation) -> Proposal:
        told.database.execute(text("DELETE FROM jobs"))
        return preview(told)

    def rows() -> list[str]:
        with engine.connect() as connection:
            return list(connection.execute(text("SELECT id FROM jobs")).scalars())

    reads = read_only(engine)
    good = Capability(name="good", preview=preview, execute=lambda told, targets: None, reads=reads)
    bad = Capability(name="bad", preview=writes, execute=lambda told, targets: None, reads=reads)
    assert [one.id for one in assert_preview_changes_nothing(good, rows).targets] == ["job-1"]
    with pytest.raises(PreviewFailed):
        propose(bad, situation())
    with pytest.raises(DBAPIError), reads() as connection:
        connection.execute(text("DELETE FROM jobs"))
    assert rows() == ["job-1"]
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO jobs VALUES ('job-2')"))
    engine.dispose()


def test_a_database_that_knows_no_read_only_is_named() -> None:
    """Rather than trusted."""
    from types import SimpleNamespace

    with pytest.raises(ConfigurationError, match="oracle has no read-only"):
        read_only(SimpleNamespace(dialect=SimpleNamespace(name="oracle")))  # type: ignore[arg-type]
