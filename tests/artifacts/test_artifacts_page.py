"""The page about generated files: its commands are run, its configuration is checked, its lists are complete."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from parapet import Kubernetes, Wiring
from parapet.artifacts.bundle import PARTS, build, chosen
from parapet.artifacts.groups import groups_of
from parapet.slo.catalog import Catalog

pytestmark = pytest.mark.real

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "artifacts.md").read_text()
HOST = """
from parapet import Parapet, Wiring

parapet = Parapet(service="shop", wiring=Wiring(dashboards=False))
parapet.journey("login", objective=0.999)
"""

Tool = Callable[..., str]


def blocks(language: str) -> list[str]:
    """The page's blocks in a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A host as the page speaks of it, with its files generated."""
    folder = tmp_path_factory.mktemp("page")
    (folder / "shop").mkdir()
    (folder / "shop" / "reliability.py").write_text(HOST)
    (folder / "slo").mkdir()
    shutil.copy(ROOT / "tests" / "fixtures" / "openslo" / "gateway.yaml", folder / "slo")
    run("parapet generate --app shop.reliability:parapet --out ops/", folder)
    return folder


@pytest.fixture
def project(generated: Path, tmp_path: Path) -> Path:
    """The same, of a test's own."""
    return shutil.copytree(generated, tmp_path / "project")


def run(command: str, cwd: Path) -> None:
    """Run a line of the page, in a shell, and see that it ends well."""
    own = str(Path(sys.executable).parent)
    env = {**os.environ, "PATH": f"{own}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(command, shell=True, cwd=cwd, env=env, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, f"{command}\n{done.stdout[-2000:]}{done.stderr[-2000:]}"


COMMANDS = [line for block in blocks("sh") for line in block.splitlines()]
PROGRAMS = {"promtool": "prometheus", "amtool": "prometheus-alertmanager", "vmalert": "victoria-metrics"}


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_of_the_page_runs(command: str, project: Path) -> None:
    """As it stands there."""
    for program, package in PROGRAMS.items():
        if program in command and shutil.which(program) is None:
            message = f"{program} is not installed (Debian: {package})"
            if os.environ.get("CI"):
                pytest.fail(message)
            pytest.skip(message)
    run(command, project)


def test_the_configuration_of_prometheus_is_one(project: Path, tool: Tool) -> None:
    """promtool takes it; the scrape file is put where older versions want it, as the page says."""
    (block,) = blocks("yaml")
    configuration = yaml.safe_load(block)
    (scrape,) = configuration.pop("scrape_config_files")
    configuration["scrape_configs"] = yaml.safe_load((project / scrape).read_text())["scrape_configs"]
    del configuration["scrape_configs"][0]["authorization"]  # the file with the token is on another machine
    (project / "prometheus.yml").write_text(yaml.safe_dump(configuration))
    assert "SUCCESS" in tool("promtool", "check", "config", "prometheus.yml", cwd=project)


def test_the_page_names_every_part_and_every_file(shop_catalog: Catalog) -> None:
    """Nothing is generated that it does not tell of."""
    listed = re.findall(r"^\| `([a-z]+)`", PAGE.partition("\n## ")[0], re.MULTILINE)
    assert sorted(listed) == sorted(part.name for part in PARTS)
    wiring = Wiring(dashboards=False, kubernetes=Kubernetes())
    for name in build(shop_catalog, wiring, chosen(wiring)):
        assert Path(name).name in PAGE or name.startswith("openslo/")


def test_the_limits_that_the_page_asks_of_mimir_suffice(shop_catalog: Catalog) -> None:
    """Rules a group, and groups a slice."""
    (rules_a_group,) = re.findall(r"`ruler_max_rules_per_rule_group: (\d+)`", PAGE)
    groups = groups_of(shop_catalog, Wiring()).all
    assert max(len(group.rules) for group in groups) <= int(rules_a_group)
    assert len(groups) <= 3 * len(shop_catalog) + 2
    assert "`ruler_max_rule_groups_per_tenant` to three times the slices and two" in PAGE


def test_the_settings_of_the_page_are_settings() -> None:
    """The block of Python is Python, and makes what it says."""
    block = next(one for one in blocks("python") if "Kubernetes(" in one)
    assert eval(block, {"Wiring": Wiring, "Kubernetes": Kubernetes}).kubernetes.secret == "shop-parapet"
