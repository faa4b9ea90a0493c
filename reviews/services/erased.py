"""Cases whose words were erased: nobody writes there who may still have them before their eyes.

A page that was open at that moment shows the words until it is closed, and would bring them back
with its next draft, note or answer. Writing begins again with a claim, or with taking a question:
what one opens then has no words any more.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from django.db.models import Exists, Func, OuterRef
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from accounts.models import User
from reviews.case_page_models import ErasedWords
from reviews.models import Case, Claim, Escalation
from reviews.transitions import Forbidden


def note_erased(*, case_ids: Sequence[UUID]) -> None:
    """The words of these cases go: take them out of everybody's hands.

    In the transaction that erases. It locks the cases, as whoever writes on one does, so that
    what was written before is seen by the erasure and what comes after sees it.
    """
    cases = Case.objects.filter(pk__in=case_ids).order_by("pk").select_for_update(no_key=True)
    keys = list(cases.values_list("pk", flat=True))
    Claim.objects.filter(case__in=keys, ended_at=None).update(ended_at=Now())
    taken = Escalation.objects.filter(case__in=keys, ended_at=None, taken_by__isnull=False)
    taken.update(taken_by=None, taken_at=None)
    moment = Func(function="clock_timestamp")
    ErasedWords.objects.bulk_create(
        [ErasedWords(case_id=key, at=moment) for key in keys],
        update_conflicts=True,
        unique_fields=["case"],
        update_fields=["at"],
    )


def is_fresh(case: Case, user: User) -> bool:
    """Whether *user* has claimed *case* since its words were erased, or they never were."""
    since = Claim.objects.filter(
        case=OuterRef("case"), reviewer=user, claimed_at__gt=OuterRef("at")
    )
    return not ErasedWords.objects.filter(case=case).exclude(Exists(since)).exists()


def check_fresh(case: Case, user: User) -> None:
    """Raise ``transitions.Forbidden`` where they have not. The caller has locked the case."""
    if not is_fresh(case, user):
        raise Forbidden(
            _(
                "The words of this case were erased at the request of the person concerned, and"
                " what you wrote was not kept. Open the case anew and take it up again; repeat"
                " nothing of what was said there."
            )
        )
