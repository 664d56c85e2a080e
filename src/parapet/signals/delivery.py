"""What becomes of a message that somebody else delivers: handed over, answered, called back. Three families, because
a provider that accepted has delivered nothing yet, and what it says later comes late, or twice, or never.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType, TracebackType

from parapet.core import contract, names, vocabulary
from parapet.core.errors import UnknownName
from parapet.core.guard import guarded
from parapet.core.vocabulary import Channel, DelayBucket, DeliveryOutcome, FailureClass, FaultPlane
from parapet.signals import delays
from parapet.signals.recorder import Recorder
from parapet.signals.refs import Refs

LATE = frozenset({DelayBucket.UNDER_1H.value, DelayBucket.OVER_1H.value, vocabulary.OTHER})
"""A callback this late says that the way back is in trouble."""

PLANES: Mapping[FailureClass, FaultPlane] = MappingProxyType(
    {
        FailureClass.NONE: FaultPlane.NONE,
        FailureClass.TIMEOUT: FaultPlane.PROVIDER,
        FailureClass.UNAVAILABLE: FaultPlane.PROVIDER,
        FailureClass.RATE_LIMITED: FaultPlane.PROVIDER,
        FailureClass.REJECTED: FaultPlane.PROVIDER,
        FailureClass.AUTHENTICATION: FaultPlane.APPLICATION,
        FailureClass.CONFIGURATION: FaultPlane.APPLICATION,
        FailureClass.NETWORK: FaultPlane.DEPENDENCY,
        FailureClass.INVALID_RECIPIENT: FaultPlane.APPLICATION,
        FailureClass.MAILBOX_UNAVAILABLE: FaultPlane.PROVIDER,
        FailureClass.CONTENT: FaultPlane.APPLICATION,
        FailureClass.SUPPRESSED: FaultPlane.SUPPRESSION,
        FailureClass.INVALID_CALLBACK: FaultPlane.WEBHOOK,
    }
)
"""Where the fault lies if nobody says otherwise."""

_SENDING = (
    FailureClass.TIMEOUT,
    FailureClass.UNAVAILABLE,
    FailureClass.RATE_LIMITED,
    FailureClass.REJECTED,
    FailureClass.AUTHENTICATION,
    FailureClass.CONFIGURATION,
    FailureClass.NETWORK,
    vocabulary.OTHER,
)
_RECEIVING = (
    FailureClass.REJECTED,
    FailureClass.INVALID_RECIPIENT,
    FailureClass.MAILBOX_UNAVAILABLE,
    FailureClass.CONTENT,
    vocabulary.OTHER,
)
USUAL: Mapping[str, Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        names.DELIVERY_OUTBOUND: MappingProxyType(
            {
                DeliveryOutcome.ATTEMPTED: (FailureClass.NONE,),
                DeliveryOutcome.ACCEPTED: (FailureClass.NONE,),
                DeliveryOutcome.DEFERRED: (
                    FailureClass.RATE_LIMITED,
                    FailureClass.UNAVAILABLE,
                    FailureClass.TIMEOUT,
                    vocabulary.OTHER,
                ),
                DeliveryOutcome.FAILED: _SENDING,
                DeliveryOutcome.SUPPRESSED: (FailureClass.SUPPRESSED,),
            }
        ),
        names.DELIVERY_FEEDBACK: MappingProxyType(
            {
                DeliveryOutcome.ACCEPTED: (FailureClass.NONE,),
                DeliveryOutcome.DELIVERED: (FailureClass.NONE,),
                DeliveryOutcome.DEFERRED: (
                    FailureClass.MAILBOX_UNAVAILABLE,
                    FailureClass.RATE_LIMITED,
                    vocabulary.OTHER,
                ),
                DeliveryOutcome.FAILED: _RECEIVING,
                DeliveryOutcome.BOUNCED: _RECEIVING,
                DeliveryOutcome.COMPLAINED: (FailureClass.NONE,),
                DeliveryOutcome.SUPPRESSED: (FailureClass.SUPPRESSED,),
            }
        ),
    }
)
"""What is shown at zero from the start: outcome -> the reasons that usually go with it."""

# Plain texts: members of an enumeration cost more to compare and to look up.
_PLANE_OF = {why.value: plane.value for why, plane in PLANES.items()}
_NO_FAILURE = FailureClass.NONE.value
_PROVIDER = FaultPlane.PROVIDER.value
_WEBHOOK = FaultPlane.WEBHOOK.value
_APPLICATION = FaultPlane.APPLICATION.value
_WENT_WELL = frozenset(
    {
        DeliveryOutcome.ATTEMPTED.value,
        DeliveryOutcome.ACCEPTED.value,
        DeliveryOutcome.DELIVERED.value,
        DeliveryOutcome.COMPLAINED.value,
    }
)
_FAILED = frozenset({DeliveryOutcome.DEFERRED.value, DeliveryOutcome.FAILED.value, DeliveryOutcome.BOUNCED.value})


class Delivery:
    """One kind of message through one provider, such as receipts by e-mail through Postmark. Recording never raises.

    Raises:
        UnknownName: no such channel.
        ConfigurationError: a name cannot be used, or there are more integrations or providers than the ceilings allow.
    """

    __slots__ = ("_mine", "_recorder", "_refs", "channel", "integration", "provider")

    def __init__(
        self, recorder: Recorder, refs: Refs, integration: str, *, provider: str, channel: Channel | str
    ) -> None:
        if channel not in tuple(Channel):
            raise UnknownName.of("channel", str(channel), tuple(Channel))
        recorder.register_values(names.INTEGRATION, (integration,))
        recorder.register_values(names.PROVIDER, (provider,))
        self.integration = integration
        self.provider = provider
        self.channel = Channel(channel).value
        self._mine = (integration, provider, self.channel)
        self._recorder = recorder
        self._refs = refs
        for metric, labels in self._usual():
            recorder.declare(metric, labels)

    def outbound(
        self,
        outcome: DeliveryOutcome | str,
        failure_class: FailureClass | str | None = None,
        *,
        fault_plane: FaultPlane | str | None = None,
        refs: Mapping[str, object] | None = None,
    ) -> None:
        """Count what became of handing something over: attempted, provider_accepted, deferred, failed, suppressed.

        That it was delivered is not known here, and is counted as `other`: see `provider_feedback`.
        """
        self._count(names.DELIVERY_OUTBOUND, outcome, failure_class, fault_plane, refs)

    def provider_feedback(
        self,
        outcome: DeliveryOutcome | str,
        failure_class: FailureClass | str | None = None,
        *,
        fault_plane: FaultPlane | str | None = None,
        refs: Mapping[str, object] | None = None,
    ) -> None:
        """Count what the provider says became of something it had accepted, however we heard of it."""
        self._count(names.DELIVERY_FEEDBACK, outcome, failure_class, fault_plane, refs)

    def webhook_ingest(
        self,
        outcome: DeliveryOutcome | str,
        delay_seconds: float,
        failure_class: FailureClass | str | None = None,
        *,
        fault_plane: FaultPlane | str | None = None,
        refs: Mapping[str, object] | None = None,
    ) -> None:
        """Count a callback that arrived *delay_seconds* after what it tells of. Says nothing about our own backlog."""
        self._count(names.DELIVERY_WEBHOOK, outcome, failure_class, fault_plane, refs, delays.bucket_of(delay_seconds))

    def handover(self, refs: Mapping[str, object] | None = None) -> Handover:
        """A context manager around the call to the provider: attempted, then accepted, or failed if it raises."""
        return Handover(self, refs)

    def _count(
        self,
        metric: str,
        outcome: object,
        failure_class: object,
        fault_plane: object,
        refs: Mapping[str, object] | None,
        *delay: str,
    ) -> None:
        signal = contract.SIGNALS[metric]
        with guarded("signals.delivery"):
            ended = delays.text_of(outcome)
            why = _why(ended) if failure_class is None else delays.text_of(failure_class)
            if ended in _WENT_WELL and why != _NO_FAILURE:
                self._recorder.reject(signal, names.FAILURE_CLASS)
                why = _NO_FAILURE
            where = _where(why, *delay) if fault_plane is None else delays.text_of(fault_plane)
            if delay == (vocabulary.OTHER,):
                self._recorder.reject(signal, names.DELAY_BUCKET)
            values = (*self._mine, ended, why, where, *delay)
            self._recorder.add(metric, values)
            if refs:
                self._refs.offer(signal, dict(zip(vocabulary.LABELS[metric], values, strict=True)), refs)

    def _usual(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        for metric, outcomes in USUAL.items():
            for outcome, reasons in outcomes.items():
                for why in map(str, reasons):
                    yield metric, (*self._mine, outcome, why, _where(why))
                    if metric == names.DELIVERY_FEEDBACK:  # what a callback may tell, however late
                        for delay in delays.BUCKETS:
                            yield names.DELIVERY_WEBHOOK, (*self._mine, outcome, why, _where(why, delay), delay)


class Handover:
    """One call to a provider. Lets every exception through."""

    __slots__ = ("_delivery", "_outcome", "_refs", "_why")

    def __init__(self, delivery: Delivery, refs: Mapping[str, object] | None) -> None:
        self._delivery = delivery
        self._refs = refs
        self._outcome: DeliveryOutcome | None = None
        self._why: FailureClass | str | None = None

    def deferred(self, failure_class: FailureClass | str) -> None:
        """The provider could not take it now; somebody will try again."""
        self._outcome, self._why = DeliveryOutcome.DEFERRED, failure_class

    def failed(self, failure_class: FailureClass | str) -> None:
        """The provider did not take it, whether or not something was raised."""
        self._outcome, self._why = DeliveryOutcome.FAILED, failure_class

    def suppressed(self) -> None:
        """It was not sent, on purpose."""
        self._outcome, self._why = DeliveryOutcome.SUPPRESSED, None

    def __enter__(self) -> Handover:
        self._delivery.outbound(DeliveryOutcome.ATTEMPTED, refs=self._refs)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        outcome, why = self._outcome, self._why
        if outcome is None and error is None:
            outcome = DeliveryOutcome.ACCEPTED
        elif outcome is None and isinstance(error, Exception):
            outcome, why = DeliveryOutcome.FAILED, failure_of(error)
        elif outcome is None:  # we were interrupted: nobody knows whether the provider took it
            self._delivery.outbound(vocabulary.OTHER, vocabulary.OTHER, fault_plane=_APPLICATION, refs=self._refs)
            return
        self._delivery.outbound(outcome, why, refs=self._refs)

    async def __aenter__(self) -> Handover:
        return self.__enter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.__exit__(kind, error, trace)


def failure_of(error: BaseException) -> FailureClass | str:
    """Why a call failed that raised *error*, as far as its class tells."""
    if isinstance(error, TimeoutError):
        return FailureClass.TIMEOUT
    if isinstance(error, OSError):
        return FailureClass.NETWORK
    return vocabulary.OTHER


def _why(outcome: str) -> str:
    """The reason that an outcome has if nobody gives one."""
    if outcome in _WENT_WELL:
        return _NO_FAILURE
    if outcome == DeliveryOutcome.SUPPRESSED:
        return FailureClass.SUPPRESSED.value
    return vocabulary.OTHER if outcome in _FAILED else _NO_FAILURE


def _where(why: str, delay: str = "") -> str:
    if why == _NO_FAILURE and delay in LATE:
        return _WEBHOOK
    return _PLANE_OF.get(why, _PROVIDER)
