from web import app


@app.get("/")
def front():
    return "hello"
