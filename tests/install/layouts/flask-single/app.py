from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

app = Flask(__name__)
app.wsgi_app = ProxyFix(app.wsgi_app)


@app.route("/")
def front():
    return "hello"


@app.route("/login", methods=["GET", "POST"])
def login():
    return "who?"
