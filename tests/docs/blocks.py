"""The fenced blocks of the documentation, and what is to be done with each."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = (*sorted((ROOT / "docs").rglob("*.md")), ROOT / "README.md")
_BLOCK = re.compile(
    r"(?:^<!-- (?P<mark>run|background|until)(?:: (?P<word>[^>]+?))? -->\n)?(?:^\*\*(?P<file>[\w./-]+)\*\*:\n\n)?"
    r"^(?P<indent> *)```(?P<language>\w*)\n(?P<text>.*?)^(?P=indent)```$",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True, kw_only=True)
class Block:
    """One block."""

    page: str
    language: str
    text: str
    mark: str | None
    """run, background or until, where a comment says so."""
    word: str | None
    file: str | None
    """What it is the content of."""
    line: int

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def blocks_of(path: Path) -> list[Block]:
    """Every block of a page, in order."""
    text = path.read_text()
    found = []
    for match in _BLOCK.finditer(text):
        indent = match["indent"]
        body = "".join(line.removeprefix(indent) for line in match["text"].splitlines(keepends=True))
        found.append(
            Block(
                page=path.relative_to(ROOT).as_posix(),
                language=match["language"],
                text=body,
                mark=match["mark"],
                word=match["word"],
                file=match["file"],
                line=text.count("\n", 0, match.start("language")) + 1,
            )
        )
    return found
