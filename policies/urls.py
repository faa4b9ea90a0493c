"""The pages of policies."""

from django.urls import path

from policies import views

urlpatterns = [
    path("policies", views.versions, name="policies"),
    path("policies/<int:number>", views.version, name="policy-version"),
]
