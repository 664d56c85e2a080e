"""The reference of the signals is what the code says."""

from __future__ import annotations

import subprocess
import sys
from enum import StrEnum
from pathlib import Path

import pytest

from parapet.core import names, vocabulary
from parapet.signals.delays import bucket_of

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "reference" / "signals.md"


def test_the_page_is_current() -> None:
    """A family, value or bucket that is added, or taken away, is on the page in the same change."""
    command = [sys.executable, str(ROOT / "scripts" / "reference.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_family_and_every_value_is_on_it() -> None:
    """Metric, label, and each value of a closed label."""
    page = PAGE.read_text()
    for metric, labels in vocabulary.LABELS.items():
        _, _, rest = page.partition(f"### {metric}\n")
        section = rest.partition("\n#")[0]
        assert section, metric
        for label, closed in labels.items():
            assert f"| `{label}` |" in section
            assert all(f"`{value}`" in section for value in closed or ())


@pytest.mark.parametrize(
    "kind",
    [
        vocabulary.Outcome,
        vocabulary.JobState,
        vocabulary.DeliveryOutcome,
        vocabulary.AsyncOutcome,
        vocabulary.FailureClass,
        vocabulary.FaultPlane,
        vocabulary.RetryState,
        vocabulary.DelayBucket,
        vocabulary.Channel,
        vocabulary.ProbeOutcome,
        vocabulary.GuardrailOutcome,
        vocabulary.ToolOutcome,
        vocabulary.EvaluationOutcome,
        vocabulary.ApprovalOutcome,
        vocabulary.AiReason,
    ],
)
def test_every_value_has_a_meaning(kind: type[StrEnum]) -> None:
    """Said where it is defined, in the comment beside it."""
    _, _, rest = PAGE.read_text().partition(f"### {kind.__name__}\n")
    rows = [line for line in rest.partition("\n#")[0].splitlines() if line.startswith("| `")]
    assert [row.split("`")[1] for row in rows] == [member.value for member in kind]
    assert all(row.split("|")[2].strip() for row in rows)


def test_the_buckets_of_delays_mean_what_they_say() -> None:
    """The words of the page and the arithmetic of the code."""
    for bucket, seconds in zip(vocabulary.DelayBucket, (0.5, *vocabulary.DELAY_BOUNDS_SECONDS), strict=True):
        assert bucket_of(seconds) == bucket.value


def test_no_family_has_more_labels_than_a_reader_can_hold() -> None:
    """Ten at most, and never the identity of one thing."""
    forbidden = {"id", "user", "email", "path", "url", "message_id", "job_id"}
    for metric, labels in vocabulary.LABELS.items():
        assert len(labels) <= 10, metric
        assert not forbidden & set(labels), metric
    assert names.PIPELINE_STAGE in vocabulary.LABELS[names.ASYNC_STAGE]
