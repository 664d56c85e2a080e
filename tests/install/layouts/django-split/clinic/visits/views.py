from django.http import HttpRequest, JsonResponse


async def visit(request: HttpRequest, number: int) -> JsonResponse:
    return JsonResponse({"number": number})
