"""What a service is called: as its package, its folder or its project are, unless that says nothing."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass

from parapet.install.project import Project

GENERIC = frozenset(
    {"api", "app", "application", "backend", "code", "config", "core", "django", "flask", "main", "mysite", "project"}
    | {"reliability", "repo", "server", "service", "site", "source", "src", "web", "webapp", "workspace", "www"}
)
"""Names that half of all services have."""
PLACES = frozenset({"apps", "home", "mnt", "opt", "projects", "root", "services", "srv", "tmp", "usr", "var"})
"""Folders that hold what they are not called after."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A name, and what it was taken from."""

    name: str
    by: str
    """`its package`, `its folder`, `pyproject.toml`, `the folder above`; or that nothing says it."""


def named(project: Project, package: str) -> Named:
    """What the service in *project* is called; *package*: the topmost that its application is in, empty if in none."""
    for name, by in _candidates(project, package):
        plain = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
        if plain and plain not in GENERIC:
            return Named(name=plain, by=by)
    return Named(name="service", by="nothing that was found, so say --service")


def _candidates(project: Project, package: str) -> Iterator[tuple[str, str]]:
    yield package, "its package"
    yield project.root.name, "its folder"
    yield _in_pyproject(project), "pyproject.toml"
    above = project.root.parent.name
    yield "" if above in PLACES else above, "the folder above"


def _in_pyproject(project: Project) -> str:
    try:
        told = tomllib.loads(project.text("pyproject.toml") or "")
    except tomllib.TOMLDecodeError:
        return ""
    tables = (told.get("project"), told.get("tool", {}).get("poetry"))
    names = [table["name"] for table in tables if isinstance(table, dict) and isinstance(table.get("name"), str)]
    return names[0] if names else ""
