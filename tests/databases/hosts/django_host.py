"""A Django project that does things to its databases, one after the other, and says what each of them counted.

Run as `python django_host.py postgres-or-sqlite JSON-of-the-database`; prints a JSON object on its last line.
"""

from __future__ import annotations

import asyncio
import json
import sys
import threading
from collections.abc import Callable
from typing import Any

import django
from django.conf import settings

KIND, DATABASE = sys.argv[1], json.loads(sys.argv[2])
databases: dict[str, Any] = {"default": DATABASE}
if KIND == "postgres":
    pooled = {"pool": {"min_size": 1, "max_size": 2, "timeout": 0.2}}
    databases["pooled"] = DATABASE | {"OPTIONS": DATABASE.get("OPTIONS", {}) | pooled}
settings.configure(DATABASES=databases, DEFAULT_AUTO_FIELD="django.db.models.AutoField", USE_TZ=True)
django.setup()

from django.db import DatabaseError, IntegrityError, connection, connections, models, transaction  # noqa: E402
from prometheus_client.parser import text_string_to_metric_families  # noqa: E402

from parapet.integrations.django_db import instrument  # noqa: E402
from parapet.signals.recorder import Recorder  # noqa: E402


class Service:
    """As much of a Parapet as a database integration needs."""

    recorder = Recorder()


class Item(models.Model):
    name: models.CharField[str, str] = models.CharField(max_length=20, unique=True)

    class Meta:
        app_label = "shop"
        db_table = "item"


instrument(Service())
instrument(Service())


def samples(name: str) -> dict[str, float]:
    """The samples of one metric, by their labels."""
    families = text_string_to_metric_families(Service.recorder.render().decode())
    found = (one for family in families for one in family.samples if one.name == name)
    return {" ".join(one.labels.values()): one.value for one in found}


def operations() -> None:
    item = Item.objects.create(name="tea")
    Item.objects.filter(pk=item.pk).update(name="green tea")
    assert Item.objects.get(pk=item.pk).name == "green tea"
    Item.objects.filter(pk=item.pk).delete()


def failed() -> None:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT * FROM missing")
    except DatabaseError:
        return
    raise SystemExit("the exception did not arrive")


def refused() -> None:
    Item.objects.create(name="twice")
    try:
        Item.objects.create(name="twice")
    except IntegrityError:
        return
    raise SystemExit("the exception did not arrive")


def rolled_back() -> None:
    try:
        with transaction.atomic():
            Item.objects.create(name="gone")
            raise ZeroDivisionError
    except ZeroDivisionError:
        assert not Item.objects.filter(name="gone").exists()


def executemany() -> None:
    with connection.cursor() as cursor:
        cursor.executemany("INSERT INTO item (name) VALUES (%s)", [[f"many {number}"] for number in range(30)])


def streamed() -> None:
    with transaction.atomic():
        assert len(list(Item.objects.filter(name__startswith="many").iterator(chunk_size=10))) == 30


def threads() -> None:
    def work() -> None:
        for _ in range(5):
            Item.objects.count()
        connection.close()

    running = [threading.Thread(target=work) for _ in range(4)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()


def connected_again() -> None:
    for _ in range(3):
        connection.close()
        Item.objects.count()


def asynchronous() -> None:
    asyncio.run(Item.objects.acount())


def wrapped() -> None:
    """A wrapper of the host around a connection that is made meanwhile leaves with its block, and ours stays."""
    seen: list[str] = []

    def spy(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        seen.append(sql)
        return execute(sql, params, many, context)

    connection.close()
    connection.execute_wrappers.clear()
    with connection.execute_wrapper(spy):
        Item.objects.count()
    Item.objects.count()
    assert len([sql for sql in seen if "COUNT" in sql]) == 1
    assert spy not in connection.execute_wrappers


def composed() -> None:
    if KIND == "postgres":
        from psycopg import sql

        with connection.cursor() as cursor:
            cursor.execute(sql.SQL("DELETE FROM {} WHERE id < 0").format(sql.Identifier("item")))


def broken() -> None:
    """Nothing can be recorded: the host does not notice."""

    def fails(*arguments: object) -> None:
        raise RuntimeError("broken on purpose")

    family = Service.recorder.families["parapet_db_query_duration_seconds"]
    family.cells = fails  # type: ignore[method-assign, assignment]
    kept, Recorder.observe = Recorder.observe, fails  # type: ignore[method-assign, assignment]
    answers: list[int] = []

    def work() -> None:
        answers.append(Item.objects.filter(name="twice").count())
        failed()
        connection.close()

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    del family.cells
    Recorder.observe = kept  # type: ignore[method-assign]
    assert answers == [1]


def pool() -> dict[str, float]:
    """Two connections, and a third one that nobody gives back in time."""
    taken, leave = threading.Barrier(3), threading.Event()

    def work() -> None:
        Item.objects.using("pooled").count()
        taken.wait(10)
        leave.wait(10)
        connections["pooled"].close()

    running = [threading.Thread(target=work) for _ in range(2)]
    for thread in running:
        thread.start()
    taken.wait(10)
    during = samples("parapet_db_pool_connections")
    try:
        Item.objects.using("pooled").count()
        raise SystemExit("the pool had one more")
    except DatabaseError:
        pass
    finally:
        leave.set()
        for thread in running:
            thread.join()
    Item.objects.using("pooled").count()
    connections["pooled"].close()
    connections["pooled"].close_pool()  # type: ignore[attr-defined]
    return during


def main() -> None:
    told: dict[str, object] = {"zero": samples("parapet_db_query_duration_seconds_count")}
    with connection.schema_editor() as editor:
        editor.create_model(Item)
    steps: list[Callable[[], object]] = [
        operations,
        failed,
        refused,
        rolled_back,
        executemany,
        streamed,
        threads,
        connected_again,
        asynchronous,
        wrapped,
        composed,
        broken,
    ]
    if KIND == "postgres":
        steps.append(pool)
    for step in steps:
        before = samples("parapet_db_query_duration_seconds_count")
        returned = step()
        after = samples("parapet_db_query_duration_seconds_count")
        told[step.__name__] = {
            name: int(n - before.get(name, 0)) for name, n in after.items() if n != before.get(name, 0)
        }
        if returned is not None:
            told[f"{step.__name__}_returned"] = returned
    told["waits"] = samples("parapet_db_pool_wait_seconds_count")
    print(json.dumps(told))


main()
