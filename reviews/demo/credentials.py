"""Logins and keys of the demo, new ones whenever the file that holds them is gone."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from accounts import personal_tokens
from accounts.ledger import Actor
from accounts.models import User
from conversations.models import Source
from conversations.services.sources import create_key
from conversations.vocabulary import Scope
from reviews.demo import seeding
from reviews.demo.people import REVIEWERS

TOKEN_LIFETIME = timedelta(days=90)

LOGINS = {
    "reviewer": REVIEWERS[0].email,
    "senior": seeding.SENIOR[1],
    "policy_admin": seeding.POLICY_ADMIN[1],
    "administrator": seeding.ADMINISTRATOR[1],
    "auditor": seeding.AUDITOR[1],
    "trainee": seeding.TRAINEE[1],
}


@transaction.atomic
def issue(*, now: datetime) -> dict[str, Any]:
    """New passwords, an API key and a staff token for what :mod:`seeding` has made."""
    actor = Actor.task("demo")
    logins = {}
    for role, email in LOGINS.items():
        user = User.objects.get(email=email)
        password = secrets.token_urlsafe(12)
        user.set_password(password)
        user.save(update_fields=["password"])
        logins[role] = {"email": email, "password": password}
    key = create_key(
        source=Source.objects.get(slug=seeding.SOURCE),
        name="Demo",
        scopes=list(Scope),
        actor=actor,
    )
    senior = User.objects.get(email=LOGINS["senior"])
    # The one before was in the file that is gone.
    personal_tokens.revoke_all(user=senior, now=now, actor=actor)
    token = personal_tokens.create(
        user=senior,
        name="Demo",
        scopes=personal_tokens.within_role(senior),
        expires_at=now + TOKEN_LIFETIME,
        now=now,
        actor=actor,
    )
    return {
        "api_key": str(key),
        "source": seeding.SOURCE,
        "staff_token": str(token),
        "logins": logins,
    }
