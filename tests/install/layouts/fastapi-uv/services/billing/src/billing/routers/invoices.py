from fastapi import APIRouter, Request
from sqlalchemy import text

router = APIRouter(prefix="/invoices", tags=["invoices"])


@router.get("/{number}")
async def read(number: int, request: Request) -> dict[str, int]:
    async with request.app.state.sessions() as session:
        found = await session.scalar(text("select 1"))
    return {"number": number, "found": found}


@router.post("/{number}/pay")
async def pay(number: int) -> dict[str, bool]:
    return {"paid": True}
