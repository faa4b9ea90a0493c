"""The pages of accounts."""

from django.urls import path

from accounts import token_views, views

urlpatterns = [
    path("login", views.SignInView.as_view(), name="login"),
    path("logout", views.SignOutView.as_view(), name="logout"),
    path("welcome/<uidb64>/<token>", views.WelcomeView.as_view(), name="welcome"),
    path("profile", views.profile, name="profile"),
    path("profile/tokens", token_views.tokens, name="tokens"),
    path("profile/tokens/<slug:public_id>/revoke", token_views.revoke, name="revoke-token"),
]
