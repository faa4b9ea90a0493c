"""The pages of policies."""

from django.urls import include, path

from policies.views import activations, decisions, drafts, pauses, versions

urlpatterns = [
    path("", include("policies.api_urls")),
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
    path("policies/share", activations.share, name="policy-share"),
    path("policies/rollback", activations.rollback, name="policy-rollback"),
    path("policies/end-override", activations.end_override, name="policy-end-override"),
    path("policies/cancel-plan", activations.cancel_plan, name="policy-cancel-plan"),
    path("policies/pause", pauses.pause, name="policy-pause"),
    path("policies/resume", pauses.resume, name="policy-resume"),
]
