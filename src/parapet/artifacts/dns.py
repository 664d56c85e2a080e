"""Names that Kubernetes and OpenSLO accept: DNS labels (RFC 1123)."""

from __future__ import annotations

import re

LONGEST = 63


def dns_label(*words: str) -> str:
    """*words* as one name of lower case letters, digits and dashes that begins and ends with none; `x` if none is left.

    Different words may become the same name.
    """
    joined = re.sub(r"[^a-z0-9]+", "-", "-".join(words).lower())
    return joined.strip("-")[:LONGEST].rstrip("-") or "x"
