"""Kinds of values that commands take: ratios, latencies, times."""

from __future__ import annotations

from datetime import datetime

import click

from parapet.core.clock import in_reach
from parapet.core.errors import ConfigurationError
from parapet.slo.burn import LOWEST_OBJECTIVE, budget_ratio_of


class Instant(click.ParamType[datetime]):
    """ISO 8601 with a time zone."""

    name = "time"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """The instant that *value* says, in UTC."""
        if isinstance(value, datetime):
            return value
        try:
            when = datetime.fromisoformat(str(value))
        except ValueError:
            self.fail(f"{value!r} is no time. Write 2026-11-12T02:31:00Z.", param, ctx)
        try:
            return in_reach(when)
        except ValueError as error:
            self.fail(f"{error}. Write 2026-11-12T02:31:00Z.", param, ctx)


class Ratio(click.ParamType[float]):
    """A share that a promise can be about."""

    name = "ratio"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The ratio that *value* says."""
        text = str(value).strip()
        try:
            ratio = float(text.rstrip(" %"))
        except ValueError:
            self.fail(f"{text!r} is no ratio. Write 0.999 for 99.9 %.", param, ctx)
        if text.endswith("%"):
            self.fail(f"{text!r} is a percentage. Did you mean {ratio / 100:.10g}?", param, ctx)
        try:
            budget_ratio_of(ratio)
        except ConfigurationError as error:
            self.fail(error.message, param, ctx)
        return ratio


class Latency(click.ParamType[tuple[float, float]]):
    """SECONDS:RATIO."""

    name = "latency"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> tuple[float, float]:
        """Seconds and ratio."""
        if isinstance(value, tuple):
            return value
        seconds, separator, ratio = str(value).partition(":")
        try:
            within = float(seconds)
        except ValueError:
            within = 0.0
        if not separator or within <= 0:
            self.fail(f"{value!r} does not say how fast how many are. Write 0.5:0.99 for 99 % in 0.5 s.", param, ctx)
        if LOWEST_OBJECTIVE <= within < 1 and ratio.replace(".", "", 1).isdigit() and float(ratio) >= 1:
            self.fail(f"{value!r} looks swapped. Did you mean {ratio}:{seconds}?", param, ctx)
        return within, Ratio().convert(ratio, param, ctx)
