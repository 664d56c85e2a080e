"""What becomes of work that a model does: what guardrails and evaluations say of it, what its tools do, and what waits
for a person. Each is a family of its own, so that a failing tool never reads as a model that misbehaves.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType, TracebackType

from parapet.core import contract, names, vocabulary
from parapet.core.guard import guarded
from parapet.core.vocabulary import AiReason, ApprovalOutcome, EvaluationOutcome, GuardrailOutcome, ToolOutcome
from parapet.signals import delays
from parapet.signals.recorder import Recorder
from parapet.signals.refs import Refs
from parapet.signals.series import finite

_G, _T, _E, _R = GuardrailOutcome, ToolOutcome, EvaluationOutcome, AiReason
OTHER = vocabulary.OTHER

USUAL: Mapping[str, Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        names.AI_GUARDRAIL: MappingProxyType(
            {
                _G.PASSED: (_R.NONE,),
                _G.CORRECTED: (_R.PRIVATE, _R.UNSAFE, _R.MALFORMED, OTHER),
                _G.BLOCKED: (_R.UNSAFE, _R.PRIVATE, _R.UNGROUNDED, _R.OFF_TOPIC, _R.MALFORMED, _R.POLICY, OTHER),
                _G.REFUSED: (_R.INJECTION, _R.UNSAFE, _R.OFF_TOPIC, _R.POLICY, OTHER),
                _G.CRASHED: (_R.TIMEOUT, _R.UNAVAILABLE, OTHER),
            }
        ),
        names.AI_TOOL: MappingProxyType(
            {
                _T.SUCCEEDED: (_R.NONE,),
                _T.FAILED: (
                    _R.ARGUMENTS,
                    _R.MALFORMED,
                    _R.TIMEOUT,
                    _R.UNAVAILABLE,
                    _R.RATE_LIMITED,
                    _R.AUTHENTICATION,
                    _R.LIMIT,
                    OTHER,
                ),
                _T.USER_ERROR: (_R.NONE,),
                _T.DENIED: (_R.POLICY,),
                _T.ABANDONED: (_R.NONE,),
            }
        ),
        names.AI_EVALUATION: MappingProxyType(
            {
                _E.PASSED: (_R.NONE,),
                _E.FAILED: (_R.UNGROUNDED, _R.OFF_TOPIC, _R.UNSAFE, _R.MALFORMED, OTHER),
                _E.INCONCLUSIVE: (_R.NONE,),
            }
        ),
    }
)
"""What is shown at zero from the start: outcome -> the reasons that usually go with it."""

# Plain texts: members of an enumeration cost more to compare and to look up.
_NONE = AiReason.NONE.value
_WENT_WELL = frozenset({GuardrailOutcome.PASSED.value, ToolOutcome.SUCCEEDED.value})
_REASON_OF = {
    metric: {str(outcome): str(reasons[0]) if len(reasons) == 1 else OTHER for outcome, reasons in outcomes.items()}
    for metric, outcomes in USUAL.items()
}


class Ai:
    """One use of models, such as an assistant: its guardrails, tools, evaluations and approvals.

    Recording never raises.

    Args:
        guardrails: those that look at requests and answers; *tools*: what models may call; *evaluations*: what judges
            answers. All are shown at zero from the start; others that occur are admitted up to the ceilings.

    Raises:
        ConfigurationError: a name cannot be used, or there are more of them than the ceilings allow.
    """

    __slots__ = ("_recorder", "_refs", "evaluations", "guardrails", "integration", "tools")

    def __init__(
        self,
        recorder: Recorder,
        refs: Refs,
        integration: str,
        *,
        guardrails: Iterable[str] = (),
        tools: Iterable[str] = (),
        evaluations: Iterable[str] = (),
    ) -> None:
        self.guardrails, self.tools, self.evaluations = tuple(guardrails), tuple(tools), tuple(evaluations)
        recorder.register_values(names.INTEGRATION, (integration,))
        recorder.register_values(names.GUARDRAIL, self.guardrails)
        recorder.register_values(names.TOOL, self.tools)
        recorder.register_values(names.EVALUATION, self.evaluations)
        self.integration = integration
        self._recorder = recorder
        self._refs = refs
        for metric, labels in self._usual():
            recorder.declare(metric, labels)

    def guardrail(
        self,
        guardrail: str,
        outcome: GuardrailOutcome | str,
        reason: AiReason | str | None = None,
        *,
        refs: Mapping[str, object] | None = None,
    ) -> None:
        """Count what *guardrail* did. What it refused was the user's wish, and no failure; what it blocked was ours."""
        self._judge(names.AI_GUARDRAIL, guardrail, outcome, reason, refs)

    def tool(
        self,
        tool: str,
        outcome: ToolOutcome | str,
        reason: AiReason | str | None = None,
        *,
        refs: Mapping[str, object] | None = None,
    ) -> None:
        """Count how a call of *tool* ended."""
        self._judge(names.AI_TOOL, tool, outcome, reason, refs)

    def call(self, tool: str, *, refs: Mapping[str, object] | None = None) -> ToolCall:
        """A context manager around one call of *tool*: succeeded, or failed if it raises."""
        return ToolCall(self, tool, refs)

    def evaluation(
        self,
        evaluation: str,
        outcome: EvaluationOutcome | str,
        reason: AiReason | str | None = None,
        *,
        refs: Mapping[str, object] | None = None,
    ) -> None:
        """Count what *evaluation* said about one answer."""
        self._judge(names.AI_EVALUATION, evaluation, outcome, reason, refs)

    def approval_requested(self, tool: str, *, refs: Mapping[str, object] | None = None) -> None:
        """Count that a person is asked whether *tool* may be called."""
        self._approval(tool, ApprovalOutcome.REQUESTED, refs)

    def approval_decided(
        self, tool: str, outcome: ApprovalOutcome | str, *, refs: Mapping[str, object] | None = None
    ) -> None:
        """Count how a request ended: approved, denied, expired or withdrawn."""
        self._approval(tool, outcome, refs)

    def approval_backlog(self, oldest_seconds: float, *, refs: Mapping[str, object] | None = None) -> None:
        """Count a look at the requests, the oldest of which has waited *oldest_seconds*; 0 if none waits.

        Look regularly. Waiting for a person is neither a backlog of ours nor a late callback.
        """
        with guarded("signals.ai"):
            delay = delays.bucket_of(oldest_seconds)
            if finite(oldest_seconds) is None:
                self._recorder.reject(contract.SIGNALS[names.AI_APPROVAL_BACKLOG], names.DELAY_BUCKET)
            self._count(names.AI_APPROVAL_BACKLOG, (self.integration, delay), refs)

    def _judge(
        self, metric: str, what: object, outcome: object, reason: object, refs: Mapping[str, object] | None
    ) -> None:
        with guarded("signals.ai"):
            ended = delays.text_of(outcome)
            why = _REASON_OF[metric].get(ended, _NONE) if reason is None else delays.text_of(reason)
            if ended in _WENT_WELL and why != _NONE:
                self._recorder.reject(contract.SIGNALS[metric], names.REASON)
                why = _NONE
            self._count(metric, (self.integration, delays.text_of(what), ended, why), refs)

    def _approval(self, tool: object, outcome: object, refs: Mapping[str, object] | None) -> None:
        with guarded("signals.ai"):
            values = (self.integration, delays.text_of(tool), delays.text_of(outcome))
            self._count(names.AI_APPROVAL, values, refs)

    def _count(self, metric: str, values: tuple[str, ...], refs: Mapping[str, object] | None) -> None:
        self._recorder.add(metric, values)
        if refs:
            fields = dict(zip(vocabulary.LABELS[metric], values, strict=True))
            self._refs.offer(contract.SIGNALS[metric], fields, refs)

    def _usual(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        for metric, whats in (
            (names.AI_GUARDRAIL, self.guardrails),
            (names.AI_TOOL, self.tools),
            (names.AI_EVALUATION, self.evaluations),
        ):
            for what in whats:
                for outcome, reasons in USUAL[metric].items():
                    for reason in reasons:
                        yield metric, (self.integration, what, outcome, reason)
        for tool in self.tools:
            for ended in ApprovalOutcome:
                yield names.AI_APPROVAL, (self.integration, tool, ended.value)
        for delay in delays.BUCKETS:
            yield names.AI_APPROVAL_BACKLOG, (self.integration, delay)


class ToolCall:
    """One call of a tool. Lets every exception through; what the host says inside wins, exception or not."""

    __slots__ = ("_ai", "_outcome", "_reason", "_refs", "_tool")

    def __init__(self, ai: Ai, tool: str, refs: Mapping[str, object] | None) -> None:
        self._ai = ai
        self._tool = tool
        self._refs = refs
        self._outcome: ToolOutcome | None = None
        self._reason: AiReason | str | None = None

    def failed(self, reason: AiReason | str | None = None) -> None:
        """It did not do what it was asked, whether or not something was raised."""
        self._outcome, self._reason = ToolOutcome.FAILED, reason

    def user_error(self) -> None:
        """What the user wants cannot be. Burns no budget."""
        self._outcome, self._reason = ToolOutcome.USER_ERROR, None

    def denied(self) -> None:
        """A person or a policy said no. Burns no budget."""
        self._outcome, self._reason = ToolOutcome.DENIED, None

    def __enter__(self) -> ToolCall:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        outcome, reason = self._outcome, self._reason
        if outcome is None and error is None:
            outcome = ToolOutcome.SUCCEEDED
        elif outcome is None and isinstance(error, Exception):
            outcome, reason = ToolOutcome.FAILED, reason_of(error)
        elif outcome is None:  # a cancellation: nobody waits for it any more
            outcome = ToolOutcome.ABANDONED
        self._ai.tool(self._tool, outcome, reason, refs=self._refs)

    async def __aenter__(self) -> ToolCall:
        return self.__enter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.__exit__(kind, error, trace)


def reason_of(error: BaseException) -> AiReason | str:
    """Why a call failed that raised *error*, as far as its class tells."""
    if isinstance(error, TimeoutError):
        return AiReason.TIMEOUT
    return AiReason.UNAVAILABLE if isinstance(error, OSError) else OTHER
