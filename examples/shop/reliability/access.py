"""Who may see the workbench of Parapet: staff, by the session of the shop's own pages."""

from __future__ import annotations

from parapet.web import Principal, Request, Role

from examples.shop.accounts import Sessions


def authenticate(request: Request) -> Principal | None:
    """Who sent *request*; None for strangers and customers, who see nothing."""
    sessions: Sessions = request.native.app.state.sessions  # type: ignore[attr-defined]
    found = sessions.who(dict(request.cookies))
    if found is None or not found.is_staff:
        return None
    return Principal(id=f"staff-{found.id}", name=found.login, role=Role.RESPONDER)
