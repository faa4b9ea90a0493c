"""Enumerations whose labels are said in the language of whoever reads them."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Final

from django.db import models
from django.db.models.enums import ChoicesType
from django.utils.translation import gettext, gettext_lazy

from accounts.roles import Role

if TYPE_CHECKING:
    # The checker knows Django's own class alone, down to the type of each label.
    from django.db.models import TextChoices as TextChoices
else:

    class _Speaking(ChoicesType):
        """Lazy choices: models and forms ask for them when they are imported."""

        @property
        def choices(self) -> list[tuple[object, object]]:
            return [(one.value, gettext_lazy(one._label_)) for one in self]

    class TextChoices(models.TextChoices, metaclass=_Speaking):
        """Django's, with labels marked by ``gettext_noop`` and translated when they are read."""

        @enum.property
        def label(self) -> str:
            """The label in the language spoken now; not lazy, so that it can be joined."""
            return gettext(self._label_)


ROLE_LABELS: Final = {
    Role.TRAINEE: gettext_lazy("Trainee"),
    Role.REVIEWER: gettext_lazy("Reviewer"),
    Role.SENIOR: gettext_lazy("Senior reviewer"),
    Role.POLICY_ADMIN: gettext_lazy("Policy admin"),
    Role.AUDITOR: gettext_lazy("Auditor"),
    Role.ADMINISTRATOR: gettext_lazy("Administrator"),
}
