"""The pages of reviews, and its API."""

from django.urls import path
from django.views.generic import RedirectView

from reviews.views import (
    asked,
    canned,
    cases,
    feedback,
    holds,
    notes,
    notices,
    queue,
    transcripts,
    verdicts,
)

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="queue"), name="home"),
    path("review", queue.queue, name="queue"),
    path("review/claim-next", queue.claim_next, name="claim-next"),
    path("cases/<int:number>", cases.case, name="case"),
    path("cases/of/<uuid:pk>", cases.case_of, name="case-of"),
    path("cases/<int:number>/turns", transcripts.turns_fragment, name="case-turns"),
    path("cases/<int:number>/find", transcripts.find_words, name="case-find"),
    path("cases/<int:number>/reveal", transcripts.reveal_all, name="reveal-all"),
    path("cases/<int:number>/reveal/<int:turn>", transcripts.reveal_turn, name="reveal-turn"),
    path("cases/<int:number>/feedback", asked.show_what_the_user_said, name="case-feedback"),
    path("cases/<int:number>/severity", asked.show_severity, name="case-severity"),
    path("cases/<int:number>/similar", asked.show_similar, name="case-similar"),
    path("cases/<int:number>/threads", asked.show_other_threads, name="case-threads"),
    path("cases/<int:number>/notes", notes.write, name="case-notes"),
    path("cases/<int:number>/notes/<int:pk>", notes.change, name="change-note"),
    path("cases/<int:number>/notes/<int:pk>/delete", notes.delete, name="delete-note"),
    path("cases/<int:number>/claim", cases.claim, name="claim"),
    path("cases/<int:number>/release", cases.release, name="release"),
    path("cases/<int:number>/heartbeat", cases.heartbeat, name="heartbeat"),
    path("cases/<int:number>/verdict", verdicts.decide, name="decide"),
    path("cases/<int:number>/undo", verdicts.undo, name="undo"),
    path("review/texts", canned.texts, name="canned-texts"),
    path("review/texts/<int:pk>", canned.text, name="canned-text"),
    path("review/texts/<int:pk>/delete", canned.delete, name="delete-canned-text"),
    path("feedback", feedback.inbox, name="feedback"),
    path("holds", holds.holds_page, name="holds"),
    path("holds/new", holds.new_hold, name="new-hold"),
    path("holds/<int:hold_id>/extend", holds.extend_hold, name="extend-hold"),
    path("holds/<int:hold_id>/release", holds.release_hold, name="release-hold"),
    path("n/<str:token>", notices.notice, name="notice"),
    path("n/<str:token>/feedback", notices.feedback_form, name="notice-feedback"),
    path("n/<str:token>/thanks", notices.thanks, name="notice-thanks"),
    path("n/<str:token>/status", notices.status, name="notice-status"),
]
