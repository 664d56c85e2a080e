"""The ledger."""

from fastapi import FastAPI

from ledger.db import one
from ledger.worker import queue


def make() -> FastAPI:
	api = FastAPI()

	@api.get("/one")
	def first() -> int:
		return one()

	return api


app = make()
