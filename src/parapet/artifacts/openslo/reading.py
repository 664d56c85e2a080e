"""OpenSLO files as documents whose fields are asked for one by one; what is wrong is collected with its place."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import TypeAlias

import yaml

from parapet.artifacts.openslo.durations import EXPECTED, seconds

API = "openslo/v1"
PREFIX = "parapet."
"""How the annotations begin that carry what OpenSLO has no word for."""
KINDS = ("Service", "SLO", "SLI", "AlertPolicy", "AlertCondition", "AlertNotificationTarget", "DataSource")
LONGEST_DESCRIPTION = 1_050
LOADER = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader

Value: TypeAlias = "bool | int | float | str | list[Value] | dict[str, Value] | None"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What is wrong with one field of a document."""

    field: str
    """Such as `spec.objectives[0].target`."""
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One document of a file, as it was read."""

    source: str
    """The file it is from."""
    kind: str
    name: str
    root: Place
    faults: list[Fault]
    """What is wrong with it, as far as it was asked for."""


@dataclass(frozen=True, slots=True)
class Place:
    """A value in a document and the way to it. Asking for what is not there, or is of another kind, is a fault."""

    value: Value
    path: str
    faults: list[Fault] = field(repr=False)

    def fault(self, why: str) -> None:
        """Something is wrong here."""
        found = Fault(field=self.path, why=why)
        if found not in self.faults:  # a document that several refer to is read as often
            self.faults.append(found)

    def at(self, name: str) -> Place:
        """The field *name*; of nothing, if it is missing."""
        value = self.value.get(name) if isinstance(self.value, dict) else None
        return Place(value, f"{self.path}.{name}" if self.path else name, self.faults)

    @property
    def given(self) -> bool:
        """Whether there is something."""
        return self.value is not None

    def only(self, *known: str) -> None:
        """Fields of other names are faults: a misspelt one would say nothing."""
        if not isinstance(self.value, dict):
            if self.given:
                self.fault(f"is {shown(self.value)}; expected fields such as {', '.join(known[:3])}")
            return
        for name in self.value:
            if name not in known:
                near = get_close_matches(str(name), known, n=1, cutoff=0.5)
                hint = f" Did you mean {near[0]!r}?" if near else ""
                self.at(str(name)).fault(f"is no field of OpenSLO v1 here.{hint} Known: {', '.join(known)}")

    def items(self) -> list[Place]:
        """The items of a list; none if there is no list."""
        if not isinstance(self.value, list):
            if self.given:
                self.fault(f"is {shown(self.value)}; expected a list")
            return []
        return [Place(value, f"{self.path}[{number}]", self.faults) for number, value in enumerate(self.value)]

    def text(self, *, required: bool = True, longest: int | None = None, among: Iterable[str] = ()) -> str:
        """A text; empty, and a fault, if there is none or it is not one *among* those that are allowed."""
        allowed = tuple(among)
        if self.value is None or self.value == "":
            if required:
                self.fault(f"is missing; expected {' or '.join(allowed) or 'a text'}")
            return ""
        if not isinstance(self.value, str):
            self.fault(f"is {shown(self.value)}; expected a text")
            return ""
        if allowed and self.value not in allowed:
            near = get_close_matches(self.value, allowed, n=1, cutoff=0.4)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            self.fault(f"is {self.value!r}; expected {' or '.join(allowed)}.{hint}")
            return ""
        if longest is not None and len(self.value) > longest:
            self.fault(f"has {len(self.value)} characters; at most {longest} are allowed")
        return self.value

    def number(self, *, required: bool = True) -> float | None:
        """A finite number; None, and a fault, if there is none."""
        if self.value is None and not required:
            return None
        if isinstance(self.value, bool) or not isinstance(self.value, int | float) or not math.isfinite(self.value):
            self.fault(f"is {shown(self.value)}; expected a number" if self.given else "is missing; expected a number")
            return None
        return float(self.value)

    def truth(self, default: bool) -> bool:
        """True or false; *default* if it is missing."""
        if self.value is None:
            return default
        if not isinstance(self.value, bool):
            self.fault(f"is {shown(self.value)}; expected true or false")
            return default
        return self.value

    def duration_seconds(self) -> float | None:
        """A duration such as 30d, in seconds; None, and a fault, if there is none."""
        said = self.text()
        found = seconds(said)
        if found is None and said:
            self.fault(f"is {said!r}; expected {EXPECTED}")
        return found

    def texts(self) -> dict[str, str]:
        """Names and texts, such as annotations; what is no text is a fault."""
        if not isinstance(self.value, dict):
            if self.given:
                self.fault(f"is {shown(self.value)}; expected names and texts")
            return {}
        return {name: said for name in self.value if (said := self.at(str(name)).text(required=False))}


NOTHING = Place(None, "", [])


def read(paths: Iterable[Path]) -> Iterator[Document]:
    """Every document of every file. One that is no OpenSLO v1 has a fault that says so.

    Raises:
        OSError: a file cannot be read.
    """
    for path in paths:
        found = yaml.load_all(path.read_text(errors="replace"), LOADER)
        while True:
            try:
                value = next(found)
            except StopIteration:
                break
            except yaml.YAMLError as error:
                why = f"cannot be read as YAML: {' '.join(str(error).split())}"
                yield Document(source=str(path), kind="", name="", root=NOTHING, faults=[Fault(field="", why=why)])
                break
            for one in value if isinstance(value, list) else [value]:
                if one is not None:
                    yield _document(str(path), one)


def shown(value: Value) -> str:
    """*value* as it is named in an error, not longer than a line."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _document(source: str, value: Value) -> Document:
    faults: list[Fault] = []
    root = Place(value, "", faults)
    _check(root)
    whole = value if isinstance(value, dict) else {}
    metadata = whole.get("metadata")
    name = metadata.get("name") if isinstance(metadata, dict) else None
    kind = _text(whole.get("kind"), "document")
    return Document(source=source, kind=kind, name=_text(name, "without a name"), root=root, faults=faults)


def _check(root: Place) -> None:
    if not isinstance(root.value, Mapping):
        root.fault(f"is {shown(root.value)}; expected the fields apiVersion, kind, metadata and spec")
        return
    version = root.at("apiVersion")
    said = version.text()
    if said and said != API:
        version.fault(f"is {said!r}; expected {API}")
        return
    root.at("kind").text(among=KINDS)
    root.only("apiVersion", "kind", "metadata", "spec")
    metadata = root.at("metadata")
    metadata.only("name", "displayName", "labels", "annotations")
    metadata.at("name").text()


def _text(value: Value, otherwise: str) -> str:
    return value if isinstance(value, str) and value else otherwise
