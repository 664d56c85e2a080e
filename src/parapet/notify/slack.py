"""Slack by incoming webhook: each announcement is a post of its own. Updates and threads need the bot (`slack_bot`)."""

from __future__ import annotations

from parapet.core.clock import Clock
from parapet.core.transport import Transport
from parapet.notify.channel import TOP, Asked, Delivery, Sent, channel_address, channel_name
from parapet.notify.message import Message
from parapet.notify.posting import Post
from parapet.notify.slack_blocks import fallback, reply_blocks, root_blocks

NOTHING_TO_SAY = ("no_text", "missing_text", "invalid_payload")
"""What a webhook that holds answers to a message without words, which it looks at only after its address."""


class SlackWebhook:
    """Posts every announcement to the incoming webhook at *url*, which is a secret.

    Raises:
        ConfigurationError: the name is empty or too long, or the address not http or https.
    """

    digests = True
    """People read it: many messages become one."""

    def __init__(
        self,
        *,
        name: str = "slack",
        url: str,
        timeout_seconds: float = 5.0,
        transport: Transport | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.name = channel_name(name)
        self._url = channel_address(name, url)
        self._post = Post(name, secrets=(url,), timeout_seconds=timeout_seconds, transport=transport, clock=clock)

    def __repr__(self) -> str:
        return f"SlackWebhook({self.name!r})"

    def deliver(self, message: Message, delivery: Delivery) -> Sent:
        """Post it.

        Raises:
            DeliveryRejected: Slack will not take it: no such channel, an archived one, a webhook that was revoked.
            DeliveryFailed: no answer, or Slack asked to come back later.
        """
        blocks = root_blocks if message.announcement in TOP else reply_blocks
        self._post.json(
            self._url,
            {"text": fallback(message, delivery.to), "blocks": blocks(message, delivery.to), "unfurl_links": False},
        )
        return Sent(words="posted")

    def ask(self) -> Asked:
        """Post a message without words: Slack shows none, and says whether the webhook still exists.

        Raises:
            DeliveryRejected: it does not: revoked, or its channel is gone or archived.
            DeliveryFailed: no answer, or Slack asked to come back later.
        """
        answer = self._post.asked("POST", self._url, {"Content-Type": "application/json; charset=utf-8"}, b"{}")
        if answer.status == 400 and self._post.words_of(answer).removeprefix(": ").startswith(NOTHING_TO_SAY):
            return Asked(words="the webhook exists, and would post", proven=True)
        if 200 <= answer.status < 300:
            return Asked(words=f"it took an empty message with status {answer.status}, as Slack does not", proven=False)
        raise self._post.refusal(answer)
