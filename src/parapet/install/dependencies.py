"""Parapet among the host's dependencies, where they are a list in a file."""

from __future__ import annotations

import re
import tomllib

from parapet.install.edits import Edit, Insertion, newline_of
from parapet.install.finding import Finding
from parapet.install.project import Project

LOCKS = {
    "uv": "uv lock",
    "Poetry": "poetry lock",
    "PDM": "pdm lock",
    "Pipenv": "pipenv lock",
    "pip-tools": "pip-compile",
}
PROJECT = re.compile(r"(?m)^\s*\[project\]\s*$")
TABLE = re.compile(r"(?m)^\s*\[")
ARRAY = re.compile(r"(?m)^dependencies\s*=\s*\[")
POETRY = re.compile(r"(?m)^\s*\[tool\.poetry\.dependencies\][ \t]*\r?\n")
PIPFILE = re.compile(r"(?m)^\s*\[packages\][ \t]*\r?\n")


def requirement(extras: tuple[str, ...]) -> str:
    """How pip is told: `parapet-ops[fastapi]`."""
    return f"parapet-ops[{','.join(extras)}]" if extras else "parapet-ops"


def dependency_edit(project: Project, keeps: Finding, extras: tuple[str, ...]) -> Edit | None:
    """What goes into the file that *keeps* the dependencies; None if Parapet is there, or it has no place in it."""
    folder = f"{keeps.path.rpartition('/')[0]}/".removeprefix("/")
    path = f"{folder}pyproject.toml" if keeps.path.endswith((".lock", ".toml")) else keeps.path
    path = f"{folder}Pipfile" if keeps.name == "Pipenv" else path
    text = project.text(path)
    if text is None or re.search(r"parapet[-_.]ops", text):
        return None
    return _in_requirements(path, text, extras) if path.endswith((".txt", ".in")) else _in_toml(path, text, extras)


def lock_command(keeps: Finding) -> str | None:
    """What resolves the dependencies again."""
    return LOCKS.get(keeps.name)


def _in_requirements(path: str, text: str, extras: tuple[str, ...]) -> Edit:
    newline = newline_of(text)
    before = "" if not text or text.endswith("\n") else newline
    insertion = Insertion(offset=len(text), text=f"{before}{requirement(extras)}{newline}")
    return Edit(path=path, before=text, insertions=(insertion,))


def _in_toml(path: str, text: str, extras: tuple[str, ...]) -> Edit | None:
    newline, wanted = newline_of(text), requirement(extras)
    for pattern in (POETRY, PIPFILE):
        table = pattern.search(text)
        if table is not None:
            listed = ", ".join(f'"{extra}"' for extra in extras)
            line = f'parapet-ops = {{ version = "*", extras = [{listed}] }}{newline}'
            return _checked(Edit(path=path, before=text, insertions=(Insertion(offset=table.end(), text=line),)))
    project = PROJECT.search(text)
    if project is None:
        return None
    following = TABLE.search(text, project.end())
    array = ARRAY.search(text, project.end(), following.start() if following else len(text))
    if array is None:
        return None
    rest = text[array.end() :]
    first = rest.lstrip()
    if "\n" in rest[: len(rest) - len(first)]:  # one dependency in a line
        gap = rest[: len(rest) - len(first)]
        indent = gap.rpartition("\n")[2] if not first.startswith("]") else "    "
        place = array.end() + rest.index("\n") + 1
        entry = f'{indent}"{wanted}",{newline}'
    else:
        place, entry = array.end(), f'"{wanted}"' + ("" if first.startswith("]") else ", ")
    return _checked(Edit(path=path, before=text, insertions=(Insertion(offset=place, text=entry),)))


def _checked(edit: Edit) -> Edit | None:
    """*edit*, if the file says the same as before and one dependency more."""
    try:
        before, after = tomllib.loads(edit.before), tomllib.loads(edit.after)
    except tomllib.TOMLDecodeError:
        return None
    for table in (before, after):
        listed = table.get("project", {}).get("dependencies")
        if isinstance(listed, list):
            table["project"]["dependencies"] = [one for one in listed if not str(one).startswith("parapet-ops")]
        table.get("tool", {}).get("poetry", {}).get("dependencies", {}).pop("parapet-ops", None)
        table.get("packages", {}).pop("parapet-ops", None)
    return edit if before == after else None
