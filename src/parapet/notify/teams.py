"""Microsoft Teams by a Workflows webhook: an Adaptive Card for each announcement."""

from __future__ import annotations

import json

from parapet.core.clock import Clock
from parapet.core.errors import DeliveryRejected
from parapet.core.transport import Transport
from parapet.core.types import Json, JsonObject
from parapet.notify.channel import Asked, Delivery, Sent, channel_address, channel_name
from parapet.notify.message import Message
from parapet.notify.posting import Post
from parapet.notify.wording import facts, headline, next_step, summary, tone_of

LARGEST_BYTES = 28 * 1024
"""What Teams takes."""


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
        document: JsonObject = {
            "type": "message",
            "attachments": [
                {
                    "contentType": "application/vnd.microsoft.card.adaptive",
                    "contentUrl": None,
                    "content": card(message, delivery.to),
                }
            ],
        }
        size = len(json.dumps(document))
        if size > LARGEST_BYTES:
            raise DeliveryRejected(f"{self.name}: the card has {size} bytes; Teams takes {LARGEST_BYTES}.")
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


def card(message: Message, to: str | None = None) -> JsonObject:
    """The Adaptive Card. Quotes stand in text runs, which know no markup: nothing in them becomes a link."""
    tone = tone_of(message)
    body: list[Json] = [
        _words(f"{tone.sign} {headline(message)}", weight="Bolder", size="Large", color=tone.card),
        _words(" ".join(filter(None, (f"For {to}." if to else "", message.text, summary(message))))),
    ]
    body += [_fact(label, words) for label, words in facts(message)]
    body.append(_fact("Next safe step", next_step(message)))
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
