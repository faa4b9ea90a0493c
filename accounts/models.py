"""Users, their tokens, and the ledger of what was done and seen."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, ClassVar, Final
from zoneinfo import available_timezones

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, Group, PermissionsMixin
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower, Now
from django.utils.functional import cached_property

from accounts.choices import ROLE_LABELS
from accounts.keeping import append_only
from accounts.prepared import Prepared
from accounts.roles import Role
from accounts.seal_models import LedgerSeal as LedgerSeal
from accounts.token_scopes import LONGEST_DAYS, TokenScope


class UserManager(BaseUserManager["User"]):
    """Makes users; the e-mail address is the login."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        """A new user. Raises ``ValueError`` without an address."""
        if not email:
            raise ValueError("A user needs an e-mail address.")
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> User:
        """A new user who may do everything."""
        return self.create_user(email, password, is_superuser=True, **fields)

    def get_by_natural_key(self, username: str | None) -> User:
        """The user who logs in with this address, whatever its case."""
        return self.get(email__iexact=username)


def check_time_zone(value: str) -> None:
    """Refuse a name that is not in the time zone database."""
    if value not in available_timezones():
        raise ValidationError("“%(value)s” is not a time zone.", params={"value": value})


class User(AbstractBaseUser, PermissionsMixin):
    """Somebody who works with Recourse."""

    email = models.EmailField(unique=True)
    name = models.CharField(max_length=120)
    time_zone = models.CharField(max_length=64, default="UTC", validators=[check_time_zone])
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = UserManager()

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]

    class Meta:
        constraints = [
            models.UniqueConstraint(Lower("email"), name="user_email_unique_without_case")
        ]

    def __str__(self) -> str:
        return self.name

    @cached_property
    def role_names(self) -> frozenset[str]:
        """The names of the user's groups. Every page asks several times; read once."""
        if "groups" in getattr(self, "_prefetched_objects_cache", {}):
            return frozenset(group.name for group in self.groups.all())
        return frozenset(name for (name,) in _ROLE_NAMES.tuples(user=self.pk))

    @property
    def role_label(self) -> str:
        """The roles in words, the most powerful last; empty for somebody without any."""
        names = self.role_names
        return ", ".join(str(label) for role, label in ROLE_LABELS.items() if role in names)

    def has_role(self, role: Role) -> bool:
        """Whether the user is in the role's group."""
        return any(group.name == role for group in self.groups.all())


_ROLE_NAMES: Final = Prepared(
    lambda user: Group.objects.filter(user=user).order_by().values_list("name"), user=int
)


class PersonalToken(models.Model):
    """A token by which a program acts for a user, never with more rights than the user has."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="tokens")
    name = models.CharField(max_length=80)
    public_id = models.CharField(max_length=16, unique=True)
    digest = models.BinaryField(max_length=32)
    scopes = ArrayField(models.CharField(max_length=32, choices=TokenScope), db_default=[])
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True, help_text="To about a minute.")
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            # A name is free again once its token is revoked: so one is replaced by another.
            models.UniqueConstraint(
                F("user"), Lower("name"), condition=Q(revoked_at=None), name="token_name_of_person"
            ),
            models.CheckConstraint(
                condition=Q(scopes__contained_by=TokenScope.values), name="token_scopes_known"
            ),
            models.CheckConstraint(
                condition=Q(expires_at__lte=F("created_at") + timedelta(days=LONGEST_DAYS)),
                name="token_expires_within_a_year",
            ),
        ]

    def __str__(self) -> str:
        return f"rp_{self.public_id}"


class LedgerEntry(models.Model):
    """One thing that a person or a program did or saw. Never changed, never deleted.

    It holds codes, ids and numbers, and no free text of users: erasure must be able to leave
    it alone.
    """

    id = models.BigAutoField(primary_key=True)
    at = models.DateTimeField(db_default=Now())
    actor = models.ForeignKey(
        User, null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    agent = models.CharField(
        max_length=80, help_text="Through what: a key, a task, a token of the actor."
    )
    action = models.CharField(max_length=64)
    object_type = models.CharField(max_length=32)
    object_id = models.CharField(max_length=64)
    details = models.JSONField(default=dict)
    request_id = models.CharField(max_length=128, default="")

    class Meta:
        ordering = ["-id"]
        indexes = [
            # What happened to one thing: the timeline of a case page.
            models.Index(fields=["object_type", "object_id", "id"], name="ledger_object"),
            # What one person did: the ledger page's filter.
            models.Index(fields=["actor", "id"], name="ledger_actor"),
            # What was done through one key, token or task: likewise.
            models.Index(fields=["agent", "id"], name="ledger_agent", condition=~Q(agent="")),
            # One action, or all that begin with a word: likewise.
            models.Index(
                fields=["action", "id"],
                name="ledger_action",
                opclasses=["varchar_pattern_ops", "int8_ops"],
            ),
            # What happened in a stretch of time: likewise.
            models.Index(fields=["at", "id"], name="ledger_time"),
        ]
        triggers = append_only("ledger")

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.agent or self.actor_id} {self.action}"
