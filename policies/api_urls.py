"""The API of policies: what chat services ask."""

from django.urls import path

from policies import api_asking

urlpatterns = [
    path("api/v1/policies/active", api_asking.ActivePolicyView.as_view(), name="active-policy"),
    path("api/v1/policies/evaluate", api_asking.EvaluateView.as_view(), name="evaluate"),
]
