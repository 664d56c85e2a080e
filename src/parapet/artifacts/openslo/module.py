"""Slices as a Python module for the host to keep: values become the calls that make them, only what differs is said."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Mapping, Sequence
from enum import Enum

from parapet.artifacts.render import commented
from parapet.slo.burn import DAY, HOUR, MINUTE
from parapet.slo.family import Family, counter, gauge, histogram
from parapet.slo.selector import Match, Matcher
from parapet.slo.slice import Slice

WIDTH = 120
LONGEST_FIELD = 24
"""What may stand before a value on its line: `threshold_seconds=`."""
_MATCHERS = {Match.ONE_OF: "one_of", Match.NONE_OF: "none_of", Match.BEGINS_WITH: "begins_with"}
_IN_UNITS = {"period_seconds", "within_seconds"}
"""Fields of seconds that are said as days, hours or minutes."""


class _Source:
    """Collects what must be imported while values are written."""

    def __init__(self) -> None:
        self.imports: dict[str, set[str]] = {}

    def needs(self, module: str, name: str) -> str:
        """*name*, which is in *module*."""
        self.imports.setdefault(module, set()).add(name)
        return name

    def value(self, value: object, indent: int) -> str:
        """*value* as Python, the rest of whose lines begin *indent* columns in."""
        if isinstance(value, Matcher):
            name = "equals" if value.match is Match.ONE_OF and len(value.values) == 1 else _MATCHERS[value.match]
            words = [_text(word) for word in (value.label, *value.values)]
            return f"{self.needs('parapet.slo.selector', name)}({', '.join(words)})"
        if isinstance(value, Family):
            return self.family(value, indent)
        if isinstance(value, Enum):
            return f"{self.needs(type(value).__module__, type(value).__name__)}.{value.name}"
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            return self.call(self.needs(type(value).__module__, type(value).__name__), _differing(value), indent)
        if isinstance(value, Mapping):
            items = [f"{self.value(key, 0)}: {self.value(each, indent + 4)}" for key, each in value.items()]
            return _wrapped("{", items, "}", indent)
        if isinstance(value, tuple):
            items = [self.value(each, indent + 4) for each in value]
            return f"({items[0]},)" if len(items) == 1 and "\n" not in items[0] else _wrapped("(", items, ")", indent)
        if isinstance(value, str):
            return _text(value)
        return repr(value)

    def call(self, name: str, fields: Mapping[str, object], indent: int) -> str:
        """A call with keyword arguments."""
        said = []
        for field, value in fields.items():
            written = self.seconds(value) if field in _IN_UNITS else self.value(value, indent + 4)
            said.append(f"{field}={written}")
        return _wrapped(f"{name}(", said, ")", indent)

    def seconds(self, value: object) -> str:
        """A duration in the unit that suits: `30 * DAY`."""
        if not isinstance(value, int | float):
            return repr(value)
        for name, size in (("DAY", DAY), ("HOUR", HOUR), ("MINUTE", MINUTE)):
            if value >= size and value % size == 0:
                return f"{int(value // size)} * {self.needs('parapet.slo.burn', name)}"
        return repr(value)

    def family(self, family: Family, indent: int) -> str:
        """The shortest call that makes it."""
        labels, job = dict(family.labels), family.job
        named: list[tuple[str, Family, dict[str, object]]] = [
            ("counter", counter(family.name, labels, job=job), {}),
            ("gauge", gauge(family.name, labels, job=job), {}),
        ]
        if family.bounds_seconds is not None:
            bounds = family.bounds_seconds
            made = histogram(family.name, labels, bounds_seconds=bounds, job=job)
            named.append(("histogram", made, {"bounds_seconds": bounds}))
        for name, made, further in named:
            if made == family and dict(made.labels) == labels:
                words = {**further, **({"job": job} if job is not None else {})}
                first = [_text(family.name), self.value(labels, indent + 4)]
                said = [f"{field}={self.value(value, indent + 4)}" for field, value in words.items()]
                return _wrapped(f"{self.needs('parapet.slo.family', name)}(", [*first, *said], ")", indent)
        return self.call(self.needs("parapet.slo.family", "Family"), _differing(family), indent)


def module_text(slices: Sequence[Slice], about: Iterable[str], comments: Iterable[str] = ()) -> str:
    """A module with the tuple SLICES. *about*: lines of its docstring; *comments*: what could not be said."""
    source = _Source()
    body = "".join(f"    {source.value(one, 4)},\n" for one in slices)
    source.needs("parapet.slo.slice", "Slice")
    imports = "".join(
        f"from {module} import {', '.join(sorted(names))}\n" for module, names in sorted(source.imports.items())
    )
    docstring = "\n".join(map(_harmless, about))
    docstring += "\n" if "\n" in docstring else ""
    said = "".join(commented(_harmless(line)) for line in comments)
    tuple_text = f"SLICES: tuple[Slice, ...] = (\n{body})\n" if slices else "SLICES: tuple[Slice, ...] = ()\n"
    return f'"""{docstring}"""\n\nfrom __future__ import annotations\n\n{imports}\n{said}{tuple_text}'


def _differing(value: object) -> dict[str, object]:
    """The fields of a dataclass that are not what they are by default."""
    assert dataclasses.is_dataclass(value)
    found: dict[str, object] = {}
    for field in dataclasses.fields(value):
        given = getattr(value, field.name)
        default = field.default_factory() if field.default_factory is not dataclasses.MISSING else field.default
        if given != default and not (field.name == "service" and isinstance(value, Slice)):
            found[field.name] = given
    return found


def _text(text: str) -> str:
    if '"' in text and "'" not in text and "\\" not in text and text.isprintable():
        return f"'{text}'"
    return json.dumps(text, ensure_ascii=False)


def _harmless(line: str) -> str:
    """*line* as one line that ends neither a docstring nor a comment."""
    return " ".join(line.replace("\\", "/").replace('"', "'").split())


def _wrapped(begin: str, items: Sequence[str], end: str, indent: int) -> str:
    """*items* on one line if they fit, else one a line."""
    line = f"{begin}{', '.join(items)}{end}"
    if "\n" not in line and indent + len(line) < WIDTH - LONGEST_FIELD:
        return line
    inner = "".join(f"{' ' * (indent + 4)}{item},\n" for item in items)
    return f"{begin}\n{inner}{' ' * indent}{end}"
