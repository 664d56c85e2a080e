"""The generated files: golden, deterministic, and careful with what is already in the folder."""

from __future__ import annotations

import os
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
import yaml

from parapet.artifacts import render
from parapet.artifacts.bundle import FOLDERS, build
from parapet.artifacts.files import differences, write
from parapet.core import names
from parapet.core.errors import ConfigurationError
from parapet.core.settings import Wiring
from parapet.slo.burn import BurnPolicy
from parapet.slo.catalog import Catalog
from parapet.slo.packs.journeys import journey_slices

GOLDEN = Path(__file__).parent / "golden"

Bundle = tuple[str, dict[str, str]]


def test_generated_files_are_the_golden_ones(bundle: Bundle) -> None:
    """A change of the rules is a diff that somebody reads: `make golden` rewrites them."""
    name, files = bundle
    if os.environ.get("PARAPET_GOLDEN") == "rewrite":
        write(GOLDEN / name, files, FOLDERS)
    assert differences(GOLDEN / name, files, FOLDERS) == {}


def test_every_file_says_that_it_is_generated_and_is_yaml(bundle: Bundle) -> None:
    """Each with the header, each readable; but for one that is lines of arguments."""
    _, files = bundle
    assert {Path(name).suffix for name in files} <= {".yml", ".yaml", ".json", ".txt"}
    for name, text in files.items():
        if name.endswith((".yml", ".yaml")):
            assert text.startswith(render.HEADER)
            assert all(isinstance(part, dict) for part in yaml.safe_load_all(text))


def test_above_every_rule_stands_what_it_is_for(bundle: Bundle) -> None:
    """In every file that holds rules."""
    _, files = bundle
    seen = 0
    for name in ("prometheus/recording.yml", "prometheus/alerts.yml"):
        lines = files[name].splitlines()
        for above, line in pairwise(lines):
            if line.lstrip().startswith(("- record:", "- alert:")):
                seen += 1
                assert above.lstrip().startswith("# "), line
    assert seen > 100


def test_both_yaml_writers_give_the_same_bytes(shop_catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    """With or without libyaml, the committed files agree."""
    fast = build(shop_catalog, Wiring())
    monkeypatch.setattr(render, "DUMPERS", render.DUMPERS[:1])
    assert build(shop_catalog, Wiring()) == fast


def test_a_slice_records_two_series_from_raw_metrics(shop_catalog: Catalog) -> None:
    """Everything else is derived from those two, so cost does not grow with the host's series."""
    groups = yaml.safe_load(build(shop_catalog, Wiring())["prometheus/recording.yml"])["groups"]
    for one in shop_catalog:
        rules = [r for g in groups for r in g["rules"] if r["labels"].get("slice") == one.name]
        raw = [r["record"] for r in rules if "rate(parapet_" in r["expr"]]
        assert raw == ["parapet:slo_events:increase_base", "parapet:slo_bad_events:increase_base"]
        assert all(f'job="{one.service}"' in r["expr"] for r in rules if r["record"] in raw)
        assert len({r["record"] for r in rules}) == len(rules)


def test_labels_of_alerts_say_who_and_how_loud_and_nothing_that_varies(shop_catalog: Catalog) -> None:
    """What varies would make two incidents of one trouble."""
    groups = yaml.safe_load(build(shop_catalog, Wiring())["prometheus/alerts.yml"])["groups"]
    for rule in (rule for group in groups for rule in group["rules"]):
        stale = {names.SIGNAL} if rule["alert"] == names.ALERT_STALE else set()
        of = {names.TARGET} if rule["labels"].get(names.SIGNAL) == "target_gone" else {names.SLICE}
        assert set(rule["labels"]) == {names.SERVICE, names.SEVERITY, *of, *stale}
        assert rule["annotations"][names.WORKBENCH_URL].startswith("http://127.0.0.1:8000/parapet/")


def test_what_is_not_heard_never_pages(shop_catalog: Catalog) -> None:
    """Silence is a ticket: a page says that users are harmed, which nobody knows."""
    groups = yaml.safe_load(build(shop_catalog, Wiring())["prometheus/alerts.yml"])["groups"]
    stale = [rule for group in groups for rule in group["rules"] if rule["alert"] == names.ALERT_STALE]
    assert [rule["labels"][names.SEVERITY] for rule in stale] == ["ticket"] * (len(shop_catalog) + 1)


def test_text_of_the_host_is_never_run_as_a_template() -> None:
    """A title with braces is shown as it is written."""
    slices = tuple(replace(one, trouble="{{ query `x` }}") for one in journey_slices("login", objective=0.99))
    files = build(Catalog(service="shop", slices=slices, runbooks=("journey-login",)), Wiring())
    group, _ = yaml.safe_load(files["prometheus/alerts.yml"])["groups"]
    assert group["rules"][0]["annotations"][names.TITLE] == '{{ "{{" }} query `x` }}'


def test_intervals_that_do_not_fit_the_base_window_are_refused(shop_catalog: Catalog) -> None:
    """A window of five seconds cannot be scraped every fifteen; the error says what fits."""
    small = replace(shop_catalog, burn=BurnPolicy().scaled_down(60))
    with pytest.raises(ConfigurationError, match=r"scrape_interval_seconds is 15.*at most 1\.25 s fits"):
        build(small, Wiring())


def test_an_evaluation_interval_that_does_not_divide_the_base_window_is_refused(shop_catalog: Catalog) -> None:
    """Windows are sums of base windows, read as far apart as they are long."""
    with pytest.raises(ConfigurationError, match=r"is 40 s, which does not divide .*37\.5 s would"):
        build(shop_catalog, Wiring(evaluation_interval_seconds=40))


def test_an_empty_catalog_generates_nothing_and_says_so() -> None:
    """Empty rules would look like health."""
    with pytest.raises(ConfigurationError, match="define at least one journey"):
        build(Catalog(service="shop"), Wiring())
    with pytest.raises(ConfigurationError, match="Nothing was generated"):
        write(Path("unused"), {})


def test_writing_twice_changes_nothing(tmp_path: Path) -> None:
    """The same definitions, the same bytes."""
    files = {"prometheus/a.yml": render.HEADER + "a: 1\n", "alertmanager/b.yml": render.HEADER + "b: 1\n"}
    assert write(tmp_path, files) == ("written alertmanager/b.yml", "written prometheus/a.yml")
    assert write(tmp_path, files) == ()
    assert differences(tmp_path, files) == {}
    assert sorted(p.name for p in (tmp_path / "prometheus").iterdir()) == ["a.yml"]


def test_differences_are_shown_line_by_line(tmp_path: Path) -> None:
    """What is committed on the left, what the definitions say on the right."""
    write(tmp_path, {"prometheus/a.yml": render.HEADER + "a: 1\n"})
    (diff,) = differences(tmp_path, {"prometheus/a.yml": render.HEADER + "a: 2\n"}).values()
    assert "-a: 1\n+a: 2\n" in diff
    assert "(from the definitions)" in diff


def test_a_missing_file_is_a_difference(tmp_path: Path) -> None:
    """Nothing committed is not agreement."""
    assert "+a: 1\n" in differences(tmp_path, {"prometheus/a.yml": "a: 1\n"})["prometheus/a.yml"]


def test_stale_files_of_ours_go_and_others_stay(tmp_path: Path) -> None:
    """A slice that left takes its file with it; the host's own files are not touched."""
    write(tmp_path, {"prometheus/old.yml": render.HEADER + "a: 1\n", "prometheus/new.yml": render.HEADER})
    own = tmp_path / "prometheus" / "own.yml"
    own.write_text("mine: true\n")
    files = {"prometheus/new.yml": render.HEADER}
    assert "not generated any more" in differences(tmp_path, files)["prometheus/old.yml"]
    assert write(tmp_path, files) == ("removed prometheus/old.yml",)
    assert own.read_text() == "mine: true\n"


def test_a_file_of_the_host_is_not_overwritten(tmp_path: Path) -> None:
    """And nothing else is written either."""
    (tmp_path / "b.yml").write_text("mine: true\n")
    files = {"a.yml": render.HEADER, "b.yml": render.HEADER}
    with pytest.raises(ConfigurationError, match=r"b\.yml was not generated by Parapet"):
        write(tmp_path, files)
    assert not (tmp_path / "a.yml").exists()
