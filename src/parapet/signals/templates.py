"""How a route is written: `/orders/{order}`, whichever way its framework writes it."""

from __future__ import annotations

import re

# {name:converter}; then <name>, <converter:name> or <converter(arguments):name>
_BRACES = re.compile(r"{([^{}:]+):[^{}]*}")
_ANGLES = re.compile(r"<(?:[A-Za-z_]\w*(?:\(.*?\))?:)?([A-Za-z_]\w*)>")


def template_of(route: str) -> str:
    """*route* of Starlette, Flask or Django without its converters: `/x/<int:y>` and `/x/{y:int}` are `/x/{y}`."""
    return _ANGLES.sub(r"{\1}", _BRACES.sub(r"{\1}", route))
