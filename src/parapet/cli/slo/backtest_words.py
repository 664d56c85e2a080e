"""What a backtest found: for people in a terminal, for scripts, and as a drawing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from parapet.artifacts.alerts import METRIC_GONE, TARGET_GONE
from parapet.cli.slo.backtest_beside import DIAGNOSTIC, Ticket
from parapet.cli.slo.chart import Panel, svg
from parapet.cli.slo.plot import LABEL_COLUMNS, picture
from parapet.cli.terminal import Column, Tone, fact, paragraph, table, toned, width
from parapet.core.codec import encode
from parapet.core.types import Json, JsonObject
from parapet.core.vocabulary import Severity
from parapet.slo.backtest import Coverage, KnownIncident, Outcome, Told, Verdict, gathered
from parapet.slo.budget import in_words as promise_in_words
from parapet.slo.budget import percent
from parapet.slo.durations import spoken
from parapet.slo.replay import Firing

MOST_SHOWN = 12
"""Alerts shown of one slice; the rest are counted, and all are in the JSON."""
TONES = {Severity.PAGE: Tone.PAGE, Severity.TICKET: Tone.TICKET}
NARROW = 90
"""Columns of a terminal beneath which tables say less."""
ENOUGH = 0.5
"""Where less than this share of the time can be judged, that is said first."""
SIGNALS = {DIAGNOSTIC: "diagnostic", METRIC_GONE: "metric gone", TARGET_GONE: "target gone"}
NOTHING_RECORDED = (
    "Nothing was recorded: there is no evidence, good or bad. Is the service scraped under this job, and do the "
    "labels match?"
)


def in_words(service: str, outcomes: Sequence[Outcome], quiet_seconds: float, tickets: Sequence[Ticket] = ()) -> str:
    """Every slice, all of them beside each other, and the *tickets* beside promises.

    Alerts less than *quiet_seconds* apart are one incident.
    """
    first = outcomes[0]
    heading = f"Backtest of {service}, {_day(first.begin_seconds)} to {_day(first.end_seconds)} UTC"
    parts = [toned(heading, Tone.STRONG), *(_slice(one, quiet_seconds) for one in outcomes)]
    if len(outcomes) > 1:
        parts.append(_overview(outcomes))
    if tickets:
        parts += [toned("Tickets about no promise", Tone.STRONG), _beside(tickets)]
    return "\n\n".join(parts)


def _beside(tickets: Sequence[Ticket]) -> str:
    columns = (
        Column(title="ticket", tone=Tone.TICKET),
        Column(title="of"),
        Column(title="began"),
        Column(title="lasted", right=True),
        Column(title="at worst", right=True),
        Column(title="group", gives_way=True),
    )
    rows = [
        (
            SIGNALS[one.signal],
            one.name,
            _minute(one.start_seconds),
            "is there still" if one.end_seconds is None else spoken(one.end_seconds - one.start_seconds),
            "" if one.peak_ratio is None else _share(one.peak_ratio),
            ", ".join(value for _, value in one.labels),
        )
        for one in tickets[:MOST_SHOWN]
    ]
    places = [0, 1, 2, 3, *([4] if any(row[4] for row in rows) else []), *([5] if any(row[5] for row in rows) else [])]
    shown = table([columns[place] for place in places], [[row[place] for place in places] for row in rows], indent=2)
    more = len(tickets) - len(rows)
    return f"{shown}\n  and {more} more: --json tells them all" if more > 0 else shown


def _slice(one: Outcome, quiet_seconds: float) -> str:
    head = f"{toned(one.slice, Tone.STRONG)}  {one.title}"
    if one.coverage is None:
        return "\n".join([head, paragraph(NOTHING_RECORDED, indent=2)])
    own = one.verdicts[0]
    lines = [
        head,
        fact("promise", promise_in_words(own.objective, one.period_seconds)),
        fact("history", _history(one.coverage)),
        fact("budget", _budget(own, one.period_seconds)),
        fact("noise", _noise(own, quiet_seconds)),
        "",
        _picture(one, own),
    ]
    if own.firings:
        lines += ["", _alerts(one, own)]
    if one.incidents:
        lines += ["", _known(own)]
    if len(one.verdicts) > 1:
        lines += ["", _objectives(one)]
    return "\n".join(lines)


def _history(found: Coverage) -> str:
    return " ".join(_of_history(found))


def _of_history(found: Coverage) -> tuple[str, ...]:
    """What was counted; and, if there is anything to say, for how long what could not be judged."""
    share = found.bad / found.events if found.events else 0.0
    counted = f"{found.events:,.0f} events, {found.bad:,.0f} of them bad ({percent(float(f'{share:.2g}'))})."
    said = "; ".join(
        f"{what} {spoken(seconds)}"
        for seconds, what in (
            (found.silent_seconds, "nothing heard for"),
            (found.maintained_seconds, "in maintenance for"),
            (found.idle_seconds, "idle for"),
            (found.sparse_seconds, "too few events to judge by for"),
        )
        if seconds > 0
    )
    enough = found.judged_seconds >= ENOUGH * found.span_seconds
    doubt = "" if enough else " Not enough evidence: most of the time nothing could be judged."
    return (counted, f"{said[:1].upper()}{said[1:]}.{doubt}") if said else (counted,)


def _budget(own: Verdict, period_seconds: float) -> str:
    return (
        f"{_share(own.used_ratio)} of the budget for {spoken(period_seconds)} used at the end, "
        f"{_share(own.worst_used_ratio)} at worst."
    )


def _noise(own: Verdict, quiet_seconds: float) -> str:
    if not own.firings:
        return "Nothing would have fired."
    said = [
        f"{_times(own.count(severity), severity)}, {_rate(own.a_week(severity))} a week"
        for severity in Severity
        if own.count(severity)
    ]
    troubles = own.troubles(quiet_seconds)
    return f"{'; '.join(said)}; as {troubles} {'incident' if troubles == 1 else 'incidents'}."


def _picture(one: Outcome, own: Verdict) -> str:
    columns = min(width() - LABEL_COLUMNS, len(one.moments))
    return picture(
        gathered(one.moments, columns),
        own.firings,
        one.incidents or (),
        begin_seconds=one.begin_seconds,
        end_seconds=one.end_seconds,
        page_burn=one.page_burn,
        maintained=one.maintained,
    )


def _alerts(one: Outcome, own: Verdict) -> str:
    columns = (
        Column(title="alert"),
        Column(title="began"),
        Column(title="lasted", right=True),
        Column(title="peak burn", right=True),
        Column(title="group", gives_way=True),
        Column(title="known incident", gives_way=True),
    )
    grouped = any(firing.labels for firing in own.firings)
    places = [0, 1, 2, 3, *([4] if grouped else []), *([5] if one.incidents else [])]
    rows = [
        (
            toned(firing.severity.value, TONES[firing.severity]),
            _minute(firing.start_seconds),
            _lasted(firing),
            f"{firing.peak_burn:.3g}",
            ", ".join(value for _, value in firing.labels),
            "none" if incident is None else incident.title,
        )
        for firing, incident in zip(own.firings[:MOST_SHOWN], own.about, strict=False)
    ]
    shown = table([columns[place] for place in places], [[row[place] for place in places] for row in rows], indent=2)
    more = len(own.firings) - len(rows)
    return f"{shown}\n  and {more} more: --json tells them all" if more > 0 else shown


def _known(own: Verdict) -> str:
    columns = (
        Column(title="known incident", gives_way=True),
        Column(title="began", needs_width=NARROW),
        Column(title="page"),
        Column(title="ticket"),
        Column(title="before people knew", right=True),
    )
    rows = [
        (
            told.incident.title,
            _minute(told.incident.start_seconds),
            _after(told.page, told.incident),
            _after(told.ticket, told.incident),
            _lead(told),
        )
        for told in own.told
    ]
    return table(columns, rows, indent=2)


def _objectives(one: Outcome) -> str:
    known = bool(one.incidents)
    columns = [
        Column(title="objective", right=True),
        *(
            Column(title=title, right=True, needs_width=needed)
            for severity in Severity
            for title, needed in ((f"{severity}s", 0), ("a week", NARROW))
        ),
        Column(title="budget used", right=True),
        Column(title="at worst", right=True, needs_width=0 if not known else NARROW),
        *([Column(title="known told", right=True), Column(title="unexplained", right=True)] if known else []),
    ]
    rows = [
        [
            percent(each.objective),
            *(text for s in Severity for text in (f"{each.count(s):,}", _rate(each.a_week(s)))),
            _share(each.used_ratio),
            _share(each.worst_used_ratio),
            *([f"{len(each.told) - len(each.missed)} of {len(each.told)}", f"{each.unexplained}"] if known else []),
        ]
        for each in one.verdicts
    ]
    return table(columns, rows, indent=2)


def _overview(outcomes: Sequence[Outcome]) -> str:
    columns = (
        Column(title="slice", tone=Tone.STRONG),
        Column(title="objective", right=True),
        Column(title="pages", right=True),
        Column(title="tickets", right=True),
        Column(title="pages a week", right=True),
        Column(title="budget used", right=True),
        Column(title="judged", right=True),
    )
    return table(columns, [_overview_row(one) for one in outcomes])


def _overview_row(one: Outcome) -> tuple[str, ...]:
    if one.coverage is None:
        return (one.slice, "", "", "", "", "", "never")
    own = one.verdicts[0]
    return (
        one.slice,
        percent(own.objective),
        f"{own.count(Severity.PAGE)}",
        f"{own.count(Severity.TICKET)}",
        _rate(own.a_week(Severity.PAGE)),
        _share(own.used_ratio),
        _share(one.coverage.judged_seconds / one.coverage.span_seconds),
    )


def drawn(service: str, outcomes: Sequence[Outcome], quiet_seconds: float) -> str:
    """The text of an SVG file: a panel for each slice of which something was recorded."""
    begin, end = outcomes[0].begin_seconds, outcomes[0].end_seconds
    panels = [
        Panel(
            name=f"{one.slice}: {one.title}",
            promise=promise_in_words(one.verdicts[0].objective, one.period_seconds),
            lines=(*_of_history(one.coverage), _noise(one.verdicts[0], quiet_seconds)),
            moments=one.moments,
            firings=one.verdicts[0].firings,
            incidents=one.incidents or (),
            page_burn=one.page_burn,
            maintained=one.maintained,
        )
        for one in outcomes
        if one.coverage is not None
    ]
    title = f"Backtest of {service}, {_day(begin)} to {_day(end)} UTC"
    return svg(title, panels, begin_seconds=begin, end_seconds=end)


def to_json(service: str, outcomes: Sequence[Outcome], tickets: Sequence[Ticket] = ()) -> JsonObject:
    """Everything but the drawing. Ratios of 1, seconds, ISO 8601 in UTC."""
    return {
        "service": service,
        "slices": [_outcome_to_json(one) for one in outcomes],
        "tickets": [
            {
                "signal": one.signal,
                "name": one.name,
                "labels": dict(one.labels),
                "start": _iso(one.start_seconds),
                "end": None if one.end_seconds is None else _iso(one.end_seconds),
                "peak_ratio": one.peak_ratio,
            }
            for one in tickets
        ],
    }


def _outcome_to_json(one: Outcome) -> Json:
    return {
        "slice": one.slice,
        "begin": _iso(one.begin_seconds),
        "end": _iso(one.end_seconds),
        "period_seconds": one.period_seconds,
        "maintained": [{"start": _iso(start), "end": _iso(end)} for start, end in one.maintained],
        "coverage": None if one.coverage is None else encode(one.coverage),
        "objectives": [_verdict_to_json(each) for each in one.verdicts],
    }


def _verdict_to_json(each: Verdict) -> Json:
    return {
        "objective": each.objective,
        "budget_used_ratio": each.used_ratio,
        "worst_budget_used_ratio": each.worst_used_ratio,
        "a_week": {severity.value: each.a_week(severity) for severity in Severity},
        "alerts": [
            {
                "severity": firing.severity.value,
                "labels": dict(firing.labels),
                "start": _iso(firing.start_seconds),
                "end": None if firing.end_seconds is None else _iso(firing.end_seconds),
                "peak_burn": firing.peak_burn,
                "about": None if incident is None else incident.title,
            }
            for firing, incident in zip(each.firings, each.about, strict=True)
        ],
        "incidents": [
            {
                "title": told.incident.title,
                "start": _iso(told.incident.start_seconds),
                "page": None if told.page is None else _iso(told.page.start_seconds),
                "ticket": None if told.ticket is None else _iso(told.ticket.start_seconds),
                "lead_seconds": told.lead_seconds,
            }
            for told in each.told
        ],
    }


def _times(count: int, severity: Severity) -> str:
    return f"{count} {severity}" if count == 1 else f"{count:,} {severity}s"


def _lasted(firing: Firing) -> str:
    return "fires still" if firing.end_seconds is None else spoken(firing.end_seconds - firing.start_seconds)


def _after(firing: Firing | None, incident: KnownIncident) -> str:
    """How long after onset."""
    if firing is None:
        return "never"
    seconds = firing.start_seconds - incident.start_seconds
    return f"after {spoken(seconds)}" if seconds >= 0 else f"{spoken(-seconds)} before"


def _lead(told: Told) -> str:
    if told.lead_seconds is None:
        return "missed"
    return spoken(told.lead_seconds) if told.lead_seconds >= 0 else f"{spoken(-told.lead_seconds)} too late"


def _share(ratio: float) -> str:
    return f"{ratio * 100:,.3g} %" if abs(ratio) < 9.99 else f"{ratio * 100:,.0f} %"


def _rate(number: float) -> str:
    return f"{number:.2g}" if number < 99 else f"{number:,.0f}"


def _day(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%-d %b %Y}"


def _minute(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%-d %b %H:%M}"


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")
