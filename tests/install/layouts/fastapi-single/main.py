from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware

app = FastAPI(title="Ideas")  # the whole of it


@app.middleware("http")
async def named(request, call_next):
    answer = await call_next(request)
    answer.headers["x-ideas"] = "yes"
    return answer


app.add_middleware(CORSMiddleware, allow_origins=["*"])


@app.get("/")
async def front() -> dict[str, str]:
    return {"hello": "world"}


@app.post("/signup")
async def signup() -> dict[str, str]:
    return {"welcome": "you"}


if __name__ == "__main__":
    import uvicorn

    uvicorn.run(app)
