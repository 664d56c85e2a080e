"""What a check says before its diff: which slices and rules differ, in words."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from parapet.artifacts.bundle import FOLDERS, build, chosen
from parapet.artifacts.drift import in_words
from parapet.artifacts.files import differences, write
from parapet.core.errors import ConfigurationError, UnknownName
from parapet.core.settings import Wiring
from parapet.slo.catalog import Catalog

RECORDING, ALERTS = "prometheus/recording.yml", "prometheus/alerts.yml"


def said(out: Path, catalog: Catalog) -> tuple[str, ...]:
    """The words for *out* as *catalog* wants it now."""
    files = build(catalog, Wiring())
    return in_words(out, files, differences(out, files, FOLDERS))


@pytest.fixture
def out(tmp_path: Path, shop_catalog: Catalog) -> Path:
    """A folder that agrees with the shop."""
    write(tmp_path, build(shop_catalog, Wiring()), FOLDERS)
    return tmp_path


def test_agreement_needs_no_words(out: Path, shop_catalog: Catalog) -> None:
    """Nothing differs, nothing is said."""
    assert said(out, shop_catalog) == ()


def test_a_promise_that_moved_is_named_with_both_objectives(out: Path, shop_catalog: Catalog) -> None:
    """And how many rules follow from it."""
    slices = tuple(replace(one, objective=0.99) if one.name == "login" else one for one in shop_catalog)
    first = said(out, replace(shop_catalog, slices=slices))[0]
    assert first.startswith("login: promised 99.9 %, promises 99 %; ")
    assert first.endswith(" alerts changed")


def test_a_slice_that_came_and_one_that_went(out: Path, shop_catalog: Catalog) -> None:
    """Each is one line, whatever number of rules it has."""
    kept = tuple(one for one in shop_catalog if one.name != "login")
    came = replace(shop_catalog.slice("login"), name="signup")
    first, second, *_ = said(out, replace(shop_catalog, slices=(*kept, came)))
    assert first.startswith("login: is not promised any more: ")
    assert second.startswith("signup: is new: ")


def test_other_files_are_counted_in_lines(out: Path, shop_catalog: Catalog) -> None:
    """A scrape interval changes the scrape job; nothing is said about slices."""
    files = build(shop_catalog, Wiring(metrics_path="/other"))
    assert in_words(out, files, differences(out, files)) == ("prometheus/scrape.yml: 2 lines differ",)


def test_a_change_of_interval_is_a_change_of_rules(out: Path, shop_catalog: Catalog) -> None:
    """Every rule of the group is evaluated at another pace."""
    files = build(shop_catalog, Wiring(evaluation_interval_seconds=30))
    changes = in_words(out, files, differences(out, files))
    assert {line.partition(":")[0] for line in changes} >= {"checkout", "login", "rules of no slice"}


def test_only_explanations_differ(out: Path, shop_catalog: Catalog) -> None:
    """A comment that somebody touched changes no rule."""
    path = out / ALERTS
    path.write_text(path.read_text().replace("# login: Login.", "# login: Edited.", 1))
    assert said(out, shop_catalog) == (f"{ALERTS}: only explanations differ",)


def test_missing_and_stale_files_are_named(out: Path, shop_catalog: Catalog) -> None:
    """What is left out of the selection is stale."""
    (out / RECORDING).unlink()
    assert said(out, shop_catalog) == (f"{RECORDING} is missing",)
    files = build(shop_catalog, Wiring(), chosen(Wiring(), without=("scrape",)))
    assert "prometheus/scrape.yml is not generated any more" in in_words(out, files, differences(out, files, FOLDERS))


@pytest.mark.parametrize("committed", ["<<<<<<< HEAD\n: {", "groups: 5\n", "groups:\n- name: x\n  rules: [1]\n", ""])
def test_a_committed_file_that_is_no_rule_file_is_said_to_be_none(
    out: Path, shop_catalog: Catalog, committed: str
) -> None:
    """A botched merge is not a crash."""
    (out / ALERTS).write_text(committed)
    (line,) = said(out, shop_catalog)
    assert line.startswith(f"{ALERTS} is no rule file as it is committed")


def test_parts_are_chosen_by_name_and_checked() -> None:
    """Did you mean; not both; none that lacks what it needs; not nothing."""
    with pytest.raises(UnknownName, match="Did you mean 'scrape'"):
        chosen(Wiring(), without=("scrap",))
    with pytest.raises(ConfigurationError, match="scrape is asked for and left out"):
        chosen(Wiring(), also=("scrape",), without=("scrape",))
    with pytest.raises(ConfigurationError, match="tests is of no use without rules"):
        chosen(Wiring(), without=("rules",))
    with pytest.raises(ConfigurationError, match="Every part is left out"):
        chosen(Wiring(), without=[part.name for part in chosen(Wiring())])
    assert [part.name for part in chosen(Wiring(), without=("rules", "tests"))][:1] == ["watchdog"]
