from fastapi import APIRouter

router = APIRouter()


@router.get("/{number}")
def order(number: int) -> dict[str, int]:
    return {"order": number}


@router.post("/checkout")
def checkout() -> dict[str, bool]:
    return {"paid": True}
