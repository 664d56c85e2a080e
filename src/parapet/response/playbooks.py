"""Guidance that comes with the packs: what a careful engineer does first. Hosts replace any of it by name."""

from __future__ import annotations

from parapet.response.runbook import Runbook, Step

LOOK_AT_CHANGES = Step(
    title="Compare onset with what changed",
    text="Look at What changed. If a deploy or a flag lies shortly before onset, undoing it is usually the safest "
    "first move. Undo one thing at a time, and mark it, so that the chronology shows what helped.",
)
SEE_WHO_IS_HURT = Step(
    title="See who is hurt",
    text="Open the logs of the failing requests for the window of this incident. Is it everyone, one customer, one "
    "region, one release? Write what you find as a note: the next person starts from there.",
)
ASK_THE_DEPENDENCY = Step(
    title="Rule out what it depends on",
    text="Check the database and the providers behind this journey. If a provider is down, do not restart or retry "
    "in bulk: that adds load where there is too little already.",
)


def journey_playbook(name: str, title: str, *, owner: str, slices: tuple[str, ...]) -> Runbook:
    """First steps for the journey *name*, attached to *slices*."""
    return Runbook(
        name=f"journey-{name}",
        title=f"{title} fails for users",
        owner=owner,
        slices=slices,
        steps=(LOOK_AT_CHANGES, SEE_WHO_IS_HURT, ASK_THE_DEPENDENCY),
        warnings=("A cleared alert is not proof of a fix: try the journey yourself before you close.",),
    )


def web_playbooks(*, owner: str) -> tuple[Runbook, ...]:
    """First steps for the slices of the web pack."""
    return (
        Runbook(
            name="web-availability",
            title="Requests fail with server errors",
            owner=owner,
            slices=("web-availability",),
            steps=(
                Step(
                    title="Find the failing route",
                    text="The dashboard shows errors by route. One route points to its code or its dependency; "
                    "all routes point to what they share: the database, the deploy, the machine.",
                ),
                LOOK_AT_CHANGES,
                ASK_THE_DEPENDENCY,
            ),
        ),
        Runbook(
            name="web-latency",
            title="Requests are slower than promised",
            owner=owner,
            slices=("web-latency",),
            steps=(
                Step(
                    title="Tell waiting from working",
                    text="Slow everywhere at once is waiting: a pool, a lock, a dependency. Slow on one route is work: "
                    "a query, a loop, a payload. Look at the database's wait events before you add capacity.",
                ),
                LOOK_AT_CHANGES,
                Step(
                    title="Shed load before you add it",
                    text="If the service is saturated, switch off what users can do without. Do not raise time-outs: "
                    "that keeps more requests waiting.",
                ),
            ),
        ),
    )
