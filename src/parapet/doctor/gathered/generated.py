"""The generated files: what the definitions say, and what lies in the folder."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from parapet.app import Parapet
from parapet.artifacts.bundle import FOLDERS, build
from parapet.artifacts.drift import in_words
from parapet.artifacts.files import differences
from parapet.core.errors import ConfigurationError


@dataclass(frozen=True, slots=True, kw_only=True)
class Generated:
    """How a folder compares with the definitions."""

    present: bool
    """Whether there is anything of ours in it."""
    texts: dict[str, str] = field(default_factory=dict)
    """Relative path -> what it should say."""
    differing: tuple[str, ...] = ()
    """What differs, a line each."""
    problem: str | None = None
    """Why nothing can be generated."""


def compared(app: Parapet, out: Path) -> Generated:
    """The files of *app* and those in *out*. Parts that were left out when it was generated are not missed."""
    try:
        texts = build(app.catalog, app.wiring)
    except ConfigurationError as error:
        return Generated(present=out.is_dir(), problem=error.message)
    if not any((out / name).exists() for name in texts):
        return Generated(present=False, texts=texts)
    there = {name.rpartition("/")[0] for name in texts if (out / name).exists()}
    kept = {name: text for name, text in texts.items() if name.rpartition("/")[0] in there}
    differing = differences(out, kept, FOLDERS)
    return Generated(present=True, texts=texts, differing=in_words(out, kept, differing))
