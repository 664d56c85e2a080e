"""Microsoft Teams by a Workflows webhook: an Adaptive Card for each announcement."""

from __future__ import annotations

import json
from dataclasses import replace

from parapet.core.clock import Clock
from parapet.core.errors import DeliveryRejected
from parapet.core.transport import Transport
from parapet.core.types import Json, JsonObject
from parapet.notify.channel import Asked, Delivery, Sent, channel_address, channel_name
from parapet.notify.message import Message, shortened
from parapet.notify.posting import Post
from parapet.notify.wording import LONGEST_FACT, facts, first_facts, headline, summary, tone_of

LARGEST_BYTES = 28 * 1024
"""What Teams takes."""
ROOMS = (LONGEST_FACT, LONGEST_FACT // 3, LONGEST_FACT // 10)
"""Characters of one fact, in the order in which they are tried until the card is small enough."""


class TeamsWorkflow:
    """Posts every announcement to the workflow at *url*, which is a secret.

    Raises:
        ConfigurationError: the name is empty or too long, or the address not http or https.
    """

    digests = True
    """People read it: many messages become one."""

    def __init__(
        self,
        *,
        name: str = "teams",
        url: str,
        timeout_seconds: float = 10.0,
        transport: Transport | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.name = channel_name(name)
        self._url = channel_address(name, url)
        self._post = Post(name, secrets=(url,), timeout_seconds=timeout_seconds, transport=transport, clock=clock)

    def __repr__(self) -> str:
        return f"TeamsWorkflow({self.name!r})"

    def deliver(self, message: Message, delivery: Delivery) -> Sent:
        """Post it.

        Raises:
            DeliveryRejected: Teams will not take it: the workflow is gone, or the card too large.
            DeliveryFailed: no answer, or Teams asked to come back later.
        """
        document = next(filter(_fits, (_post_of(message, delivery.to, most) for most in ROOMS)), None)
        if document is None:
            raise DeliveryRejected(f"{self.name}: the card has more than the {LARGEST_BYTES} bytes that Teams takes.")
        self._post.json(self._url, document)
        return Sent(words="accepted by the workflow")  # it answers before the card is shown

    def ask(self) -> Asked:
        """Ask for the headers of the address. A workflow runs for whatever is posted, so nothing is.

        Raises:
            DeliveryFailed: nobody answers there.
        """
        answer = self._post.asked("HEAD", self._url, {})
        words = f"its server answers ({answer.status}); whether the workflow takes a card, only a card tells"
        return Asked(words=words, proven=False)


def _fits(document: JsonObject) -> bool:
    return len(json.dumps(document)) <= LARGEST_BYTES


def _post_of(message: Message, to: str | None, characters: int) -> JsonObject:
    content = card(message, to, characters)
    kind = "application/vnd.microsoft.card.adaptive"
    return {"type": "message", "attachments": [{"contentType": kind, "contentUrl": None, "content": content}]}


def card(message: Message, to: str | None = None, characters: int = LONGEST_FACT) -> JsonObject:
    """The Adaptive Card, at most *characters* of each fact, and of each line of a digest. Quotes stand in text runs,
    which know no markup: nothing in them becomes a link."""
    tone = tone_of(message)
    told = " ".join(filter(None, (f"For {to}." if to else "", message.text, summary(message))))
    message = replace(message, parts=tuple(shortened(one, characters) for one in message.parts))
    body: list[Json] = [
        _words(f"{tone.sign} {headline(message)}", weight="Bolder", size="Large", color=tone.card),
        _words(shortened(told, 2 * characters)),
    ]
    body += [_fact(*one) for one in (*first_facts(message, characters), *facts(message, characters))]
    return {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "msteams": {"width": "Full"},
        "fallbackText": headline(message),
        "body": body,
        "actions": [{"type": "Action.OpenUrl", "title": f"Open {message.ref}", "url": message.url}],
    }


def _words(text: str, **look: str) -> JsonObject:
    return {"type": "RichTextBlock", "inlines": [{"type": "TextRun", "text": text, **look}]}


def _fact(label: str, words: str) -> JsonObject:
    runs: list[Json] = [
        {"type": "TextRun", "text": f"{label}  ", "weight": "Bolder"},
        {"type": "TextRun", "text": words},
    ]
    return {"type": "RichTextBlock", "inlines": runs, "spacing": "Small"}
