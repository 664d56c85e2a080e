"""An announcement as Slack shows it: a headline, what to know, and a button that leads to the incident."""

from __future__ import annotations

from parapet.core.types import Json, JsonObject
from parapet.notify.message import Message
from parapet.notify.wording import facts, headline, next_step, summary, tone_of

LONGEST_SECTION = 2_900
"""Slack takes 3,000 characters in one section."""


def escaped(text: str) -> str:
    """*text* as plain words: Slack then finds no link, no member and no channel in it."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def fallback(message: Message, to: str | None = None) -> str:
    """The line for notifications and screen readers, with the person it calls."""
    called = f"<@{to}> " if to else ""
    return f"{called}{tone_of(message).sign} {escaped(headline(message))}: {escaped(message.text)}"


def root_blocks(message: Message, to: str | None = None) -> list[Json]:
    """The whole announcement."""
    known = "\n".join(f"*{label}*  {escaped(words)}" for label, words in facts(message))
    told = f"{f'<@{to}> ' if to else ''}{escaped(message.text)} {escaped(summary(message))}".strip()
    return [
        {"type": "header", "text": {"type": "plain_text", "text": f"{tone_of(message).sign} {headline(message)}"}},
        _section(told),
        _section(known),
        _section(f"*Next safe step*  {escaped(next_step(message))}"),
        _button(message),
    ]


def reply_blocks(message: Message, to: str | None = None) -> list[Json]:
    """What changed, for those who saw the whole."""
    called = f"<@{to}> " if to else ""
    lines = f"{called}{tone_of(message).sign} {escaped(message.text)}"
    if message.state != "resolved":
        lines += f"\n*Next safe step*  {escaped(next_step(message))}"
    return [_section(lines), _button(message)]


def _section(text: str) -> JsonObject:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text[:LONGEST_SECTION], "verbatim": True}}


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
