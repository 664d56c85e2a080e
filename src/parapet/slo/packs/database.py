"""The database: that statements succeed, that they are fast, and that nobody waits for a connection."""

from __future__ import annotations

from collections.abc import Sequence

from parapet.core import names
from parapet.core.vocabulary import FaultPlane
from parapet.slo.pack import Guide, Pack
from parapet.slo.packs.parts import Subject, ended, kept, seconds_and_ratio
from parapet.slo.selector import Selector, equals, one_of
from parapet.slo.sli import LatencyRatio

SUCCESS, REFUSED, FAILURE = "success", "refused", "failure"
WAITED_IN_VAIN = "timeout"


def database_pack(
    *,
    statements: float | None = 0.9995,
    latency: tuple[float, float] | None = (0.1, 0.99),
    pool: tuple[float, float] | None = (0.1, 0.999),
    engines: Sequence[str] = (),
    name: str = "database",
    title: str = "Database",
    owner: str = "",
    runbook: str | None = None,
) -> Pack:
    """Statements succeed and are fast, and connections are at hand. For what the database integrations count.

    What the database refuses because it is well (a constraint) is a good answer, not a failure.

    Args:
        statements: `<name>-statements`: share of the statements that must not fail.
            99.95 % = 21.6 minutes in 30 days, or 1 in 2,000.
        latency: `<name>-latency`: (seconds, ratio): this share of the statements takes at most that time.
            99 % = 7.2 hours in 30 days, or 1 in 100.
        pool: `<name>-pool`: (seconds, ratio): this share of the waits for a pooled connection takes at most that time.
            None, if no pool is measured. 99.9 % = 43.2 minutes in 30 days, or 1 in 1,000.
        engines: only these, by the names they were instrumented under; none: all.
        runbook: a runbook's name or an http(s) address; without one, general guidance is attached.

    Raises:
        ConfigurationError: an objective is no ratio, a threshold is not positive, or all are None.
    """
    who = f"database_pack({'' if name == 'database' else repr(name)})"
    mine: Selector = (one_of(names.ENGINE, *engines),) if engines else ()
    subject = Subject(name=name, title=title, owner=owner, runbook=runbook or name)
    succeed = subject.promise(
        "statements",
        statements,
        ended(names.DB_DURATION, mine, good=(SUCCESS, REFUSED), bad=(FAILURE,)),
        well="statements succeed",
        badly="statements fail",
        plane=FaultPlane.DEPENDENCY,
        good="statements that were executed or, by a healthy database, refused. Bad: they failed.",
    )
    fast = at_hand = None
    if latency is not None:
        seconds, ratio = seconds_and_ratio(who, latency)
        selector = (*mine, equals(names.OUTCOME, SUCCESS))
        fast = subject.promise(
            "latency",
            ratio,
            LatencyRatio(metric=names.DB_DURATION, selector=selector, threshold_seconds=seconds),
            well="statements are fast",
            badly="statements are slow",
            plane=FaultPlane.DEPENDENCY,
            good=f"statements of at most {seconds:g} s. Those that fail are the other slice's business.",
        )
    if pool is not None:
        seconds, ratio = seconds_and_ratio(who, pool)
        selector = (*mine, one_of(names.OUTCOME, SUCCESS, WAITED_IN_VAIN))
        at_hand = subject.promise(
            "pool",
            ratio,
            LatencyRatio(metric=names.DB_POOL_WAIT, selector=selector, threshold_seconds=seconds),
            well="connections are at hand",
            badly="connections are waited for",
            plane=FaultPlane.APPLICATION,
            good=f"waits of at most {seconds:g} s for a connection of the pool.",
        )
    return Pack(
        name=who,
        slices=kept(succeed, fast, at_hand),
        guides=(Guide(name=name, playbook="database", title=title),),
    )
