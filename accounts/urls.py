"""The pages of accounts."""

from django.urls import path

from accounts import views

urlpatterns = [
    path("login", views.SignInView.as_view(), name="login"),
    path("logout", views.SignOutView.as_view(), name="logout"),
    path("welcome/<uidb64>/<token>", views.WelcomeView.as_view(), name="welcome"),
    path("profile", views.profile, name="profile"),
]
