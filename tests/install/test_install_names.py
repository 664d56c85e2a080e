"""What a service is called that was told no name."""

from __future__ import annotations

from pathlib import Path

import pytest

from parapet.install.naming import Named, named
from parapet.install.project import Project

PROJECT = '[project]\nname = "Corner_Shop"\n'
POETRY = '[tool.poetry]\nname = "corner-shop"\n'


@pytest.mark.parametrize(
    ("folder", "package", "pyproject", "name", "by"),
    [
        ("work/app", "shop", PROJECT, "shop", "its package"),
        ("work/shop-api", "app", PROJECT, "shop-api", "its folder"),
        ("shop/app", "reliability", PROJECT, "corner-shop", "pyproject.toml"),
        ("shop/backend", "src", POETRY, "corner-shop", "pyproject.toml"),
        ("shop/code", "app", '[project]\nname = "app"\n', "shop", "the folder above"),
        ("shop/www", "", "", "shop", "the folder above"),
        ("shop/app", "app", "[project\n", "shop", "the folder above"),
        ("srv/app", "app", "", "service", "nothing that was found, so say --service"),
    ],
)
def test_a_name_that_half_of_all_services_have_is_passed_over(
    folder: str, package: str, pyproject: str, name: str, by: str, tmp_path: Path
) -> None:
    """Package, folder, project, the folder above: the first that says something, and which of them it was."""
    root = tmp_path / folder
    root.mkdir(parents=True)
    if pyproject:
        (root / "pyproject.toml").write_text(pyproject)
    assert named(Project(root), package) == Named(name=name, by=by)
