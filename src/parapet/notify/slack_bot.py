"""Slack by bot: one post per incident, kept up to date in place, with its story in the thread below it.

What a whole channel should see (worse, reopened, resolved) is said at its end too, whole, and stays in the thread. One
call does both, so one that has to be made again says nothing twice.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from urllib.parse import urlencode

from parapet.core.clock import Clock
from parapet.core.errors import ConfigurationError, DeliveryFailed, DeliveryRejected
from parapet.core.transport import Response, Transport
from parapet.core.types import JsonObject
from parapet.notify.channel import TOP, Asked, Delivery, Sent, channel_address, channel_name, quoted
from parapet.notify.message import Message
from parapet.notify.posting import Post
from parapet.notify.slack_blocks import fallback, reply_blocks, root_blocks

API = "https://slack.com/api"
MAY_WORK_LATER = frozenset(
    {
        "ratelimited",
        "rate_limited",
        "message_limit_exceeded",
        "service_unavailable",
        "internal_error",
        "fatal_error",
        "request_timeout",
        "team_added_to_org",
    }
)
"""Errors of Slack's methods that pass."""
GONE = frozenset({"message_not_found", "cant_update_message", "edit_window_closed", "thread_not_found"})
"""The post cannot be kept up to date any more: a new one takes its place."""


class SlackBot:
    """Posts as a bot to *channel* (an id such as C0123456789), with the bot's *token*: scope `chat:write`.

    Raises:
        ConfigurationError: the name is empty or too long, a value is missing, or the address not http or https.
    """

    digests = True
    """People read it: many messages become one."""

    def __init__(
        self,
        *,
        name: str = "slack",
        token: str,
        channel: str,
        api: str = API,
        timeout_seconds: float = 5.0,
        transport: Transport | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.name = channel_name(name)
        if not token or not channel:
            raise ConfigurationError(f"Channel {name!r} needs the bot's token and the id of a channel.")
        self._api = channel_address(name, api)
        self._token = token
        self._channel = channel
        self._post = Post(name, secrets=(token,), timeout_seconds=timeout_seconds, transport=transport, clock=clock)

    def __repr__(self) -> str:
        return f"SlackBot({self.name!r})"

    def deliver(self, message: Message, delivery: Delivery) -> Sent:
        """Post it, or bring the incident's post up to date and say in its thread what changed.

        Raises:
            DeliveryRejected: Slack will not take it: no such channel, not in it, a token that was revoked.
            DeliveryFailed: no answer, or Slack asked to come back later.
        """
        thread = delivery.thread
        if thread and self._updated(message, thread):
            for_all = message.announcement in TOP
            told: JsonObject = {
                "thread_ts": thread["ts"],
                "reply_broadcast": for_all,
                "text": fallback(message, delivery.to),
                "blocks": (root_blocks if for_all else reply_blocks)(message, delivery.to),
            }
            self._call("chat.postMessage", {"channel": thread["channel"], **told, **_PLAIN})
            return Sent(words="post updated, said in its thread", thread=thread)
        said = self._call(
            "chat.postMessage",
            {
                "channel": self._channel,
                "text": fallback(message, delivery.to),
                "blocks": root_blocks(message, delivery.to),
                **_PLAIN,
            },
        )
        return Sent(words=f"posted to {self._channel}", thread={"channel": said.get("channel"), "ts": said.get("ts")})

    def ask(self) -> Asked:
        """Ask Slack who the token is, what it may do, and, if it may know that, whether it is in the channel.

        Raises:
            DeliveryRejected: the token is revoked, may not post, or the channel is gone, archived, or not the bot's.
            DeliveryFailed: no answer, or Slack asked to come back later.
        """
        answer, who = self._asked("auth.test", {})
        if who.get("ok") is not True:
            raise self._error("auth.test", answer, who)
        bot = quoted(str(who.get("user", "the bot")))
        scopes = _scopes(answer)
        if scopes and "chat:write" not in scopes:
            raise DeliveryRejected(f"{self.name}: {bot} may not post: the scope chat:write is missing.")
        answer, found = self._asked("conversations.info", {"channel": self._channel})
        if found.get("error") == "missing_scope":
            words = (
                f"the token is that of {bot}; whether it is in {self._channel}, it may not know without channels:read"
            )
            return Asked(words=words, proven=False)
        channel = found.get("channel")
        if found.get("ok") is not True or not isinstance(channel, dict):
            raise self._error("conversations.info", answer, found)
        name = f"#{quoted(str(channel.get('name') or self._channel))}"
        if channel.get("is_archived"):
            raise DeliveryRejected(f"{self.name}: {name} is archived.")
        if not channel.get("is_member") and "chat:write.public" not in scopes:
            raise DeliveryRejected(f"{self.name}: {bot} is not in {name}: invite it there.")
        return Asked(words=f"{bot} may post to {name}", proven=True)

    def _asked(self, method: str, form: Mapping[str, str]) -> tuple[Response, JsonObject]:
        """Slack's answer to a method that only reads, which takes a form and no JSON."""
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/x-www-form-urlencoded"}
        answer = self._post.body(f"{self._api}/{method}", urlencode(form).encode(), headers)
        return answer, _read(answer)

    def _updated(self, message: Message, thread: JsonObject) -> bool:
        """Whether the incident's post says now how it stands; False: there is no such post any more."""
        shown: JsonObject = {"text": fallback(message), "blocks": root_blocks(message)}
        said = self._call("chat.update", {"channel": thread["channel"], "ts": thread["ts"], **shown}, allowed=GONE)
        return said.get("ok") is True

    def _call(self, method: str, document: JsonObject, allowed: frozenset[str] = frozenset()) -> JsonObject:
        """Slack's answer, of which `ok` is true, or the error one of *allowed*."""
        answer = self._post.json(f"{self._api}/{method}", document, {"Authorization": f"Bearer {self._token}"})
        said = _read(answer)
        error = said.get("error")
        if said.get("ok") is True or error in allowed:
            return said
        raise self._error(method, answer, said)

    def _error(self, method: str, answer: Response, said: JsonObject) -> DeliveryFailed | DeliveryRejected:
        error = said.get("error")
        words = f"{self.name} answered {method} with {quoted(str(error), without=(self._token,))}."
        if error in MAY_WORK_LATER or error is None:
            return DeliveryFailed(words, retry_after_seconds=self._post.wait_of(answer))
        return DeliveryRejected(words)


_PLAIN: JsonObject = {"unfurl_links": False, "unfurl_media": False}


def _read(answer: Response) -> JsonObject:
    try:
        said = json.loads(answer.body)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def _scopes(answer: Response) -> frozenset[str]:
    """What the token may do, as far as Slack said."""
    said = next((value for name, value in answer.headers.items() if name.lower() == "x-oauth-scopes"), "")
    return frozenset(filter(None, (one.strip() for one in said.split(","))))
