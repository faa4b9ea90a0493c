"""What policy admins are at in the demo: a version that waits for a second person, and a draft."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from accounts.models import User
from conversations.vocabulary import Category
from policies.models import Draft, PolicyVersion, Submission
from policies.services import drafts


def tell(*, admin: User, colleague: User, began: datetime) -> None:
    """*colleague* has submitted a version that *admin* may decide on; *admin* writes a draft.

    Told once, however often it is asked for.
    """
    if Draft.objects.exists() or Submission.objects.exists():
        return
    base = PolicyVersion.objects.order_by("-number")[0]
    submitted = drafts.create_draft(
        user=colleague,
        now=began - timedelta(days=2),
        content=_changed(base, Category.HARASSMENT_OF_MODEL, refusals=2),
        based_on=base,
        note="Harassment of the model: one more refusal. Reviewers found one too few in a heated"
        " exchange that calmed down.",
    )
    drafts.submit(number=submitted.number, user=colleague, now=began - timedelta(hours=26))
    drafts.create_draft(
        user=admin,
        now=began - timedelta(hours=3),
        content=_changed(base, Category.NONVIOLENT_CRIMES, severity=0.5, redirects=3),
        based_on=base,
        note="Nonviolent crimes: end later, and only what is more severe.",
    )


def _changed(base: PolicyVersion, category: Category, **thresholds: Any) -> dict[str, Any]:
    """What *base* says, with other *thresholds* for one category."""
    categories = base.content["categories"]
    own = categories.get(category.value, base.content["default"])
    return {**base.content, "categories": {**categories, category.value: own | thresholds}}
