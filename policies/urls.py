"""The pages of policies."""

from django.urls import include, path

from policies.views import (
    activations,
    backtests,
    decisions,
    drafts,
    pauses,
    preview,
    suggestions,
    sweeps,
    versions,
)

urlpatterns = [
    path("", include("policies.watch_urls")),
    path("policies", versions.versions, name="policies"),
    path("policies/drafts/new", drafts.new_draft, name="policy-new"),
    path("policies/<int:number>", versions.version, name="policy-version"),
    path("policies/<int:number>/yaml", versions.export, name="policy-yaml"),
    path("policies/<int:number>/edit", drafts.edit, name="policy-edit"),
    path("policies/<int:number>/submit", decisions.submit, name="policy-submit"),
    path("policies/<int:number>/approve", decisions.approve, name="policy-approve"),
    path("policies/<int:number>/reject", decisions.reject, name="policy-reject"),
    path("policies/<int:number>/activate", activations.activate, name="policy-activate"),
    path("policies/<int:number>/alone", activations.break_alone, name="policy-break-glass"),
    path("policies/<int:number>/preview", preview.preview, name="policy-preview"),
    path("policies/<int:number>/sweep", sweeps.sweep, name="policy-sweep"),
    path("policies/<int:number>/sweep/take", sweeps.take, name="policy-sweep-take"),
    path("policies/<int:number>/suggest", suggestions.suggest, name="policy-suggest"),
    path("policies/suggestions/<int:pk>", suggestions.suggestion, name="suggestion"),
    path("policies/suggestions/<int:pk>/take", suggestions.take, name="take-suggestion"),
    path("policies/cases", preview.cases, name="policy-cases"),
    path("policies/backtests", backtests.backtests, name="backtests"),
    path("policies/backtests/new", backtests.new_backtest, name="new-backtest"),
    path("policies/backtests/<uuid:pk>", backtests.backtest, name="backtest"),
    path("policies/backtests/<uuid:pk>/cases", backtests.cases, name="backtest-cases"),
    path("policies/backtests/<uuid:pk>/cancel", backtests.cancel, name="cancel-backtest"),
    path("policies/share", activations.share, name="policy-share"),
    path("policies/rollback", activations.rollback, name="policy-rollback"),
    path("policies/end-override", activations.end_override, name="policy-end-override"),
    path("policies/cancel-plan", activations.cancel_plan, name="policy-cancel-plan"),
    path("policies/pause", pauses.pause, name="policy-pause"),
    path("policies/resume", pauses.resume, name="policy-resume"),
]
