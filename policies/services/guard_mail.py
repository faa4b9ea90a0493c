"""Telling policy admins by e-mail what the guard did, since nobody looks at its page all day."""

from __future__ import annotations

from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import User
from policies.models import GuardReading
from policies.scopes import label_of


def recipients() -> list[int]:
    """Whoever may roll back; nobody where e-mail is not set up."""
    if not settings.EMAIL_HOST:
        return []
    users = User.objects.filter(
        is_active=True,
        groups__permissions__codename="change_policyversion",
        groups__permissions__content_type__app_label="policies",
    ).exclude(email="")
    return list(users.order_by("pk").values_list("pk", flat=True).distinct())


def send(*, reading_id: int, user_id: int) -> None:
    """Mail one of the :func:`recipients` what followed from a reading.

    Raises what the mail server or the way to it raises.
    """
    reading = GuardReading.objects.select_related("activation").get(pk=reading_id)
    user = User.objects.get(pk=user_id)
    number = reading.activation.version_id
    context = {
        "number": number,
        "scope": label_of(reading.activation.scope),
        "evidence": reading.get_kind_display(),
        "act": reading.get_act_display(),
        "page": settings.RECOURSE_PUBLIC_URL + reverse("guard"),
    }
    EmailMessage(
        _("Recourse: the guard alerts on policy %(number)d") % {"number": number},
        render_to_string("policies/guard_mail.txt", context),
        to=[user.email],
        headers={"Auto-Submitted": "auto-generated"},
    ).send()
