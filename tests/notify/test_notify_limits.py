"""However long and hostile an alert is: its message is what a channel takes, and says what it must, first."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from tests.notify.servers import Answer, Asked, Pager, Service, SlackApi, slack_webhook, teams
from tests.notify.test_notify_channels import KEY, OPENED, RESOLVED, TOKEN, tell

from parapet.notify.channel import Channel
from parapet.notify.email_body import plain
from parapet.notify.message import LONGEST_PART, Message, digest_of, shortened
from parapet.notify.pagerduty import PagerDuty
from parapet.notify.slack import SlackWebhook
from parapet.notify.slack_bot import SlackBot
from parapet.notify.teams import TeamsWorkflow
from parapet.notify.wording import LONGEST_HEADLINE, headline

LONG = ("&" * 5_000, "\U0001f525" * 5_000, "<!channel> " * 500, "a word " * 700)


def filled(text: str) -> Message:
    """An announcement every field of which says *text*."""
    told = replace(OPENED, title=text, text=text, summary=text, impact=text, budget=text, next_step=text)
    return replace(told, journey=text, owner=text, runbook=text, changes=(text, text, text))


def storm(text: str) -> Message:
    """Two hundred of them at once."""
    return digest_of([replace(filled(text), ref=f"INC-{n}") for n in range(200)], "http://shop.test/parapet")


@pytest.fixture(scope="module")
def channels() -> Iterator[dict[str, tuple[Channel, Service]]]:
    """Each with its server, which refuses what is beyond its limits."""
    answers: dict[str, Callable[[Asked], Answer]] = {
        "slack": slack_webhook,
        "bot": SlackApi(TOKEN, channels=("C1",)),
        "teams": teams,
        "pager": Pager(KEY),
    }
    services = {name: Service(answer) for name, answer in answers.items()}
    made: dict[str, Channel] = {
        "slack": SlackWebhook(url=f"{services['slack'].url}/services/T0/B0/planted"),
        "bot": SlackBot(token=TOKEN, channel="C1", api=services["bot"].url),
        "teams": TeamsWorkflow(url=services["teams"].url),
        "pager": PagerDuty(routing_key=KEY, url=services["pager"].url),
    }
    yield {name: (made[name], services[name]) for name in made}
    for service in services.values():
        service.stop()


@pytest.mark.parametrize("name", ["slack", "bot", "teams", "pager"])
@pytest.mark.parametrize("text", LONG, ids=["escaped", "wide", "mention", "words"])
def test_what_is_too_long_is_made_shorter_and_told(
    channels: dict[str, tuple[Channel, Service]], name: str, text: str
) -> None:
    """Nothing is refused for its length; where to look is always there, and nothing escaped is cut in two."""
    channel, service = channels[name]
    for message in (filled(text), storm(text)):
        assert tell(channel, message) is None
        said = json.dumps(service.asked[-1].document, ensure_ascii=False)
        assert message.url in said
        assert "Next safe step" in said
        if name in {"slack", "bot"}:
            shown = json.dumps(service.asked[-1].document["blocks"][1:])
            assert not re.search("&(?!(amp|lt|gt);)", shown)
            assert "<!channel>" not in shown


def test_a_headline_keeps_which_incident_it_is_and_cuts_no_word() -> None:
    """The title is what gives way."""
    said = headline(filled("a word " * 700))
    assert len(said) <= LONGEST_HEADLINE
    assert said.endswith(" a… (INC-1)")
    assert shortened("one two three", 9) == "one two…"
    assert shortened("x" * 50, 10) == "x" * 9 + "…"
    assert shortened("one two", 7) == "one two"
    assert all(len(part) <= LONGEST_PART for part in storm("a word " * 700).parts)


def test_the_first_lines_say_what_is_broken_how_badly_since_when_what_is_safe_and_where() -> None:
    """What else is known stands below; what is over is said in the past."""
    lines = plain(OPENED).splitlines()
    known = [line.partition(": ")[0] for line in lines[4:] if ": " in line]
    assert lines[2] == "INC-1 opened."
    assert lines[3] == " ".join(OPENED.summary.split())  # however many lines an alert has, none is one of ours
    assert known == [
        "Impact",
        "Since",
        "Next safe step",
        "Evidence and actions",
        "Changed near onset",
        "Who has it",
        "Severity",
        "Journey",
        "Budget of 28 days",
        "Runbook",
    ]
    over = plain(RESOLVED)
    assert "Impact while it fired: 12 of 300 failed." in over
    assert "Budget of 28 days when it fired: 93% left." in over
    assert "Since" not in over
