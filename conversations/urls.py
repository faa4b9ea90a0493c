"""The API of intake."""

from django.urls import path

from conversations.api import EventsView

urlpatterns = [path("api/v1/events", EventsView.as_view(), name="events")]
