"""What the doctor says to a person at a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

import click

from parapet.cli.terminal import Tone, fact, paragraph, toned
from parapet.doctor.check import Check
from parapet.doctor.examine import Report
from parapet.doctor.finding import PAGE, Finding, Grade

TONES = {Grade.ERROR: Tone.PAGE, Grade.WARN: Tone.TICKET, Grade.INFO: Tone.PLAIN, Grade.SKIP: Tone.QUIET}
MANY = {Grade.ERROR: "errors", Grade.WARN: "warnings", Grade.INFO: "remarks", Grade.SKIP: "not looked at"}
ONE = {Grade.ERROR: "error", Grade.WARN: "warning", Grade.INFO: "remark", Grade.SKIP: "not looked at"}
MOST_SHOWN = 8
"""Findings of one code; more of them say nothing new."""


def told(report: Report) -> str:
    """The findings, those of one code together, and how many there are."""
    lines = []
    for _, group in groupby(report.findings, key=lambda one: (one.grade, one.code)):
        lines += [*_group(tuple(group)), ""]
    counts = [
        toned(f"{number} {ONE[grade] if number == 1 else MANY[grade]}", TONES[grade])
        for grade in (Grade.ERROR, Grade.WARN, Grade.INFO, Grade.SKIP)
        if (number := report.count(grade))
    ]
    looked = f"{report.checked} checks of {report.service}"
    verdict = ", ".join(counts) if counts else toned("nothing to say", Tone.GOOD)
    return "\n".join([*lines, f"{looked}: {verdict}."])


def explained(check: Check) -> str:
    """What *check* looks for."""
    title = f"{toned(check.code, Tone.STRONG)}  {toned(check.title, Tone.STRONG)}"
    return "\n".join(
        [
            title,
            fact("grade", check.grade.value, label_columns=8),
            fact("why", check.why, label_columns=8),
            fact("fix", check.fix.replace("{app}", "MODULE:OBJECT").replace("{out}", "ops"), label_columns=8),
            fact("docs", f"{PAGE}#{check.code.lower()}", label_columns=8),
        ]
    )


def _group(findings: tuple[Finding, ...]) -> Iterator[str]:
    first = findings[0]
    yield f"{toned(f'{first.grade.value:<6}', TONES[first.grade])}{first.code}  {toned(first.title, Tone.STRONG)}"
    for one in findings[:MOST_SHOWN]:
        where = f"{one.place}: " if one.place is not None else ""
        yield paragraph(f"{where}{one.what}", indent=6)
    if len(findings) > MOST_SHOWN:
        yield click.style(f"      and {len(findings) - MOST_SHOWN} more: --json shows them.", dim=True)
    yield fact("why", first.why, indent=6, label_columns=6)
    for fix in dict.fromkeys(one.fix for one in findings):
        yield fact("fix", fix, indent=6, label_columns=6)
    yield fact("docs", first.link, indent=6, label_columns=6)
