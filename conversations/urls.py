"""The API of intake, and the pages of sources."""

from django.urls import path

from conversations.api import EventsView
from conversations.api_subjects import EraseView, ErasureView
from conversations.views import credentials, sources, terms, trial

urlpatterns = [
    path("api/v1/events", EventsView.as_view(), name="events"),
    path("api/v1/subjects/erase", EraseView.as_view(), name="erase-subject"),
    path("api/v1/subjects/erase/<uuid:id>", ErasureView.as_view(), name="erasure"),
    path("sources", sources.sources, name="sources"),
    path("sources/new", sources.new_source, name="new-source"),
    path("sources/<slug:slug>", sources.source, name="source"),
    path("sources/<slug:slug>/settings", sources.settings, name="source-settings"),
    path("sources/<slug:slug>/terms", terms.set_terms, name="source-terms"),
    path("sources/<slug:slug>/dry-run", terms.dry_run, name="source-dry-run"),
    path("sources/<slug:slug>/tail", sources.tail, name="source-tail"),
    path("sources/<slug:slug>/test", trial.send_test_event, name="source-test"),
    path("sources/<slug:slug>/parked/<int:number>", trial.replay, name="replay-parked"),
    path("sources/<slug:slug>/keys", credentials.make_key, name="source-keys"),
    path(
        "sources/<slug:slug>/keys/<slug:public_id>/revoke",
        credentials.revoke_key,
        name="revoke-key",
    ),
    path("sources/<slug:slug>/secrets", credentials.make_secret, name="source-secrets"),
    path(
        "sources/<slug:slug>/secrets/<int:number>/revoke",
        credentials.revoke_secret,
        name="revoke-secret",
    ),
]
