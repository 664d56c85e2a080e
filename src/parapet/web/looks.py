"""What a host may make its own in the workbench: name, logo, colours, templates, where the brand leads."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from parapet.core.errors import ConfigurationError

STYLE = "looks.css"
LOGO = "logo.svg"
TEMPLATES = "templates"
LONGEST_NAME = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Looks:
    """A host's own looks.

    The folder may hold `looks.css`, loaded after ours, whose layers it beats; `logo.svg`, in the place of ours; and
    `templates/`, where a file stands in for ours of the same name. `parapet gen ui` writes those that you ask for.

    Raises:
        ConfigurationError: the folder is none, or the name is empty or too long.
    """

    folder: Path | None = None
    name: str = "Parapet"
    """Beside the logo, and in every title."""

    def __post_init__(self) -> None:
        if not 0 < len(self.name.strip()) <= LONGEST_NAME:
            raise ConfigurationError(f"Looks(name=...) must have 1 to {LONGEST_NAME} characters, not {self.name!r}.")
        if self.folder is not None and not self.folder.is_dir():
            raise ConfigurationError(f"Looks(folder=...) is no folder: {self.folder}. parapet gen ui makes one.")

    def file(self, name: str) -> Path | None:
        """The host's file *name*, if there is one."""
        path = None if self.folder is None else self.folder / name
        return path if path is not None and path.is_file() else None

    @property
    def templates(self) -> Path | None:
        """Where the host's templates are, if it has any."""
        path = None if self.folder is None else self.folder / TEMPLATES
        return path if path is not None and path.is_dir() else None


OURS = Looks()
"""As it comes."""
