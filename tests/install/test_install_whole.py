"""One host from nothing to what Prometheus reads, with evidence and artifacts, by the command a person types."""

from __future__ import annotations

import sqlite3
import subprocess
from collections.abc import Callable

from tests.install.conftest import Host


def tables(here: Host) -> set[str]:
    with sqlite3.connect(here.root / "parapet-evidence.db") as connection:
        return {name for (name,) in connection.execute("select name from sqlite_master where type = 'table'")}


def test_the_schema_is_there_and_the_rules_hold(host: Callable[[str], Host]) -> None:
    """After one command the evidence database is ready, and promtool takes what was generated. Whatever falls behind
    is shown by name and by line, and brought up to date by another."""
    here = host("fastapi-single")
    told = here.run("install", "--yes")
    assert told.code == 0, told.err
    assert "proved    main:app answers /metrics with 403" in told.out
    assert "evidence  The evidence database is up to date." in told.out
    assert "parapet_incidents" in tables(here)
    rules = here.root / "ops" / "prometheus"
    checked = subprocess.run(
        ["promtool", "check", "rules", rules / "recording.yml", rules / "alerts.yml"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stderr

    (here.root / "parapet-evidence.db").unlink()
    slices = here.root / "reliability" / "slices.py"
    usual = slices.read_text()
    slices.write_text(usual.replace("web_pack()", "web_pack(availability=0.99)"))
    told = here.run("upgrade", "--yes", "--json").json
    assert len(told["schema"]) >= 10
    assert "--- prometheus/alerts.yml" in told["artifacts"]
    assert told["ran"]["evidence"] == "The evidence database is up to date."
    assert "parapet_incidents" in tables(here)
    slices.write_text(usual)
    left = here.run("uninstall", "--yes")
    assert "ops/ holds what was generated" in left.out
    assert (here.root / "parapet-evidence.db").exists()
