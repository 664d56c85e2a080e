"""What the site needs beside its pages: the changelog, which lives at the root, and pages that others add to docs/."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

ROOT = Path(__file__).parents[1]


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Pages that the navigation does not name are put at its end, called as they call themselves."""
    nav: list[Any] = config.nav or []
    docs = ROOT / "docs"
    names = (path.relative_to(docs).as_posix() for path in sorted(docs.rglob("*.md")))
    others = [name for name in names if f"'{name}'" not in str(nav)]
    if others:
        nav.append({"More": [{_title(docs / name): name} for name in others]})
    return config


def _title(path: Path) -> str:
    heading = next((line for line in path.read_text().splitlines() if line.startswith("# ")), path.stem)
    return heading.removeprefix("# ").partition(":")[0]


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


def on_page_content(html: str, page: Any, **_: Any) -> str:
    """Whoever reads in the dark sees the pictures that were taken in the dark, where there are some."""
    return re.sub(r'<img ([^>]*)src="([^"]*/)?(images/[\w-]+)-light\.png"([^>]*)>', _in_both_lights, html)


def _in_both_lights(found: re.Match[str]) -> str:
    before, folder, name, after = found[1], found[2] or "", found[3], found[4]
    if not (ROOT / "docs" / f"{name}-dark.png").is_file():
        return found[0]
    dark = f'<source media="(prefers-color-scheme: dark)" srcset="{folder}{name}-dark.png">'
    return f'<picture>{dark}<img {before}src="{folder}{name}-light.png"{after}></picture>'
