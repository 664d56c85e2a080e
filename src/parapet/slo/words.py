"""What a slice counts, in words that stay the same while the definition does."""

from __future__ import annotations

from parapet.slo.slice import EventRatio, LatencyRatio, Match, Matcher, Selector, Sli

_VERBS = {Match.ONE_OF: "is", Match.NONE_OF: "is not", Match.BEGINS_WITH: "begins with"}


def counted_in_words(sli: Sli) -> str:
    """Which events count: 'parapet_journey_duration_seconds where journey is login and outcome is success'."""
    selector = sli.total if isinstance(sli, EventRatio) else sli.selector
    where = _where(selector)
    return f"{sli.metric} where {where}" if where else sli.metric


def bad_in_words(sli: Sli) -> str:
    """Which of those are bad: 'outcome is failure', 'slower than 0.5 s'."""
    if isinstance(sli, LatencyRatio):
        return f"slower than {sli.threshold_seconds:g} s"
    return _where(sli.bad)


def _where(selector: Selector) -> str:
    return " and ".join(_matcher(one) for one in selector)


def _matcher(matcher: Matcher) -> str:
    joined = " or " if matcher.match is not Match.NONE_OF else " nor "
    return f"{matcher.label} {_VERBS[matcher.match]} {joined.join(matcher.values)}"
