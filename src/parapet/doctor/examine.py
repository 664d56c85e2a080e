"""Runs the checks, one after the other. One that breaks is a finding, and no end."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

from parapet.core.errors import UnknownName
from parapet.core.guard import guarded
from parapet.doctor.check import Check
from parapet.doctor.facts import Facts
from parapet.doctor.finding import Finding, Grade

ORDER = (Grade.ERROR, Grade.WARN, Grade.SKIP, Grade.INFO)
"""What a person reads first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What came of an examination."""

    service: str
    findings: tuple[Finding, ...]
    """The worst first, then by code."""
    checked: int
    """How many checks looked."""

    def count(self, grade: Grade) -> int:
        """How many findings there are of a grade."""
        return sum(one.grade is grade for one in self.findings)

    def fails(self, *, strict: bool) -> bool:
        """Whether something must be done; *strict*: warnings count as well."""
        return bool(self.count(Grade.ERROR) or (strict and self.count(Grade.WARN)))


def chosen(
    checks: Iterable[Check], *, only: Collection[str] = (), without: Collection[str] = (), live: bool = False
) -> tuple[Check, ...]:
    """Those of *checks* to run: all that ask nobody, or also those that do; or *only* some; but for those *without*.

    Codes may be shortened: PD2 stands for every code that begins so.

    Raises:
        UnknownName: no check has such a code.
    """
    checks = tuple(checks)
    for code in (*only, *without):
        if not any(one.code.startswith(code.upper()) for one in checks):
            raise UnknownName.of("code", code.upper(), [one.code for one in checks])
    named = tuple(code.upper() for code in only)
    unwanted = tuple(code.upper() for code in without)
    return tuple(
        one
        for one in checks
        if (one.code.startswith(named) if named else live or not one.live)
        and not (unwanted and one.code.startswith(unwanted))
    )


def examine(facts: Facts, checks: Collection[Check], progress: Callable[[Check], None] = lambda _: None) -> Report:
    """Every finding of *checks* in *facts*."""
    findings: list[Finding] = []
    for check in checks:
        progress(check)
        with guarded(f"doctor.{check.code}") as attempt:
            findings += check(facts)
        if attempt.error is not None:
            findings.append(
                Finding(
                    code=check.code,
                    grade=Grade.SKIP,
                    title=check.title,
                    what=f"It could not be looked at: {type(attempt.error).__name__}: {attempt.error}",
                    why=check.why,
                    fix="Tell the makers of Parapet: a check must not break.",
                )
            )
    findings.sort(key=lambda one: (ORDER.index(one.grade), one.code, str(one.place), one.what))
    return Report(service=facts.app.service, findings=tuple(findings), checked=len(checks))
