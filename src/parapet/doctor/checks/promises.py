"""Definitions: what is promised, and what is counted without a promise."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from difflib import get_close_matches

from parapet.core import names
from parapet.core.errors import UnreachableAlert
from parapet.core.vocabulary import Severity
from parapet.doctor.check import check
from parapet.doctor.facts import Facts
from parapet.doctor.finding import Found, Grade
from parapet.slo.budget import budget_seconds, percent
from parapet.slo.maintenance import Once, Weekly
from parapet.slo.reach import worst_case_seconds
from parapet.slo.selector import Match
from parapet.slo.sli import LastSuccess, LatencyRatio, Raw, Term

LEAST_BUDGET_SECONDS = 60.0
"""With less, the budget is gone before anybody has read the first page."""
SLOWEST_PAGE_SECONDS = 3_600.0
MOST_RESTED = 0.25
"""Share of a week that maintenance may take before a promise means little."""
WEEK_MINUTES = 7 * 24 * 60


@check(
    "PD101",
    Grade.ERROR,
    "The definitions contradict each other",
    why="Nothing can be generated from them, and the service may not start.",
    fix="Change what the message names; `parapet slo list --app {app}` shows when it holds.",
)
def contradictions(facts: Facts) -> Iterator[Found]:
    """The catalog refuses them."""
    if facts.refused is not None and not isinstance(facts.refused, UnreachableAlert):
        yield Found(what=facts.refused.message)


@check(
    "PD102",
    Grade.ERROR,
    "An alert can never fire",
    why="Everybody relies on a page that cannot come.",
    fix="parapet slo explain --app {app}",
)
def unreachable(facts: Facts) -> Iterator[Found]:
    """The catalog refuses it, or a total outage raises nothing."""
    if isinstance(facts.refused, UnreachableAlert):
        yield Found(what=facts.refused.message)
    for one in facts.catalog:
        for severity in one.severities:
            if worst_case_seconds(facts.catalog.policy_of(one), one.objective, 1.0, severity) is None:
                yield Found(what=f"Slice {one.name!r} never raises a {severity}, even when everything fails.")


@check(
    "PD103",
    Grade.WARN,
    "A total outage pages late",
    why="For so long nobody is woken although nothing works: customers tell you first.",
    fix="Promise more (a higher objective), or use a burn policy with shorter windows: parapet slo explain --app {app}",
)
def late_pages(facts: Facts) -> Iterator[Found]:
    """More than an hour until somebody is woken."""
    for one in facts.catalog:
        if one.pages:
            seconds = worst_case_seconds(facts.catalog.policy_of(one), one.objective, 1.0, Severity.PAGE)
            if seconds is not None and seconds > SLOWEST_PAGE_SECONDS:
                yield Found(what=f"Slice {one.name!r} pages {seconds / 60:.0f} minutes after everything began to fail.")


@check(
    "PD104",
    Grade.WARN,
    "Nothing is promised",
    why="Without a promise there is no alert: Parapet counts, and says nothing.",
    fix="parapet slo new --app {app}",
)
def no_promise(facts: Facts) -> Iterator[Found]:
    """Neither a slice nor a diagnostic."""
    if facts.refused is None and not facts.catalog.judged:
        yield Found(what=f"{facts.app.service} has no slice and no diagnostic.")


@check(
    "PD105",
    Grade.WARN,
    "An objective leaves no time to react",
    why="A single bad minute breaks the promise for the whole period; people learn to ignore its alerts.",
    fix="Promise what you can keep by hand, such as 0.999: parapet slo backtest --app {app}",
)
def too_strict(facts: Facts) -> Iterator[Found]:
    """Less than a minute of total outage in a period."""
    for one in facts.catalog:
        seconds = budget_seconds(one.objective, facts.catalog.policy_of(one).period_seconds)
        if seconds < LEAST_BUDGET_SECONDS:
            yield Found(
                what=f"Slice {one.name!r} promises {percent(one.objective)}: {seconds:.0f} s of outage in a period."
            )


@check(
    "PD106",
    Grade.WARN,
    "A journey is counted, and nobody promises anything about it",
    why="It can fail for everybody without an alert.",
    fix="Give it an objective: parapet.journey(NAME, objective=0.999), or adopt a pack that speaks of it.",
)
def unpromised_journeys(facts: Facts) -> Iterator[Found]:
    """No slice or diagnostic selects it."""
    yield from _unpromised(facts, names.JOURNEY, "Journey")


@check(
    "PD107",
    Grade.WARN,
    "A probe runs, and nobody promises anything about it",
    why="It may fail every minute, and nobody hears of it.",
    fix="Adopt the pack of probes: parapet.adopt(probes_pack())",
)
def unpromised_probes(facts: Facts) -> Iterator[Found]:
    """No slice or diagnostic selects it."""
    yield from _unpromised(facts, names.PROBE, "Probe")


@check(
    "PD108",
    Grade.WARN,
    "Something that is delivered, processed or asked of models is counted without a promise",
    why="It can fail for everybody without an alert.",
    fix="Adopt its pack: email_delivery_pack, notifications_pack, media_pipeline_pack or ai_pack.",
)
def unpromised_integrations(facts: Facts) -> Iterator[Found]:
    """No slice or diagnostic selects it."""
    yield from _unpromised(facts, names.INTEGRATION, "Integration")


@check(
    "PD109",
    Grade.WARN,
    "Two promises have the same title",
    why="Whoever is woken cannot tell which of them broke.",
    fix="Give one of them another title.",
)
def same_titles(facts: Facts) -> Iterator[Found]:
    """Of slices and diagnostics."""
    for title, times in Counter(one.title for one in facts.catalog.judged).items():
        if times > 1:
            named = ", ".join(one.name for one in facts.catalog.judged if one.title == title)
            yield Found(what=f"{title!r} is the title of {named}.")


@check(
    "PD110",
    Grade.WARN,
    "A maintenance window is over",
    why="What was once excused stays in the rules for ever, and hides which maintenance is still meant.",
    fix="Take it out of the definitions, and generate again: parapet generate --app {app} --out {out}",
)
def past_maintenance(facts: Facts) -> Iterator[Found]:
    """Every window of it lies behind."""
    for one in facts.catalog.maintenances:
        single = [window for window in one.windows if isinstance(window, Once)]
        if len(single) == len(one.windows) and all(window.end < facts.now for window in single):
            yield Found(what=f"Maintenance {one.name!r} ended {max(window.end for window in single):%Y-%m-%d}.")


@check(
    "PD111",
    Grade.WARN,
    "Maintenance takes much of the week",
    why="While it lasts nothing counts, so the promise says little about what users see.",
    fix="Make the windows shorter, or name the slices that really rest.",
)
def much_maintenance(facts: Facts) -> Iterator[Found]:
    """More than a quarter of it."""
    for one in facts.catalog.maintenances:
        minutes = 0
        for window in one.windows:
            if isinstance(window, Weekly):
                start, end = window.minutes_of_week
                minutes += (end - start) % WEEK_MINUTES
        if minutes > MOST_RESTED * WEEK_MINUTES:
            yield Found(what=f"Maintenance {one.name!r} rests {minutes / 60:.0f} of 168 hours a week.")


@check(
    "PD112",
    Grade.ERROR,
    "A journey is measured at a route that the application does not serve",
    why="Its attempts are never counted, so its alert never fires.",
    fix="Write the route as the application declares it, such as `POST /checkout`.",
)
def missing_routes(facts: Facts) -> Iterator[Found]:
    """A typing error, or a route that was renamed."""
    served: frozenset[tuple[str, str]] = getattr(facts.host, "served", frozenset())
    if served:
        for journey, method, template in facts.app.recorder.missing_routes(served):
            yield Found(what=f"Journey {journey!r} is measured at {method} {template}, which is not served.")


@check(
    "PD113",
    Grade.WARN,
    "A latency promise is about the slowest bucket",
    why="Above the last bound a request of 11 seconds and one of an hour look the same, so the number says little.",
    fix="Promise a shorter time, or register finer bounds for that metric.",
)
def slowest_bucket(facts: Facts) -> Iterator[Found]:
    """Its threshold is the last bound there is."""
    for one in facts.catalog:
        if isinstance(one.sli, LatencyRatio) and one.sli.source is None:
            bounds = facts.app.recorder.families.histogram(one.sli.metric).bounds_seconds
            if one.sli.threshold_seconds >= bounds[-1]:
                yield Found(what=f"Slice {one.name!r} allows {one.sli.threshold_seconds:g} s, the last bound.")


@check(
    "PD114",
    Grade.ERROR,
    "A promise is about a route that the application does not serve",
    why="No request is ever counted there, so its alert never fires.",
    fix="Write the route as the application declares it, such as `/orders/{id}`.",
)
def promised_nowhere(facts: Facts) -> Iterator[Found]:
    """A typing error, or a route that was renamed."""
    served: frozenset[tuple[str, str]] = getattr(facts.host, "served", frozenset())
    templates = {template for _, template in served}
    for one in facts.catalog.judged if templates else ():
        if not isinstance(one.sli, LastSuccess | Raw):
            for route in sorted(_routes_of(one.sli.counted.total) | _routes_of(one.sli.counted.part)):
                if route not in templates:
                    near = get_close_matches(route, templates, n=1, cutoff=0.5)
                    hint = f" Did you mean {near[0]}?" if near else ""
                    yield Found(what=f"{one.name!r} counts requests at {route}, which is not served.{hint}")


def _routes_of(term: Term) -> set[str]:
    """The routes that *term* names as those that it counts, if they are measured by us."""
    if term.family.exporter is not None:
        return set()
    return {
        value
        for matcher in term.selector
        if matcher.label == names.ROUTE and matcher.match is Match.ONE_OF
        for value in matcher.values
    }


def _unpromised(facts: Facts, label: str, what: str) -> Iterator[Found]:
    if facts.refused is not None:
        return
    said = repr([(one.sli, one.group_by) for one in facts.catalog.judged])
    whole = any(label in one.group_by for one in facts.catalog.judged)
    defined = set(facts.app.recorder.families.ceilings.admitted(label))
    for name in sorted(defined):
        if not whole and f"'{name}'" not in said:
            yield Found(what=f"{what} {name!r} has no slice.")
