"""What whoever is woken does first. It stands on the incident's page beside the general guidance of the packs."""

from __future__ import annotations

from parapet import Runbook
from parapet.response.runbook import Step

from notes.reliability.service import parapet

parapet.runbook(
    Runbook(
        name="notes-first-moves",
        title="First moves for notes",
        owner="notes",
        slices=("web-availability", "web-latency"),
        steps=(
            Step(
                title="Undo the last change",
                text="If a deploy lies shortly before onset, undo it first and ask later. Say here how, and who may.",
            ),
            Step(
                title="Ask what it depends on",
                text="Say here which databases, queues and providers it needs, and where each shows its state.",
            ),
        ),
        warnings=("A cleared alert is no proof: try it yourself before you close.",),
    )
)
