"""Values to HTML. Everything is escaped; a template that misses a value fails loudly."""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

TEMPLATES = Path(__file__).parent / "templates"


class Renderer:
    """The templates, compiled once for a process."""

    def __init__(self) -> None:
        self._environment = Environment(
            loader=FileSystemLoader(TEMPLATES),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )

    def render(self, template: str, chrome: object, view: object) -> str:
        """The page *template* around *view*."""
        return self._environment.get_template(template).render(chrome=chrome, view=view)
