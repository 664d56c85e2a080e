"""From a request to its page: find the address, let in or turn away, check the form, answer. Knows no framework."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from parapet.core.errors import (
    ConfigurationError,
    EvidenceError,
    NotFound,
    ParapetError,
    PayloadError,
    Refused,
    UnknownName,
)
from parapet.core.guard import guarded
from parapet.incidents.sources import Source
from parapet.web import problems, security, strangers, zones
from parapet.web.api import openapi
from parapet.web.api.problems import problem as told
from parapet.web.api.table import OPERATIONS
from parapet.web.desk import Desk, Visit
from parapet.web.lanes import Lane
from parapet.web.pages import (
    about,
    acting,
    calls,
    capabilities,
    changes,
    go,
    home,
    hooks,
    inbox,
    incident,
    items,
    journey,
    live,
    maintenance,
    queue,
    retrospective,
    static,
    work,
    writes,
    zone,
)
from parapet.web.principal import Action, Principal, Role
from parapet.web.request import Request
from parapet.web.response import Response, refusal
from parapet.web.routes import FORM_BYTES, Door, Found, Route, find

HOOK_BYTES = 16 * 1024 * 1024
HOOKS = {"alertmanager": Source.ALERTMANAGER, "grafana": Source.GRAFANA, "events": Source.EVENTS}
"""Address below /hooks -> who hands in there."""

ROUTES = (
    Route(method="GET", pattern="/", page=home.page),
    Route(method="GET", pattern="/journeys/{slice}", page=journey.page),
    Route(method="GET", pattern="/incidents", page=queue.page),
    Route(method="GET", pattern="/incidents/{id}", page=incident.page),
    Route(method="GET", pattern="/incidents/{id}/retrospective", page=retrospective.page),
    Route(method="GET", pattern="/incidents/{id}/retrospective.md", page=retrospective.markdown),
    Route(method="GET", pattern="/incidents/{id}/work", page=work.page),
    Route(method="GET", pattern="/incidents/{id}/redact", page=work.redact_page),
    Route(method="GET", pattern="/declare", page=work.declare_page),
    Route(method="GET", pattern="/inbox", page=inbox.page),
    Route(method="GET", pattern="/inbox/{number}", page=inbox.body),
    Route(method="GET", pattern="/changes", page=changes.page),
    Route(method="GET", pattern="/calls", page=calls.page),
    Route(method="GET", pattern="/maintenance", page=maintenance.page),
    Route(method="GET", pattern="/action-items", page=items.page),
    Route(method="GET", pattern="/action-items/{id}", page=items.one),
    Route(method="GET", pattern="/previews/{preview}", page=acting.page),
    Route(method="GET", pattern="/runs/{run}", page=acting.run_page),
    Route(method="GET", pattern="/capabilities", page=capabilities.page),
    Route(method="GET", pattern="/approvals", page=acting.approvals_page),
    Route(method="GET", pattern="/about", page=about.page),
    Route(method="GET", pattern="/zone", page=zone.page),
    Route(method="POST", pattern="/zone", page=zone.choose, form=True, most_bytes=FORM_BYTES),
    Route(method="GET", pattern="/go", page=go.page),
    Route(method="GET", pattern="/live", page=live.page, stream=True),
    Route(method="GET", pattern="/static/{name}", page=static.page, door=Door.PUBLIC),
    *(
        Route(
            method="POST",
            pattern=f"/action-items/{{id}}/{word}",
            page=page,
            action=Action.CLOSE_ITEM,
            form=True,
            most_bytes=FORM_BYTES,
        )
        for word, page in (("resolve", items.resolve), ("dismiss", items.dismiss))
    ),
    *(
        Route(
            method="POST",
            pattern=pattern,
            page=page,
            action=action,
            form=True,
            most_bytes=FORM_BYTES,
        )
        for pattern, page, action in (
            ("/incidents/{id}/acknowledge", writes.acknowledge, Action.ACKNOWLEDGE),
            ("/incidents/{id}/note", writes.note, Action.NOTE),
            ("/incidents/{id}/resolve", writes.resolve, Action.RESOLVE),
            ("/incidents/{id}/reopen", writes.reopen, Action.REOPEN),
            ("/incidents/{id}/hand-over", writes.hand_over, Action.HAND_OVER),
            ("/incidents/{id}/release", writes.release, Action.RELEASE),
            ("/incidents/{id}/severity", writes.severity, Action.SEVERITY),
            ("/incidents/{id}/merge", writes.merge, Action.MERGE),
            ("/incidents/{id}/split", writes.split, Action.SPLIT),
            ("/incidents/{id}/redact", writes.redact, Action.REDACT),
            ("/incidents/{id}/escalation/next", calls.next_now, Action.ESCALATE),
            ("/incidents/{id}/escalation/suppress", calls.suppress, Action.ESCALATE),
            ("/incidents/{id}/escalation/resume", calls.resume, Action.ESCALATE),
            ("/changes", changes.mark, Action.CHANGE),
            ("/maintenance", maintenance.plan, Action.MAINTAIN),
            ("/maintenance/{number}/end", maintenance.end, Action.MAINTAIN),
            ("/declare", work.declare, Action.DECLARE),
            ("/incidents/{id}/preview", acting.preview, Action.PREVIEW),
            ("/previews/{preview}", acting.again, Action.PREVIEW),
            ("/previews/{preview}/confirm", acting.confirm, Action.CONFIRM),
            ("/previews/{preview}/ask", acting.ask, Action.PREVIEW),
            ("/previews/{preview}/decide", acting.decide, Action.APPROVE),
            ("/runs/{run}/undo", acting.undo, Action.CONFIRM),
            ("/runs/{run}/settle", acting.settle, Action.CONFIRM),
            ("/inbox/{number}/replay", inbox.replay, Action.INBOX),
            ("/inbox/{number}/drop", inbox.drop, Action.DROP),
        )
    ),
    *(
        Route(
            method="POST",
            pattern=f"/hooks/{name}",
            page=partial(hooks.page, source=source),
            door=Door.HOOK,
            lane=Lane.HOOKS,
            most_bytes=HOOK_BYTES,
            source=source,
        )
        for name, source in HOOKS.items()
    ),
    *(one.route for one in (openapi.ITSELF, *OPERATIONS)),
)
"""Every address of the workbench."""

NOWHERE = Route(method="GET", pattern="/nowhere", page=problems.nowhere)
"""Where a request goes that no address fits: it must show who it is before it hears even that."""
NOWHERE_IN_API = Route(method="GET", pattern="/api/nowhere", page=problems.nowhere_in_api, door=Door.API)
"""The same below `/api/`, where a program hears it."""

MACHINE = Principal(id="api", name="api", role=Role.VIEWER, machine=True)
API = frozenset({Door.API, Door.MACHINE})
TOKEN_HEADER = "parapet-token"
CHALLENGE = {"www-authenticate": 'Bearer realm="parapet"'}


class Site:
    """One mounted workbench, as three steps; the adapter reads the body between the second and the third."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    def find(self, request: Request) -> Found | Response:
        """The route of *request*; an answer if its method is not taken there."""
        found = find(ROUTES, request.method, request.path)
        if isinstance(found, Found):
            return found
        if found:
            reason = f"{request.method[:20]} is not taken here. Taken: {', '.join(found)}."
            return refusal(405, reason, headers={"allow": ", ".join(found)})
        if request.path.startswith("/hooks/"):
            return refusal(404, f"There is no such hook. There are: {', '.join(f'hooks/{name}' for name in HOOKS)}.")
        return Found(route=NOWHERE_IN_API if request.path.startswith("/api/") else NOWHERE, params={})

    def admit(self, found: Found, request: Request) -> Visit | Response:
        """The visit, if whoever sent *request* may come in; else the answer that says why not. Reads no body."""
        route, now = found.route, self.desk.app.clock.now()
        visit = Visit(request=request, principal=None, params=found.params, now=now)
        if route.door is Door.PUBLIC:
            return visit
        if route.door is Door.HOOK:
            return self._hook(route, visit)
        if route.door is Door.MACHINE or (route.door is Door.API and request.bearer):
            return self._script(route, visit)
        return self._person(route, visit)

    def signed_out(self, found: Found, request: Request) -> Response | None:
        """The answer to a whole form of a person who is not signed in any more; None: it is nothing to keep."""
        if not found.route.form or security.foreign_origin(request, self.desk.app.wiring.workbench_url) is not None:
            return None
        visit = Visit(request=request, principal=None, params=found.params, now=self.desk.app.clock.now())
        sign_in = strangers.address(self.desk.sign_in(request), request)
        return problems.show(self.desk, visit, strangers.signed_out(sign_in, request))

    def answer(self, found: Found, visit: Visit) -> Response:
        """What the page says; every failure becomes an answer with a next step."""
        response: Response | None = None
        with guarded(f"the page {found.route.pattern}"):
            response = self._answer(found.route, visit)
        return response or self._failed(found.route, visit, problems.BROKEN)

    def forged(self, found: Found, visit: Visit) -> Response | None:
        """The answer to a body that must be signed, is whole, and is not what was signed; None: take it."""
        why = hooks.signature_wrong(self.desk, found.route, visit)
        return None if why is None else refusal(401, why)

    def too_large(self, found: Found, visit: Visit) -> Response:
        """The body went past what this address takes; the rest of it was not read."""
        problem = problems.too_large(found.route.most_bytes)
        return self._failed(found.route, visit, problem).with_headers({"connection": "close"})

    def busy(self, found: Found, visit: Visit) -> Response:
        """More is under way than this address takes at once, or a body came too slowly."""
        if found.route.door in API:
            return refusal(429, problems.BUSY.text).with_headers({"connection": "close"})
        return self._failed(found.route, visit, problems.BUSY).with_headers({"connection": "close"})

    def slow(self, found: Found, visit: Visit) -> Response:
        """The page was not made in its time."""
        return self._failed(found.route, visit, problems.SLOW)

    def _answer(self, route: Route, visit: Visit) -> Response:
        if route.form and (problem := self._form_problem(visit)):
            return problems.show(self.desk, visit, problem)
        if route.door in API:
            try:
                return route.page(self.desk, visit)
            except ParapetError as error:
                return told(error)
        try:
            return route.page(self.desk, visit)
        except NotFound as error:
            return self._failed(route, visit, problems.missing(error.message))
        except PayloadError as error:
            return self._failed(route, visit, problems.unreadable(error.message))
        except Refused as error:
            return self._failed(route, visit, problems.refused(error, visit.request))
        except EvidenceError as error:
            return self._failed(route, visit, problems.evidence_down(error.message, visit.request))
        except UnknownName as error:  # before what a host left out: here somebody asked for it
            return self._failed(route, visit, problems.missing(error.message))
        except ConfigurationError as error:
            return self._failed(route, visit, problems.not_configured(error.message))

    def _form_problem(self, visit: Visit) -> problems.Problem | None:
        token = visit.request.form.get("token", "")
        if security.form_token_holds(self.desk.form_key, visit.person, token, visit.now):
            return None
        return problems.EXPIRED_FORM

    def _hook(self, route: Route, visit: Visit) -> Visit | Response:
        admitted = self._machine(visit, self.desk.app.secrets.webhook_tokens, "webhook_tokens")
        if isinstance(admitted, Response):
            return admitted
        why = hooks.signature_missing(self.desk, route, admitted)
        return admitted if why is None else refusal(401, why, headers=CHALLENGE)

    def _script(self, route: Route, visit: Visit) -> Visit | Response:
        secrets = self.desk.app.secrets
        responders = tuple(token for _, token in secrets.responder_tokens)
        admitted = self._machine(visit, (*secrets.api_tokens, *responders), "api_tokens")
        if isinstance(admitted, Response):
            return admitted
        for name, token in secrets.responder_tokens:
            if security.token_matches(visit.request.bearer, (token,)):
                principal = Principal(id=f"token:{name}", name=name, role=Role.RESPONDER, machine=True)
                admitted = replace(admitted, principal=principal)
        why = self._refusal(admitted.person, route)
        return admitted if why is None else refusal(403, why, code=self._code())

    def _machine(self, visit: Visit, tokens: tuple[str, ...], setting: str) -> Visit | Response:
        if not tokens:
            return refusal(404, f"Closed: this service has no {setting}. Set Secrets({setting}=...) to open it.")
        if not security.token_matches(visit.request.bearer, tokens):
            return refusal(401, "A valid bearer token is needed.", headers=CHALLENGE)
        return Visit(request=visit.request, principal=MACHINE, params=visit.params, now=visit.now)

    def _person(self, route: Route, visit: Visit) -> Visit | Response:
        asked: tuple[Principal | None] | None = None
        with guarded("the host's authenticate"):
            asked = (self.desk.authenticate(visit.request),)
        if asked is None:
            return self._failed(route, visit, problems.NO_SIGN_IN)
        principal = asked[0]
        if principal is None:
            return self._stranger(route, visit)
        now = visit.now
        if route.door is Door.PERSON:  # programs are told in UTC
            now = zones.here(now, zones.of(visit.request, principal, self.desk.zone))
        visit = Visit(request=visit.request, principal=principal, params=visit.params, now=now)
        if (reason := self._refusal(principal, route)) is not None:
            return self._failed(route, visit, problems.forbidden(reason))
        if route.method == "POST" and (why := self._foreign(route, visit)):
            return self._failed(route, visit, problems.foreign_form(why))
        return visit

    def _refusal(self, principal: Principal, route: Route) -> str | None:
        """Why *principal* may not do what *route* does; None when they may."""
        with guarded("the host's authorize"):
            return self.desk.may(principal, route.action)
        return "Whether you may do this could not be found out."

    def _code(self) -> str:
        """What a program hears that may not do something."""
        return "read_only" if self.desk.read_only else ""

    def _foreign(self, route: Route, visit: Visit) -> str | None:
        """Why what a person sends is not from our own pages; None when it is. A form's token is in its body."""
        request = visit.request
        if (why := security.foreign_origin(request, self.desk.app.wiring.workbench_url)) is not None or route.form:
            return why
        if not request.is_json:
            return "its Content-Type is not application/json"
        token = request.headers.get(TOKEN_HEADER, "")
        held = security.form_token_holds(self.desk.form_key, visit.person, token, visit.now)
        return (
            None if held else f"its {TOKEN_HEADER} is missing, too old or somebody else's; /api/session has a new one"
        )

    def _stranger(self, route: Route, visit: Visit) -> Response:
        sign_in = strangers.address(self.desk.sign_in(visit.request), visit.request)
        is_page = route.method == "GET" and route.door is Door.PERSON
        if is_page and sign_in and strangers.may_be_sent(visit.request):
            return strangers.sent(sign_in)
        is_back = is_page and strangers.COOKIE in visit.request.cookies
        return self._failed(route, visit, strangers.stranger(sign_in, is_back=is_back))

    def _failed(self, route: Route, visit: Visit, problem: problems.Problem) -> Response:
        if route.door is Door.PERSON:
            return problems.show(self.desk, visit, problem)
        code = self._code() if problem.status == 403 and self.desk.read_only else ""
        return refusal(problem.status, f"{problem.title} {problem.text}".strip(), code=code)
