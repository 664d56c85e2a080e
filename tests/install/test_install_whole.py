"""One host from nothing to what Prometheus reads, with evidence and artifacts, by the command a person types."""

from __future__ import annotations

import re
import shlex
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from tests.install.conftest import Host

ROOT = Path(__file__).parents[2]


def tables(here: Host) -> set[str]:
    with closing(sqlite3.connect(here.root / "parapet-evidence.db")) as connection:
        return {name for (name,) in connection.execute("select name from sqlite_master where type = 'table'")}


def documented() -> list[list[str]]:
    """Every command of the page, in its order."""
    page = (ROOT / "docs" / "install.md").read_text()
    shells = re.findall(r"```sh\n(.*?)```", page, re.DOTALL)
    lines = [line for block in shells for line in block.splitlines() if line.startswith("parapet ")]
    return [shlex.split(line, comments=True)[1:] for line in lines]


def test_the_commands_of_the_page_do_what_it_says(host: Callable[[str], Host]) -> None:
    """After one command the evidence database is ready, and promtool takes what was generated. Whatever falls behind
    is shown by name and by line, and brought up to date by another; a third takes everything out."""
    here = host("fastapi-single")
    original = here.files()
    look, install, compare, upgrade, doubt, uninstall = documented()
    assert "this was a dry run" in here.run(*look).out
    assert here.files() == original
    told = here.run(*install, answer="y\n")
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
    behind = here.run(*compare)
    assert "Everything the walking loop remembers" in behind.out
    assert "--- prometheus/alerts.yml" in behind.out
    assert here.run(*upgrade, answer="y\n").code == 0
    assert "parapet_incidents" in tables(here)
    slices.write_text(usual)

    assert "-attach(app)" in here.run(*doubt).out
    left = here.run(*uninstall, answer="y\n")
    assert "ops/ holds what was generated" in left.out
    kept = {name: text for name, text in here.files().items() if not name.startswith(("ops/", "parapet-evidence.db"))}
    assert kept == original
    assert (here.root / "parapet-evidence.db").exists()
