"""E-mail over SMTP: text and HTML, encrypted on the way, and threaded: an incident is one conversation."""

from __future__ import annotations

import hashlib
import smtplib
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr

from parapet.core.errors import ConfigurationError, DeliveryFailed, DeliveryRejected
from parapet.notify.channel import Asked, Delivery, Sent, channel_name, quoted
from parapet.notify.email_body import html, plain
from parapet.notify.message import Message
from parapet.notify.wording import titled

SUBMISSION_PORT = 587


class SmtpChannel:
    """Mails every announcement to *to*, or to whom it is for in particular.

    Args:
        starttls: encrypt before anything is said; a server that cannot is refused. False only for one on this machine.
        username, password: if the server asks for them; the password is a secret.
        trust: how the server's certificate is checked; None: as this machine does.

    Raises:
        ConfigurationError: the name or an address cannot be used, or a password would travel in clear.
    """

    digests = True
    """People read it: many messages become one."""

    def __init__(
        self,
        *,
        name: str = "email",
        host: str,
        port: int = SUBMISSION_PORT,
        sender: str,
        to: Sequence[str],
        username: str | None = None,
        password: str | None = None,
        starttls: bool = True,
        trust: ssl.SSLContext | None = None,
        timeout_seconds: float = 10.0,
    ) -> None:
        self.name = channel_name(name)
        for address in (sender, *to):
            if "@" not in parseaddr(address)[1] or any(letter in address for letter in "\r\n"):
                raise ConfigurationError(f"{address!r} of channel {name!r} is no e-mail address.")
        if not to:
            raise ConfigurationError(f"Channel {name!r} needs somebody to write to.")
        if password is not None and not starttls:
            raise ConfigurationError(f"The password of channel {name!r} would travel in clear: leave starttls on.")
        self._where = (host, port)
        self._sender = sender
        self._to = tuple(to)
        self._login = (username, password) if username is not None and password is not None else None
        self._secrets = () if self._login is None else (self._login[1],)
        self._tls = (trust or ssl.create_default_context()) if starttls else None
        self._timeout_seconds = timeout_seconds

    def __repr__(self) -> str:
        return f"SmtpChannel({self.name!r})"

    def deliver(self, message: Message, delivery: Delivery) -> Sent:
        """Mail it.

        Raises:
            DeliveryRejected: the server will not take it: an address or a password it does not know, no encryption.
            DeliveryFailed: no answer, or it asked to come back later.
        """
        to = self._to if delivery.to is None else (delivery.to,)
        mail = compose_mail(message, sender=self._sender, to=to, delivery_id=delivery.id)
        with self._server() as server:
            refused = server.send_message(mail)
        left_out = f"; refused for {', '.join(sorted(refused))}" if refused else ""
        return Sent(words=f"mailed to {', '.join(each for each in to if each not in refused)}{left_out}")

    def ask(self) -> Asked:
        """Greet the server, encrypt, sign in, name sender and receivers, and take it back: no mail is sent.

        Raises:
            DeliveryRejected: the server would not take it: an address or a password it does not know, no encryption.
            DeliveryFailed: no answer, or it asked to come back later.
        """
        with self._server() as server:
            server.ehlo_or_helo_if_needed()
            code, said = server.mail(self._sender_address)
            if code != 250:
                raise smtplib.SMTPSenderRefused(code, said, self._sender_address)
            answers = {to: server.rcpt(parseaddr(to)[1]) for to in self._to}
            server.rset()
            refused = {to: answer for to, answer in answers.items() if answer[0] >= 500}
            if refused:
                raise smtplib.SMTPRecipientsRefused(refused)
        later = sorted(to for to, (code, _) in answers.items() if code >= 400)
        if later:
            return Asked(words=f"it asked to come back later for {', '.join(later)}", proven=False)
        return Asked(words=f"it would mail to {', '.join(self._to)}", proven=True)

    @property
    def _sender_address(self) -> str:
        return parseaddr(self._sender)[1]

    @contextmanager
    def _server(self) -> Iterator[smtplib.SMTP]:
        """The server, encrypted and signed in; what goes wrong with it, in our words."""
        host, port = self._where
        try:
            with smtplib.SMTP(host, port, timeout=self._timeout_seconds) as server:
                if self._tls is not None:
                    server.starttls(context=self._tls)
                if self._login is not None:
                    server.login(*self._login)
                yield server
        except smtplib.SMTPRecipientsRefused as error:
            code, said = min(error.recipients.values())  # one that may work later comes first
            raise self._error(code, said) from None
        except smtplib.SMTPResponseException as error:
            raise self._error(error.smtp_code, error.smtp_error) from None
        except smtplib.SMTPNotSupportedError as error:
            raise DeliveryRejected(
                f"{self.name}: the server cannot do it: {quoted(str(error), without=self._secrets)}"
            ) from None
        except (OSError, smtplib.SMTPException) as error:
            raise DeliveryFailed(f"{self.name} did not answer: {quoted(str(error), without=self._secrets)}") from None

    def _error(self, code: int, said: bytes | str) -> DeliveryFailed | DeliveryRejected:
        words = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
        told = f"{self.name} answered {code}: {quoted(words, without=self._secrets)}"
        return DeliveryRejected(told) if code >= 500 else DeliveryFailed(told)


def compose_mail(message: Message, *, sender: str, to: Sequence[str], delivery_id: str) -> EmailMessage:
    """The mail. Its id is that of the delivery, so that a second copy is known for one; all of an incident reply to
    one root, which is how readers thread them."""
    domain = parseaddr(sender)[1].rpartition("@")[2]
    root = f"<incident-{hashlib.sha256(message.url.encode()).hexdigest()[:24]}@{domain}>"
    mail = EmailMessage()
    mail["From"] = sender
    mail["To"] = ", ".join(to)
    # The same for the whole story: readers thread by it too.
    mail["Subject"] = titled(f"[{message.severity}] ", message)
    mail["Date"] = format_datetime(datetime.fromisoformat(message.announced_at))
    mail["Message-ID"] = f"<{delivery_id}@{domain}>"
    mail["In-Reply-To"] = root
    mail["References"] = root
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Parapet-Incident"] = message.ref
    if message.severity == "page" and message.state == "open":
        mail["Importance"] = "high"
    mail.set_content(plain(message))
    mail.add_alternative(html(message), subtype="html")
    return mail
