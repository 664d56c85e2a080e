"""Values to HTML. Everything is escaped; a template that misses a value fails loudly."""

from __future__ import annotations

from pathlib import Path

from jinja2 import BaseLoader, ChoiceLoader, Environment, FileSystemLoader, PrefixLoader, StrictUndefined

TEMPLATES = Path(__file__).parent / "templates"


class Renderer:
    """The templates, compiled once for a process. Those in *own* stand in for ours of the same name.

    Ours stay reachable as `parapet/NAME`, so that a host's template may extend the one it stands in for.
    """

    def __init__(self, own: Path | None = None) -> None:
        ours = FileSystemLoader(TEMPLATES)
        first: list[BaseLoader] = [] if own is None else [FileSystemLoader(own)]
        self._environment = Environment(
            loader=ChoiceLoader([*first, ours, PrefixLoader({"parapet": ours})]),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )

    def render(self, template: str, chrome: object, view: object) -> str:
        """The page *template* around *view*."""
        return self._environment.get_template(template).render(chrome=chrome, view=view)
