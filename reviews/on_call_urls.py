"""The pages of alarms and of the people on call."""

from django.urls import path

from reviews.views import alarms, on_call

urlpatterns = [
    path("on-call", on_call.page, name="on-call"),
    path("on-call/duties", on_call.add_duty, name="add-duty"),
    path("on-call/duties/<int:pk>/end", on_call.end_duty, name="end-duty"),
    path("on-call/pagers", on_call.add_pager, name="add-pager"),
    path("on-call/pagers/<int:pk>/remove", on_call.remove_pager, name="remove-pager"),
    path("on-call/drill", on_call.drill, name="drill"),
    path("on-call/alarms/<int:pk>", alarms.alarm, name="alarm"),
    path("on-call/alarms/<int:pk>/acknowledge", alarms.acknowledge, name="acknowledge"),
]
