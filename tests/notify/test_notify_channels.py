"""Each channel speaks to a server that answers as the service does, its errors and limits included."""

from __future__ import annotations

import email
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.policy import default as modern
from email.utils import format_datetime
from pathlib import Path
from typing import cast

import pytest
from tests.notify.servers import Answer, Asked, Mail, Pager, Service, SlackApi, slack_webhook, teams

from parapet.core.errors import ConfigurationError, DeliveryFailed, DeliveryRejected, OutgoingError
from parapet.notify.apprise import AppriseChannel
from parapet.notify.channel import Channel, Delivery
from parapet.notify.message import Message, message_from
from parapet.notify.pagerduty import PagerDuty
from parapet.notify.posting import LONGEST_WAIT_SECONDS, retry_after
from parapet.notify.slack import SlackWebhook
from parapet.notify.slack_bot import SlackBot
from parapet.notify.smtp import SmtpChannel
from parapet.notify.teams import TeamsWorkflow

TOKEN = "xoxb-planted-token-9"
PASSWORD = "planted-password-7"
KEY = "planted-routing-key-5"
NOW = datetime(2026, 11, 12, 2, 14, tzinfo=UTC)
HOSTILE = "<script>alert(1)</script> <!channel> [click](http://evil.test) *now*\r\nBcc: all@evil.test"
OPENED = Message(
    ref="INC-1",
    announcement="opened",
    severity="page",
    state="open",
    service="shop",
    slice="checkout",
    journey="checkout",
    title=f"Checkout fails {HOSTILE}",
    text="INC-1 opened.",
    summary=f"Checkout burns its budget {HOSTILE}",
    impact="12 of 300 failed.",
    budget="Budget of 28 days: 93% left.",
    next_step="Compare onset with Deploy 1.8.2. If it fits, undo that one thing.",
    owner=None,
    resolution=None,
    started_at=NOW.isoformat(),
    announced_at=NOW.isoformat(),
    changes=("Deploy 1.8.2, 4 min before",),
    runbook="checkout",
    url="http://shop.test/parapet/incidents/1",
)
ACKNOWLEDGED = replace(
    OPENED, announcement="acknowledged", state="investigating", owner="Ana", text="INC-1 was acknowledged by Ana."
)
RESOLVED = replace(
    OPENED, announcement="resolved", state="resolved", owner="Ana", resolution="reported", text="INC-1 was resolved."
)
SAYS = (
    "INC-1",
    "checkout of shop",
    "12 of 300 failed.",
    "93% left",
    "Deploy 1.8.2, 4 min before",
    "undo that one thing",
    OPENED.url,
)
"""What everybody must be told: which, whom, how badly, the budget, what changed, what is safe, and where."""


@pytest.fixture
def serve() -> Iterator[Callable[[Callable[[Asked], Answer]], Service]]:
    """Starts services that answer as told; they are stopped afterwards."""
    started: list[Service] = []

    def start(answer: Callable[[Asked], Answer]) -> Service:
        started.append(Service(answer))
        return started[-1]

    yield start
    for one in started:
        one.stop()


Serve = Callable[[Callable[[Asked], Answer]], Service]


def tell(channel: Channel, message: Message = OPENED, **how: object) -> OutgoingError | None:
    """Why it was not told; None: it was."""
    try:
        channel.deliver(message, Delivery(id="id-1", **how))  # type: ignore[arg-type]
    except OutgoingError as error:
        return error
    return None


def words(document: object) -> str:
    """Everything it says."""
    return json.dumps(document, ensure_ascii=False)


def test_slack_hears_all_of_it_and_finds_no_member_or_link_in_a_quote(serve: Serve) -> None:
    """A quote is text: nobody is called and nothing is linked by an alert."""
    service = serve(slack_webhook)
    assert tell(SlackWebhook(url=f"{service.url}/services/T0/B0/planted")) is None
    document = service.asked[0].document
    said = words(document)
    assert all(one in said for one in SAYS)
    assert "<!channel>" not in words([document["text"], *document["blocks"][1:]])
    assert document["blocks"][0]["text"]["type"] == "plain_text"


@pytest.mark.parametrize(
    ("answer", "kind", "wait"),
    [
        (Answer(429, "rate_limited", {"Retry-After": "30"}), DeliveryFailed, 30),
        (
            Answer(503, "", {"Retry-After": format_datetime(datetime.now(UTC) + timedelta(hours=9), usegmt=True)}),
            DeliveryFailed,
            LONGEST_WAIT_SECONDS,
        ),
        (Answer(500, "rollup_error"), DeliveryFailed, None),
        (Answer(404, "channel_not_found"), DeliveryRejected, None),
        (Answer(403, "action_prohibited"), DeliveryRejected, None),
        (Answer(410, "channel_is_archived"), DeliveryRejected, None),
    ],
)
def test_slack_webhooks_tell_what_passes_from_what_stays(
    serve: Serve, answer: Answer, kind: type[OutgoingError], wait: float | None
) -> None:
    """The word that Slack answered is in the error; the address is not. A wait is kept to, within an hour."""
    service = serve(slack_webhook)
    service.next = [answer]
    error = tell(SlackWebhook(url=f"{service.url}/services/T0/B0/planted"))
    assert isinstance(error, kind)
    assert answer.body in error.message
    assert "planted" not in error.message
    assert getattr(error, "retry_after_seconds", None) == wait


def test_a_slack_bot_keeps_one_post_and_tells_the_story_in_its_thread(serve: Serve) -> None:
    """The post says how it stands now; who acknowledged is said in the thread, the end in the channel too."""
    api = SlackApi(TOKEN, channels=("C1",))
    service = serve(api)
    bot = SlackBot(token=TOKEN, channel="C1", api=service.url)
    kept = bot.deliver(OPENED, Delivery(id="id-1")).thread
    raised = replace(OPENED, announcement="severity_raised", text="INC-1 is worse: now a page.")
    for message in (ACKNOWLEDGED, raised, RESOLVED):
        assert bot.deliver(message, Delivery(id="id-2", thread=kept)).thread == kept
    assert len(api.posts) == 1
    assert "Resolved" in words(*api.posts.values())
    assert [(reply["thread_ts"] in api.posts, reply["reply_broadcast"]) for reply in api.replies] == [
        (True, False),
        (True, True),
        (True, True),
    ]
    assert "acknowledged by Ana" in words(api.replies[0])
    assert [all(said in words(reply) for said in SAYS) for reply in api.replies] == [False, True, True], (
        "what everybody sees is whole"
    )


def test_a_slack_bot_whose_post_was_deleted_posts_anew(serve: Serve) -> None:
    """Nobody misses the end because somebody tidied up."""
    api = SlackApi(TOKEN, channels=("C1",))
    bot = SlackBot(token=TOKEN, channel="C1", api=serve(api).url)
    sent = bot.deliver(RESOLVED, Delivery(id="id-2", thread={"channel": "C1", "ts": "gone"}))
    assert sent.thread["ts"] in api.posts


def test_a_slack_bot_calls_a_person(serve: Serve) -> None:
    """By the member's id, which Slack makes a mention of."""
    api = SlackApi(TOKEN, channels=("C1",))
    SlackBot(token=TOKEN, channel="C1", api=serve(api).url).deliver(OPENED, Delivery(id="id-1", to="U7"))
    assert "<@U7>" in words(*api.posts.values())


def test_a_slack_bot_tells_what_passes_from_what_stays(serve: Serve) -> None:
    """Slack says no with status 200; a limit says for how long."""
    api = SlackApi(TOKEN, channels=("C1",))
    service = serve(api)
    bot = SlackBot(token=TOKEN, channel="C1", api=service.url)
    service.next = [SlackApi.limited(7)]
    limited = tell(bot)
    assert isinstance(limited, DeliveryFailed)
    assert limited.retry_after_seconds == 7
    service.next = [Answer(200, '{"ok": false, "error": "internal_error"}')]
    assert isinstance(tell(bot), DeliveryFailed)
    service.next = [Answer(200, "<html>a proxy</html>")]
    assert isinstance(tell(bot), DeliveryFailed)
    nowhere = tell(SlackBot(token=TOKEN, channel="C9", api=service.url))
    assert isinstance(nowhere, DeliveryRejected)
    assert "channel_not_found" in nowhere.message
    revoked = tell(SlackBot(token="xoxb-another", channel="C1", api=service.url))
    assert isinstance(revoked, DeliveryRejected)
    assert "invalid_auth" in revoked.message
    service.next = [Answer(200, json.dumps({"ok": False, "error": f"bad token {TOKEN}"}))]
    repeated = tell(bot)
    assert repeated is not None
    assert TOKEN not in repeated.message


def test_a_slack_bot_that_is_limited_between_its_two_calls_says_it_once(serve: Serve) -> None:
    """The post is brought up to date first, so the whole may be done again."""
    api = SlackApi(TOKEN, channels=("C1",))
    service = serve(api)
    bot = SlackBot(token=TOKEN, channel="C1", api=service.url)
    kept = bot.deliver(OPENED, Delivery(id="id-1")).thread
    service.next = [Answer(200, '{"ok": true}'), SlackApi.limited(1)]
    assert isinstance(tell(bot, ACKNOWLEDGED, thread=kept), DeliveryFailed)
    assert tell(bot, ACKNOWLEDGED, thread=kept) is None
    assert len(api.replies) == 1


def test_teams_shows_a_card_in_which_quotes_are_text(serve: Serve) -> None:
    """Everything stands in text runs, which have no markup, and the card is within what Teams takes."""
    service = serve(teams)
    assert tell(TeamsWorkflow(url=f"{service.url}/workflows/planted?sig=planted")) is None
    card = service.asked[0].document["attachments"][0]["content"]
    assert all(one in words(card) for one in SAYS)
    assert {block["type"] for block in card["body"]} == {"RichTextBlock"}


@pytest.mark.parametrize(
    ("answer", "kind", "wait"),
    [
        (Answer(429, "", {"Retry-After": "17"}), DeliveryFailed, 17),
        (Answer(504, ""), DeliveryFailed, None),
        (Answer(413, "Request Entity Too Large"), DeliveryRejected, None),
        (Answer(404, '{"error": {"code": "WorkflowNotFound"}}'), DeliveryRejected, None),
        (Answer(401, '{"error": {"code": "AuthorizationFailed", "message": "sig=planted"}}'), DeliveryRejected, None),
    ],
)
def test_teams_tells_what_passes_from_what_stays(
    serve: Serve, answer: Answer, kind: type[OutgoingError], wait: float | None
) -> None:
    """As for Slack."""
    service = serve(teams)
    service.next = [answer]
    error = tell(TeamsWorkflow(url=f"{service.url}/workflows?sig=planted"))
    assert isinstance(error, kind)
    assert getattr(error, "retry_after_seconds", None) == wait


def test_pagerduty_follows_the_incident(serve: Serve) -> None:
    """One incident there, however often it is told; triggered, acknowledged, resolved."""
    pager = Pager(KEY)
    service = serve(pager)
    channel = PagerDuty(routing_key=KEY, url=f"{service.url}/v2/enqueue")
    seen: list[str] = []
    for message in (OPENED, OPENED, ACKNOWLEDGED, RESOLVED, replace(OPENED, announcement="reopened")):
        assert tell(channel, message) is None
        seen += pager.incidents.values()
    assert seen == ["triggered", "triggered", "acknowledged", "resolved", "triggered"]
    event = service.asked[0].document
    assert all(one in words(event) for one in SAYS)
    assert event["payload"]["severity"] == "critical"
    assert len(event["dedup_key"]) <= 255
    assert len(service.asked[0].body) < 512 * 1024


def test_pagerduty_tells_what_passes_from_what_stays(serve: Serve) -> None:
    """Too many events and trouble of their own pass; an invalid event does not."""
    service = serve(Pager(KEY))
    channel = PagerDuty(routing_key=KEY, url=service.url)
    service.next = [Answer(429, '{"status": "throttle exceeded"}', {"Retry-After": "12"}), Answer(500)]
    limited, trouble = tell(channel), tell(channel)
    assert isinstance(limited, DeliveryFailed)
    assert limited.retry_after_seconds == 12
    assert isinstance(trouble, DeliveryFailed)
    wrong = tell(PagerDuty(routing_key="planted-wrong", url=service.url))
    assert isinstance(wrong, DeliveryRejected)
    assert "Invalid routing key" in wrong.message
    assert "planted" not in wrong.message


@pytest.fixture
def mail(tmp_path: Path) -> Iterator[Mail]:
    """A mail server that speaks STARTTLS and wants a password."""
    started = Mail(tmp_path, password=PASSWORD)
    yield started
    started.stop()


def mailing(
    mail: Mail, *, password: str = PASSWORD, to: tuple[str, ...] = ("ana@shop.test", "ben@shop.test")
) -> SmtpChannel:
    """The shop's e-mail."""
    return SmtpChannel(
        host="127.0.0.1",
        port=mail.port,
        sender="Parapet <parapet@shop.test>",
        to=to,
        username="parapet",
        password=password,
        trust=mail.trust,
    )


def test_mails_of_one_incident_are_one_conversation(mail: Mail) -> None:
    """Encrypted, threaded, text and HTML; a quote is text in both and no header of its own."""
    channel = mailing(mail)
    assert [tell(channel, message) for message in (OPENED, RESOLVED)] == [None, None]
    assert mail.encrypted == [True, True]
    first, last = (email.message_from_bytes(cast("bytes", one.content), policy=modern) for one in mail.received)
    assert isinstance(first, EmailMessage)
    assert isinstance(last, EmailMessage)
    assert first["References"] == last["References"] == first["In-Reply-To"]
    assert first["Subject"] == last["Subject"]
    assert first["Bcc"] is None
    assert (first["Importance"], last["Importance"]) == ("high", None)
    for kind in ("plain", "html"):
        part = first.get_body((kind,))
        assert part is not None
        content = part.get_content()
        assert all(one in content for one in SAYS)
        assert ("<script>" in content) is (kind == "plain")


@pytest.mark.parametrize(
    ("where", "answer", "kind"),
    [
        ("mail", "421 4.7.0 too many connections", DeliveryFailed),
        ("mail", "451 4.7.1 try again later", DeliveryFailed),
        ("data", "452 4.3.1 out of storage", DeliveryFailed),
        ("data", "554 5.7.1 looks like spam", DeliveryRejected),
        ("mail", "550 5.7.1 not allowed to send as this", DeliveryRejected),
    ],
)
def test_a_mail_server_tells_what_passes_from_what_stays(
    mail: Mail, where: str, answer: str, kind: type[OutgoingError]
) -> None:
    """4xx passes, 5xx stays; what it said is in the error."""
    setattr(mail, f"at_{where}", answer)
    error = tell(mailing(mail))
    assert isinstance(error, kind)
    assert answer[:3] in error.message


def test_a_mail_that_some_may_not_get_reaches_the_others(mail: Mail) -> None:
    """One unknown address is said, and does not keep it from anybody; one that is greylisted, with all, passes."""
    mail.at_recipient = {"ben@shop.test": "550 5.1.1 no such user"}
    sent = mailing(mail).deliver(OPENED, Delivery(id="id-1"))
    assert sent.words == "mailed to ana@shop.test; refused for ben@shop.test"
    mail.at_recipient["ana@shop.test"] = "451 4.7.1 greylisted"
    assert isinstance(tell(mailing(mail)), DeliveryFailed)
    mail.at_recipient["ana@shop.test"] = "550 5.1.1 no such user"
    assert isinstance(tell(mailing(mail)), DeliveryRejected)
    assert mailing(mail).deliver(OPENED, Delivery(id="id-3", to="eve@shop.test")).words == "mailed to eve@shop.test"


def test_a_mail_is_never_sent_in_clear_and_no_password_is_said(mail: Mail, tmp_path: Path) -> None:
    """A wrong password stays wrong; a server that cannot encrypt is refused; a certificate nobody trusts too."""
    wrong = tell(mailing(mail, password="planted-wrong-1"))
    assert isinstance(wrong, DeliveryRejected)
    assert "planted" not in wrong.message
    stranger = SmtpChannel(host="127.0.0.1", port=mail.port, sender="a@shop.test", to=("b@shop.test",))
    assert isinstance(tell(stranger), DeliveryFailed)
    clear = Mail(tmp_path, tls=False)
    try:
        open_ = SmtpChannel(
            host="127.0.0.1", port=clear.port, sender="a@shop.test", to=("b@shop.test",), trust=mail.trust
        )
        assert isinstance(tell(open_), DeliveryRejected)
        local = SmtpChannel(
            host="127.0.0.1", port=clear.port, sender="a@shop.test", to=("b@shop.test",), starttls=False
        )
        assert tell(local) is None
    finally:
        clear.stop()
    assert isinstance(tell(local), DeliveryFailed), "nobody answers any more"
    assert not mail.received


def test_apprise_tells_whoever_it_knows(serve: Serve) -> None:
    """Its own JSON service, on a real server; a failure is tried again, for it does not say why."""
    service = serve(lambda asked: Answer(200))
    channel = AppriseChannel(service.url.replace("http://", "json://"), name="else")
    assert tell(channel) is None
    assert all(one in words(service.asked[0].document) for one in SAYS)
    service.next = [Answer(500)]
    assert isinstance(tell(channel), DeliveryFailed)
    with pytest.raises(ConfigurationError):
        AppriseChannel("nothing://planted", name="else")


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("30", 30),
        ("0", 0),
        ("1.5", 1.5),
        ("99999", 3600),
        ("-4", None),
        ("soon", None),
        ("", None),
        (format_datetime(NOW + timedelta(seconds=90), usegmt=True), 90),
        (format_datetime(NOW - timedelta(hours=1), usegmt=True), 0),
    ],
)
def test_a_wait_is_a_number_or_a_date(written: str, seconds: float | None) -> None:
    """As RFC 9110 has it; what is neither says nothing."""
    assert retry_after(written, NOW) == seconds


@pytest.mark.parametrize(
    "make",
    [
        lambda: SlackWebhook(url="ftp://planted"),
        lambda: SlackBot(token="", channel="C1"),
        lambda: SlackBot(token="planted", channel=""),
        lambda: TeamsWorkflow(url="planted"),
        lambda: PagerDuty(routing_key=""),
        lambda: SmtpChannel(host="h", sender="nobody", to=("a@b.c",)),
        lambda: SmtpChannel(host="h", sender="a@b.c", to=()),
        lambda: SmtpChannel(host="h", sender="a@b.c", to=("x@y.z\r\nBcc: q@r.s",)),
        lambda: SmtpChannel(host="h", sender="a@b.c", to=("d@e.f",), username="u", password="planted", starttls=False),
    ],
)
def test_a_channel_that_cannot_work_is_refused_when_it_is_made(make: Callable[[], Channel]) -> None:
    """Not at night, when it is needed; and no secret is in the error."""
    with pytest.raises(ConfigurationError) as refused:
        make()
    assert "planted" not in refused.value.message


def test_a_message_survives_the_outbox() -> None:
    """What waited while a version was installed that says more is read all the same."""
    assert message_from(OPENED.document()) == OPENED
    older = {
        name: value
        for name, value in OPENED.document().items()
        if name not in ("journey", "impact", "budget", "next_step")
    }
    assert message_from(older).impact == ""


def test_no_channel_shows_its_secret() -> None:
    """Not in a traceback, not in a debugger."""
    made = [
        SlackWebhook(url="https://hooks.test/planted"),
        SlackBot(token="planted", channel="C1"),
        TeamsWorkflow(url="https://teams.test/planted"),
        PagerDuty(routing_key="planted"),
        SmtpChannel(host="h", sender="a@b.c", to=("d@e.f",), username="u", password="planted"),
    ]
    assert "planted" not in repr(made)
