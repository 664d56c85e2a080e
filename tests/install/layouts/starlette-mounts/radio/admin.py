from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

site = Starlette(routes=[Route("/", lambda request: PlainTextResponse("nobody is here"))])
