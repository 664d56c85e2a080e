"""Who may see the workbench of Parapet. Nobody, until you say so here."""

from __future__ import annotations

from parapet.web import Principal, Request


def authenticate(request: Request) -> Principal | None:
    """Who sent *request*; None for strangers, who see nothing.

    It is called within Flask's request, so `flask.session` and, with Flask-Login,
    `current_user` are those of your own pages. Let in your staff and nobody else:

        if not (current_user.is_authenticated and current_user.is_staff):
            return None
        return Principal(id=current_user.get_id(), name=..., role=Role.RESPONDER)

    Role.VIEWER reads, Role.RESPONDER works on incidents, Role.ADMIN may do everything
    (`from parapet.web import Role`). What it raises lets nobody in.
    """
    return None
