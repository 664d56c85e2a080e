"""What is shipped: the wheel holds what it must and nothing else; versions, changelog and public names are in step."""

from __future__ import annotations

import importlib
import re
import sys
import tomllib
from pathlib import Path

import pytest

import parapet

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
PUBLIC = {
    "parapet": [
        "BurnPolicy", "IncidentPolicy", "Kubernetes", "Outcome", "Parapet", "ParapetError", "Runbook", "Secrets",
        "Slice", "Tls", "Wiring",
    ],
    "parapet.web": ["Action", "Link", "Looks", "Principal", "Request", "Role", "metrics", "workbench"],
    "parapet.slo.packs": [
        "Guide", "Pack", "ai_pack", "billing_pack", "bundle", "database_pack", "email_delivery_pack", "jobs_pack",
        "media_pipeline_pack", "notifications_pack", "probes_pack", "web_pack",
    ],
    "parapet.testing": [
        "ManualClock", "SequentialIds", "alert", "alertmanager_payload", "assert_preview_changes_nothing", "situation",
    ],
}  # fmt: skip
"""What docs/stability.md promises. A name that comes or goes is written here in the same change."""


@pytest.mark.parametrize("module", PUBLIC)
def test_the_public_names_are_these(module: str) -> None:
    """Each is there, and no other."""
    found = importlib.import_module(module)
    listed = getattr(found, "__all__", None)
    if listed is None:
        listed = [
            name
            for name, one in vars(found).items()
            if getattr(one, "__module__", "") == module and not name.startswith("_")
        ]
    assert sorted(listed) == sorted(PUBLIC[module])
    assert all(getattr(found, name) is not None for name in listed)


def test_versions_and_changelog_are_in_step() -> None:
    """The version of the code is that of the package, and the changelog's newest but for what is unreleased."""
    assert parapet.__version__ == PROJECT["version"]
    heads = re.findall(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert heads[0] == "Unreleased" or heads[0] == PROJECT["version"]
    assert next(one for one in heads if one != "Unreleased") == PROJECT["version"]


def test_every_python_that_is_declared_is_this_one_or_another() -> None:
    """3.11 to 3.14 are declared; whichever runs this is among them, and the language is none newer than the oldest."""
    declared = re.findall(r"Python :: (3\.\d+)", "\n".join(PROJECT["classifiers"]))
    assert declared == ["3.11", "3.12", "3.13", "3.14"]
    assert PROJECT["requires-python"] == f">={declared[0]}"
    assert f"{sys.version_info.major}.{sys.version_info.minor}" in declared


def test_the_built_wheel_and_sdist_hold_what_they_must(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Every module and template, the types, the migrations, the license; no tests and no examples."""
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))
    distribute = importlib.import_module("distribute")
    wheel, sdist = distribute.build(tmp_path / "dist")
    assert distribute.problems(wheel, sdist) == []
    assert wheel.name == f"parapet_ops-{PROJECT['version']}-py3-none-any.whl"
    stated = re.search(r"The wheel has ([\d,]+) kB", (ROOT / "docs" / "production.md").read_text())
    assert stated is not None
    assert abs(wheel.stat().st_size / 1_000 / float(stated[1].replace(",", "")) - 1) < 0.1, "say the new size there"
