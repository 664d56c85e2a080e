"""Work that goes through stages: tried again is not lost, and a late answer is no backlog."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from typing import TypeAlias

import pytest

from parapet import Parapet
from parapet.core import names
from parapet.core.errors import ConfigurationError
from parapet.signals.pipeline import Pipeline
from parapet.signals.running import Running

Counted: TypeAlias = Callable[[str], dict[tuple[str, ...], float]]
Shown: TypeAlias = Callable[[str], set[tuple[str, ...]]]
Rejected: TypeAlias = Callable[[], dict[tuple[str, ...], float]]

MINE = ("videos", "mux", "media")


@pytest.fixture
def videos(shop: Parapet) -> Pipeline:
    """Videos that a provider encodes."""
    return shop.pipeline("videos", stages=("upload", "encode"), queue="media", provider="mux")


def test_retryable_is_not_discarded(videos: Pipeline, counted: Counted) -> None:
    """A stage that will be tried again is not lost, and one that is lost was not merely tried."""
    videos.stage("encode", "retryable_failed", attempt=1, max_attempts=3)
    videos.stage("encode", "retryable_failed", attempt=2, max_attempts=3)
    videos.stage("encode", "discarded", attempt=3, max_attempts=3)
    assert counted(names.ASYNC_STAGE) == {
        (*MINE, "encode", "retryable_failed", "first_attempt", "worker"): 1,
        (*MINE, "encode", "retryable_failed", "retrying", "worker"): 1,
        (*MINE, "encode", "discarded", "exhausted", "worker"): 1,
    }


def test_what_is_tried_again_cannot_be_exhausted(videos: Pipeline, counted: Counted, rejected: Rejected) -> None:
    """A contradiction is counted as the outcome says, and as rejected."""
    videos.stage("encode", "retryable_failed", retry_state="exhausted")
    assert counted(names.ASYNC_STAGE) == {(*MINE, "encode", "retryable_failed", "retrying", "worker"): 1}
    assert rejected() == {("async.stage", "retry_state"): 1}


def test_callback_delay_is_not_backlog(videos: Pipeline, counted: Counted) -> None:
    """An answer that is an hour late leaves the backlog empty, and the other way round."""
    videos.callback("encode", 4_000.0)
    assert counted(names.ASYNC_CALLBACK) == {(*MINE, "encode", "delayed", "over_1h", "webhook"): 1}
    assert counted(names.ASYNC_BACKLOG) == {}
    videos.backlog(4_000.0)
    assert counted(names.ASYNC_BACKLOG) == {(*MINE, "delayed", "over_1h", "backlog"): 1}
    assert sum(counted(names.ASYNC_CALLBACK).values()) == 1


def test_neither_can_name_the_plane_of_the_other(videos: Pipeline, counted: Counted, rejected: Rejected) -> None:
    """Even if the host mixes them up."""
    videos.backlog(4_000.0, fault_plane="webhook")
    videos.callback("encode", 4_000.0, fault_plane="backlog")
    assert counted(names.ASYNC_BACKLOG) == {(*MINE, "delayed", "over_1h", "other"): 1}
    assert counted(names.ASYNC_CALLBACK) == {(*MINE, "encode", "delayed", "over_1h", "other"): 1}
    assert rejected() == {("async.backlog", "fault_plane"): 1, ("async.callback", "fault_plane"): 1}


def test_a_look_at_the_queue_succeeds_or_finds_it_late(videos: Pipeline, counted: Counted) -> None:
    """Late is what the pipeline says: five minutes, unless it says otherwise."""
    videos.backlog(0)
    videos.backlog(299.9)
    videos.backlog(300.0)
    assert counted(names.ASYNC_BACKLOG) == {
        (*MINE, "succeeded", "subsecond", "none"): 1,
        (*MINE, "succeeded", "under_5m", "none"): 1,
        (*MINE, "delayed", "under_1h", "backlog"): 1,
    }


def test_an_answer_nobody_waits_for_any_more_is_lost(videos: Pipeline, counted: Counted) -> None:
    """However late it was."""
    videos.callback("encode", 10.0, discarded=True)
    assert counted(names.ASYNC_CALLBACK) == {(*MINE, "encode", "discarded", "under_30s", "webhook"): 1}


def test_a_try_is_started_and_ends(videos: Pipeline, counted: Counted) -> None:
    """An exception goes through: it is retried while tries are left, and an interruption never loses work."""
    with videos.run("upload"):
        pass
    with pytest.raises(ValueError, match="first"), videos.run("upload", attempt=1, max_attempts=2):
        raise ValueError("first")
    with pytest.raises(ValueError, match="last"), videos.run("upload", attempt=2, max_attempts=2):
        raise ValueError("last")
    with pytest.raises(KeyboardInterrupt), videos.run("upload", attempt=2, max_attempts=2):
        raise KeyboardInterrupt
    with videos.run("encode") as run:
        run.discard()

    async def later() -> None:
        async with videos.run("encode", attempt=2) as run:
            run.retry()

    asyncio.run(later())
    assert counted(names.ASYNC_STAGE) == {
        (*MINE, "upload", "started", "first_attempt", "none"): 2,
        (*MINE, "upload", "started", "retrying", "none"): 2,
        (*MINE, "upload", "succeeded", "first_attempt", "none"): 1,
        (*MINE, "upload", "retryable_failed", "first_attempt", "worker"): 1,
        (*MINE, "upload", "retryable_failed", "retrying", "worker"): 1,
        (*MINE, "upload", "discarded", "exhausted", "worker"): 1,
        (*MINE, "encode", "started", "first_attempt", "none"): 1,
        (*MINE, "encode", "started", "retrying", "none"): 1,
        (*MINE, "encode", "discarded", "first_attempt", "worker"): 1,
        (*MINE, "encode", "retryable_failed", "retrying", "worker"): 1,
    }


def test_work_begins_once_and_gets_through_or_is_given_up(videos: Pipeline, counted: Counted) -> None:
    """In the first stage, whatever is tried again; through the last one; in whichever stage it is given up."""
    videos.stage("upload", "started")
    videos.stage("upload", "retryable_failed", attempt=1, max_attempts=3)
    videos.stage("upload", "started", attempt=2)
    videos.stage("upload", "succeeded", attempt=2)
    videos.stage("encode", "started")
    assert counted(names.ASYNC_WORK) == {(*MINE, "started"): 1}
    videos.stage("encode", "succeeded")
    videos.stage("upload", "discarded", attempt=3, max_attempts=3)
    assert counted(names.ASYNC_WORK) == {
        (*MINE, "started"): 1,
        (*MINE, "succeeded"): 1,
        (*MINE, "discarded"): 1,
    }


def test_a_run_that_does_not_end_is_seen_while_it_does_not(videos: Pipeline, counted: Counted) -> None:
    """Whenever the numbers are read, the stages that ever ran here are looked at; the others are not."""
    assert counted(names.ASYNC_RUNNING) == {}
    with videos.run("encode"):
        assert counted(names.ASYNC_RUNNING) == {(*MINE, "encode", "subsecond"): 1}
    assert counted(names.ASYNC_RUNNING) == {(*MINE, "encode", "subsecond"): 2}


def test_runs_that_end_elsewhere_are_looked_at_by_the_host(
    videos: Pipeline, counted: Counted, rejected: Rejected
) -> None:
    """As its queue is; how long a stage takes is no backlog and no late callback."""
    videos.running("encode", 0)
    videos.running("encode", 4_000.0)
    videos.running("encode", "long")  # type: ignore[arg-type]
    assert counted(names.ASYNC_RUNNING) == {
        (*MINE, "encode", "subsecond"): 1,
        (*MINE, "encode", "over_1h"): 1,
        (*MINE, "encode", "other"): 1,
    }
    assert counted(names.ASYNC_BACKLOG) == counted(names.ASYNC_CALLBACK) == {}
    assert rejected() == {("async.running", "delay_bucket"): 1}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_does_not_run_what_its_parent_does() -> None:
    """A worker that forks during a run would otherwise seem to run it for ever."""
    running, run = Running(), object()
    running.begin("encode", run)
    child = os.fork()
    if child == 0:
        os._exit(0 if running.oldest() == {} else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert running.oldest()["encode"] > 0
    running.end("encode", run)
    assert running.oldest() == {"encode": 0}


def test_every_stage_is_shown_at_zero(videos: Pipeline, shown: Shown) -> None:
    """The first thing that is lost is a step, not a new series."""
    before = shown(names.ASYNC_STAGE)
    videos.stage("encode", "discarded")
    videos.stage("upload", "retryable_failed", attempt=2)
    assert shown(names.ASYNC_STAGE) == before
    late = shown(names.ASYNC_CALLBACK)
    videos.callback("upload", 5_000.0)
    assert shown(names.ASYNC_CALLBACK) == late


def test_wrong_values_never_break_the_host(videos: Pipeline, counted: Counted) -> None:
    """They become other and are counted."""
    videos.stage(["encode"], {"succeeded"}, attempt="two")  # type: ignore[arg-type]
    videos.stage("encode", "vanished")
    videos.backlog("long")  # type: ignore[arg-type]
    videos.callback("encode", float("nan"))
    assert sum(counted(names.ASYNC_STAGE).values()) == 2
    assert counted(names.ASYNC_BACKLOG) == {(*MINE, "other", "other", "none"): 1}
    assert counted(names.ASYNC_CALLBACK) == {(*MINE, "encode", "other", "other", "none"): 1}


def test_a_pipeline_that_cannot_hold_is_refused(shop: Parapet) -> None:
    """Without stages, or with a lateness between two buckets."""
    with pytest.raises(ConfigurationError, match="no stages"):
        shop.pipeline("videos", stages=(), queue="media")
    with pytest.raises(ConfigurationError, match="30, 300"):
        shop.pipeline("videos", stages=("upload",), queue="media", late_after_seconds=60)
