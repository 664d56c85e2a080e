"""Steps of the prebuilt playbooks: what to do, what to look for, and what not to do."""

from __future__ import annotations

from parapet.response.runbook import Step

# Callbacks.

COMPARE_ACCEPTED_WITH_HEARD = Step(
    title="Compare what was accepted with what was heard of",
    text="If hand-overs go well and only callbacks are missing, the work is being done and we do not hear of it. If "
    "hand-overs fail too, it is the provider: read that playbook.",
)
RECONCILE_A_FEW = Step(
    title="Reconcile a few from the provider's answer",
    text="Take some of the oldest by their identifiers, ask the provider for their state, and bring ours "
    "up to date from "
    "that. Each once, so that the late callback changes nothing.",
)

# Jobs.

READ_ONE_DEAD_JOB = Step(
    title="Read one dead job whole",
    text="Its error, its arguments, the release that wrote it. One error behind all of them is a cause that can be "
    "removed; many errors are many causes, and a retry is no answer.",
)
RETRY_ONE = Step(
    title="Retry one, and look at what it did",
    text="Once the cause is gone. If it did its work twice, stop: the job is not safe to run again.",
)
RETRY_SOME = Step(
    title="Then retry a portion",
    text="Preview it: exact jobs, those left out and why. Confirm a portion, wait until it ends well, then the next.",
)
SORT_THE_BACKLOG = Step(
    title="See what the backlog is made of",
    text="One tenant, one task, one poison message, or everything? What is made of one thing is parted from the rest "
    "before anything is drained.",
)
DRAIN_A_PART = Step(
    title="Drain the oldest part",
    text="Move a bounded number of the oldest to where workers are free. Preview shows which; watch the age, not the "
    "number: a backlog that gets younger is recovering.",
)
FIND_WHAT_HANGS = Step(
    title="Find what it hangs on",
    text="Take a stack of one worker that takes work and does not end it: a lock, a socket without a time-out, a child "
    "process. All of them on one line is the cause.",
)
END_ONE_WORKER = Step(
    title="End one worker, not all",
    text="Let it finish what it can, then end it. If the next one hangs at the same place, restarting the rest changes "
    "nothing.",
)
REQUEUE_WHAT_WAS_LOST = Step(
    title="Put back what was lost with it",
    text="Only jobs whose worker is gone, and only those that are safe to run twice. Preview shows which.",
)

# Providers and dependencies.

ASK_THE_PROVIDER = Step(
    title="Ask the provider, not the graph",
    text="Its status page, its support, one request by hand with its answer written down as a note. Request a check if "
    "the host offers that: somebody there looks, and it is recorded that they were asked.",
)
STOP_ASKING = Step(
    title="Ask less often",
    text="Open the circuit, or pause the producers of what can wait. Keep what customers gave us.",
)
TELL_CUSTOMERS = Step(
    title="Tell customers what works",
    text="Say on the page what does not work and what they need not do again. Nobody pays twice by trying again.",
)
SEE_THE_STORM = Step(
    title="Tell a storm from load",
    text="Attempts rise while distinct work does not: those are retries. Look at the share of redelivered jobs, and at "
    "requests per order rather than requests.",
)
SLOW_RETRIES = Step(
    title="Slow the retries at their source",
    text="Longer back-off with jitter, fewer attempts, a budget for retries. At the client that sends them; a server "
    "cannot refuse its way out.",
)
SHED_AT_THE_EDGE = Step(
    title="Refuse early what would fail late",
    text="At the edge, cheaply, with a time to come back. Let through what is furthest in its journey: a "
    "payment before "
    "a search.",
)
GIVE_UP_EARLIER = Step(
    title="Give up earlier",
    text="Shorten the time-out to what a user waits for, and answer without that part. It frees what waits for it.",
)

# People.

COMPARE_WITH_CAMPAIGNS = Step(
    title="Compare with what was sent",
    text="A campaign, an import, a new sender domain shortly before? Complaints and bounces of that one "
    "group explain it.",
)
TAKE_NOBODY_OFF = Step(
    title="Take nobody off in bulk",
    text="Open the action items: each suppressed delivery by its identifier. Correct the address, or ask the person.",
)
SIGN_IN_YOURSELF = Step(
    title="Sign in yourself, from outside",
    text="In a private window, with a test account, the whole way. Note which step fails and what its answer says.",
)
TELL_THE_STEPS_APART = Step(
    title="Tell the steps apart",
    text="The page, the redirect, the callback, the session. Only one way to sign in fails: that "
    "provider. All of them: "
    "our sessions, clock, or cookies. A lost callback looks like a success to HTTP.",
)

# Changes and telemetry.

ROLL_BACK_OR_FLAG_OFF = Step(
    title="Flag off before rolling back",
    text="A flag is undone in a second and undone again as fast. If there is none, roll back the release; a migration "
    "is not rolled back, it is followed by another one.",
)
MARK_WHAT_WAS_DONE = Step(
    title="Mark what was done",
    text="`parapet deploy mark --rollback` or `parapet change`: the chronology then shows whether it helped.",
)
FIND_THE_LABEL = Step(
    title="Find the label",
    text="The doctor, and `parapet doctor` on what the application exports, name the family and the label whose values "
    "went past their ceiling. It is usually a path, an id, or a message.",
)
SWITCH_THE_LABEL_OFF = Step(
    title="Switch the label off",
    text="Its values become `other` from then on; counts stay right. It can be taken back.",
)
MOVE_IT_INTO_EVIDENCE = Step(
    title="Move the identifier into evidence",
    text="What must be found again belongs into exact references, not into a label.",
)
