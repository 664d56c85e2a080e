"""The preset of celery-exporter, over series with the names, labels and zeros that its source declares.

It comes as a container image only, so it does not run here.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from parapet.core.errors import UnknownName
from parapet.slo.catalog import Catalog
from parapet.slo.selector import equals
from parapet.slo.sli import EventRatio
from parapet.slo.slice import Slice
from parapet.slo.sources.tasks import celery_exporter_pack

ADDRESS = "https://runbooks.example/tasks"
WHERE = 'hostname="w1",name="shop.send",queue_name="mail"'
TEXT = f"""\
# TYPE celery_task_succeeded_total counter
celery_task_succeeded_total{{{WHERE}}} 27
celery_task_succeeded_total{{hostname="w1",name="shop.bill",queue_name="money"}} 1000
# TYPE celery_task_failed_total counter
celery_task_failed_total{{{WHERE},exception="SMTPException"}} 2
celery_task_failed_total{{{WHERE},exception=""}} 1
# TYPE celery_task_sent_total counter
celery_task_sent_total{{hostname="web-1",name="shop.send",queue_name="mail"}} 530
# TYPE celery_task_received_total counter
celery_task_received_total{{{WHERE}}} 530
# TYPE celery_task_started_total counter
celery_task_started_total{{{WHERE}}} 530
# TYPE celery_task_retried_total counter
celery_task_retried_total{{{WHERE}}} 500
# TYPE celery_task_revoked_total counter
celery_task_revoked_total{{{WHERE}}} 40
# TYPE celery_task_rejected_total counter
celery_task_rejected_total{{{WHERE}}} 30
# TYPE celery_task_runtime histogram
celery_task_runtime_bucket{{{WHERE},le="1.0"}} 20
celery_task_runtime_bucket{{{WHERE},le="+Inf"}} 27
celery_task_runtime_count{{{WHERE}}} 27
celery_task_runtime_sum{{{WHERE}}} 30
"""


def test_two_counters_are_one_total(judge: Callable[[Catalog, str], dict[str, float]]) -> None:
    """Successes and failures are counted apart, under labels that may be equal; a retry is no end."""
    pack = celery_exporter_pack(latency=(1.0, 0.95), queues=("mail",))
    ratios = judge(Catalog(service="shop", slices=pack.slices, runbooks=("jobs",)), TEXT)
    assert ratios == {"jobs-success": pytest.approx(3 / 30), "jobs-latency": pytest.approx(7 / 27)}


def test_a_counter_that_the_family_does_not_have_is_refused() -> None:
    """As any other value of a closed label."""
    (one,) = celery_exporter_pack(runbook=ADDRESS)
    sli = one.sli
    assert isinstance(sli, EventRatio)
    wrong = EventRatio(
        metric=sli.metric, total=(), bad=(equals("__name__", "celery_task_lost_total"),), source=sli.source
    )
    with pytest.raises(UnknownName, match="celery_task_lost_total"):
        Catalog(service="shop", slices=(Slice(name="t", title="T", sli=wrong, objective=0.9, runbook=ADDRESS),))
