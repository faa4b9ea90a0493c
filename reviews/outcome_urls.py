"""The pages of outcomes: endpoints of sources, and deliveries."""

from django.urls import path

from reviews.views import deliveries, endpoints

urlpatterns = [
    path("sources/<slug:slug>/outcomes", endpoints.outcomes, name="source-outcomes"),
    path("sources/<slug:slug>/outcomes/new", endpoints.new_endpoint, name="new-endpoint"),
    path("endpoints/<int:pk>/types", endpoints.set_types, name="endpoint-types"),
    path("endpoints/<int:pk>/pause", endpoints.pause, name="pause-endpoint"),
    path("endpoints/<int:pk>/resume", endpoints.resume, name="resume-endpoint"),
    path("endpoints/<int:pk>/test", endpoints.send_test, name="test-endpoint"),
    path("endpoints/<int:pk>/secrets", endpoints.rotate, name="rotate-endpoint-secret"),
    path(
        "endpoints/<int:pk>/secrets/<int:number>/revoke",
        endpoints.revoke,
        name="revoke-endpoint-secret",
    ),
    path("endpoints/<int:pk>/remove", endpoints.remove, name="remove-endpoint"),
    path("deliveries", deliveries.listed, name="deliveries"),
    path("deliveries/replay", deliveries.replay_many, name="replay-deliveries"),
    path("deliveries/<int:pk>", deliveries.delivery, name="delivery"),
    path("deliveries/<int:pk>/replay", deliveries.replay, name="replay-delivery"),
]
