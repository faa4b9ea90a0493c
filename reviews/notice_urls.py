"""The pages of notices for staff."""

from django.urls import path

from reviews.views import notice_staff

urlpatterns = [
    path("cases/<int:number>/notice", notice_staff.restriction, name="restriction"),
    path("notices", notice_staff.behind_notices, name="behind-notices"),
    path("notices/revoke", notice_staff.revoke_link, name="revoke-notice-link"),
    path("notices/statements", notice_staff.statements, name="statements"),
]
