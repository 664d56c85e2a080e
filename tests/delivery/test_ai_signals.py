"""What becomes of work that a model does: a failing tool is no model that misbehaves, and a refusal is no failure."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import TypeAlias

import pytest

from parapet import Parapet
from parapet.core import names, vocabulary
from parapet.core.errors import ConfigurationError
from parapet.core.vocabulary import EvaluationOutcome, GuardrailOutcome, ToolOutcome
from parapet.signals.ai import USUAL, Ai
from parapet.signals.refs import Sighting

Counted: TypeAlias = Callable[[str], dict[tuple[str, ...], float]]
Shown: TypeAlias = Callable[[str], set[tuple[str, ...]]]
Rejected: TypeAlias = Callable[[], dict[tuple[str, ...], float]]


@pytest.fixture
def assistant(shop: Parapet) -> Ai:
    """An assistant with two guardrails, two tools and an evaluation."""
    return shop.ai(
        "assistant", guardrails=("privacy", "grounding"), tools=("search", "refund"), evaluations=("helpful",)
    )


def test_each_kind_of_event_has_a_family_of_its_own(assistant: Ai, counted: Counted) -> None:
    """What a guardrail did is in no other family, and neither is what a tool did."""
    assistant.guardrail("privacy", "passed")
    assistant.guardrail("privacy", GuardrailOutcome.BLOCKED, "private")
    assistant.tool("search", "failed", "timeout")
    assistant.evaluation("helpful", "failed", "off_topic")
    assistant.approval_requested("refund")
    assistant.approval_decided("refund", "denied")
    assert counted(names.AI_GUARDRAIL) == {
        ("assistant", "privacy", "passed", "none"): 1,
        ("assistant", "privacy", "blocked", "private"): 1,
    }
    assert counted(names.AI_TOOL) == {("assistant", "search", "failed", "timeout"): 1}
    assert counted(names.AI_EVALUATION) == {("assistant", "helpful", "failed", "off_topic"): 1}
    assert counted(names.AI_APPROVAL) == {
        ("assistant", "refund", "requested"): 1,
        ("assistant", "refund", "denied"): 1,
    }


def test_without_a_reason_the_usual_one_is_meant(assistant: Ai, counted: Counted) -> None:
    """One that is always the same need not be said; where there are several, nobody knows."""
    assistant.guardrail("privacy", "blocked")
    assistant.tool("refund", "denied")
    assistant.evaluation("helpful", "inconclusive")
    assert counted(names.AI_GUARDRAIL) == {("assistant", "privacy", "blocked", "other"): 1}
    assert counted(names.AI_TOOL) == {("assistant", "refund", "denied", "policy"): 1}
    assert counted(names.AI_EVALUATION) == {("assistant", "helpful", "inconclusive", "none"): 1}


def test_what_went_well_has_no_reason(assistant: Ai, counted: Counted, rejected: Rejected) -> None:
    """A contradiction is counted as what happened, and as rejected."""
    assistant.guardrail("privacy", "passed", "unsafe")
    assert counted(names.AI_GUARDRAIL) == {("assistant", "privacy", "passed", "none"): 1}
    assert rejected() == {("ai.guardrail", "reason"): 1}


def test_a_call_of_a_tool_ends_as_it_ended(assistant: Ai, counted: Counted) -> None:
    """An exception goes through, and is a failure; a cancellation is the user leaving; what the host says wins."""
    with assistant.call("search"):
        pass
    for error in (TimeoutError(), ConnectionResetError(), ValueError(), asyncio.CancelledError()):
        with pytest.raises(type(error)), assistant.call("search"):
            raise error
    with assistant.call("refund") as call:
        call.user_error()
    with assistant.call("refund") as call:
        call.denied()
    with suppress(ValueError), assistant.call("refund") as call:
        call.user_error()
        raise ValueError("no such order")

    async def later() -> None:
        async with assistant.call("refund") as call:
            call.failed("arguments")

    asyncio.run(later())
    assert counted(names.AI_TOOL) == {
        ("assistant", "search", "succeeded", "none"): 1,
        ("assistant", "search", "failed", "timeout"): 1,
        ("assistant", "search", "failed", "unavailable"): 1,
        ("assistant", "search", "failed", "other"): 1,
        ("assistant", "search", "abandoned", "none"): 1,
        ("assistant", "refund", "user_error", "none"): 2,
        ("assistant", "refund", "denied", "policy"): 1,
        ("assistant", "refund", "failed", "arguments"): 1,
    }


def test_waiting_for_a_person_is_neither_backlog_nor_late_callback(assistant: Ai, counted: Counted) -> None:
    """It is looked at in a family of its own."""
    assistant.approval_backlog(0)
    assistant.approval_backlog(4_000.0)
    assert counted(names.AI_APPROVAL_BACKLOG) == {("assistant", "subsecond"): 1, ("assistant", "over_1h"): 1}
    assert counted(names.ASYNC_BACKLOG) == {}
    assert counted(names.ASYNC_CALLBACK) == {}


def test_the_first_error_is_a_step_from_zero(assistant: Ai, shown: Shown) -> None:
    """Every outcome, with the reasons that usually go with it, is shown before anything happened."""
    metrics = (
        names.AI_GUARDRAIL,
        names.AI_TOOL,
        names.AI_EVALUATION,
        names.AI_APPROVAL,
        names.AI_APPROVAL_BACKLOG,
    )
    before = {metric: shown(metric) for metric in metrics}
    for outcome, reasons in USUAL[names.AI_GUARDRAIL].items():
        for why in reasons:
            assistant.guardrail("grounding", outcome, why)
    for outcome, reasons in USUAL[names.AI_TOOL].items():
        for why in reasons:
            assistant.tool("search", outcome, why)
    for outcome in EvaluationOutcome:
        assistant.evaluation("helpful", outcome)
    for ended in ("approved", "denied", "expired", "withdrawn"):
        assistant.approval_decided("search", ended)
    assistant.approval_backlog(100_000.0)
    with pytest.raises(ValueError, match="unheard of"), assistant.call("search"):
        raise ValueError("unheard of")
    assert {metric: shown(metric) for metric in metrics} == before


def test_the_usual_reasons_cover_every_outcome() -> None:
    """An outcome that is added without one would be a series that appears."""
    assert set(USUAL[names.AI_GUARDRAIL]) == set(GuardrailOutcome)
    assert set(USUAL[names.AI_TOOL]) == set(ToolOutcome)
    assert set(USUAL[names.AI_EVALUATION]) == set(EvaluationOutcome)
    for metric, outcomes in USUAL.items():
        for reasons in outcomes.values():
            assert set(reasons) <= set(vocabulary.LABELS[metric][names.REASON] or ())


class Unspeakable:
    """A value of which every question fails."""

    __hash__ = None  # type: ignore[assignment]

    def __str__(self) -> str:
        raise RuntimeError("on purpose")

    def __eq__(self, other: object) -> bool:
        raise RuntimeError("on purpose")

    def __float__(self) -> float:
        raise RuntimeError("on purpose")


def test_nothing_that_is_told_can_break_the_host(assistant: Ai, counted: Counted, rejected: Rejected) -> None:
    """Values of a wrong kind become other, and the event is counted all the same."""
    bad = Unspeakable()
    assistant.guardrail(bad, "passed")  # type: ignore[arg-type]
    assistant.guardrail("privacy", bad)  # type: ignore[arg-type]
    assistant.guardrail("privacy", "blocked", bad)  # type: ignore[arg-type]
    assistant.tool("search", "exploded", "gremlins")
    assistant.evaluation("helpful", "brilliant")
    assistant.approval_requested(bad)  # type: ignore[arg-type]
    assistant.approval_decided("refund", "shrugged")
    assistant.approval_backlog(bad)  # type: ignore[arg-type]
    assert counted(names.AI_GUARDRAIL) == {
        ("assistant", "other", "passed", "none"): 1,
        ("assistant", "privacy", "other", "none"): 1,
        ("assistant", "privacy", "blocked", "other"): 1,
    }
    assert counted(names.AI_TOOL) == {("assistant", "search", "other", "other"): 1}
    assert counted(names.AI_EVALUATION) == {("assistant", "helpful", "other", "none"): 1}
    assert counted(names.AI_APPROVAL) == {
        ("assistant", "other", "requested"): 1,
        ("assistant", "refund", "other"): 1,
    }
    assert counted(names.AI_APPROVAL_BACKLOG) == {("assistant", "other"): 1}
    assert rejected()[("ai.approval_backlog", "delay_bucket")] == 1


def test_a_model_that_invents_tools_makes_no_series_without_end(
    assistant: Ai, counted: Counted, rejected: Rejected
) -> None:
    """Models call what does not exist; beyond the ceiling it is counted together."""
    for number in range(200):
        assistant.tool(f"invented-{number}", "failed", "arguments")
    tools = {labels[1] for labels in counted(names.AI_TOOL)}
    assert len(tools) == 48 + 1
    assert counted(names.AI_TOOL)[("assistant", "other", "failed", "arguments")] == 200 - 48
    assert rejected()[("ai.tool", "ceiling")] == 200 - 48


def test_exact_identifiers_go_to_evidence_and_into_no_label(shop: Parapet, assistant: Ai) -> None:
    """Which answer was blocked, and which order was to be refunded, can be looked up, not counted."""
    seen: list[Sighting] = []
    shop.refs.to(seen.extend)
    before = shop.recorder.render().count(b"\n")
    assistant.guardrail("privacy", "blocked", "private", refs={"answer_id": "a-1"})
    with assistant.call("refund", refs={"order": 7}):
        pass
    assistant.approval_requested("refund", refs={"request": "r-1"})
    assistant.approval_backlog(10.0, refs={"request": "r-1"})
    assert shop.refs.drain(5)
    assert [one.signal for one in seen] == ["ai.guardrail", "ai.tool", "ai.approval", "ai.approval_backlog"]
    assert seen[0].fields == {
        "integration": "assistant",
        "guardrail": "privacy",
        "outcome": "blocked",
        "reason": "private",
    }
    assert [dict(one.refs) for one in seen[:2]] == [{"answer_id": "a-1"}, {"order": "7"}]
    after = shop.recorder.render()
    assert b"a-1" not in after
    assert after.count(b"\n") == before


def test_a_definition_that_cannot_hold_is_refused(shop: Parapet) -> None:
    """Unlike recording, defining is loud."""
    with pytest.raises(ConfigurationError):
        shop.ai("")
    with pytest.raises(ConfigurationError, match="more than 30"):
        shop.ai("assistant", guardrails=[f"g-{number}" for number in range(31)])
