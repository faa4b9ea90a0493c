"""The pages of reviews, and its API."""

from django.urls import path
from django.views.generic import RedirectView

from reviews.views import cases, feedback, holds, lineage, notices, queue, verdicts

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="queue"), name="home"),
    path("review", queue.queue, name="queue"),
    path("review/claim-next", queue.claim_next, name="claim-next"),
    path("cases/<int:number>", cases.case, name="case"),
    path("cases/of/<uuid:pk>", cases.case_of, name="case-of"),
    path("cases/<int:number>/turns", cases.turns_fragment, name="case-turns"),
    path("cases/<int:number>/reveal", cases.reveal_all, name="reveal-all"),
    path("cases/<int:number>/reveal/<int:turn>", cases.reveal_turn, name="reveal-turn"),
    path("cases/<int:number>/feedback", cases.show_what_the_user_said, name="case-feedback"),
    path("cases/<int:number>/threads", lineage.show_other_threads, name="case-threads"),
    path("cases/<int:number>/claim", cases.claim, name="claim"),
    path("cases/<int:number>/release", cases.release, name="release"),
    path("cases/<int:number>/heartbeat", cases.heartbeat, name="heartbeat"),
    path("cases/<int:number>/verdict", verdicts.decide, name="decide"),
    path("cases/<int:number>/undo", verdicts.undo, name="undo"),
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
