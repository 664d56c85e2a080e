"""Channels that are asked whether they would be told: what is wrong is found, and nobody hears of it."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.notify.servers import Answer, Asked, Mail, Pager, Service, SlackApi, slack_webhook, teams

from parapet import Parapet
from parapet.core import names
from parapet.core.signing import holds
from parapet.doctor.checks.running import channels
from parapet.doctor.facts import Facts
from parapet.doctor.finding import Finding, Grade
from parapet.notify.apprise import AppriseChannel
from parapet.notify.channel import Channel, Delivery, Sent
from parapet.notify.message import Message
from parapet.notify.pagerduty import NOBODYS_KEY, PagerDuty
from parapet.notify.slack import SlackWebhook
from parapet.notify.slack_bot import SlackBot
from parapet.notify.smtp import SmtpChannel
from parapet.notify.teams import TeamsWorkflow
from parapet.notify.webhook import WebhookChannel

TOKEN = "xoxb-planted-token-9"
KEY = "planted-routing-key-5"
SECRET = "planted-signing-key-3"
PASSWORD = "planted-password-7"
Serve = Callable[[Callable[[Asked], Answer]], Service]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Starts services that answer as told; they are stopped afterwards."""
    started: list[Service] = []

    def start(answer: Callable[[Asked], Answer]) -> Service:
        started.append(Service(answer))
        return started[-1]

    yield start
    for one in started:
        one.stop()


def asked(*given: Channel) -> list[Finding]:
    """What the doctor says of them."""
    app = Parapet(service="shop", channels=given)
    found = list(channels(Facts(app, app_spec="shop:parapet", folder=Path(), out=Path("ops"))))
    assert "planted" not in repr(found)
    return found


def refused(*given: Channel) -> str:
    """What the doctor says is wrong with the one it is given, with the way out."""
    [found] = asked(*given)
    assert found.grade is Grade.ERROR
    assert "--only PDC06" in found.fix
    return found.what


def known(*given: Channel) -> str:
    """How far it could be asked."""
    [found] = asked(*given)
    assert (found.grade, found.fix) == (
        Grade.INFO,
        f"Tell it that this is a test: parapet notify test {given[0].name} --app shop:parapet",
    )
    return found.what


def test_a_slack_bot_is_asked_who_it_is_and_whether_it_is_in_the_channel(serve: Serve) -> None:
    """A token that was revoked, one that may not post, a channel it is not in: each is said; nothing is posted."""
    api = SlackApi(TOKEN, channels=("C1",))
    service = serve(api)
    bot = SlackBot(token=TOKEN, channel="C1", api=service.url)
    assert asked(bot) == []
    assert bot.ask().words == "parapet may post to #ops"
    assert "invalid_auth" in refused(SlackBot(token="xoxb-planted-old", channel="C1", api=service.url))
    assert "channel_not_found" in refused(SlackBot(token=TOKEN, channel="C9", api=service.url))
    api.about["is_member"] = False
    assert "parapet is not in #ops: invite it there." in refused(bot)
    api.scopes += ",chat:write.public"
    assert asked(bot) == []
    api.about["is_archived"] = True
    assert "#ops is archived" in refused(bot)
    api.scopes = "channels:read"
    assert "chat:write is missing" in refused(bot)
    api.scopes = "chat:write"
    assert "may not know without channels:read" in known(bot)
    service.next = [SlackApi.limited(7)]
    assert asked(bot)[0].grade is Grade.ERROR
    assert not api.posts
    assert not api.replies


def test_a_slack_webhook_is_handed_a_message_without_words(serve: Serve) -> None:
    """Slack refuses it for that, if the webhook exists; one that was revoked says so first."""
    service = serve(slack_webhook)
    channel = SlackWebhook(url=f"{service.url}/services/T0/B0/planted")
    assert asked(channel) == []
    service.next = [Answer(404, "no_service"), Answer(403, "invalid_token"), Answer(410, "channel_is_archived")]
    for word in ("no_service", "invalid_token", "channel_is_archived"):
        assert word in refused(channel)
    service.next = [Answer(200, "ok")]
    assert "as Slack does not" in known(channel)


def test_nothing_is_posted_to_what_acts_on_every_post(serve: Serve) -> None:
    """A workflow and a webhook are asked for their headers; a signature that is refused is found."""
    workflow, receiver = serve(teams), serve(lambda asked: Answer(204))
    assert "only a card tells" in known(TeamsWorkflow(url=f"{workflow.url}/workflows?sig=planted"))
    hook = WebhookChannel(name="ops", url=f"{receiver.url}/planted", secret=SECRET)
    assert asked(hook) == []
    assert {one.method for one in (*workflow.asked, *receiver.asked)} == {"HEAD"}
    heard = receiver.asked[0].headers
    assert holds(b"", heard[names.SIGNATURE_HEADER], timestamp=heard[names.TIMESTAMP_HEADER], secrets=(SECRET,))
    receiver.next = [Answer(405), Answer(401)]
    assert "answers HEAD with 405" in known(hook)
    assert "refused with status 401" in refused(hook)
    receiver.stop()
    [away] = asked(hook)
    assert away.grade is Grade.ERROR
    assert away.fix.endswith("parapet notify test ops --dry-run")


def test_pagerduty_is_handed_an_event_that_does_nothing(serve: Serve) -> None:
    """It resolves what nobody triggered; a wrong key is refused as for any event."""
    pager = Pager(KEY)
    service = serve(pager)
    assert asked(PagerDuty(routing_key=KEY, url=service.url)) == []
    assert pager.incidents == {NOBODYS_KEY: "resolved"}
    assert "Invalid routing key" in refused(PagerDuty(routing_key="planted-wrong", url=service.url))


def test_a_mail_server_is_asked_up_to_the_mail(tmp_path: Path) -> None:
    """Greeting, encryption, password, sender and receivers; no mail. What would be refused at night is refused now."""
    server = Mail(tmp_path, password=PASSWORD)

    def mailing(password: str = PASSWORD, trust: ssl.SSLContext | None = server.trust) -> SmtpChannel:
        return SmtpChannel(
            host="127.0.0.1",
            port=server.port,
            sender="Parapet <parapet@shop.test>",
            to=("ana@shop.test", "Ben <ben@shop.test>"),
            username="parapet",
            password=password,
            trust=trust,
        )

    try:
        assert asked(mailing()) == []
        assert mailing().ask().words == "it would mail to ana@shop.test, Ben <ben@shop.test>"
        assert "535" in refused(mailing("planted-wrong-1"))
        server.at_recipient = {"ben@shop.test": "450 4.2.0 greylisted"}
        assert "come back later for Ben <ben@shop.test>" in known(mailing())
        server.at_recipient = {"ben@shop.test": "550 5.1.1 no such user"}
        assert "no such user" in refused(mailing())
        server.at_mail = "553 5.7.1 not your address"
        assert "not your address" in refused(mailing())
        [untrusted] = asked(mailing(trust=None))
        assert untrusted.grade is Grade.ERROR
        assert not server.received
    finally:
        server.stop()


class Phone:
    """A channel of the host's own, which cannot be asked."""

    name = "phone"

    def deliver(self, message: Message, delivery: Delivery) -> Sent:
        """Ring."""
        return Sent(words="rang")


class Broken(Phone):
    """One that can be asked, and breaks."""

    name = "broken"

    def ask(self) -> None:
        """Break."""
        raise ValueError(SECRET)


def test_what_cannot_be_asked_is_said_to_be_so(serve: Serve) -> None:
    """Apprise, and channels of the host's own; one that breaks when it is asked keeps none of the others from it."""
    service = serve(lambda asked: Answer(200))
    apprise = AppriseChannel(service.url.replace("http://", "json://"), name="else")
    assert "can read its address" in known(apprise)
    assert not service.asked
    broken, phone = asked(Broken(), Phone())
    assert (broken.grade, phone.grade) == (Grade.ERROR, Grade.SKIP)
    assert "asking it broke: ValueError" in broken.what
    assert phone.fix == "Tell it that this is a test: parapet notify test phone --app shop:parapet"
