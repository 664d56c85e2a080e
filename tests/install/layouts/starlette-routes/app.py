from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route


async def anything(request):
    return PlainTextResponse(request.url.path)


@asynccontextmanager
async def lifespan(app):
    app.state.ready = True
    yield


app = Starlette(
    routes=[Route("/", anything), Mount("/", app=Starlette(routes=[Route("/{rest:path}", anything)]))],
    middleware=[Middleware(SessionMiddleware, secret_key="not so secret")],
    lifespan=lifespan,
)
