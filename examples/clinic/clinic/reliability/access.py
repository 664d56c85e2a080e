"""Who may see the workbench of Parapet: staff, as Django's own login knows them."""

from __future__ import annotations

from parapet.web import Principal, Request, Role


def authenticate(request: Request) -> Principal | None:
    """Who sent *request*; None for strangers and for everybody who is no staff.

    Staff works on incidents; superusers may do everything. `request.native` is Django's
    request. What this raises lets nobody in.
    """
    user = getattr(request.native, "user", None)
    if user is None or not (user.is_authenticated and user.is_active and user.is_staff):
        return None
    role = Role.ADMIN if user.is_superuser else Role.RESPONDER
    return Principal(id=str(user.pk), name=user.get_username(), role=role)
