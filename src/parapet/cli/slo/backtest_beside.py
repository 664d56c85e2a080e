"""What a backtest tells beside promises: tickets of diagnostics, and of what nobody heard of."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from parapet.app import Parapet
from parapet.artifacts.alerts import METRIC_GONE, TARGET_GONE
from parapet.artifacts.base_queries import base_queries
from parapet.artifacts.standing import heartbeat_rule, jobs_of, patience_seconds
from parapet.ops.history import Question, read_histories
from parapet.ops.prometheus import Prometheus
from parapet.slo.catalog import Catalog
from parapet.slo.diagnosed import seen, stretches
from parapet.slo.diagnostic import Diagnostic
from parapet.slo.history import Counts, History, empty, uncounted
from parapet.slo.replay import Past
from parapet.slo.series import quoted
from parapet.slo.slice import Slice

DIAGNOSTIC = "diagnostic"
"""Of a ticket's signals, the one that is none: a share that somebody should look at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """One that would have been raised. Times are unix times."""

    signal: str
    """`diagnostic`, `metric_gone` or `target_gone`."""
    name: str
    """Of the diagnostic, the slice or the scrape job."""
    labels: tuple[tuple[str, str], ...] = ()
    """The group, if there are any."""
    start_seconds: float
    end_seconds: float | None
    """None: it is there still."""
    peak_ratio: float | None = None
    """Of a diagnostic: the largest share of bad events meanwhile."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """When is looked at, and how finely. Unix times and seconds; the start is a multiple of the base window."""

    start_seconds: float
    end_seconds: float
    step_seconds: float
    base_window_seconds: float

    def question(self, about: Counts, before_seconds: float = 0.0) -> Question:
        """What is asked over the span, and over so much before it."""
        bases = -(-before_seconds // self.base_window_seconds)
        start = self.start_seconds - bases * self.base_window_seconds
        steps = int((self.end_seconds - start) / self.step_seconds) + 1
        return Question(
            about=about,
            base_window_seconds=self.base_window_seconds,
            start_seconds=start,
            step_seconds=self.step_seconds,
            steps=steps,
        )


def diagnostic_question(app: Parapet, one: Diagnostic, span: Span) -> Question:
    """What to ask for the tickets of a diagnostic."""
    catalog = app.catalog
    usual = catalog.usual_of(one) if one.times_usual is not None else 0.0
    about = base_queries(one, span.base_window_seconds, app.wiring.scrape_interval_seconds)
    asked = span.question(Counts(bad="", events=""), catalog.window_of(one) + usual)
    return Question(
        about=about,
        base_window_seconds=asked.base_window_seconds,
        start_seconds=asked.start_seconds,
        step_seconds=asked.step_seconds,
        steps=asked.steps,
    )


def diagnosed(
    app: Parapet,
    one: Diagnostic,
    server: Prometheus,
    question: Question,
    begin_seconds: float,
    read: Callable[[int], None],
) -> list[Ticket]:
    """The tickets of a diagnostic from *begin_seconds* on."""
    histories = read_histories(server, question, read)
    resting = app.catalog.maintenances_of(one)
    return [
        Ticket(
            signal=DIAGNOSTIC,
            name=one.name,
            labels=each.labels,
            start_seconds=each.start_seconds,
            end_seconds=each.end_seconds,
            peak_ratio=each.peak_ratio,
        )
        for each in seen(one, histories, app.catalog.burn, resting)
        if each.end_seconds is None or each.end_seconds > begin_seconds
    ]


def up_questions(slices: Sequence[Slice], span: Span) -> dict[str, Question]:
    """Scrape job -> what to ask for whether its targets answered."""
    jobs = sorted({job for one in slices for job in jobs_of(one)})
    return {job: span.question(Counts(bad="", events=f"max(up{{job={quoted(job)}}})")) for job in jobs}


def page_question(catalog: Catalog, span: Span, before_seconds: float) -> Question:
    """What to ask for whether what answered in the service's stead was an old page, also so long before the span."""
    return span.question(Counts(bad="", events=heartbeat_rule(catalog.service, catalog.burn).expr), before_seconds)


def old_pages(page: History | None, like: History) -> list[bool]:
    """At every step of *like*, whether what answered was an old page, as *page* says; None: nobody knows of any."""
    if page is None:
        return [False] * len(like.events)
    shift = round((like.start_seconds - page.start_seconds) / like.step_seconds)
    return [page.events[place + shift] == 1 for place in range(len(like.events))]


def unheard(
    catalog: Catalog, pasts: Mapping[str, Past | None], ups: Mapping[str, History | None], span: Span
) -> list[Ticket]:
    """What would have told that nothing is heard: of targets first, then of slices.

    A job of which no `up` was recorded says nothing: nobody knows whether it was there. Neither does a slice of which
    nothing was ever recorded: that is said of it as such.

    Args:
        pasts: slice -> its history; None: nothing was recorded.
        ups: scrape job -> whether its targets answered with a page of then, over the span; None: unknown.
    """
    found: list[Ticket] = []
    patience = round(patience_seconds(catalog.burn) / span.step_seconds)
    window = round(catalog.burn.current_window_seconds / span.step_seconds)
    for job, up in ups.items():
        if up is not None:
            mine = [one for one in catalog if job in jobs_of(one)]
            rests = [_rests(catalog, one.name, up, span) for one in mine]
            gone = [
                not value > 0 and not all(rest[place] for rest in rests) and place >= (up.first or 0)
                for place, value in enumerate(up.events)
            ]
            found += _tickets(TARGET_GONE, job, up, stretches(gone, patience))
    for one in catalog:
        answers = [up for job, up in ups.items() if job in jobs_of(one)]
        past, clock = pasts.get(one.name), next((up for up in answers if up is not None), None)
        if past is None or clock is None or any(up is None for up in answers):
            continue
        rest = _rests(catalog, one.name, clock, span)
        shift = round((clock.start_seconds - past.histories[0].start_seconds) / span.step_seconds)
        missing = [
            any(up is not None and up.events[place] > 0 for up in answers)
            and past.silent[min(place + shift, len(past.silent) - 1)]
            and not rest[place]
            for place in range(len(clock.events))
        ]
        found += _tickets(METRIC_GONE, one.name, clock, stretches(missing, window))
    return found


def answered(server: Prometheus, question: Question, read: Callable[[int], None]) -> History | None:
    """The one series that answers *question*, at every step; None: nothing of it was recorded at all."""
    found = read_histories(server, question, read)
    return found[0] if found else None


def of_then(up: History, page: History | None) -> History:
    """*up*, and 0 where what answered was an old page."""
    olds = old_pages(page, up)
    return replace(up, events=array("d", (0.0 if old else value for value, old in zip(up.events, olds, strict=True))))


def _rests(catalog: Catalog, name: str, like: History, span: Span) -> Sequence[int]:
    maintenances = tuple(each for each in catalog.maintenances if each.concerns(name))
    blank = empty((), like.start_seconds, like.step_seconds, len(like.events))
    return uncounted(maintenances, blank, span.base_window_seconds) if maintenances else bytes(len(like.events))


def _tickets(signal: str, name: str, clock: History, spans: Sequence[tuple[int, int | None]]) -> list[Ticket]:
    return [
        Ticket(
            signal=signal,
            name=name,
            start_seconds=clock.at(begins),
            end_seconds=None if ends is None else clock.at(ends),
        )
        for begins, ends in spans
    ]
