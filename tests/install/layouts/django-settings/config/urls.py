from django.http import JsonResponse
from django.urls import include, path


async def front(request):
    return JsonResponse({"hello": "world"})


urlpatterns = [path("", front), path("more/", include([]))]
