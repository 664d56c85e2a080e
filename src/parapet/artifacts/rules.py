"""Rules and groups of rules, as values, before they become YAML."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from parapet.core import names
from parapet.slo.diagnostic import Diagnostic
from parapet.slo.slice import Slice


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One recording rule or one alert."""

    record: str | None = None
    """The series it records; None for an alert."""
    alert: str | None = None
    """The alert's name; None for a recording rule."""
    expr: str
    comment: str
    """One line above it: what it is for."""
    for_seconds: float | None = None
    """How long an alert's expression must hold before it fires; None: not at all."""
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Rules that are evaluated in order, at one interval."""

    name: str
    interval_seconds: float
    rules: tuple[Rule, ...]


def slice_labels(one: Slice | Diagnostic) -> dict[str, str]:
    """The labels that every series and alert of a slice or diagnostic carries."""
    return {names.SERVICE: one.service, names.SLICE: one.name}


def plain(text: str) -> str:
    """*text* of the host, so that the template engine of alerts shows it and never runs it."""
    return text.replace("{{", '{{ "{{" }}')
