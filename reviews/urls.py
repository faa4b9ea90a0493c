"""Pages and the API of reviews."""

from django.http import HttpRequest, HttpResponse
from django.urls import include, path


def _soon(request: HttpRequest, token: str) -> HttpResponse:
    return HttpResponse(status=404)


urlpatterns = [path("", include("reviews.api_urls")), path("n/<str:token>", _soon, name="notice")]
