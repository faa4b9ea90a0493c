"""The pages of queues and of the rules that lead there."""

from django.urls import path

from reviews.views import routing

urlpatterns = [
    path("routing", routing.overview, name="routing"),
    path("routing/queues/new", routing.new_queue, name="new-queue"),
    path("routing/queues/<slug:slug>", routing.rename_queue, name="rename-queue"),
    path("routing/queues/<slug:slug>/close", routing.close_queue, name="close-queue"),
    path("routing/rules/new", routing.new_rule, name="new-rule"),
    path("routing/rules/<int:rule_id>", routing.change_rule, name="change-rule"),
    path("routing/rules/<int:rule_id>/up", routing.move_rule_up, name="move-rule-up"),
    path("routing/rules/<int:rule_id>/retire", routing.retire_rule, name="retire-rule"),
]
