from flask import Flask

from press.exports import queue, write
from press.mails import send

app = Flask(__name__)


@app.post("/issues/<int:number>")
def publish(number: int):
    send.delay(number)
    queue.enqueue(write, number)
    return {"published": number}, 202
