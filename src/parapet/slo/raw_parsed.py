"""Raw PromQL, parsed: does it count events within the window, by the groups? Alone needs promql-parser."""

from __future__ import annotations

from datetime import timedelta

import promql_parser as promql

from parapet.core.errors import ConfigurationError
from parapet.slo.raw import WINDOW
from parapet.slo.raw_text import SPEEDS, speed_error

_ODD = "433s"
"""Stands for the window while an expression is parsed: nobody else writes this one."""
_ODD_DURATION = timedelta(seconds=433)
COUNTS = ("increase", "sum_over_time", "count_over_time", "changes", "resets")
"""Functions of a range whose value is a number of events."""
AGGREGATIONS = ("sum", "count", "max", "min", "group")
KEEP = ("abs", "ceil", "clamp", "clamp_max", "clamp_min", "floor", "histogram_count", "round", "sort", "sort_desc")
"""Functions of a vector that leave its labels alone."""


def check_parsed(expression: str, groups: frozenset[str], said: str) -> None:
    """Refuse an *expression* that cannot be a count by *groups*; *said* begins the error.

    Raises:
        ConfigurationError: it does not parse, is a speed, reads another range, or has other labels.
    """
    try:
        parsed = promql.parse(expression.replace(WINDOW, _ODD))
    except ValueError as error:
        raise ConfigurationError(f"{said} does not parse as PromQL: {error}.") from None
    _check_ranges(parsed, said, within_subquery=False)
    labels = _labels(parsed, said)
    if labels is None:
        raise ConfigurationError(f"{said} is a plain number; expected a count of events, such as sum(increase(...)).")
    if labels != groups:
        raise ConfigurationError(
            f"{said} is aggregated by {_listed(labels)}, but the slice is grouped by {_listed(groups)}. Make both the "
            "same."
        )


def _check_ranges(node: promql.Expr, said: str, *, within_subquery: bool) -> None:
    if isinstance(node, promql.Call):
        name = node.func.name
        if name in SPEEDS:
            raise ConfigurationError(speed_error(name, said))
        for argument in node.args:
            ranged = isinstance(argument, promql.MatrixSelector | promql.SubqueryExpr)
            if ranged and not within_subquery and name not in COUNTS:
                raise ConfigurationError(
                    f"{said} reads a range by {name}(), which counts no events; expected one of {', '.join(COUNTS)}."
                )
            _check_ranges(argument, said, within_subquery=within_subquery)
        return
    if isinstance(node, promql.MatrixSelector | promql.SubqueryExpr):
        if node.range is not None and node.range != _ODD_DURATION and not within_subquery:
            raise ConfigurationError(
                f"{said} reads [{promql.display_duration(node.range)}]; expected [{WINDOW}], which is filled in."
            )
        if isinstance(node, promql.SubqueryExpr):
            _check_ranges(node.expr, said, within_subquery=True)
        return
    for inner in _children(node):
        _check_ranges(inner, said, within_subquery=within_subquery)


def _children(node: promql.Expr) -> tuple[promql.Expr, ...]:
    if isinstance(node, promql.BinaryExpr):
        return (node.lhs, node.rhs)
    if isinstance(node, promql.AggregateExpr | promql.ParenExpr | promql.UnaryExpr):
        return (node.expr,)
    return ()


def _labels(node: promql.Expr, said: str) -> frozenset[str] | None:
    """The labels that the series of *node* have; None for a number."""
    if isinstance(node, promql.ParenExpr | promql.UnaryExpr):
        return _labels(node.expr, said)
    if isinstance(node, promql.NumberLiteral):
        return None
    if isinstance(node, promql.AggregateExpr):
        return _aggregated(node, said)
    if isinstance(node, promql.BinaryExpr):
        return _combined(node, said)
    if isinstance(node, promql.Call):
        if node.func.name == "vector":
            return frozenset()
        if node.func.name == "time":
            return None
        if node.func.name in KEEP:
            return _labels(node.args[0], said)
        raise ConfigurationError(
            f"{said} ends in {node.func.name}(), so it keeps whatever labels its series have. Put a sum around it: "
            f"sum({node.func.name}(...)), or sum by (...) the slice's groups."
        )
    raise ConfigurationError(f"{said} is not aggregated; expected sum(...), or sum by (...) the slice's groups.")


def _combined(node: promql.BinaryExpr, said: str) -> frozenset[str] | None:
    left, right = _labels(node.lhs, said), _labels(node.rhs, said)
    operator = str(node.op)
    if left is None or right is None or left == right or operator in {"and", "unless"}:
        return right if left is None else left
    if node.modifier is not None:
        more = node.modifier.group_labels or ()
        if node.modifier.card == promql.VectorMatchCardinality.ManyToOne:
            return left.union(more)
        if node.modifier.card == promql.VectorMatchCardinality.OneToMany:
            return right.union(more)
    raise ConfigurationError(
        f"{said} has {_listed(left)} on the left of `{operator}` and {_listed(right)} on the right. Make them the same."
    )


def _aggregated(node: promql.AggregateExpr, said: str) -> frozenset[str]:
    operator = str(node.op)
    if operator not in AGGREGATIONS:
        raise ConfigurationError(
            f"{said} aggregates by {operator}; expected one of {', '.join(AGGREGATIONS)}, which make one count of many."
        )
    if node.modifier is None:
        return frozenset()
    if node.modifier.type == promql.AggModifierType.Without:
        raise ConfigurationError(
            f"{said} aggregates `without` labels, so nobody can say which are left; expected `by` the slice's groups."
        )
    return frozenset(node.modifier.labels)


def _listed(labels: frozenset[str]) -> str:
    return ", ".join(sorted(labels)) or "nothing"
