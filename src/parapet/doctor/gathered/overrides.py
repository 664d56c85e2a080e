"""Templates of the workbench that a host has made its own, beside those that they were made from."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

TEMPLATES = Path(__file__).parents[2] / "web" / "templates"
MARK = re.compile(r"\{# made from parapet [^ ]+ ([0-9a-f]{12})")
"""What `parapet gen ui` writes into the first line."""


def digest(name: str) -> str:
    """What the template *name* is now, in twelve characters."""
    return hashlib.sha256((TEMPLATES / name).read_bytes()).hexdigest()[:12]


def is_marked(text: str) -> bool:
    """Whether *text* was made by `parapet gen ui`."""
    return MARK.match(text) is not None


def behind(name: str, text: str) -> str | None:
    """Why *text*, a host's template *name*, is behind ours; None: it is not, or nobody knows what it was made from."""
    if not (TEMPLATES / name).is_file():
        return "Parapet has no template of that name any more; nothing reads it"
    mark = MARK.match(text)
    if mark is None or mark[1] == digest(name):
        return None
    return f"Parapet's own changed since; compare it with {TEMPLATES / name}"
