"""What differs between committed files and the definitions, in words: slices and rules first, then other files."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

import yaml

from parapet.artifacts.files import read
from parapet.core import names
from parapet.slo import series
from parapet.slo.budget import percent

RULE_FILES = ("prometheus/recording.yml", "prometheus/alerts.yml")
LOADER = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader

_Rule: TypeAlias = Mapping[str, object]
_Key: TypeAlias = tuple[str, str, str]
"""Slice, kind of rule, name of rule."""


@dataclass(slots=True)
class _Slice:
    """What differs in the rules of one slice."""

    differing: Counter[tuple[str, str]] = field(default_factory=Counter)
    """(verb, kind of rule) -> how many."""
    kept: bool = False
    """It has a rule before and after."""
    promise: tuple[str, str] | None = None
    """The objective before and after, if it differs."""


def in_words(out: Path, files: Mapping[str, str], differing: Mapping[str, str]) -> tuple[str, ...]:
    """A line for each slice whose rules differ, then one for each other file. *differing*: see `files.differences`."""
    lines: list[str] = []
    told = set()
    slices: dict[str, _Slice] = {}
    for name in RULE_FILES:
        if name not in differing:
            continue
        told.add(name)
        committed = read(out / name)
        if committed is None:
            lines.append(f"{name} is missing")
        elif name not in files:
            lines.append(f"{name} is not generated any more")
        else:
            try:
                before = _rules(committed)
            except (yaml.YAMLError, AttributeError, KeyError, TypeError) as error:
                where = str(error).splitlines()[0]
                lines.append(f"{name} is no rule file as it is committed ({where}); perhaps a merge went wrong")
                continue
            after = _rules(files[name])
            if before == after:
                lines.append(f"{name}: only explanations differ")
            _compare(before, after, slices)
    lines = [_slice_in_words(name, slices[name]) for name in sorted(slices)] + lines
    return tuple(lines + _others(out, files, differing, told))


def _compare(before: Mapping[_Key, _Rule], after: Mapping[_Key, _Rule], slices: dict[str, _Slice]) -> None:
    for key in {**before, **after}:
        old, new = before.get(key), after.get(key)
        name, kind, rule = key
        if old is not None and new is not None:
            slices.setdefault(name, _Slice()).kept = True
        if old == new:
            continue
        verb = "new" if old is None else "gone" if new is None else "changed"
        one = slices.setdefault(name, _Slice())
        one.differing[verb, kind] += 1
        if rule == series.OBJECTIVE and old is not None and new is not None:
            one.promise = (_objective(old), _objective(new))
    for name in [name for name, one in slices.items() if not one.differing]:
        del slices[name]


def _slice_in_words(name: str, one: _Slice) -> str:
    counted = {
        verb: " and ".join(
            _counted(one.differing[verb, kind], kind)
            for kind in ("recording rule", "alert")
            if one.differing[verb, kind]
        )
        for verb in ("changed", "new", "gone")
    }
    said = [f"{number} {verb}" for verb, number in counted.items() if number]
    if not one.kept and counted["new"]:
        said = [f"is new: {counted['new']}"]
    elif not one.kept and counted["gone"]:
        said = [f"is not promised any more: {counted['gone']} gone"]
    if one.promise is not None:
        said.insert(0, f"promised {one.promise[0]}, promises {one.promise[1]}")
    return f"{name or 'rules of no slice'}: {'; '.join(said)}"


def _others(out: Path, files: Mapping[str, str], differing: Mapping[str, str], told: set[str]) -> list[str]:
    lines = []
    for name, diff in sorted(differing.items()):
        if name in told:
            continue
        if name not in files:
            lines.append(f"{name} is not generated any more")
        elif not (out / name).exists():
            lines.append(f"{name} is missing")
        else:
            changed = sum(line[:1] in "+-" and line[:3] not in {"+++", "---"} for line in diff.splitlines())
            lines.append(f"{name}: {_counted(changed, 'line')} differ")
    return lines


def _rules(text: str) -> dict[_Key, _Rule]:
    """Every rule of a rule file, with the interval of its group. Rules of one name are told apart by their order.

    Raises:
        yaml.YAMLError, AttributeError, KeyError, TypeError: it is no rule file.
    """
    groups = yaml.load(text, LOADER)["groups"]  # noqa: S506
    return dict(_keyed({**rule, "interval": group.get("interval")} for group in groups for rule in group["rules"]))


def _keyed(rules: Iterable[_Rule]) -> Iterable[tuple[_Key, _Rule]]:
    seen: Counter[_Key] = Counter()
    for rule in rules:
        labels = rule.get("labels")
        of = str(labels.get(names.SLICE, "")) if isinstance(labels, dict) else ""
        kind = "alert" if "alert" in rule else "recording rule"
        key = (of, kind, str(rule.get("alert") or rule["record"]))
        seen[key] += 1
        yield (key if seen[key] == 1 else (of, kind, f"{key[2]} {seen[key]}")), rule


def _objective(rule: _Rule) -> str:
    found = re.search(r"[0-9.]+", str(rule["expr"]))
    return percent(float(found[0])) if found else str(rule["expr"])


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
