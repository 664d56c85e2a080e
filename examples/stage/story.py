"""The whole loop without a person: an outage, from its first failed checkout to its retrospective.

    python -m examples.stage.story [--evidence URL] [--keep]

Every stage is read back from the system that has it, within a time limit. Exit status 0 only if all of it happened.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from time import monotonic

from examples.shop.settings import REPOSITORY
from examples.stage.browser import Browser
from examples.stage.load import Load, Rates
from examples.stage.machine import StackError, ended_by_signals
from examples.stage.receiver import Receiver
from examples.stage.scene import ENOUGH_EVENTS, FAST_PAGE_BURN, OPERATOR, QUIET_SECONDS, Scene, moments
from examples.stage.stack import Stack
from examples.stage.stage import Passed, Stage, StoryFailed, tell

from parapet.lessons.retrospective import MomentName, Retrospective


def before(scene: Scene) -> tuple[Stage, ...]:
    """All is well, and a release goes out."""
    return (
        Stage(
            title="the evidence is empty",
            expected="no incident in the database, or the story could not tell its own from others",
            look=scene.nothing_yet,
            within_seconds=0,
        ),
        Stage(
            title="journeys are healthy in Prometheus",
            expected=f"login and checkout with {ENOUGH_EVENTS} events or more and no burn",
            look=scene.healthy_in_prometheus,
            within_seconds=60,
        ),
        Stage(
            title="journeys are healthy on the workbench",
            expected="Login Good, Checkout Good",
            act=scene.sign_in,
            look=lambda: scene.on_page("", "Login Good", "Checkout Good"),
        ),
        Stage(
            title="a deploy is marked",
            expected="Deploy 1.8.2 on the page of changes",
            act=lambda: scene.mark("--version", "1.8.2"),
            look=lambda: scene.on_page("changes", "Deploy 1.8.2"),
        ),
    )


def outage(scene: Scene) -> tuple[Stage, ...]:
    """The release is bad, and everybody hears of it."""
    return (
        Stage(
            title="checkout breaks",
            expected="a customer who pays sees status 500",
            act=lambda: scene.turn("checkout_down"),
            look=lambda: scene.pay(500),
        ),
        Stage(
            title="the burn is recorded in Prometheus",
            expected=f"parapet:slo_burn:current of checkout above {FAST_PAGE_BURN}",
            look=scene.burns,
        ),
        Stage(
            title="the alert fires in Prometheus",
            expected="a firing page for the slice checkout",
            look=lambda: scene.alert("page", "firing", scene.stack.prometheus.firing("checkout")),
        ),
        Stage(
            title="Alertmanager has it",
            expected="an active page for the slice checkout",
            look=lambda: scene.alert("page", "active", scene.stack.alertmanager.alerts("checkout")),
        ),
        Stage(
            title="an incident is in the database",
            expected="one open incident of shop/checkout, a page",
            look=scene.opened,
        ),
        Stage(
            title="the incident is on the workbench",
            expected="in the queue and on its page; checkout burns on the first page, login is good",
            look=scene.visible,
        ),
        Stage(
            title="people are told",
            expected="the announcement opened, and a call to whoever is on call, signed",
            look=lambda: scene.told("opened", "escalated"),
        ),
    )


def response(scene: Scene) -> tuple[Stage, ...]:
    """Somebody takes it, and rolls back."""
    return (
        Stage(
            title="it is acknowledged on its page",
            expected=f"investigating, owned by {OPERATOR}, with the reason in the chronology",
            act=scene.acknowledge,
            look=scene.acknowledged,
        ),
        Stage(
            title="the rollback is marked",
            expected="Rollback 1.8.1 on the page of changes",
            act=lambda: scene.mark("--version", "1.8.1", "--rollback"),
            look=lambda: scene.on_page("changes", "Rollback 1.8.1"),
        ),
        Stage(
            title="checkout is repaired",
            expected="a customer who pays gets an order",
            act=lambda: scene.turn("none"),
            look=lambda: scene.pay(200),
        ),
    )


def after(scene: Scene) -> tuple[Stage, ...]:
    """It ends by itself, and is remembered."""
    return (
        Stage(
            title="the alerts clear in Prometheus",
            expected="nothing fires for checkout, neither page nor ticket",
            look=scene.cleared,
            within_seconds=100,
        ),
        Stage(
            title="the incident is quiet",
            expected="no alert is reported any more; the incident waits before it closes",
            look=scene.quiet,
        ),
        Stage(
            title="it resolves by itself",
            expected=f"resolved as reported, {QUIET_SECONDS:g} s of quiet after the last alert or later",
            look=scene.resolved,
            within_seconds=QUIET_SECONDS + 20,
        ),
        Stage(
            title="the retrospective can be read",
            expected="times, reason, both changes, the end; as a page and as Markdown",
            look=scene.retrospective,
        ),
        Stage(
            title="people were told of every turn",
            expected="opened, acknowledged and resolved, each once, every signature right",
            look=scene.all_told,
        ),
        Stage(
            title="it was one story",
            expected="one incident, and no other promise alerted",
            look=scene.one_story,
            within_seconds=0,
        ),
    )


def chronology(kept: Retrospective) -> list[str]:
    """The chronology of a retrospective, with the seconds from onset."""
    onset = moments(kept)[MomentName.BEGAN]
    lines = [f"{kept.ref} {kept.title}: {kept.summary}"]
    for line in kept.chronology:
        since = (line.occurred_at - onset) / timedelta(seconds=1)
        lines.append(f"  {line.occurred_at:%H:%M:%S} UTC {since:+7.1f} s  {line.text} ({line.actor})")
    return lines


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A story that happened."""

    passed: tuple[Passed, ...]
    retrospective: Retrospective


def run(
    *,
    home: Path,
    evidence_url: str | None = None,
    rates: Rates | None = None,
    say: Callable[[str], None] = print,
) -> Told:
    """Tell the story on a stack of its own in the folder *home*, which is stopped at the end and left to be read.

    Raises:
        StoryFailed: a stage did not happen.
        StackError: the stack did not come up, or a part of it died.
    """
    began = monotonic()
    with Receiver() as receiver:
        stack = Stack(home=home, evidence_url=evidence_url, quiet_seconds=QUIET_SECONDS, notify_url=receiver.url)
        with stack:
            receiver.secret = stack.settings.secret("notify-secret") or ""
            say(f"{monotonic() - began:6.1f} s         the stack is up: {', '.join(sorted(stack.running))}")
            pids = stack.running
            with (
                Load(stack.address, stack.password, rates or Rates()) as load,
                Browser(stack.address) as operator,
                Browser(stack.address) as witness,
            ):
                scene = Scene(stack=stack, receiver=receiver, load=load, operator=operator, witness=witness)
                stages = (*before(scene), *outage(scene), *response(scene), *after(scene))
                passed = tell(stages, began=began, check_alive=stack.check_alive, logs=stack.logs, say=say)
                kept = scene.kept
        left = [name for name, pid in pids.items() if _alive(pid)]
        if left:
            raise StoryFailed(f"After the end these still run: {', '.join(left)}.")
    say(f"{monotonic() - began:6.1f} s         the stack is gone; nothing was left running")
    if kept is None:
        raise StoryFailed("The incident has no retrospective.")
    for line in chronology(kept):
        say(line)
    return Told(passed=passed, retrospective=kept)


def main() -> int:
    """Tell the story from the command line."""
    parser = argparse.ArgumentParser(description="The whole loop on this machine, without a person.")
    parser.add_argument("--evidence", metavar="URL", help="an empty evidence database, such as postgresql://...")
    parser.add_argument("--home", type=Path, default=REPOSITORY / "var" / "story", help="folder (default: %(default)s)")
    parser.add_argument("--keep", action="store_true", help="keep the folder; after a failure it is kept anyway")
    given = parser.parse_args()
    began = monotonic()
    try:
        with ended_by_signals():
            run(home=given.home, evidence_url=given.evidence)
    except (StoryFailed, StackError) as error:
        print(f"\nThe story did not happen: {error}", file=sys.stderr)
        print(f"Everything it left is in {given.home}.", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nEnded early; everything is stopped.", file=sys.stderr)
        return 130
    if given.keep:
        print(f"Databases, logs and generated files: {given.home}")
    else:
        shutil.rmtree(given.home)
    print(f"All of it happened, in {monotonic() - began:.0f} s.")
    return 0


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


if __name__ == "__main__":
    sys.exit(main())
