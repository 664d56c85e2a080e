"""Every family of the vocabulary: bounded, shown at zero, recorded without ever raising."""

from __future__ import annotations

import gc
import math
import sys
import threading
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from parapet.core import contract, gauges, guard, names, vocabulary
from parapet.core.errors import ConfigurationError, UnknownName
from parapet.signals.cells import Family
from parapet.signals.numbers import Counter
from parapet.signals.recorder import Recorder

Samples = dict[tuple[str, tuple[str, ...]], float]
DONE = ("send_receipt", "mail", "succeeded")


def samples(recorder: Recorder) -> Samples:
    """What a scrape reads: (name, label values in the order of their names) -> value."""
    return {
        (sample.name, tuple(sample.labels[label] for label in sorted(sample.labels))): sample.value
        for family in text_string_to_metric_families(recorder.render().decode())
        for sample in family.samples
    }


def rejected(recorder: Recorder) -> dict[tuple[str, ...], float]:
    return {labels: value for (name, labels), value in samples(recorder).items() if name == names.REJECTED and value}


def test_every_family_has_a_help_text_and_no_more_than_ten_labels() -> None:
    """The vocabulary is complete: what is in one table is in the others."""
    assert set(contract.HELP) == set(vocabulary.LABELS)
    assert set(vocabulary.BUCKETS_SECONDS) <= set(vocabulary.LABELS)
    assert set(gauges.GAUGES) <= set(vocabulary.LABELS) - set(vocabulary.BUCKETS_SECONDS)
    assert set(contract.SIGNALS) <= set(vocabulary.LABELS)
    recorder = Recorder()
    for metric in vocabulary.LABELS:
        assert len(recorder.families[metric].label_names) <= 10


def test_an_eleventh_label_is_refused_where_the_family_is_defined() -> None:
    """Each label multiplies the series; the message says so."""
    with pytest.raises(ConfigurationError, match="11 labels; 10 is the most"):
        Family("parapet_wide", "Wide.", tuple(f"l{index}" for index in range(11)))


@pytest.mark.parametrize("name", ["", "Parapet", "parapet-x", "9x", "x y"])
def test_what_is_no_metric_name_is_refused(name: str) -> None:
    """Prometheus would drop the whole scrape."""
    with pytest.raises(ConfigurationError, match="is no metric"):
        Family(name, "No.", ("a",))


def test_a_counter_is_named_as_one() -> None:
    """Prometheus' conventions, checked where the family is defined."""
    with pytest.raises(ConfigurationError, match="must end in '_total'"):
        Counter("parapet_lost", "Lost.", ())


def test_durations_counts_and_gauges_are_recorded_by_name() -> None:
    """The three ways to record, and what a scrape reads of them."""
    recorder = Recorder()
    recorder.observe(names.JOB_DURATION, DONE, 0.3)
    recorder.observe(names.JOB_DURATION, DONE, 100)
    recorder.add(names.JOB_LOST, ("send_receipt", "mail"))
    recorder.add(names.JOB_LOST, ("send_receipt", "mail"), 2)
    recorder.set(names.JOB_BACKLOG_SIZE, ("mail",), 7)
    recorder.set(names.JOB_BACKLOG_SIZE, ("mail",), 3)
    seen = samples(recorder)
    labels = ("mail", "succeeded", "send_receipt")
    assert seen[names.JOB_DURATION + "_count", labels] == 2
    assert seen[names.JOB_DURATION + "_sum", labels] == 100.3
    assert seen[names.JOB_LOST, ("mail", "send_receipt")] == 3
    assert seen[names.JOB_BACKLOG_SIZE, ("mail",)] == 3
    assert rejected(recorder) == {}


def test_a_gauge_that_nobody_knows_is_not_shown() -> None:
    """An old number is worse than none."""
    recorder = Recorder()
    recorder.set(names.JOB_BACKLOG_AGE, ("mail",), 12.5)
    assert samples(recorder)[names.JOB_BACKLOG_AGE, ("mail",)] == 12.5
    recorder.set(names.JOB_BACKLOG_AGE, ("mail",), math.nan)
    assert (names.JOB_BACKLOG_AGE, ("mail",)) not in samples(recorder)


def test_declared_series_are_shown_at_zero() -> None:
    """A first failure is then a step from zero; nothing else about the family is shown."""
    recorder = Recorder()
    assert names.JOB_DURATION not in recorder.render().decode()
    recorder.declare(names.JOB_DURATION, ("send_receipt", "mail", "failed"))
    recorder.declare(names.JOB_LOST, ("send_receipt", "mail"))
    seen = samples(recorder)
    assert seen[names.JOB_DURATION + "_count", ("mail", "failed", "send_receipt")] == 0
    assert seen[names.JOB_LOST, ("mail", "send_receipt")] == 0


def test_a_bound_series_counts_on_every_thread() -> None:
    """One handle, looked up once; totals are exact, those of ended threads included."""
    recorder = Recorder()
    series = recorder.bind(names.DB_DURATION, ("select", "primary", "success"))
    tally = recorder.bind(names.JOB_LOST, ("a", "b"))

    def work() -> None:
        for _ in range(1_000):
            series.observe(0.01)
            tally.add()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seen = samples(recorder)
    assert seen[names.DB_DURATION + "_count", ("primary", "select", "success")] == 8_000
    assert seen[names.DB_DURATION + "_sum", ("primary", "select", "success")] == pytest.approx(80.0)
    assert seen[names.JOB_LOST, ("b", "a")] == 8_000


def test_a_value_outside_its_closed_set_is_other_and_said_so() -> None:
    """The event is kept, its wrong word is not."""
    recorder = Recorder()
    recorder.observe(names.JOB_DURATION, ("send_receipt", "mail", "exploded"), 0.1)
    recorder.observe(names.JOB_DURATION, ("send_receipt", "mail", 3), 0.1)  # type: ignore[arg-type]
    assert samples(recorder)[names.JOB_DURATION + "_count", ("mail", "other", "send_receipt")] == 2
    assert rejected(recorder) == {("job.run", "state"): 2}


@pytest.mark.parametrize(("metric", "label", "most"), [(names.JOB_WAIT, "task", 100), (names.JOB_WAIT, "queue", 50)])
def test_values_beyond_the_ceiling_share_one_series(metric: str, label: str, most: int) -> None:
    """A task name that is made anew for every run does not grow the memory."""
    recorder = Recorder()
    at = list(vocabulary.LABELS[metric]).index(label)
    for index in range(1_000):
        values = ["same", "same"]
        values[at] = f"made-up-{index}"
        recorder.observe(metric, (values[0], values[1]), 0.1)
    series = recorder.families.histogram(metric).snapshot().series
    assert len(series) == most + 1
    assert sum(sum(cells[:-1]) for cells in series.values()) == 1_000
    assert rejected(recorder) == {("job.run", "ceiling"): 1_000 - most}


def test_a_family_has_a_ceiling_over_all_its_labels() -> None:
    """A hundred tasks in fifty queues in five states would be 25,000 label sets."""
    recorder = Recorder(max_series=300)
    for task in range(100):
        for queue in range(50):
            recorder.observe(names.JOB_DURATION, (f"t{task}", f"q{queue}", "succeeded"), 0.1)
    series = recorder.families.histogram(names.JOB_DURATION).snapshot().series
    assert len(series) == 301
    assert sum(series["other", "other", "succeeded"][:-1]) == 4_700


def test_a_ceiling_can_be_raised_and_cannot_be_nothing() -> None:
    """The host decides how much it pays for."""
    recorder = Recorder(ceilings={names.TASK: 3})
    for index in range(5):
        recorder.observe(names.JOB_WAIT, (f"t{index}", "mail"), 0.1)
    assert len(recorder.families[names.JOB_WAIT]) == 4
    with pytest.raises(ConfigurationError, match="expected 1 or more"):
        Recorder(ceilings={names.TASK: 0})


def test_one_queue_is_the_same_queue_in_every_family() -> None:
    """A value takes one place, however many families show it."""
    recorder = Recorder(ceilings={names.QUEUE: 1})
    recorder.observe(names.JOB_WAIT, ("t", "mail"), 0.1)
    recorder.set(names.JOB_BACKLOG_SIZE, ("mail",), 1)
    recorder.set(names.JOB_BACKLOG_SIZE, ("push",), 1)
    assert samples(recorder)[names.JOB_BACKLOG_SIZE, ("other",)] == 1


def test_registered_values_keep_their_place() -> None:
    """What the host names is there before others take the room."""
    recorder = Recorder(ceilings={names.QUEUE: 2})
    recorder.register_values(names.QUEUE, ("mail",))
    for index in range(5):
        recorder.set(names.JOB_BACKLOG_SIZE, (f"q{index}",), 1)
    recorder.set(names.JOB_BACKLOG_SIZE, ("mail",), 4)
    assert samples(recorder)[names.JOB_BACKLOG_SIZE, ("mail",)] == 4


def test_registering_is_checked_where_it_is_written() -> None:
    """A closed set stays closed, an unknown label is named, and too many or empty values are refused."""
    recorder = Recorder(ceilings={names.QUEUE: 1})
    with pytest.raises(ConfigurationError, match="are a closed set: claimed, discarded, due, failed"):
        Recorder().register_values(names.STATE, ("exploded",))
    with pytest.raises(UnknownName, match="Did you mean 'queue'"):
        recorder.register_values("queues", ("mail",))
    with pytest.raises(ConfigurationError, match="raise the ceiling"):
        recorder.register_values(names.QUEUE, ("mail", "push"))
    with pytest.raises(ConfigurationError, match="Use a text of 1 to 200"):
        recorder.register_values(names.QUEUE, ("",))


def test_more_journeys_than_the_ceiling_are_refused_where_they_are_named() -> None:
    """A promise over a journey that is counted as `other` would never alert."""
    recorder = Recorder(ceilings={names.JOURNEY: 2})
    recorder.register_journey("login")
    recorder.register_journey("checkout")
    with pytest.raises(ConfigurationError, match="more than 2 values"):
        recorder.register_journey("signup")


def test_binding_what_does_not_exist_is_refused_with_the_nearest_name() -> None:
    """A handle is made when code is loaded, so it may say what is wrong."""
    recorder = Recorder()
    with pytest.raises(UnknownName, match=f"Did you mean '{names.JOB_DURATION}'"):
        recorder.bind("parapet_jobs_duration_seconds", ("a",))
    with pytest.raises(ConfigurationError, match="give 3 values, not 1"):
        recorder.bind(names.JOB_DURATION, ("a",))


def test_recording_what_does_not_exist_is_counted_and_goes_no_further() -> None:
    """Whoever records is in the middle of somebody's request."""
    recorder = Recorder()
    recorder.observe("parapet_nothing", ("a",), 0.1)
    recorder.observe(names.JOB_WAIT, ("only one",), 0.1)
    recorder.observe(names.JOB_WAIT, None, 0.1)  # type: ignore[arg-type]
    recorder.observe(names.JOB_WAIT, (["list"], {}), 0.1)  # type: ignore[arg-type]
    recorder.add(names.JOB_WAIT, ("t", "mail"), 1)
    recorder.observe(names.JOB_LOST, ("t", "mail"), 0.1)
    recorder.set(names.JOB_LOST, ("t", "mail"), 0.1)
    recorder.add(names.JOB_LOST, ("t", "mail"), -1)
    recorder.add(names.JOB_LOST, ("t", "mail"), math.nan)
    recorder.set(names.JOB_BACKLOG_SIZE, ("mail",), math.inf)
    recorder.set(names.JOB_BACKLOG_SIZE, ("mail",), "many")  # type: ignore[arg-type]
    assert rejected(recorder) == {
        ("other", "metric"): 1,
        ("job.run", "labels"): 2,
        ("job.run", "task"): 1,
        ("job.run", "queue"): 1,
        ("job.run", "kind"): 3,
        ("job.run", "number"): 2,
        ("job.backlog", "number"): 2,
    }
    assert samples(recorder)[names.JOB_WAIT + "_count", ("other", "other")] == 3


@given(
    metric=st.sampled_from([*vocabulary.LABELS, "nonsense"]),
    values=st.one_of(
        st.lists(st.one_of(st.text(), st.none(), st.integers(), st.lists(st.none())), max_size=4).map(tuple), st.none()
    ),
    number=st.one_of(st.floats(), st.integers(), st.text(), st.none(), st.decimals()),
)
def test_nothing_that_is_recorded_raises(metric: str, values: tuple[str, str], number: float) -> None:
    """Any metric, any values, any number, in any of the three ways; what is read after that is still well formed."""
    recorder = Recorder()
    recorder.observe(metric, values, number)
    recorder.add(metric, values, number)
    recorder.set(metric, values, number)
    samples(recorder)


def test_numbers_that_convert_themselves_are_taken() -> None:
    """A Decimal is a number; a text or a truth value is none."""
    recorder = Recorder()
    recorder.observe(names.JOB_WAIT, ("t", "mail"), Decimal("0.5"))  # type: ignore[arg-type]
    recorder.set(names.JOB_BACKLOG_SIZE, ("mail",), Decimal(3))  # type: ignore[arg-type]
    seen = samples(recorder)
    assert (seen[names.JOB_WAIT + "_sum", ("mail", "t")], seen[names.JOB_BACKLOG_SIZE, ("mail",)]) == (0.5, 3)


def test_what_is_collected_at_scrape_is_fresh_and_its_faults_stay_inside() -> None:
    """A pool is asked when somebody looks; a broken pool costs its own number only."""
    recorder = Recorder()
    pool = {"in_use": 1}

    def tell(to: Recorder) -> None:
        to.set(names.DB_POOL_CONNECTIONS, ("primary", "in_use"), pool["in_use"])

    def broken(to: Recorder) -> None:
        raise RuntimeError("on purpose")

    recorder.collect_at_scrape(broken)
    recorder.collect_at_scrape(tell)
    before = guard.swallowed["signals.at_scrape", "RuntimeError"]
    for pool["in_use"] in (1, 5):
        assert samples(recorder)[names.DB_POOL_CONNECTIONS, ("primary", "in_use")] == pool["in_use"]
    assert guard.swallowed["signals.at_scrape", "RuntimeError"] == before + 2


def test_made_up_words_leave_nothing_in_memory() -> None:
    """Tasks, queues, metrics and outcomes that are never seen again: the second half adds no object to the first."""
    recorder = Recorder()

    def attack(numbers: range) -> int:
        for number in numbers:
            recorder.observe(names.JOB_DURATION, (f"task-{number}", f"queue-{number}", f"state-{number}"), 0.1)
            recorder.add(f"metric-{number}", ("a",))
            recorder.set(names.JOB_BACKLOG_SIZE, (f"queue-{number}",), number)
            recorder.record(f"journey-{number}", f"outcome-{number}", 0.1)
        gc.collect()
        return sys.getallocatedblocks()

    first = attack(range(2_000))
    assert attack(range(2_000, 6_000)) - first < 200
