"""The pages of policies."""

from django.urls import include, path

from policies import views

urlpatterns = [
    path("", include("policies.api_urls")),
    path("policies", views.versions, name="policies"),
    path("policies/<int:number>", views.version, name="policy-version"),
]
