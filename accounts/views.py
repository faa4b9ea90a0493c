"""Signing in and out, and one's own settings."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import views
from django.contrib.auth.forms import SetPasswordForm
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse, reverse_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.forms import ProfileForm, SignInForm
from accounts.ledger import Actor, record
from accounts.models import User
from accounts.profile import change_profile
from accounts.requests import user_of

#: For a year the browser remembers how its reader likes the pages.
_YEAR_SECONDS = 365 * 24 * 3600


class SignInView(views.LoginView):
    """Sign in by e-mail address."""

    template_name = "accounts/login.html"
    authentication_form = SignInForm
    redirect_authenticated_user = True


class SignOutView(views.LogoutView):
    """Sign out, and say so."""

    template_name = "accounts/logged_out.html"
    http_method_names = ["post", "options"]

    def get_default_redirect_url(self) -> str:
        """This very page: it says that one is signed out."""
        return self.request.path


class WelcomeView(views.PasswordResetConfirmView):
    """Choose one's first password, by a link that an administrator passed on. It works once."""

    template_name = "accounts/welcome.html"
    reset_url_token = "now"  # noqa: S105 - what stands in the address once the link was read
    success_url = reverse_lazy("login")

    def get_user(self, uidb64: str) -> User | None:
        """Whose link it is; nobody who has signed in before, nor is switched off."""
        user = super().get_user(uidb64)
        return user if isinstance(user, User) and user.is_active and not user.last_login else None

    def form_valid(self, form: SetPasswordForm[User]) -> HttpResponse:
        """Keep it, and say so."""
        with transaction.atomic():
            response = super().form_valid(form)
            user = form.user
            record(actor=Actor(user=user), action="user.welcomed", obj="user", object_id=user.pk)
        messages.success(self.request, _("Your password is set. Sign in with it."))
        return response


@require_http_methods(["GET", "POST"])
def profile(request: HttpRequest) -> HttpResponse:
    """Name, time zone, theme and keys."""
    user = user_of(request)
    # A copy: a refused form must not change whom the page greets.
    form = ProfileForm(
        request.POST if request.method == "POST" else None,
        instance=User.objects.get(pk=user.pk),
        initial={
            "theme": request.COOKIES.get("theme", "system"),
            "shortcuts": request.COOKIES.get("shortcuts") != "off",
        },
    )
    if request.method == "POST" and form.is_valid():
        change_profile(
            user=user, name=form.cleaned_data["name"], time_zone=form.cleaned_data["time_zone"]
        )
        messages.success(request, _("Your settings are saved."))
        response = redirect(reverse("profile"))
        _remember(response, "theme", form.cleaned_data["theme"], unless="system")
        keys = "on" if form.cleaned_data["shortcuts"] else "off"
        _remember(response, "shortcuts", keys, unless="on")
        return response
    status = 422 if form.errors else 200
    return render(request, "accounts/profile.html", {"form": form}, status=status)


def _remember(response: HttpResponse, name: str, value: str, *, unless: str) -> None:
    """Keep a choice in the browser; the usual one needs no cookie."""
    if value == unless:
        response.delete_cookie(name, samesite="Lax")
        return
    # Not HttpOnly: theme.js reads and writes it too. It holds no secret.
    response.set_cookie(
        name,
        value,
        max_age=_YEAR_SECONDS,
        samesite="Lax",
        secure=settings.SESSION_COOKIE_SECURE,
    )
