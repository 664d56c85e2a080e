"""What a new version changes in a host: merged with what a person made of it, shown first, and proved to hold."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.forked import Forks
from tests.install.conftest import LAYOUTS, Host

NEW = '    owner="fastapi-single",  # the team that answers for it\n'
"""A line of a template, which the version of these tests before did not have."""
MINE = "# Ours is the one in Frankfurt.\n"


def as_of_an_earlier_version(host: Host, change: Callable[[str], str]) -> Path:
    """`service.py` as a template without that line made it, and as a person has changed it since."""
    kept, module = host.root / ".parapet-install.json", host.root / "reliability" / "service.py"
    told = json.loads(kept.read_text())
    before = told["written"]["reliability/service.py"].replace(NEW, "")
    told["written"]["reliability/service.py"] = before
    told["version"] = "0.0.9"
    kept.write_text(json.dumps(told))
    module.write_text(change(before))
    return module


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory, forks: Forks) -> Path:
    """What one install has made."""
    root = tmp_path_factory.mktemp("installed") / "fastapi-single"
    shutil.copytree(LAYOUTS / "fastapi-single", root)
    assert Host(root, forks.python).install().code == 0
    return root


@pytest.fixture
def wired(installed: Path, tmp_path: Path, forks: Forks) -> Host:
    """A host after an install of an earlier version."""
    return Host(Path(shutil.copytree(installed, tmp_path / installed.name)), forks.python)


def test_a_new_template_is_merged_with_what_a_person_changed(wired: Host) -> None:
    """Their lines stay, the new ones come in; the second time there is nothing to do, and all of it comes out again."""
    module = as_of_an_earlier_version(wired, lambda text: text.replace("ADDRESS = ", f"{MINE}ADDRESS = "))
    before = wired.files()
    shown = wired.run("upgrade", "--dry-run")
    assert "Parapet 0.0.9 to " in shown.out
    assert f"+{NEW}" in shown.out
    assert wired.files() == before
    told = wired.run("upgrade", "--yes", "--json").json
    assert told["merged"] == ["reliability/service.py"]
    assert NEW in module.read_text()
    assert MINE in module.read_text()
    assert wired.run("upgrade", "--yes").out == "Nothing to do: everything is in its place.\n"


def test_lines_that_both_changed_are_the_person_s(wired: Host) -> None:
    """Nothing is overwritten; they hear which file to look at."""
    module = as_of_an_earlier_version(
        wired, lambda text: text.replace('    service="fastapi-single",\n', '    service="ideas",\n    owner="us",\n')
    )
    told = wired.run("upgrade", "--yes", "--json").json
    assert told["merged"] == []
    assert any("reliability/service.py has a new template" in line for line in told["by_hand"])
    assert 'owner="us"' in module.read_text()
    again = wired.run("upgrade", "--yes")
    assert "reliability/service.py has a new template, and you changed the same lines" in " ".join(again.out.split())


def test_a_line_that_is_written_otherwise_now_takes_the_place_of_the_earlier_one(wired: Host) -> None:
    """Never both beside each other; and an uninstall finds what is there now."""
    kept, main = wired.root / ".parapet-install.json", wired.root / "main.py"
    kept.write_text(
        kept.read_text().replace("from reliability.mounting import attach", "from reliability import attach")
    )
    main.write_text(
        main.read_text().replace("from reliability.mounting import attach", "from reliability import attach")
    )
    init = wired.root / "reliability" / "__init__.py"
    earlier = "from reliability.mounting import attach\n"
    told = json.loads(kept.read_text())
    told["written"]["reliability/__init__.py"] += earlier
    kept.write_text(json.dumps(told))
    init.write_text(init.read_text() + earlier)
    upgraded = wired.run("upgrade", "--yes", "--json")
    assert upgraded.code == 0, upgraded.err
    assert upgraded.json["edited"] == ["main.py"]
    assert main.read_text().count("attach") == 2
    assert "from reliability.mounting import attach\n" in main.read_text()
    assert wired.run("install", "--dry-run").out == "Nothing to do: everything is in its place.\n"
    assert wired.run("uninstall", "--yes").code == 0
    assert "attach" not in main.read_text()


def test_a_line_that_a_person_has_moved_stays_where_it_is(wired: Host) -> None:
    """It is the same line: where it stands is theirs to say."""
    main = wired.root / "main.py"
    moved = main.read_text().replace("attach(app)\n", "") + "\n\nattach(app)\n"
    main.write_text(moved)
    assert wired.run("install", "--dry-run").out == "Nothing to do: everything is in its place.\n"
    assert main.read_text() == moved


def test_a_file_that_a_person_removed_stays_away(wired: Host) -> None:
    """The package is theirs."""
    (wired.root / "reliability" / "runbooks.py").unlink()
    init = wired.root / "reliability" / "__init__.py"
    init.write_text(
        init.read_text().replace("journeys, runbooks, slices", "journeys, slices").replace('"runbooks", ', "")
    )
    assert wired.run("upgrade", "--yes").out == "Nothing to do: everything is in its place.\n"
    assert not (wired.root / "reliability" / "runbooks.py").exists()


def test_there_is_nothing_to_upgrade_before_an_install(empty: Host) -> None:
    """And it says how to begin."""
    told = empty.run("upgrade")
    assert told.code == 1
    assert "Begin with: parapet install" in told.err
