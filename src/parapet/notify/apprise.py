"""Everything else, by Apprise: `apprise_url` names the service and how to get in. Extra: `parapet-ops[apprise]`."""

from __future__ import annotations

from parapet.core.errors import ConfigurationError, DeliveryFailed
from parapet.notify.channel import Asked, Delivery, Sent, channel_name
from parapet.notify.message import Message
from parapet.notify.wording import facts, first_facts, headline, summary

KINDS = {"page": "failure", "ticket": "warning"}


class AppriseChannel:
    """Tells whoever *urls* name, such as `ntfy://ops` or `tgram://token/chat`; they are secrets.

    Apprise does not say why something failed, so everything that failed is tried again for a while.

    Raises:
        ConfigurationError: the name is empty or too long, Apprise is not installed, or does not know an address.
    """

    digests = True
    """People read it: many messages become one."""

    def __init__(self, *urls: str, name: str) -> None:
        self.name = channel_name(name)
        try:
            from apprise import Apprise
        except ModuleNotFoundError as error:
            raise ConfigurationError("Apprise is not installed: pip install 'parapet-ops[apprise]'.") from error
        self._apprise = Apprise()
        if not urls or not all(self._apprise.add(url) for url in urls):
            raise ConfigurationError(f"Apprise does not know an address of channel {name!r}. It may lack a password.")

    def __repr__(self) -> str:
        return f"AppriseChannel({self.name!r})"

    def deliver(self, message: Message, delivery: Delivery) -> Sent:
        """Hand it to Apprise.

        Raises:
            DeliveryFailed: Apprise could not tell all of them.
        """
        first, rest = ([f"{label}: {words}" for label, words in each(message)] for each in (first_facts, facts))
        lines = [message.text, summary(message), *first, message.url, *rest]
        kind = "success" if message.state == "resolved" else KINDS.get(message.severity, "info")
        told = self._apprise.notify(
            title=headline(message), body="\n".join(filter(None, lines)), notify_type=kind, body_format="text"
        )
        if not told:
            raise DeliveryFailed(f"{self.name}: Apprise could not tell everybody; its log says why.")
        return Sent(words="told by Apprise")

    def ask(self) -> Asked:
        """Whom Apprise would tell. It knows no way to ask them, so nobody is."""
        count = len(self._apprise)
        words = (
            f"Apprise can read {'its address' if count == 1 else f'all {count} addresses'}; more only a message tells"
        )
        return Asked(words=words, proven=False)
