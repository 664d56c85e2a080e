"""What a PromQL query counts: events of one metric, if a selector can say it; else an expression of the window.

Alone reads PromQL, with promql-parser.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import promql_parser as promql

from parapet.core.errors import ConfigurationError
from parapet.slo.raw import WINDOW
from parapet.slo.selector import Match, Matcher

_ODD = "433s"
"""Stands for the window while a query is parsed: nobody else writes this one."""
_STRINGS = re.compile(r"(\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'|`[^`]*`)")
_RANGE = re.compile(r"\[([^\[\]:]*)(:[^\[\]]*)?\]")
_DURATION = re.compile(r"\s*([0-9]+(ms|[smhdwy]))+\s*")
_SPEEDS = re.compile(r"\bi?rate(?=\s*\()")
SPEEDS = ("rate", "irate", "increase")
ALTERNATIVE = re.compile(r"(?:[^\\.+*?()|\[\]{}^$]|\\.|\[[.]\])*")
"""A regular expression that is a literal text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Events:
    """Events of one kind, as a selector says them."""

    names: tuple[str, ...]
    """The counters, each event in one of them."""
    matchers: tuple[Matcher, ...]
    """Without `job` and `le`."""
    job: str | None
    bound: float | None
    """Of the bucket, if it counts one."""
    groups: tuple[str, ...]
    ranged: bool
    """It says itself that a range is read; else only a counter counts events."""


def parsed(query: str) -> promql.Expr:
    """*query*, with whatever stands for a window in it, as a tree.

    Raises:
        ConfigurationError: it is no PromQL.
    """
    try:
        return promql.parse(_marked(query))
    except ValueError as error:
        raise ConfigurationError(f"does not parse as PromQL: {error}") from None


def events(query: str) -> Events | None:
    """The events that *query* counts, if it is a selector, perhaps in a sum and a rate; None if it is more than that.

    Raises:
        ConfigurationError: it is no PromQL.
    """
    tree, ranged = parsed(query), False
    groups: tuple[str, ...] = ()
    if isinstance(tree, promql.ParenExpr):
        tree = tree.expr
    if isinstance(tree, promql.AggregateExpr) and str(tree.op) == "sum":
        if tree.modifier is not None:
            if tree.modifier.type != promql.AggModifierType.By:
                return None
            groups = tuple(tree.modifier.labels)
        tree = tree.expr
    if isinstance(tree, promql.Call) and tree.func.name in SPEEDS and isinstance(tree.args[0], promql.MatrixSelector):
        tree, ranged = tree.args[0].vector_selector, True
    if not isinstance(tree, promql.VectorSelector) or tree.offset or tree.at or tree.matchers.or_matchers:
        return None
    return _selected(tree, groups, ranged)


def last_success(query: str) -> Events | None:
    """The gauge whose age *query* tells, if it is `time() - max(gauge{...})`; None if it is anything else.

    Raises:
        ConfigurationError: it is no PromQL.
    """
    tree = parsed(query)
    if not isinstance(tree, promql.BinaryExpr) or str(tree.op) != "-":
        return None
    since = tree.rhs
    groups: tuple[str, ...] = ()
    if not isinstance(tree.lhs, promql.Call) or tree.lhs.func.name != "time":
        return None
    if isinstance(since, promql.AggregateExpr) and str(since.op) == "max":
        if since.modifier is not None:
            if since.modifier.type != promql.AggModifierType.By:
                return None
            groups = tuple(since.modifier.labels)
        since = since.expr
    if not isinstance(since, promql.VectorSelector) or since.offset or since.at or since.matchers.or_matchers:
        return None
    return _selected(since, groups, ranged=False)


def groups_of(query: str) -> tuple[str, ...]:
    """The labels by which *query* is aggregated, as far as its outermost aggregation says.

    Raises:
        ConfigurationError: it is no PromQL.
    """
    for node in _walked(parsed(query)):
        if isinstance(node, promql.AggregateExpr):
            by = node.modifier is not None and node.modifier.type == promql.AggModifierType.By
            return tuple(node.modifier.labels) if node.modifier is not None and by else ()
    return ()


def count(query: str, *, counter: bool) -> str:
    """*query* as a count of events within `$window`.

    What reads one range is taken over it; selectors of counters are, if *counter*, taken as how much they grew.

    Raises:
        ConfigurationError: it is no PromQL, or nobody can say how many events it speaks of.
    """
    tree = parsed(query)
    ranged = (one for one in _walked(tree) if isinstance(one, promql.MatrixSelector | promql.SubqueryExpr))
    ranges = {one.range for one in ranged if one.range is not None}
    if ranges:
        if len(ranges) > 1:
            listed = ", ".join(sorted(promql.display_duration(one) for one in ranges))
            raise ConfigurationError(f"reads ranges of {listed}; expected one, which stands for the window")
        text = _SPEEDS.sub("increase", _in_window(_marked(query), ranges.pop()))
        return text if any(isinstance(node, promql.AggregateExpr) for node in _walked(tree)) else f"sum({text})"
    if not counter:
        raise ConfigurationError(
            "reads no range, and counter is not true, so nobody can say how many events it speaks of; expected a "
            "counter, or a count such as sum(increase(...[5m]))"
        )
    return _grown(tree)


def divided(query: str) -> tuple[str, str, bool] | None:
    """The numerator, the denominator, and whether `1 -` stands before them, if *query* is such a ratio.

    Raises:
        ConfigurationError: it is no PromQL.
    """
    tree, opposite = parsed(query), False
    while isinstance(tree, promql.ParenExpr):
        tree = tree.expr
    if isinstance(tree, promql.BinaryExpr) and str(tree.op) == "-" and _is_one(tree.lhs):
        tree, opposite = tree.rhs, True
        while isinstance(tree, promql.ParenExpr):
            tree = tree.expr
    if not isinstance(tree, promql.BinaryExpr) or str(tree.op) != "/" or not _plain(tree):
        return None
    return tree.lhs.prettify(), tree.rhs.prettify(), opposite


def _is_one(node: promql.Expr) -> bool:
    return isinstance(node, promql.NumberLiteral) and node.val == 1


def _grown(node: promql.Expr) -> str:
    """*node*, a sum of counters, as how much they grew within the window."""
    if isinstance(node, promql.VectorSelector):
        return f"sum(increase({node.prettify()}[{WINDOW}]))"
    if isinstance(node, promql.ParenExpr):
        return f"({_grown(node.expr)})"
    if isinstance(node, promql.AggregateExpr) and str(node.op) == "sum":
        by = f" by ({', '.join(node.modifier.labels)}) " if node.modifier is not None else ""
        if node.modifier is None or node.modifier.type == promql.AggModifierType.By:
            return f"sum{by}({_grown_inside(node.expr)})"
    if isinstance(node, promql.BinaryExpr) and str(node.op) in "+-" and _plain(node):
        return f"{_grown(node.lhs)} {node.op} {_grown(node.rhs)}"
    raise _uncountable()


def _grown_inside(node: promql.Expr) -> str:
    """What a sum adds up: a counter, or several that are told apart by a label."""
    if isinstance(node, promql.VectorSelector):
        return f"increase({node.prettify()}[{WINDOW}])"
    if isinstance(node, promql.Call) and node.func.name == "label_replace":
        counter, *texts = node.args
        return f"label_replace({_grown_inside(counter)}, {', '.join(text.prettify() for text in texts)})"
    if isinstance(node, promql.BinaryExpr) and str(node.op) == "or" and _plain(node):
        return f"{_grown_inside(node.lhs)} or {_grown_inside(node.rhs)}"
    raise _uncountable()


def _plain(node: promql.BinaryExpr) -> bool:
    """Whether it matches by all labels."""
    return node.modifier is None or (node.modifier.matching is None and not node.modifier.return_bool)


def _uncountable() -> ConfigurationError:
    return ConfigurationError(
        "is neither a counter, nor a sum of counters, nor a count over a range; expected such as sum(errors_total) or "
        "sum(increase(errors_total[5m]))"
    )


def _selected(node: promql.VectorSelector, groups: tuple[str, ...], ranged: bool) -> Events | None:
    names: tuple[str, ...] = (node.name,) if node.name else ()
    matchers: list[Matcher] = []
    job, bound = None, None
    for one in node.matchers.matchers:
        matcher = _matcher(one)
        if matcher is None:
            if one.op == promql.MatchOp.Re and one.value in {".*", "^.*$"}:
                continue
            if one.name != "le" or (bound := _bound(one)) is None:
                return None
        elif one.name == "__name__":
            if matcher.match is not Match.ONE_OF:
                return None
            names = matcher.values
        elif one.name == "job" and matcher.match is Match.ONE_OF and len(matcher.values) == 1:
            (job,) = matcher.values
        elif one.name == "le":
            if (bound := _bound(one)) is None:
                return None
        else:
            matchers.append(matcher)
    if not names:
        return None
    return Events(names=names, matchers=tuple(matchers), job=job, bound=bound, groups=groups, ranged=ranged)


def _bound(matcher: promql.Matcher) -> float | None:
    """The bound of a bucket: `0.5`, `+Inf`, or a whole number written both ways, as `1([.]0)?`."""
    said = matcher.value.removesuffix("([.]0)?")
    try:
        return float(said) if matcher.op == promql.MatchOp.Equal or matcher.op == promql.MatchOp.Re else None
    except ValueError:
        return None


def _matcher(matcher: promql.Matcher) -> Matcher | None:
    """*matcher* as one of ours; None if its regular expression is more than texts or beginnings."""
    label, value = matcher.name, matcher.value
    if matcher.op == promql.MatchOp.Equal:
        return Matcher(label=label, match=Match.ONE_OF, values=(value,))
    if matcher.op == promql.MatchOp.NotEqual:
        return Matcher(label=label, match=Match.NONE_OF, values=(value,))
    same = matcher.op == promql.MatchOp.Re
    if value in {".+", "^.+$"}:
        return Matcher(label=label, match=Match.NONE_OF if same else Match.ONE_OF, values=("",))
    alternatives = _alternatives(value)
    if all(ALTERNATIVE.fullmatch(one) for one in alternatives):
        values = tuple(dict.fromkeys(map(_literal, alternatives)))
        return Matcher(label=label, match=Match.ONE_OF if same else Match.NONE_OF, values=values)
    beginnings = [one.removesuffix(".*") for one in alternatives]
    if same and all(
        one.endswith(".*") and begin and ALTERNATIVE.fullmatch(begin)
        for one, begin in zip(alternatives, beginnings, strict=True)
    ):
        return Matcher(label=label, match=Match.BEGINS_WITH, values=tuple(map(_literal, beginnings)))
    return None


def _alternatives(expression: str) -> list[str]:
    """The alternatives of a regular expression that is anchored at both ends, as in Prometheus."""
    inner = expression.removeprefix("^").removesuffix("$") if not expression.endswith("\\$") else expression
    whole = re.fullmatch(r"\((?:\?:)?((?:\\.|[^()\\])*)\)", inner)
    parts = [""]
    for token in re.findall(r"\\.|\[[^\]]*\]|.", whole[1] if whole else inner, re.DOTALL):
        if token == "|":
            parts.append("")
        else:
            parts[-1] += token
    return parts


def _literal(expression: str) -> str:
    return re.sub(r"\\(.)|\[([.])\]", lambda found: found[1] or found[2], expression, flags=re.DOTALL)


def _marked(query: str) -> str:
    """*query* on a line, with a duration for whatever stands for a window: `{{.window}}`, `$__rate_interval`."""

    def replaced(found: re.Match[str]) -> str:
        inner, step = found[1], found[2] or ""
        return found[0] if _DURATION.fullmatch(inner) else f"[{_ODD}{step}]"

    parts = _STRINGS.split(query.strip())
    return "".join(part if _STRINGS.fullmatch(part) else _RANGE.sub(replaced, _on_a_line(part)) for part in parts)


def _on_a_line(text: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"#.*", "", text))


def _in_window(query: str, window: timedelta) -> str:
    """*query* with `$window` for every range of that length."""

    def replaced(found: re.Match[str]) -> str:
        inner, step = found[1], found[2] or ""
        return f"[{WINDOW}{step}]" if promql.parse_duration(inner.strip()) == window else found[0]

    return "".join(part if _STRINGS.fullmatch(part) else _RANGE.sub(replaced, part) for part in _STRINGS.split(query))


def _walked(node: promql.Expr) -> Iterator[promql.Expr]:
    """*node* and what is in it, from the outside in; not what a subquery reads."""
    yield node
    inner: tuple[promql.Expr, ...] = ()
    if isinstance(node, promql.BinaryExpr):
        inner = (node.lhs, node.rhs)
    elif isinstance(node, promql.AggregateExpr | promql.ParenExpr | promql.UnaryExpr):
        inner = (node.expr,)
    elif isinstance(node, promql.Call):
        inner = tuple(node.args)
    for one in inner:
        yield from _walked(one)
