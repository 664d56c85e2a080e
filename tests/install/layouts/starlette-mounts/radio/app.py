"""The radio: one site, and two applications in it."""

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.routing import Mount, Route
from starlette.responses import PlainTextResponse

from radio import admin
from radio.api import app as api_app


async def front(request):
    return PlainTextResponse("on air")


routes = [
    Route("/", front),
    Mount("/api", app=api_app, name="api"),
    Mount("/admin", admin.site),
]
app = Starlette(routes=routes, middleware=[Middleware(GZipMiddleware)])
