"""The pages of what is watched: the guard, and drafts that run as shadows."""

from django.urls import path

from policies.views import guard, shadows

urlpatterns = [
    path("policies/guard", guard.guard, name="guard"),
    path("policies/shadows", shadows.shadows, name="shadows"),
    path("policies/shadows/<int:pk>", shadows.shadow, name="shadow"),
    path("policies/shadows/<int:pk>/end", shadows.end, name="shadow-end"),
    path("policies/<int:number>/shadow", shadows.start, name="shadow-start"),
]
