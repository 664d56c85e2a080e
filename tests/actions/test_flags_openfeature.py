"""A flag that was turned, the incident near it, and the way back: as OpenFeature's own client evaluates it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from openfeature import api
from openfeature.provider.in_memory_provider import InMemoryFlag, InMemoryProvider
from tests.actions.conftest import ONE
from tests.conftest import ANA

from parapet.integrations.openfeature import FlagChanges
from parapet.ops.act import Actions
from parapet.ops.acting import Bench
from parapet.ops.telling import Teller
from parapet.ops.undoing import Undoing
from parapet.response.ready import revert_flags
from parapet.response.run import RunState

if TYPE_CHECKING:
    from tests.conftest import Desk

FLAG = "fast-checkout"


class Flags:
    """The host's flags, served by OpenFeature: the SDK only reads, so to write one is to serve others."""

    def __init__(self) -> None:
        variants = {"on": True, "off": False}
        self._flags = {FLAG: InMemoryFlag(default_variant="off", variants=variants)}
        self._serve()

    def read(self, flag: str) -> str:
        """Its variant, as every client sees it."""
        return api.get_client().get_boolean_details(flag, False).variant or ""

    def write(self, flag: str, variant: str) -> None:
        """Everybody has this variant from now on."""
        self._flags[flag] = replace(self._flags[flag], default_variant=variant)
        self._serve()

    def _serve(self) -> None:
        api.set_provider(InMemoryProvider(self._flags))


@pytest.fixture
def flags() -> Iterator[Flags]:
    """One flag, off; afterwards OpenFeature is as it was."""
    yield Flags()
    api.clear_hooks()
    api.shutdown()
    api.clear_providers()


def test_a_flag_that_was_turned_before_an_incident_is_turned_back_and_forth(desk: Desk, flags: Flags) -> None:
    """Turned, recorded by the hook, near the incident, previewed, confirmed: the client evaluates the old variant
    again; taken back, the new one."""
    teller, client = Teller(desk.changes, desk.clock), api.get_client()
    api.add_hooks([FlagChanges(teller.changed)])
    desk.clock.set(desk.clock.now().replace(year=2026, month=11, day=12, hour=2, minute=9))
    assert client.get_boolean_value(FLAG, True) is False
    flags.write(FLAG, "on")
    assert client.get_boolean_value(FLAG, False) is True
    teller.flush()
    desk.fire("02:13")
    near = desk.look.incident(ONE).near_changes
    assert [one.change.title for one in near] == [f"Flag {FLAG}: False to True"]

    revert = revert_flags({FLAG: "off"}, read=flags.read, write=flags.write)
    bench = Bench(context=desk.context, capabilities={revert.name: revert})
    seen = Actions(bench).preview(revert.name, ONE, actor=ANA)
    assert [(one.id, one.label) for one in seen.targets] == [(FLAG, "on to off")]
    assert client.get_boolean_value(FLAG, False) is True
    run = Actions(bench).confirm(seen.id, digest=seen.digest, actor=ANA, reason="it began with the flag")
    assert run.state is RunState.DONE
    assert client.get_boolean_value(FLAG, True) is False
    teller.flush()
    titles = [one.change.title for one in desk.look.incident(ONE).near_changes]
    assert titles == [f"Flag {FLAG}: False to True", f"Flag {FLAG}: True to False"]

    Undoing(bench).undo(run.id or 0, actor=ANA, reason="it was not the flag", version=run.version)
    assert client.get_boolean_value(FLAG, False) is True
    teller.flush()  # what it still writes holds a connection
