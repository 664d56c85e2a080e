"""Every refusal has its own error and its own next step, wherever somebody meets it."""

from __future__ import annotations

import json
from collections.abc import Iterator

import click
import pytest
from click.testing import CliRunner

from parapet.cli.main import Commands
from parapet.core.errors import ActionRefused, Refused, code_of
from parapet.web import Request, problems
from parapet.web.api.problems import problem


def below(kind: type[Refused]) -> Iterator[type[Refused]]:
    yield kind
    for each in kind.__subclasses__():
        yield from below(each)


EVERY = [kind for kind in below(Refused) if kind is not ActionRefused]


@click.command()
@click.argument("number", type=int)
def refusing(number: int) -> None:
    """Is refused."""
    raise EVERY[number]


def test_no_two_say_the_same() -> None:
    """Neither what happened nor what to do next, nor their codes."""
    for said in (str(kind()) for kind in EVERY), (kind().next_step for kind in EVERY), map(code_of, EVERY):
        assert len(set(said)) == len(EVERY) >= 26


@pytest.mark.parametrize("kind", EVERY, ids=code_of)
def test_page_api_and_command_line_say_what_happened_and_what_to_do_next(kind: type[Refused]) -> None:
    """The words of the moment go before those of the class."""
    error = kind("RUN-7 holds it.", next_step="Look at RUN-7.")
    asked = Request(method="POST", path="/runs/7/undo")
    assert problems.refused(error, asked).text == "RUN-7 holds it. Next: Look at RUN-7."
    answered = json.loads(problem(kind()).body)
    assert (answered["code"], answered["detail"], answered["next_step"]) == (
        code_of(kind),
        kind().message,
        kind.next_step,
    )
    main = Commands("parapet", where={"refusing": (__name__, "refusing")})
    ended = CliRunner().invoke(main, ["refusing", f"{EVERY.index(kind)}"])
    assert (ended.exit_code, ended.output) == (1, f"Error: {kind().message}\nNext: {kind.next_step}\n")
