"""An announcement as Slack shows it: a headline, what to know, and a button that leads to the incident."""

from __future__ import annotations

from collections.abc import Sequence

from parapet.core.types import Json, JsonObject
from parapet.notify.message import Message, shortened
from parapet.notify.wording import facts, first_facts, headline, summary, tone_of

LONGEST_SECTION = 2_900
"""Slack takes 3,000 characters in one section."""


def escaped(text: str) -> str:
    """*text* as plain words: Slack then finds no link, no member and no channel in it."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def fallback(message: Message, to: str | None = None) -> str:
    """The line for notifications and screen readers, with the person it calls."""
    return f"{_mention(to)}{tone_of(message).sign} {escaped(headline(message))}: {_fitting(message.text)}"


def root_blocks(message: Message, to: str | None = None) -> list[Json]:
    """The whole announcement."""
    told = f"{message.text} {summary(message)}".strip()
    return [
        {"type": "header", "text": {"type": "plain_text", "text": f"{tone_of(message).sign} {headline(message)}"}},
        _section(_mention(to) + _fitting(told)),
        *_sections(first_facts(message)),
        _button(message),
        *_sections(facts(message)),
    ]


def reply_blocks(message: Message, to: str | None = None) -> list[Json]:
    """What changed, for those who saw the whole."""
    told = _section(f"{_mention(to)}{tone_of(message).sign} {_fitting(message.text)}")
    steps = [one for one in first_facts(message) if one[0] == "Next safe step" and message.state != "resolved"]
    return [told, *_sections(steps), _button(message)]


def _mention(to: str | None) -> str:
    return f"<@{to}> " if to else ""


def _fitting(text: str, characters: int = LONGEST_SECTION) -> str:
    """*text* escaped, so much of it as there is room for: never half of what stands for one sign."""
    said, room = escaped(text), len(text)
    while len(said) > characters:
        room = room * 9 // 10
        said = escaped(shortened(text, room))
    return said


def _sections(said: Sequence[tuple[str, str]]) -> list[Json]:
    """A line each, in as few sections as there is room in."""
    texts: list[str] = []
    for label, words in said:
        line = f"*{label}*  {_fitting(words, LONGEST_SECTION - len(label) - 4)}"
        if texts and len(texts[-1]) + len(line) < LONGEST_SECTION:
            texts[-1] += f"\n{line}"
        else:
            texts.append(line)
    return [_section(text) for text in texts]


def _section(text: str) -> JsonObject:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": True}}


def _button(message: Message) -> JsonObject:
    return {
        "type": "actions",
        "elements": [
            {
                "type": "button",
                "text": {"type": "plain_text", "text": f"Open {message.ref}"},
                "url": message.url,
                "action_id": "parapet-open",
            }
        ],
    }
