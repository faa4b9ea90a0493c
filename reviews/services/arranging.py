"""What a page offers to those who arrange cases, and the words of what they did."""

from __future__ import annotations

from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.ledger import Actor, record
from accounts.models import User
from accounts.roles import Role
from reviews.models import Label
from reviews.permissions import check_label
from reviews.services.bulk import Done, Refusal


def people_to_assign() -> list[tuple[int, str]]:
    """Whom a case can be kept for, by name: the ids and names of those who give verdicts."""
    deciding = User.objects.filter(
        is_active=True, groups__name__in=[Role.REVIEWER.value, Role.SENIOR.value]
    )
    return list(deciding.distinct().order_by("name", "pk").values_list("pk", "name"))


@transaction.atomic
def label_named(*, name: str, by: User, now: datetime) -> Label:
    """The label of that name, whatever its case; made where there is none.

    Raises ``ValidationError`` for a name that is empty or too long, and ``PermissionDenied``.
    """
    check_label(by)
    wanted = name.replace("\x00", "\ufffd").strip()
    if found := Label.objects.filter(name__iexact=wanted).first():
        return found
    label = Label(name=wanted, made_by=by, made_at=now)
    label.full_clean(validate_constraints=False)
    try:
        with transaction.atomic():
            label.save()
    except IntegrityError:
        found = Label.objects.filter(name__iexact=wanted).first()
        if found is None:
            raise ValidationError({"name": _("This label cannot be made.")}) from None
        return found
    record(actor=Actor(user=by), action="label.made", obj="label", object_id=label.pk, at=now)
    return label


def told(done: Done, what: str) -> str:
    """What an act came to, in words: how many cases, and which were left as they are, and why.

    *what* says what was done with them, "assigned to Ana".
    """
    number = len(done.changed)
    said = ngettext("%(number)d case %(what)s.", "%(number)d cases %(what)s.", number) % {
        "number": number,
        "what": what,
    }
    for why in Refusal:
        left = [f"CO-{one.number}" for one in done.refused if one.why == why]
        if left:
            said += " " + _("Left as it is, because %(why)s: %(cases)s.") % {
                "why": why.label,
                "cases": ", ".join(left),
            }
    return said
