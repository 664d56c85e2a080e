"""Files of the reliability package whose template has changed since, merged with what a person made of them."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from parapet.install.project import Project


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """What comes of new templates."""

    texts: Mapping[str, str] = field(default_factory=dict)
    """Path -> what the file becomes."""
    stuck: tuple[str, ...] = ()
    """Files in which a person changed the same lines."""


def merged(wanted: Mapping[str, str], base: Mapping[str, str], project: Project) -> Merged:
    """The files *wanted* now, against *base*, as they were written, and what *project* has made of them.

    What nobody touched becomes what is wanted; what a person changed is merged by git, three ways. Files that a person
    removed stay away.
    """
    texts: dict[str, str] = {}
    stuck = []
    for path, theirs in wanted.items():
        mine = project.text(path)
        if mine is None or path not in base or theirs in {base[path], mine}:
            continue
        made = theirs if mine == base[path] else _three_ways(mine, base[path], theirs)
        if made is None:
            stuck.append(path)
        elif made != mine:
            texts[path] = made
    return Merged(texts=texts, stuck=tuple(stuck))


def _three_ways(mine: str, base: str, theirs: str) -> str | None:
    """As git merges; None if both changed the same lines, or there is no git."""
    with TemporaryDirectory() as folder:
        paths = [Path(folder) / name for name in ("mine", "base", "theirs")]
        for path, text in zip(paths, (mine, base, theirs), strict=True):
            path.write_bytes(text.encode())
        try:
            done = subprocess.run(["git", "merge-file", "-p", *paths], capture_output=True, check=False)
        except OSError:
            return None
    return done.stdout.decode() if done.returncode == 0 else None
