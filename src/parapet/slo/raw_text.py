"""Raw PromQL, looked at as text: what can be said without a parser. `raw_parsed` says more, where promql-parser is."""

from __future__ import annotations

import re

from parapet.core.errors import ConfigurationError
from parapet.slo.raw import WINDOW

SPEEDS = ("rate", "irate", "deriv", "predict_linear", "delta", "idelta", "avg_over_time")
"""Functions that answer with a speed or a level: none of them counts events."""
_AGGREGATION = re.compile(r"\b(sum|count|max|min|group)\s*(by|\()")


def check_text(expression: str, said: str) -> None:
    """What can be seen without parsing *expression*; *said* begins the error.

    Raises:
        ConfigurationError: brackets do not match, it calls a function that counts nothing, or nothing is aggregated.
    """
    bare = re.sub(r"\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'|`[^`]*`", '""', expression)
    open_brackets: list[str] = []
    closes = {")": "(", "]": "[", "}": "{"}
    for character in bare:
        if character in closes.values():
            open_brackets.append(character)
        elif character in closes and (not open_brackets or open_brackets.pop() != closes[character]):
            raise ConfigurationError(f"{said} does not parse: {character!r} closes nothing.")
    if open_brackets:
        raise ConfigurationError(f"{said} does not parse: {open_brackets[-1]!r} is not closed.")
    for name in re.findall(r"([a-z_]+)\s*\(", bare):
        if name in SPEEDS:
            raise ConfigurationError(speed_error(name, said))
    if not _AGGREGATION.search(bare):
        raise ConfigurationError(f"{said} is not aggregated; expected sum(...), or sum by (...) the slice's groups.")


def speed_error(function: str, said: str) -> str:
    """What to say of a *function* that counts nothing."""
    return (
        f"{said} calls {function}(), which counts no events; expected a count within {WINDOW}, such as "
        f"increase(...[{WINDOW}]) of a counter."
    )
