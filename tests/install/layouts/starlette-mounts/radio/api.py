from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route


async def song(request):
    return JSONResponse({"song": request.path_params["number"]})


app = Starlette(routes=[Route("/songs/{number:int}", song)])
