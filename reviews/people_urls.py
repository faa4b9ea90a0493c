"""The pages about people: one's own settings, and who works here."""

from django.urls import path

from reviews.views import care_page, hiding, people_page

urlpatterns = [
    path("profile/care", care_page.care, name="care"),
    path("profile/pause", care_page.pause, name="pause"),
    path("profile/pause/put-off", care_page.put_off_pause, name="put-off-pause"),
    path("cases/<int:number>/hide", hiding.hide_all, name="hide-all"),
    path("cases/<int:number>/hide/<int:turn>", hiding.hide_turn, name="hide-turn"),
    path("people", people_page.people, name="people"),
    path("people/new", people_page.invite, name="invite"),
    path("people/<int:pk>", people_page.person, name="person"),
    path("people/<int:pk>/link", people_page.new_link, name="new-link"),
    path("people/<int:pk>/tokens", people_page.revoke_tokens, name="revoke-tokens"),
    path("people/<int:pk>/change", people_page.change, name="change-access"),
]
