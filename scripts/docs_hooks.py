"""What the site needs beside its pages: the changelog, which lives at the root, and pages that others add to docs/."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

ROOT = Path(__file__).parents[1]
LATER = {"response.md": "Acting safely", "escalation.md": "Escalation", "workbench.md": "The workbench"}
"""Pages with a place in the navigation once they are there."""


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Give pages that exist their place."""
    nav: list[dict[str, Any]] = config.nav or []
    named = str(nav)
    for section in nav:
        if "Connect" in section:
            section["Connect"] += [
                {title: name} for name, title in LATER.items() if name not in named and (ROOT / "docs" / name).exists()
            ]
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """The changelog, as a page."""
    text = (ROOT / "CHANGELOG.md").read_text().replace("](docs/", "](")
    files.append(File.generated(config, "changelog.md", content=text))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Marks that tell a test what to do with a block are no part of what is read."""
    kept = (
        line for line in markdown.splitlines() if not line.startswith(("<!-- run", "<!-- background", "<!-- until"))
    )
    return "\n".join(kept) + "\n"
