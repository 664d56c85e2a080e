"""Secrets: whether there are any, whether they are good, and where they lie."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterator
from pathlib import Path

from parapet.core.settings import Secrets
from parapet.doctor.check import check
from parapet.doctor.facts import Facts
from parapet.doctor.finding import Found, Grade, Place
from parapet.doctor.gathered.modules import called, literals

LEAST_DIFFERENT = 8
"""Characters that differ; random ones of 16 have more."""
MOST_LIVE = 2
"""One, and the one that takes its place."""
GUESSED = re.compile(
    r"change[-_ ]?me|secret|passw(or)?d|token|example|default|insecure|django|parapet|webhook|metrics|form|api|key|"
    r"dev(elopment)?|test(ing)?|dummy|sample|qwerty|letmein|admin|0?123456789?0?|abc(def)?(gh)?|[-_ .!]|"
    r"(?P<same>.)(?P=same)+",
    re.IGNORECASE,
)
SHAPES = (
    (
        "an address of a Slack webhook",
        re.compile(r"https://hooks\.slack\.com/(?:services|workflows)/T\w{6,}/[\w/]{12,}"),
    ),
    ("a token of a Slack bot", re.compile(r"\bxox[abprs]-\d{6,}-[\w-]{12,}")),
    ("a private key", re.compile(r"-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----")),
    ("an address of a Teams workflow", re.compile(r"https://[\w.-]+\.logic\.azure\.com\S*[?&]sig=[\w%-]{16,}")),
)
"""Secrets of what Parapet talks to, by their shape."""
FIELDS = (
    "webhook_tokens",
    "signing_keys",
    "metrics_tokens",
    "api_tokens",
    "form_key",
    "alertmanager_credentials",
    "prometheus_credentials",
    "grafana_credentials",
)
OF_CHANNELS = frozenset({"secret", "token", "password", "routing_key"})
CHANNELS = frozenset({"SlackBot", "PagerDuty"})
"""Channels that are not named so."""
WHOSE_ADDRESS = frozenset({"SlackWebhook", "TeamsWorkflow"})
"""Channels whose address is their secret."""


@check(
    "PD301",
    Grade.ERROR,
    "Alerts cannot come in",
    why="Without a token the webhook stays closed: Alertmanager is refused, and no incident opens.",
    fix="Set PARAPET_WEBHOOK_TOKEN where an install wired it, else Secrets(webhook_tokens=(...,)); and put the same "
    "into the file that Wiring.webhook_token_file names.",
)
def no_webhook_token(facts: Facts) -> Iterator[Found]:
    """There is evidence to keep, and nobody may hand any in."""
    if facts.app.evidence is not None and not facts.app.secrets.webhook_tokens:
        yield Found(what="Secrets has no webhook_tokens.")


@check(
    "PD302",
    Grade.ERROR,
    "Prometheus cannot read the signals",
    why="/metrics answers 403, the target is down, and every promise is without data.",
    fix="Set PARAPET_METRICS_TOKEN where an install wired it, else Secrets(metrics_tokens=(...,)); or let a network "
    "in: metrics(parapet, allow_networks=('10.0.0.0/8',)).",
)
def nobody_reads(facts: Facts) -> Iterator[Found]:
    """Neither a token nor a network."""
    door = getattr(facts.host, "door", lambda kind: None)("metrics")
    let_in = door is not None and door.gate is not None and door.gate.networks
    if not facts.app.secrets.metrics_tokens and not let_in and facts.app.wiring.metrics_token_file is not None:
        yield Found(what="Secrets has no metrics_tokens, and no network is let in.")


@check(
    "PD303",
    Grade.ERROR,
    "The workbench cannot be mounted",
    why="It refuses to sign its forms without a key of its own.",
    fix="Set PARAPET_FORM_KEY where an install wired it, else Secrets(form_key=...): 16 random characters or more, the "
    "same on every process.",
)
def no_form_key(facts: Facts) -> Iterator[Found]:
    """There is evidence, and nothing to sign forms with."""
    if facts.app.evidence is not None and facts.app.secrets.form_key is None:
        yield Found(what="Secrets has no form_key.")


@check(
    "PD304",
    Grade.ERROR,
    "A secret can be guessed",
    why="Whoever guesses it opens incidents, reads signals, or acts in your name.",
    fix="Make a new one: python -c 'import secrets; print(secrets.token_urlsafe(32))'",
)
def guessable(facts: Facts) -> Iterator[Found]:
    """Made of well-known words, or of few characters."""
    for name, value in named(facts.app.secrets):
        rest = GUESSED.sub("", value)
        if len(set(value)) < LEAST_DIFFERENT or len(rest) < LEAST_DIFFERENT:
            yield Found(what=f"A value of {name} is made of a few characters or of well-known words.")


@check(
    "PD305",
    Grade.ERROR,
    "One secret opens several doors",
    why="Whoever may read signals may then also hand in alerts, or act on incidents.",
    fix="Give each its own: python -c 'import secrets; print(secrets.token_urlsafe(32))'",
)
def shared(facts: Facts) -> Iterator[Found]:
    """The same value under two names."""
    uses: dict[str, set[str]] = defaultdict(set)
    for name, value in named(facts.app.secrets):
        uses[value].add(name)
    for names in sorted(sorted(names) for names in uses.values() if len(names) > 1):
        yield Found(what=f"The same value is in {' and '.join(names)}.")


@check(
    "PD306",
    Grade.WARN,
    "An old secret was never taken away",
    why="Two live values are for the hours of a rotation. Every further one is a key that somebody may still have.",
    fix="Remove all but the one in use.",
)
def many_live(facts: Facts) -> Iterator[Found]:
    """More than two values."""
    for name in ("webhook_tokens", "signing_keys", "metrics_tokens"):
        live = len(getattr(facts.app.secrets, name))
        if live > MOST_LIVE:
            yield Found(what=f"{name} has {live} live values.")


@check(
    "PD307",
    Grade.ERROR,
    "A secret is written in code",
    why="Whoever can read the repository, and every copy of it, has the key.",
    fix='Read it: os.environ["PARAPET_..."], or from a file. Then make a new one: this one is known.',
)
def in_code(facts: Facts) -> Iterator[Found]:
    """A literal where a secret belongs, or where one is fallen back to."""
    for module in facts.modules:
        for call in module.calls():
            name = called(call)
            wanted = _secret_keywords(name)
            for keyword in call.keywords:
                for literal in literals(keyword.value) if keyword.arg in wanted else ():
                    if literal.value:
                        yield Found(what=f"{name}({keyword.arg}=...) holds a literal.", place=module.place(literal))


def _secret_keywords(name: str) -> Collection[str]:
    """Which arguments of what is called *name* are secrets."""
    if name == "Secrets":
        return FIELDS
    if name in WHOSE_ADDRESS:
        return ("url",)
    return OF_CHANNELS if name in CHANNELS or name.endswith("Channel") else ()


@check(
    "PD308",
    Grade.ERROR,
    "A secret in use lies in the repository",
    why="Whoever can read the repository, and every copy of it, has the key.",
    fix="Take the file out of git, put its name into .gitignore, and make a new secret: this one is known.",
)
def in_files(facts: Facts) -> Iterator[Found]:
    """The very value, in a file that is no Python."""
    values = {value: name for name, value in named(facts.app.secrets)}
    for file in facts.files:
        if file.path.endswith(".py") or file.of_tests or not facts.tracked:
            continue
        for value, name in values.items():
            if (at := file.text.find(value)) >= 0:
                yield Found(what=f"A value of {name} is in {file.path}.", place=_at(file.path, file.line_of(at)))


@check(
    "PD309",
    Grade.ERROR,
    "A credential of another system lies in the repository",
    why="Whoever can read the repository can post in your name.",
    fix="Take it out, and have its owner make a new one: this one is known.",
)
def by_shape(facts: Facts) -> Iterator[Found]:
    """Recognised by how it looks."""
    for file in facts.files:
        if not file.of_tests:
            for what, shape in SHAPES:
                if match := shape.search(file.text):
                    line = file.line_of(match.start())
                    yield Found(what=f"{file.path} holds {what}.", place=_at(file.path, line))


@check(
    "PD310",
    Grade.ERROR,
    "The password of the evidence database is written in code",
    why="Whoever can read the repository can rewrite what happened.",
    fix='Read the address: os.environ["PARAPET_EVIDENCE"].',
)
def database_password(facts: Facts) -> Iterator[Found]:
    """In the address that Parapet is given."""
    for module in facts.modules:
        for call in module.calls():
            for keyword in call.keywords if called(call) == "Parapet" else ():
                for literal in literals(keyword.value) if keyword.arg == "evidence" else ():
                    if re.match(r"\w+(\+\w+)?://[^:/@]+:[^@]+@", str(literal.value)):
                        yield Found(what="Parapet(evidence=...) holds a password.", place=module.place(literal))


@check(
    "PD311",
    Grade.WARN,
    "A file with a token can be read by everybody on this machine",
    why="Every process and every user here may take the key.",
    fix="chmod 640 FILE, owned by the group that Prometheus or Alertmanager runs as.",
)
def open_files(facts: Facts) -> Iterator[Found]:
    """By its mode."""
    for _, path in _token_files(facts):
        if path.stat().st_mode & 0o004:
            yield Found(what=f"{path} is readable by all.", fix=f"chmod o-r {path}")


@check(
    "PD312",
    Grade.ERROR,
    "A token file holds another token than the service knows",
    why="Prometheus or Alertmanager is refused with 401: no signals, or no incidents.",
    fix="Write the token of the service into the file, and reload whoever reads it.",
)
def other_token(facts: Facts) -> Iterator[Found]:
    """Compared where this machine has the file."""
    for name, path in _token_files(facts):
        known = getattr(facts.app.secrets, name)
        try:
            told = path.read_text().strip()
        except OSError:
            continue
        if known and told not in known:
            yield Found(what=f"{path} holds none of {name}.")


@check(
    "PD313",
    Grade.WARN,
    "Prometheus and Alertmanager read the same token file",
    why="A token that only reads signals then also hands in alerts.",
    fix="Name two files: Wiring(metrics_token_file=..., webhook_token_file=...).",
)
def same_file(facts: Facts) -> Iterator[Found]:
    """One path for both."""
    wiring = facts.app.wiring
    if wiring.metrics_token_file is not None and wiring.metrics_token_file == wiring.webhook_token_file:
        yield Found(what=f"Both read {wiring.webhook_token_file}.")


def named(secrets: Secrets) -> Iterator[tuple[str, str]]:
    """Every secret value with the name of its field."""
    for name in FIELDS:
        value = getattr(secrets, name)
        if value is not None:
            yield from ((name, one) for one in ((value,) if isinstance(value, str) else value))
    yield from (("responder_tokens", value) for _, value in secrets.responder_tokens)


def _token_files(facts: Facts) -> Iterator[tuple[str, Path]]:
    wiring = facts.app.wiring
    for name, where in (("metrics_tokens", wiring.metrics_token_file), ("webhook_tokens", wiring.webhook_token_file)):
        if where is not None and Path(where).is_file():
            yield name, Path(where)


def _at(path: str, line: int) -> Place:
    return Place(path=path, line=line)
