"""Dashboards as files: valid, laid out for people, the same everywhere, and found by what leads to them."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard as Schema
from tests.dashboards.conftest import ROOT, Dashboard
from tests.dashboards.host import parapet

from parapet.artifacts.bundle import FOLDERS, build
from parapet.artifacts.dashboards.places import LONGEST_UID, page_of, subjects, uid_of
from parapet.artifacts.files import differences, write
from parapet.artifacts.render import GENERATED, JSON_HEADER
from parapet.core.errors import ConfigurationError
from parapet.core.settings import Wiring
from parapet.slo.catalog import Catalog
from parapet.slo.packs.journeys import journey_slices
from parapet.slo.packs.web import web_pack
from parapet.slo.slice import Slice

WIDE = 24
FIRST_SCREEN = 22
"""Rows of the grid on a laptop."""
LETTERS_A_COLUMN = 6
"""Of a panel's title, on a laptop."""
GLOBALS = {"__rate_interval", "__range", "__url_time_range", "datasource"}


def made(catalog: Catalog | None = None, wiring: Wiring | None = None) -> dict[str, str]:
    """File name -> text of the dashboards."""
    files = build(catalog or parapet.catalog, wiring or parapet.wiring)
    return {Path(name).name: text for name, text in files.items() if name.startswith("grafana/dashboards/")}


DASHBOARDS: dict[str, Dashboard] = {name: json.loads(text) for name, text in made().items()}


def shop(*slices: Slice) -> Catalog:
    """A shop that promises that."""
    return Catalog(service="shop", slices=slices, runbooks={one.runbook or "" for one in slices}, known={})


@pytest.fixture(params=sorted(DASHBOARDS))
def dashboard(request: pytest.FixtureRequest) -> Dashboard:
    """Each of them."""
    return DASHBOARDS[request.param]


def panels(dashboard: Dashboard) -> list[dict[str, Any]]:
    """What is drawn; headings are not."""
    return [panel for panel in dashboard["panels"] if panel["type"] != "row"]


def texts(node: object) -> Iterator[str]:
    """Every text in a dashboard."""
    if isinstance(node, dict):
        for value in node.values():
            yield from texts(value)
    elif isinstance(node, list):
        for value in node:
            yield from texts(value)
    elif isinstance(node, str):
        yield node


def test_the_schema_knows_every_word(dashboard: Dashboard) -> None:
    """Read by Grafana's schema and written again, nothing is lost, and nothing added but links into a folded menu."""
    register_default_plugins()
    again = json.loads(
        json.dumps(Schema.from_json(dashboard), cls=JSONEncoder),
        object_hook=lambda node: {key: value for key, value in node.items() if value != "inControlsMenu"},
    )
    assert again == dashboard


def test_panels_fill_the_page_without_gaps(dashboard: Dashboard) -> None:
    """Every cell of the grid belongs to one panel, from the first row to the last."""
    cells: dict[tuple[int, int], int] = {}
    for panel in dashboard["panels"]:
        place = panel["gridPos"]
        for x in range(place["x"], place["x"] + place["w"]):
            for y in range(place["y"], place["y"] + place["h"]):
                assert (x, y) not in cells, panel["title"]
                cells[x, y] = panel["id"]
    bottom = 1 + max(y for _, y in cells)
    assert cells.keys() == {(x, y) for x in range(WIDE) for y in range(bottom)}
    assert len({panel["id"] for panel in dashboard["panels"]}) == len(dashboard["panels"])


def test_panels_can_be_read(dashboard: Dashboard) -> None:
    """A title that fits, a sentence that explains, a unit, and words for when there is nothing; figures come first."""
    first = next(panel for panel in panels(dashboard) if panel["type"] != "text")
    assert first["type"] == "stat"
    assert first["gridPos"]["y"] < FIRST_SCREEN
    for panel in panels(dashboard):
        if panel["type"] == "text":
            continue
        assert 0 < len(panel["title"]) <= panel["gridPos"]["w"] * LETTERS_A_COLUMN, panel["title"]
        assert panel["description"].endswith("."), panel["title"]
        assert panel["fieldConfig"]["defaults"]["unit"]
        assert panel["fieldConfig"]["defaults"]["noValue"]


def test_what_can_be_chosen_is_used_and_what_is_used_can_be_chosen(dashboard: Dashboard) -> None:
    """No variable without a query that reads it, no query with a variable that nobody can set."""
    names = {variable["name"] for variable in dashboard["templating"]["list"]}
    used = {
        name
        for text in texts([dashboard["panels"], dashboard["annotations"], dashboard["templating"]])
        for name in re.findall(r"\$\{?([A-Za-z_]\w*)", text)
    }
    assert names <= used
    assert used - names <= GLOBALS | {"__field", "__data", "__all"}


def test_it_says_whose_it_is_first(dashboard: Dashboard) -> None:
    """In the file, for those who would edit it; and in Grafana, where it cannot be edited."""
    assert dashboard["description"].startswith(f"{GENERATED} ")
    assert dashboard["editable"] is False
    assert dashboard["tags"] == ["parapet", "parapet:shop"]
    assert all(text.startswith(JSON_HEADER) for text in made().values())


def test_every_promise_leads_to_its_dashboard() -> None:
    """By a label of its info series, which the overview follows."""
    uids = [one["uid"] for one in DASHBOARDS.values()]
    assert len(set(uids)) == len(uids)
    files = build(parapet.catalog, parapet.wiring)
    groups = yaml.safe_load(files["prometheus/recording.yml"])["groups"]
    infos = [r["labels"] for g in groups for r in g["rules"] if r["record"] == "parapet:slo_info"]
    assert {one["slice"] for one in infos} == {one.name for one in parapet.catalog}
    assert {one["dashboard"] for one in infos} <= set(uids)
    assert {one["workbench"] for one in infos} == {parapet.wiring.workbench_url}
    (overview,) = (one for one in DASHBOARDS.values() if one["uid"] == "parapet-shop-overview")
    assert "/d/${__field.labels.dashboard}?${__url_time_range}" in set(texts(overview))


def test_promises_of_a_journey_and_of_a_pack_share_a_dashboard() -> None:
    """Whether checkout works and whether it is fast are one look; so are a pack's promises."""
    catalog = shop(*web_pack(), *journey_slices("checkout", objective=0.99, latency=(1, 0.99), runbook="checkout"))
    found = {one.page: (one.title, [each.name for each in one.slices]) for one in subjects(catalog)}
    assert found == {
        "promise-web": ("Web", ["web-availability", "web-latency"]),
        "journey-checkout": ("Checkout", ["checkout", "checkout-latency"]),
    }
    videos = next(one for one in subjects(parapet.catalog) if one.page == "promise-videos")
    assert videos.title == "Videos"


def test_identifiers_fit_grafana_and_are_nobody_elses() -> None:
    """Long or strange names are cut, and told apart by what was cut."""
    long = "a-service-with-a-name-that-goes-on-and-on"
    assert uid_of("shop", "journey-checkout") == "parapet-shop-journey-checkout"
    uids = {uid_of(long, page) for page in ("overview", "work", "parapet")} | {uid_of("a.b", "work")}
    assert len(uids | {uid_of("a-b", "work"), uid_of("a_b", "work")}) == 6
    assert all(len(uid) <= LONGEST_UID and re.fullmatch(r"[A-Za-z0-9_-]+", uid) for uid in uids)
    assert all(len(uid_of("s" * 63, page_of(one))) <= LONGEST_UID for one in parapet.catalog)


def test_a_changed_objective_is_a_small_diff(tmp_path: Path) -> None:
    """A reader of a review sees the promise, its thresholds and nothing else."""
    before, after = (shop(*journey_slices("login", objective=o, runbook="login")) for o in (0.999, 0.99))
    write(tmp_path, build(before, Wiring()), FOLDERS)
    diffs = differences(tmp_path, build(after, Wiring()), FOLDERS)
    assert [name for name in diffs if name.startswith("grafana/")] == ["grafana/dashboards/shop-journey-login.json"]
    lines = [
        line for line in diffs["grafana/dashboards/shop-journey-login.json"].splitlines() if re.match(r"[+-]\s", line)
    ]
    assert '-      "title": "Login: 99.9 % = 43.2 minutes in 30 days",' in lines
    assert '+      "title": "Login: 99 % = 7.2 hours in 30 days",' in lines
    assert len(lines) <= 32


def test_a_dashboard_of_the_host_is_not_overwritten(tmp_path: Path) -> None:
    """One that was saved from Grafana has another first line, and stays."""
    files = build(shop(*journey_slices("login", objective=0.99, runbook="login")), Wiring())
    mine = tmp_path / "grafana/dashboards/shop-work.json"
    mine.parent.mkdir(parents=True)
    mine.write_text('{\n  "title": "mine"\n}\n')
    with pytest.raises(ConfigurationError, match=r"shop-work\.json was not generated by Parapet"):
        write(tmp_path, files, FOLDERS)
    mine.unlink()
    write(tmp_path, files, FOLDERS)
    beside = mine.with_name("mine.json")
    beside.write_text('{"title": "mine"}')
    left = build(shop(*web_pack()), Wiring())
    done = write(tmp_path, left, FOLDERS)
    assert "removed grafana/dashboards/shop-journey-login.json" in done
    assert beside.exists()


def test_without_grafana_there_are_no_dashboards(tmp_path: Path) -> None:
    """Said once in code; what was generated before is removed, and no series leads to nowhere."""
    catalog = shop(*journey_slices("login", objective=0.99, runbook="login"))
    write(tmp_path, build(catalog, Wiring()), FOLDERS)
    files = build(catalog, Wiring(dashboards=False))
    assert not any(name.startswith("grafana/") for name in files)
    assert "dashboard:" not in files["prometheus/recording.yml"]
    assert "removed grafana/provisioning/dashboards/parapet.yaml" in write(tmp_path, files, FOLDERS)


def test_who_delivers_nothing_has_no_dashboard_of_deliveries() -> None:
    """As far as that is known: a catalog that knows no integrations may still have some."""
    login = journey_slices("login", objective=0.99, runbook="login")
    nothing = Catalog(service="shop", slices=login, runbooks=("login",), known={"integration": ()})
    assert "shop-deliveries.json" not in made(nothing)
    assert "shop-deliveries.json" in made(shop(*login))


def test_a_missing_library_is_said_and_nothing_is_left_out() -> None:
    """What is generated depends on the definitions, never on what happens to be installed."""
    script = (
        "import sys; sys.modules['grafana_foundation_sdk'] = None; from parapet.cli.main import main; "
        "sys.argv = ['parapet', *{}]; main()"
    )

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        code = script.format(["generate", "--app", "tests.dashboards.host:parapet", "--check", *words])
        return subprocess.run(
            [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
        )

    lacking = run()
    assert lacking.returncode == 1
    assert "pip install 'parapet-ops[grafana]'" in lacking.stderr
    assert "Wiring(dashboards=False)" in lacking.stderr
    assert "Traceback" not in lacking.stderr
    assert "grafana/" not in run("--without", "dashboards", "--json").stdout


def test_grafana_is_told_where_everything_is() -> None:
    """The folder of the dashboards and, as an example, the data source with the scrape interval."""
    wiring = Wiring(prometheus_url="http://prometheus:9090", dashboards_folder="/dash", scrape_interval_seconds=20)
    files = build(shop(*web_pack()), wiring)
    (provider,) = yaml.safe_load(files["grafana/provisioning/dashboards/parapet.yaml"])["providers"]
    assert (provider["type"], provider["options"]["path"], provider["allowUiUpdates"]) == ("file", "/dash", False)
    (source,) = yaml.safe_load(files["grafana/provisioning/datasources/parapet.yaml"])["datasources"]
    assert (source["url"], source["jsonData"]["timeInterval"]) == ("http://prometheus:9090", "20s")
