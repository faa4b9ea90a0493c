"""Who works here: inviting people, giving and taking roles and qualifications, with a reason.

Nobody gives or takes anything of their own. Each change is kept with who made it, when and why;
the ledger has it too, without the reason.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts import personal_tokens
from accounts.choices import ROLE_LABELS
from accounts.ledger import Actor, record
from accounts.models import User
from accounts.roles import Role
from reviews.models import AccessChange, Qualification
from reviews.permissions import check_manage_people
from reviews.services import qualifications, shifts
from reviews.vocabulary import Access, Area

LONGEST_REASON = 500


@dataclass(frozen=True)
class Held:
    """A role, an area or the account itself; ``at`` and ``by`` tell its last change, if known."""

    access: Access
    name: str
    label: str
    has: bool
    at: datetime | None
    by: User | None

    @property
    def what(self) -> str:
        """How addresses name it."""
        return f"{self.access}:{self.name}"


def everything(user: User) -> list[Held]:
    """The account, each role and each area, and whether *user* has it. Three queries."""
    latest: dict[tuple[str, str], tuple[datetime, User]] = {}
    changes = AccessChange.objects.filter(user=user).select_related("by").order_by("at", "id")
    for change in changes:
        latest[change.access, change.name] = change.at, change.by
    roles = {group.name for group in user.groups.all()}
    # Not only here: a mentor's certification qualifies too.
    live = Qualification.objects.filter(user=user, revoked_at=None).select_related("granted_by")
    areas = {held.area: (held.granted_at, held.granted_by) for held in live}
    latest |= {(Access.QUALIFICATION, area): granted for area, granted in areas.items()}

    def held(access: Access, name: str, label: str, has: bool) -> Held:
        at, by = latest.get((access, name), (None, None))
        return Held(access, name, label, has, at, by)

    return [
        held(Access.ACCOUNT, "", _("May sign in"), user.is_active),
        *(held(Access.ROLE, role, str(ROLE_LABELS[role]), role in roles) for role in Role),
        *(held(Access.QUALIFICATION, area, area.label, area in areas) for area in Area),
    ]


def named(user: User, what: str) -> Held | None:
    """What an address names as ``role:senior``; None where there is no such thing."""
    return next((held for held in everything(user) if held.what == what), None)


@transaction.atomic
def change(*, user: User, held: Held, given: bool, by: User, reason: str, at: datetime) -> bool:
    """Give *user* what *held* names, or take it; whether that changed anything.

    Raises ``PermissionDenied`` where *by* may not, or it is their own; ``ValidationError``
    without a reason.
    """
    check_manage_people(by)
    if user.pk == by.pk:
        raise PermissionDenied(_("Nobody changes what they may do themselves."))
    kept = checked_reason(reason)
    locked = User.objects.select_for_update().get(pk=user.pk)
    now = named(locked, held.what)
    if now is None or now.has == given:
        return False
    apply(user=locked, access=held.access, name=held.name, given=given, by=by, reason=kept, at=at)
    return True


def checked_reason(reason: str) -> str:
    """Why, as it is kept. Raises ``ValidationError`` where nothing is said, or too much."""
    kept = reason.strip()
    if not kept or len(kept) > LONGEST_REASON:
        raise ValidationError({"reason": _("Say why, in at most 500 characters.")})
    return kept


def apply(
    *, user: User, access: Access, name: str, given: bool, by: User, reason: str, at: datetime
) -> None:
    """Give or take something that *user*, whom the caller has locked, has not or has.

    What they may no longer decide leaves their hands at once.
    """
    AccessChange.objects.create(
        user=user, access=access, name=name, given=given, by=by, reason=reason, at=at
    )
    _write(user, access, name, given, by, at)
    if not given:
        shifts.hand_back_what_is_lost(user=user, now=at)


def _write(user: User, access: Access, name: str, given: bool, by: User, at: datetime) -> None:
    match access:
        case Access.QUALIFICATION:
            act = qualifications.grant if given else qualifications.revoke
            act(user=user, area=Area(name), by=by, at=at)
            return
        case Access.ROLE:
            group = Group.objects.get(name=name)
            (user.groups.add if given else user.groups.remove)(group)
        case Access.ACCOUNT:
            user.is_active = given
            user.save(update_fields=["is_active"])
    record(
        actor=Actor(user=by),
        action=f"{access}.{'given' if given else 'taken'}",
        obj="user",
        object_id=user.pk,
        details={"name": name},
        at=at,
    )


@transaction.atomic
def invite(*, email: str, name: str, by: User, at: datetime) -> User:
    """An account for somebody new, in no role and without a password.

    Raises ``ValidationError`` where somebody has the address, ``PermissionDenied``.
    """
    check_manage_people(by)
    if User.objects.filter(email__iexact=email).exists():
        raise ValidationError({"email": _("Somebody has this address already.")})
    user = User.objects.create_user(email, None, name=name)
    AccessChange.objects.create(
        user=user, access=Access.ACCOUNT, name="", given=True, by=by, reason=_("Invited"), at=at
    )
    record(actor=Actor(user=by), action="user.invited", obj="user", object_id=user.pk, at=at)
    return user


def check_link(*, user: User, by: User) -> None:
    """Raise where *by* may have no link by which *user* chooses a password.

    Only for somebody who has never signed in: nobody takes over another's account with it.
    """
    check_manage_people(by)
    if user.has_usable_password() or user.last_login or not user.is_active:
        raise PermissionDenied(_("A link is for somebody who has not chosen a password yet."))


def note_link(*, user: User, by: User) -> None:
    """The ledger's line that *by* had a link for *user*. Raises as :func:`check_link`."""
    check_link(user=user, by=by)
    with transaction.atomic():
        record(actor=Actor(user=by), action="user.link_made", obj="user", object_id=user.pk)


def revoke_tokens(*, user: User, by: User, at: datetime) -> int:
    """Refuse the personal tokens of *user* from now on; how many opened something.

    Raises ``PermissionDenied``.
    """
    check_manage_people(by)
    return personal_tokens.revoke_all(user=user, now=at, actor=Actor(user=by))
