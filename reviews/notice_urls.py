"""The pages of notices for staff."""

from django.urls import path

from reviews.views import notice_staff, text_versions, texts

urlpatterns = [
    path("cases/<int:number>/notice", notice_staff.restriction, name="restriction"),
    path("notices", notice_staff.behind_notices, name="behind-notices"),
    path("notices/revoke", notice_staff.revoke_link, name="revoke-notice-link"),
    path("notices/statements", notice_staff.statements, name="statements"),
    path("notices/texts", texts.texts, name="notice-texts"),
    path("notices/texts/new", texts.new_text, name="new-notice-text"),
    path("notices/texts/<int:pk>", text_versions.version, name="notice-text"),
    path("notices/texts/<int:pk>/preview", text_versions.preview_text, name="preview-notice-text"),
    path("notices/drafts/<int:pk>", texts.edit_text, name="edit-notice-text"),
    path("notices/drafts/<int:pk>/discard", texts.discard_text, name="discard-notice-text"),
    path(
        "notices/drafts/<int:pk>/preview", text_versions.preview_draft, name="preview-notice-draft"
    ),
]
