from fastapi import FastAPI
from starlette.staticfiles import StaticFiles

api = FastAPI()
app = FastAPI(docs_url=None)


@api.get("/hello")
def hello() -> str:
    return "hello"


app.mount("/api", api)
app.mount("/", StaticFiles(directory="."))
