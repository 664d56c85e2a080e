"""The text of docs/reference/packs.md: every pack, and what it promises by default in human terms, from the code."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable

from parapet.response.playbooks import PLAYBOOKS
from parapet.slo import packs
from parapet.slo.budget import in_words, one_in, percent
from parapet.slo.burn import BurnPolicy
from parapet.slo.diagnostic import Diagnostic
from parapet.slo.durations import spoken
from parapet.slo.pack import Pack
from parapet.slo.slice import Slice

INTRODUCTION = """# Packs: the reference

What each pack promises if nobody says otherwise, and what each promise allows. The guide is [packs.md](../packs.md).

Every argument may be given another value, and None leaves a promise out. Every pack also takes

- `title`: what it is called in titles; `name`, where it has one: what its slices are called after;
- `owner`: who answers for it; without one, the service's owner;
- `runbook`: a runbook's name or an http(s) address; without one, the guidance named below is attached.

What no argument reaches, such as who is woken, is changed by `.but("slice", severities=..., objective=..., ...)`.
"""
EVERYWHERE = ("title", "name", "owner", "runbook")
NAMED = {"integration": "receipts", "pipeline": "videos", "assistant": "assistant"}
"""What a pack is shown with that speaks of something by name."""


def page(header: str, table: Callable[[tuple[str, ...], Iterable[tuple[str, ...]]], str]) -> str:
    """The whole page; *table* writes a Markdown table."""
    functions = [getattr(packs, name) for name in packs.__all__ if name.endswith("_pack")]
    parts = [header, INTRODUCTION, _overview(functions, table)]
    parts += [_pack(one, table) for one in functions]
    return "\n".join(parts)


def _overview(functions: list[Callable[..., Pack]], table: Callable[..., str]) -> str:
    rows = [
        (f"[`{one.__name__}`](#{one.__name__})", f"`parapet.adopt({_call(one)})`", _sentence(one)) for one in functions
    ]
    return "## Overview\n\n" + table(("pack", "one line", "what it promises"), rows)


def _pack(function: Callable[..., Pack], table: Callable[..., str]) -> str:
    made = function(*_named(function))
    about, arguments = _parsed(function)
    rows = [(f"`{name}`", f"`{default}`", text) for name, default, text in _arguments(function, arguments)]
    guides = ", ".join(f"`{guide.name}` ({_steps(guide.playbook)})" for guide in made.guides)
    return "\n".join(
        [
            f"## {function.__name__}\n",
            f"{about}\n",
            f"As `{_call(function)}`:\n",
            table(("slice", "default", "raises", "counts"), [*map(_slice, made), *map(_diagnostic, made.diagnostics)]),
            table(("argument", "default", "what it is"), rows),
            f"Runbooks: {guides}.\n",
        ]
    )


def _slice(one: Slice) -> tuple[str, ...]:
    period = one.period_seconds or BurnPolicy().period_seconds
    promise = f"{in_words(one.objective, period)}, or {one_in(one.objective)}"
    return f"`{one.name}`", promise, " and ".join(one.severities), one.description


def _diagnostic(one: Diagnostic) -> tuple[str, ...]:
    limit = f"more than {percent(one.threshold_ratio)} over {spoken(one.window_seconds)}"
    if one.times_usual is not None:
        limit += f", and {one.times_usual:g} times what was usual for {spoken(one.usual_seconds)}"
    return f"`{one.name}`", f"no promise: {limit}", "ticket", one.description


def _steps(playbook: str) -> str:
    return "; ".join(step.title[:1].lower() + step.title[1:] for step in PLAYBOOKS[playbook].steps)


def _named(function: Callable[..., Pack]) -> list[str]:
    return [NAMED[name] for name in inspect.signature(function).parameters if name in NAMED]


def _call(function: Callable[..., Pack]) -> str:
    return f"{function.__name__}({', '.join(repr(name) for name in _named(function))})".replace("'", '"')


def _sentence(function: Callable[..., Pack]) -> str:
    return _parsed(function)[0].split(". ")[0].rstrip(".") + "."


def _parsed(function: Callable[..., Pack]) -> tuple[str, dict[str, str]]:
    """What the docstring says before its arguments, and of each of them."""
    doc = inspect.getdoc(function) or ""
    about, _, rest = doc.partition("\n\nArgs:\n")
    told: dict[str, str] = {}
    current = ""
    for line in rest.partition("\n\nRaises:")[0].splitlines():
        start = re.fullmatch(r" {4}(\w+): (.*)", line)
        if start:
            current = start.group(1)
            told[current] = start.group(2)
        else:
            told[current] += f" {line.strip()}"
    for name, text in list(told.items()):  # `checkout: ...; *payments*: ...` speaks of both
        for other in re.finditer(r"; \*(\w+)\*:? ", text):
            told.setdefault(other.group(1), f"See `{name}`.")
    return " ".join(about.split()), told


def _arguments(function: Callable[..., Pack], told: dict[str, str]) -> Iterable[tuple[str, str, str]]:
    for name, parameter in inspect.signature(function).parameters.items():
        if name in EVERYWHERE:
            continue
        default = parameter.default
        if parameter.kind is inspect.Parameter.VAR_POSITIONAL:
            shown = "none"
        elif default is inspect.Parameter.empty:
            shown = "required"
        else:
            shown = getattr(default, "exporter", None) or repr(default).replace("'", '"')
        text = re.sub(r" ?[\d.]+ % = .*? in \d+ days, or \d+ in [\d,]+\.", "", told.get(name, "what it speaks of."))
        yield name, shown, text[:1].upper() + text[1:]
