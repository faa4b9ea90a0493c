"""The API of reviews: what staff programs and chat services ask."""

from django.urls import path

from reviews import (
    api_cases,
    api_deliveries,
    api_feedback,
    api_ledger,
    api_sources,
    api_ways_out,
)

urlpatterns = [
    path(
        "api/v1/conversations/status",
        api_sources.StatusByQueryView.as_view(),
        name="status-by-query",
    ),
    path(
        "api/v1/conversations/<str:external_id>/status",
        api_sources.StatusView.as_view(),
        name="status",
    ),
    path("api/v1/feedback", api_feedback.FeedbackView.as_view(), name="api-feedback"),
    path("api/v1/cases", api_cases.CasesView.as_view(), name="api-cases"),
    path("api/v1/cases/claim-next", api_cases.ClaimNextView.as_view(), name="api-claim-next"),
    path("api/v1/cases/<uuid:pk>", api_cases.CaseView.as_view(), name="api-case"),
    path("api/v1/cases/<uuid:pk>/claim", api_cases.ClaimView.as_view(), name="api-claim"),
    path(
        "api/v1/cases/<uuid:pk>/heartbeat", api_cases.HeartbeatView.as_view(), name="api-heartbeat"
    ),
    path("api/v1/cases/<uuid:pk>/release", api_cases.ReleaseView.as_view(), name="api-release"),
    path("api/v1/cases/<uuid:pk>/defer", api_ways_out.DeferView.as_view(), name="api-defer"),
    path(
        "api/v1/cases/<uuid:pk>/escalate", api_ways_out.EscalateView.as_view(), name="api-escalate"
    ),
    path("api/v1/cases/<uuid:pk>/skip", api_ways_out.SkipView.as_view(), name="api-skip"),
    path("api/v1/cases/<uuid:pk>/verdicts", api_cases.VerdictsView.as_view(), name="api-verdicts"),
    path("api/v1/ledger", api_ledger.LedgerView.as_view(), name="api-ledger"),
    path("api/v1/deliveries", api_deliveries.DeliveriesView.as_view(), name="api-deliveries"),
    path(
        "api/v1/deliveries/<int:pk>/replay", api_deliveries.ReplayView.as_view(), name="api-replay"
    ),
]
