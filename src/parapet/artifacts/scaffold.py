"""A journey to begin with, as Python that its host owns from then on: promise, runbook stub, and a test that runs."""

from __future__ import annotations

import ast
import json
import keyword
import re
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from parapet.slo.budget import in_words
from parapet.slo.burn import BurnPolicy
from parapet.slo.durations import spoken
from parapet.slo.packs.journeys import journey_slices
from parapet.slo.reach import worst_case_seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class NewJourney:
    """What is wanted.

    Raises:
        ConfigurationError: see `journey_slices`.
    """

    name: str
    title: str
    objective: float
    """A ratio."""
    latency: tuple[float, float] | None = None
    """(seconds, ratio)."""
    routes: tuple[str, ...] = ()
    policy: BurnPolicy

    @property
    def slices(self) -> tuple[str, ...]:
        """The names of its slices."""
        made = journey_slices(self.name, objective=self.objective, title=self.title, latency=self.latency)
        return tuple(one.name for one in made)

    @property
    def module(self) -> str:
        """The module that defines it: `journey_checkout`."""
        return f"journey_{_identifier(self.name)}"

    @property
    def variable(self) -> str:
        """What the host calls the journey, unless that is taken: `checkout`."""
        name = _identifier(self.name)
        return name if name.isidentifier() else self.module

    @property
    def function(self) -> str:
        """Its `define`, as the host's module calls it."""
        return f"define_{_identifier(self.name)}"

    @property
    def promise(self) -> str:
        """In words."""
        return in_words(self.objective, self.policy.period_seconds)


LINE_COLUMNS = 88
"""What formatters of Python leave alone unless they are told otherwise."""
ROUNDED_SECONDS = 30


def journey_module(journey: NewJourney) -> str:
    """The text of a module with one function, `define`."""
    options = [f"title={_quoted(journey.title)}", f"objective={journey.objective!r}"]
    if journey.latency is not None:
        options.append(f"latency={journey.latency!r}")
    if journey.routes:
        options.append(f"routes={_tuple(journey.routes, 8, len('routes=,'))}")
    lines = "\n".join(f"        {option}," for option in options)
    return f'''"""The journey {journey.name}: what is promised, and what to do when it breaks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parapet import Runbook
from parapet.response.runbook import Step

if TYPE_CHECKING:
    from parapet import Parapet
    from parapet.signals.journey import Journey


def define(parapet: Parapet) -> Journey:
    """Promise {journey.promise}."""
    journey = parapet.journey(
        {_quoted(journey.name)},
{lines}
        runbook={_quoted(journey.name)},
    )
    parapet.runbook(
        Runbook(
            name={_quoted(journey.name)},
            title={_quoted(f"{journey.title} fails, or is too slow")},
            owner=parapet.owner,
            slices={_tuple(journey.slices, 12, len("slices=,"))},
            steps=(
                Step(
                    title="Undo the last change",
                    text="If a deploy or a flag lies shortly before onset, undo it "
                    "first and ask later. Say here how, and who may run it.",
                ),
                Step(
                    title="Ask what it depends on",
                    text="Say here which databases, queues and providers it needs, "
                    "and where each shows its state.",
                ),
                Step(
                    title="Try it yourself",
                    text="Say here how a person walks through it, and how one sees "
                    "that it really worked.",
                ),
            ),
            warnings=("A cleared alert is no proof: try it before you close.",),
        )
    )
    return journey
'''


def journey_test(journey: NewJourney, imported: str, service: str) -> str:
    """The text of a pytest module for what `journey_module` gave, importable as *imported*."""
    first = journey.slices[0]
    seconds = worst_case_seconds(journey.policy, journey.objective, 1.0) or 0.0
    limit_seconds = ceil(seconds / ROUNDED_SECONDS) * ROUNDED_SECONDS
    return f'''"""The journey {journey.name}: its promise holds together, its attempts are counted."""

from __future__ import annotations

import pytest
from parapet import Parapet
from parapet.slo.reach import worst_case_seconds

from {imported} import define


@pytest.fixture
def parapet() -> Parapet:
    """A service with this journey alone."""
    parapet = Parapet(service={_quoted(service)})
    define(parapet)
    return parapet


def test_every_promise_has_guidance(parapet: Parapet) -> None:
    """Whoever is woken finds a runbook that speaks of what broke."""
    attached = {{name for book in parapet.runbooks for name in book.slices}}
    assert {{promise.name for promise in parapet.catalog}} <= attached


def test_an_outage_is_told_in_time(parapet: Parapet) -> None:
    """A total outage wakes somebody, beside a scrape and two evaluations of delay."""
    promise = parapet.catalog.slice({_quoted(first)})
    policy = parapet.catalog.policy_of(promise)
    seconds = worst_case_seconds(policy, promise.objective, error_ratio=1.0)
    assert seconds is not None
    assert seconds <= {limit_seconds}  # {spoken(limit_seconds)}


def test_attempts_are_counted() -> None:
    """What worked and what failed; what a user got wrong counts as neither."""
    parapet = Parapet(service={_quoted(service)})
    journey = define(parapet)
    with journey.attempt():
        pass
    with journey.attempt() as attempt:
        attempt.failed()
    with journey.attempt() as attempt:
        attempt.user_error()
    scraped = parapet.recorder.render().decode()
    for outcome in ("success", "failure", "user_error"):
        assert f'journey={_quoted(journey.name)},outcome="{{outcome}}"}}}} 1' in scraped
'''


def wired(source: str, owner: str, journey: NewJourney, imported: str) -> str | None:
    """*source*, a host's module, with the journey defined on its object *owner*; None if nobody can say where.

    Two lines come in: an import after the imports, and a call after the last journey. Nothing else changes.
    """
    tree = ast.parse(source)
    ends = [_end(node) for node in tree.body if _defines(node, owner)]
    if not ends:
        return None
    place = max(ends)
    imports = [_end(node) for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom) and _end(node) < place]
    name = journey.module if journey.variable in _bound(tree) else journey.variable
    lines = source.splitlines(keepends=True)
    lines[place - 1] = lines[place - 1].rstrip("\n") + "\n"
    lines.insert(place, f"{name} = {journey.function}({owner})\n")
    lines.insert(max(imports, default=0), f"{_apart(lines, imports, imported)}{import_line(journey, imported)}\n")
    return "".join(lines)


def import_line(journey: NewJourney, imported: str) -> str:
    """How the host's module imports the journey's."""
    return f"from {imported} import define as {journey.function}"


def _apart(lines: Sequence[str], imports: Sequence[int], imported: str) -> str:
    """An empty line between imports of others and those of the host's own package."""
    last = lines[max(imports) - 1].split() if imports else []
    return "\n" if len(last) > 1 and last[1].split(".")[0] != imported.split(".")[0] else ""


def _end(node: ast.stmt) -> int:
    return node.end_lineno or node.lineno


def _defines(node: ast.stmt, owner: str) -> bool:
    """Whether *node* makes the host's object, or a journey of it."""
    if isinstance(node, ast.AnnAssign):
        return isinstance(node.target, ast.Name) and node.target.id == owner
    if isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == owner for t in node.targets):
        return True
    if not isinstance(node, ast.Assign | ast.Expr) or not isinstance(node.value, ast.Call):
        return False
    called, given = node.value.func, node.value.args
    if isinstance(called, ast.Attribute) and isinstance(called.value, ast.Name):
        return called.value.id == owner and called.attr == "journey"
    named = isinstance(called, ast.Name) and called.id.startswith("define_")
    return named and any(isinstance(one, ast.Name) and one.id == owner for one in given)


def _bound(tree: ast.Module) -> set[str]:
    """Every name that a module binds or uses."""
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    found = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    found |= {node.name for node in ast.walk(tree) if isinstance(node, kinds)}
    return found | {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }


def _identifier(name: str) -> str:
    """*name* as a Python name: `sign-in` is sign_in."""
    plain = re.sub(r"\W", "_", name)
    return f"{plain}_" if keyword.iskeyword(plain) else plain


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _tuple(values: Sequence[str], indent: int, beside: int) -> str:
    """*values* as a formatter writes a tuple: on one line, if it fits *beside* what stands there."""
    quoted = [_quoted(value) for value in values]
    flat = f"({quoted[0]},)" if len(quoted) == 1 else f"({', '.join(quoted)})"
    if indent + beside + len(flat) <= LINE_COLUMNS:
        return flat
    edge = " " * indent
    return "(\n" + "".join(f"{edge}    {one},\n" for one in quoted) + f"{edge})"
