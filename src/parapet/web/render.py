"""Values to HTML. Everything is escaped; a template that misses a value fails loudly, a host's makes way for ours."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

from jinja2 import BaseLoader, ChoiceLoader, Environment, FileSystemLoader, PrefixLoader, StrictUndefined
from markupsafe import Markup, escape

from parapet.core.guard import guarded
from parapet.web.text import MARK
from parapet.web.zones import Zone

_STAMP = re.compile(rf"(\d\d):(\d\d)(:\d\d)? ([A-Z][A-Z0-9:+-]*){MARK}")
TEMPLATES = Path(__file__).parent / "templates"


class Renderer:
    """The templates, compiled once for a process. Those in *own* stand in for ours of the same name.

    Ours stay reachable as `parapet/NAME`, so that a host's template may extend the one it stands in for. A page that
    breaks with the host's is counted, and shown with ours: it may be the night after an upgrade.
    """

    def __init__(self, own: Path | None = None) -> None:
        ours = FileSystemLoader(TEMPLATES)
        self._ours = _environment(ours)
        self._own = None
        if own is not None:
            first: list[BaseLoader] = [FileSystemLoader(own), ours, PrefixLoader({"parapet": ours})]
            self._own = _environment(ChoiceLoader(first))

    def render(self, template: str, chrome: object, view: object) -> str:
        """The page *template* around *view*."""
        if self._own is not None:
            with guarded("the host's looks"):
                return self._own.get_template(template).render(chrome=chrome, view=view)
        return self._ours.get_template(template).render(chrome=chrome, view=view)


def _environment(loader: BaseLoader) -> Environment:
    made = Environment(
        loader=loader,
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.filters["timed"] = timed
    return made


def timed(words: str, zone: Zone) -> Markup:
    """*words*, escaped; over a time in another zone than UTC the pointer reads it in UTC."""
    return Markup(_STAMP.sub(lambda found: _hover(found, zone), str(escape(words))))  # noqa: S704 - escaped here


def _hover(found: re.Match[str], zone: Zone) -> str:
    shown = found[0].removesuffix(MARK)
    ahead = zone.offsets.get(found[4])
    if ahead is None:
        return shown
    minutes = round((timedelta(hours=int(found[1]), minutes=int(found[2])) - ahead).total_seconds() / 60) % 1_440
    return f'<time title="{minutes // 60:02}:{minutes % 60:02}{found[3] or ""} UTC">{shown}</time>'
