"""Numbers, times and hostile text as people read them. Percent, units and rounding happen here and nowhere else."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from urllib.parse import urlsplit

from parapet.incidents.durations import duration_words
from parapet.incidents.measured import times
from parapet.incidents.model import MOST_COUNTED, Incident, IncidentState

NO_BREAK = "\u00a0"
LONGEST_TITLE = 160
LONGEST_TEXT = 600
LONGEST_LABEL = 80
MARK = "\u2060"
"""Behind a time in another zone than UTC. It takes no room, and nobody's own words hold it: `capped` takes it out."""

_ONE = {f"1{NO_BREAK}d": "day", f"1{NO_BREAK}h": "hour", f"1{NO_BREAK}min": "minute"}
_UNIT = re.compile(r"(?<=\d) (?=[a-z])")


def capped(text: str, most: int = LONGEST_TEXT) -> str:
    """*text* on one line, without control characters, cut with an ellipsis after *most* characters."""
    cut = text[: most * 4]
    clean = cut if cut.isprintable() else "".join(c if c.isprintable() else " " for c in cut)
    one_line = " ".join(clean.split())
    return one_line if len(one_line) <= most else one_line[: most - 1].rstrip(" .,;:([") + "…"


def who_has(incident: Incident, most: int = 60) -> str:
    """Who has *incident*, or had it; whom it was handed to has still to say so."""
    over = incident.state is IncidentState.RESOLVED
    does = "had it" if over else "has still to take it" if incident.awaited else "has it"
    return f"{capped(incident.owner, most) if incident.owner else 'nobody'} {does}"


def web_link(url: str | None) -> str | None:
    """*url* when it is an http or https address with a host; None for everything else."""
    if not url or len(url) > 2000 or any(c.isspace() or not c.isprintable() for c in url):
        return None
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    return url if parts.scheme in {"http", "https"} and parts.hostname else None


def percent(ratio: float, *, digits: int = 2) -> str:
    """A ratio as percent, rounded towards less: 0.99996 never reads 100 %."""
    scale = 10**digits
    value = math.floor(ratio * 100 * scale + 1e-6) / scale
    return f"{value:,.{digits}f}".rstrip("0").rstrip(".") + f"{NO_BREAK}%" if digits else f"{value:,.0f}{NO_BREAK}%"


def count(number: float) -> str:
    """A count: 12,480. Prometheus extrapolates, so what is almost whole is shown whole."""
    return f"{round(number):,}"


def counted(number: int) -> str:
    """How many a list has: 1,204, or 10,000+ where nobody counted further."""
    return f"{number:,}{'+' if number >= MOST_COUNTED else ''}"


def burn(rate: float) -> str:
    """A burn rate: 42.2×; how many times faster than promised the budget goes."""
    if not math.isfinite(rate):
        return "not known"
    return f"{times(rate)}×"


def span(seconds: float) -> str:
    """A duration in its two largest units: 8 s, 32 min, 1 h 12 min, 1 d 21 h."""
    return _UNIT.sub(NO_BREAK, duration_words(seconds))


def lately(seconds: float) -> str:
    """A stretch until now: last day, last 30 d."""
    said = span(seconds)
    return f"last {_ONE.get(said, said)}"


def between(start: datetime, end: datetime) -> str:
    """The duration from *start* to *end*."""
    return span((end - start).total_seconds())


def budget_minutes(minutes: float, of_minutes: float) -> str:
    """How much budget is left: 26 of 43 min, 3.4 of 7.2 h. One unit for both."""
    left = max(0.0, minutes)
    if of_minutes < 3:
        return f"{left * 60:,.0f} of {of_minutes * 60:,.0f}{NO_BREAK}s"
    if of_minutes < 100:
        return f"{left:,.0f} of {of_minutes:,.0f}{NO_BREAK}min"
    return f"{left / 60:,.1f} of {of_minutes / 60:,.1f}{NO_BREAK}h"


def local(when: datetime, now: datetime) -> datetime:
    """*when* by the clock that tells *now*: the reader's zone."""
    return when.astimezone(UTC).astimezone(now.tzinfo)  # for the season of *when*, should it come from that of *now*


def here(incident: Incident, now: datetime) -> Incident:
    """*incident* as it is told by that clock: from its beginning on."""
    return replace(incident, started_at=local(incident.started_at, now))


def zone_word(when: datetime) -> str:
    """What the zone of *when* is called at that time: CET, UTC, UTC+5:30."""
    name = when.tzname() or "UTC"
    if name.isalpha():
        return name
    minutes = round((when.utcoffset() or timedelta(0)).total_seconds() / 60)
    hours, rest = divmod(abs(minutes), 60)
    return f"UTC{'-' if minutes < 0 else '+'}{hours}" + (f":{rest:02}" if rest else "")


def stamp(when: datetime, now: datetime, *, seconds: bool = False) -> str:
    """A clock time as `clock` tells it, with its zone. Where that is not UTC, pages can say what it is there."""
    zone = zone_word(local(when, now))
    return f"{clock(when, now, seconds=seconds)} {zone}{'' if zone == 'UTC' else MARK}"


def clock(when: datetime, now: datetime, *, seconds: bool = False) -> str:
    """A clock time in the zone of *now*; with the weekday within a week, with the date beyond.

    *seconds* only within the day.
    """
    when = local(when, now)
    days = abs((now.date() - when.date()).days)
    if days == 0:
        return when.strftime("%H:%M:%S" if seconds else "%H:%M")
    time = when.strftime("%H:%M")
    if days < 7:
        return f"{when:%a} {time}"
    return f"{when.day} {when:%b} {time}" if when.year == now.year else f"{when.day} {when:%b %Y} {time}"


def day(when: datetime) -> str:
    """Thu 12 Nov 2026, by its own zone."""
    return f"{when:%a} {when.day} {when:%b %Y}"


def month(written: str) -> str:
    """2026-11 as Nov 2026."""
    return f"{date.fromisoformat(written + '-01'):%b %Y}"


def machine(when: datetime) -> str:
    """For `datetime` attributes and JSON: 2026-11-12T02:13:04Z."""
    return when.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def several(number: int, one: str, many: str | None = None) -> str:
    """1 alert, 2 alerts."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def listed(words: list[str]) -> str:
    """A, B and C."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}" if words else ""


def sentence(text: str) -> str:
    """*text* with a capital first letter and a full stop; a name of a machine keeps its letters."""
    said = begun(text)
    return said + ("" if said.endswith((".", "!", "?", "…", "”")) else ".")


def begun(text: str) -> str:
    """*text* with a capital first letter; a name of a machine keeps its letters."""
    trimmed = text.strip()
    named = "." in trimmed.partition(" ")[0][:-1]
    return trimmed if named else trimmed[:1].upper() + trimmed[1:]


def prose(words: str, most: int = 4_000) -> str:
    """Somebody's own words: lines kept, control characters gone, at most one empty line in a row, capped."""
    lines = [capped(line, most) for line in words[: most * 2].splitlines()]
    kept = [line for place, line in enumerate(lines) if line or (place and lines[place - 1])]
    whole = "\n".join(kept).strip()
    return whole if len(whole) <= most else whole[: most - 1].rstrip() + "…"
