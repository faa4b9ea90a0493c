"""What the constraints of cases, claims and verdicts forbid."""

from __future__ import annotations

from datetime import timedelta

from accounts.roles import Role
from reviews.models import Claim, Selection, Verdict
from tests.factories import NOW, give_verdict, make_case, make_user
from tests.violating import APPEND_ONLY, copy, update, violates


@violates("reviews_case.number")
def _case_number_twice() -> None:
    update(make_case(), number=make_case().number)


@violates("case_settles_at_a_time")
def _settling_without_a_time() -> None:
    update(make_case(), state="settling")


@violates("case_unselected_only_in_two_states")
def _open_and_unselected() -> None:
    update(make_case(), selected=False)


@violates("selection_once_a_reason")
def _selected_twice() -> None:
    case = make_case(signals={"warnings": 0})
    Selection.objects.create(case=case, reason="breach", at=NOW)


@violates("claim_one_live_a_case")
def _two_claims() -> None:
    case = make_case()
    for _ in range(2):
        Claim.objects.create(case=case, reviewer=make_user(), claimed_at=NOW, expires_at=NOW)


@violates("claim_expires_after_it_begins")
def _expires_before() -> None:
    Claim.objects.create(
        case=make_case(), reviewer=make_user(), claimed_at=NOW, expires_at=NOW - timedelta(1)
    )


def _verdict() -> Verdict:
    return give_verdict(make_case(), make_user(Role.REVIEWER))


@violates("verdict_severity_0_to_4")
def _severity_of_five() -> None:
    copy(_verdict(), severity=5)


@violates("verdict_remedy_for_cutoffs")
def _remedy_of_a_near_miss() -> None:
    copy(_verdict(), decision="right_to_continue")


@violates("verdict_once_a_key")
def _key_twice() -> None:
    verdict = _verdict()
    copy(verdict, idempotency_key="k")
    copy(verdict, idempotency_key="k")


APPEND_ONLY["verdict"] = _verdict
