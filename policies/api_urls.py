"""The API of policies: what chat services ask, and what staff programs do."""

from django.urls import path

from policies import api_asking, api_backtests, api_controls, api_versions

urlpatterns = [
    path("api/v1/policies/active", api_asking.ActivePolicyView.as_view(), name="active-policy"),
    path("api/v1/policies/evaluate", api_asking.EvaluateView.as_view(), name="evaluate"),
    path("api/policy.schema.json", api_versions.policy_schema, name="policy-schema"),
    *(
        path(f"api/v1/policies/{name}", view.as_view(), name=f"api-{name}")
        for name, view in (
            ("in-force", api_controls.InForceView),
            ("rollback", api_controls.RollbackView),
            ("end-override", api_controls.EndOverrideView),
            ("cancel-plan", api_controls.CancelPlanView),
            ("pause", api_controls.PauseView),
            ("resume", api_controls.ResumeView),
        )
    ),
    path("api/v1/policy-versions", api_versions.VersionsView.as_view(), name="api-versions"),
    path(
        "api/v1/policy-versions/<int:number>",
        api_versions.VersionView.as_view(),
        name="api-version",
    ),
    *(
        path(f"api/v1/policy-versions/<int:number>/{name}", view.as_view(), name=f"api-{name}")
        for name, view in (
            ("submit", api_versions.SubmitView),
            ("approve", api_versions.ApproveView),
            ("reject", api_versions.RejectView),
            ("activate", api_versions.ActivateView),
            ("document", api_versions.DocumentView),
            ("differences", api_versions.DifferencesView),
        )
    ),
    path("api/v1/backtests", api_backtests.BacktestsView.as_view(), name="api-backtests"),
    path(
        "api/v1/backtests/preview",
        api_backtests.PreviewView.as_view(),
        name="api-backtest-preview",
    ),
    path("api/v1/backtests/<uuid:pk>", api_backtests.BacktestView.as_view(), name="api-backtest"),
    path(
        "api/v1/backtests/<uuid:pk>/cancel",
        api_backtests.CancelBacktestView.as_view(),
        name="api-cancel-backtest",
    ),
    path(
        "api/v1/backtests/<uuid:pk>/figures.csv",
        api_backtests.BacktestFiguresView.as_view(),
        name="api-backtest-figures",
    ),
]
