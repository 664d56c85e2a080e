"""What a check is: a pure function of the facts, with what it always says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import TypeAlias

from parapet.doctor.facts import Facts
from parapet.doctor.finding import Finding, Found, Grade

Look: TypeAlias = Callable[[Facts], Iterator[Found]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing to look for."""

    code: str
    grade: Grade
    title: str
    why: str
    """What happens if nothing is done."""
    fix: str
    """A command, or what to change. `{app}` and `{out}` stand for what the doctor was told."""
    live: bool
    """Whether it asks other systems."""
    look: Look

    def __call__(self, facts: Facts) -> Iterator[Finding]:
        """Everything it finds in *facts*."""
        for found in self.look(facts):
            fix = found.fix or self.fix
            yield Finding(
                code=self.code,
                grade=found.grade or self.grade,
                title=self.title,
                what=found.what,
                why=self.why,
                fix=fix.replace("{app}", facts.app_spec).replace("{out}", str(facts.out)),
                place=found.place,
            )


def check(code: str, grade: Grade, title: str, *, why: str, fix: str, live: bool = False) -> Callable[[Look], Check]:
    """Makes a check of a function that yields what it found."""

    def made(look: Look) -> Check:
        return Check(code=code, grade=grade, title=title, why=why, fix=fix, live=live, look=look)

    return made


def skipped(what: str, fix: str | None = None) -> Found:
    """That a check could not look, and why."""
    return Found(what=what, fix=fix, grade=Grade.SKIP)


def checks_in(module: ModuleType) -> tuple[Check, ...]:
    """The checks that *module* defines, by code."""
    return tuple(sorted((one for one in vars(module).values() if isinstance(one, Check)), key=lambda one: one.code))
