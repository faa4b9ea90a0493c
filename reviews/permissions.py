"""Who may do what with which case. ``check_x`` raises ``PermissionDenied``, ``can_x`` asks."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.roles import Role
from policies.permissions import can_view as can_view_policies
from reviews.models import Case, CaseQueue, Claim, Verdict
from reviews.sight import ForTheQualified, closed_if_asked, closed_to, in_hands_of, unlisted_for
from reviews.transitions import PENDING
from reviews.visibility import CaseFacts, Text, Viewer, visible
from reviews.vocabulary import OPEN_TO_ALL, CaseState, Queue


def can_list(user: User) -> bool:
    """May know of cases at all."""
    return user.has_perm("reviews.view_case")


def check_list(user: User) -> None:
    """Raise where *user* may not know of cases."""
    if not can_list(user):
        raise PermissionDenied(_("Your role does not include the review of cases."))


def can_open(user: User, case: Case) -> bool:
    """May open *case*, of which they know by a link or its number."""
    if case.queue in OPEN_TO_ALL or case.queue not in unlisted_for(user):
        return True
    theirs = Case.objects.filter(in_hands_of(user, timezone.now()), pk=case.pk)
    case.in_hand = case.queue in closed_to(user) and theirs.exists()
    return case.in_hand


def check_open(user: User, case: Case) -> None:
    """Raise ``sight.ForTheQualified``, which says whom it is for, where *user* may not open it."""
    if not can_open(user, case):
        raise ForTheQualified(case.label)


def can_decide(user: User, case: Case | None = None, *, held: bool = False) -> bool:
    """May claim and decide cases; *case*, where one is named, also *held* since before a crisis."""
    if not user.has_perm("reviews.decide_case"):
        return False
    if case is None:
        return True
    if case.state == CaseState.ADJUDICATION and not user.has_perm("reviews.adjudicate_case"):
        return False
    return works_in(user, case.queue) or (held and case.queue in closed_to(user))


def check_decide(user: User, case: Case | None = None, *, held: bool = False) -> None:
    """Raise where *user* may give no verdict."""
    if not can_decide(user, case, held=held):
        raise PermissionDenied(_("Your role does not include deciding this case."))


def can_manage_quality(user: User) -> bool:
    """May make gold cases, and see the quality of everybody's work."""
    return user.has_perm("reviews.manage_gold")


def check_manage_quality(user: User) -> None:
    """Raise where *user* may not make gold cases."""
    if not can_manage_quality(user):
        raise PermissionDenied(_("Your role does not include the quality of everybody's work."))


def can_see_quality(user: User) -> bool:
    """May see how far reviewers agree, nobody named: whoever makes gold cases, and auditors."""
    return can_manage_quality(user) or user.has_perm("accounts.view_ledgerentry")


def can_see_each(user: User) -> bool:
    """May see the agreement of each reviewer by name: a senior."""
    return user.has_perm("reviews.adjudicate_case")


def can_train(user: User) -> bool:
    """May practise on decided cases."""
    return user.has_perm("reviews.train_on_case")


def can_mentor(user: User) -> bool:
    """May comment on trainees' answers, and certify people."""
    return user.has_perm("reviews.mentor_exercise")


def check_mentor(user: User) -> None:
    """Raise where *user* is no mentor."""
    if not can_mentor(user):
        raise PermissionDenied(_("Your role does not include training others."))


def works_in(user: User, queue: str) -> bool:
    """May be dealt, and claim, the cases of the queue of that slug: is qualified for its area."""
    if queue in OPEN_TO_ALL:
        return True
    return CaseQueue.objects.worked_by(user).filter(pk=queue).exists()


def can_arrange(user: User) -> bool:
    """May assign and move many cases at once."""
    return user.has_perm("reviews.add_bulkact")


def check_arrange(user: User) -> None:
    """Raise where *user* may not assign and move cases."""
    if not can_arrange(user):
        raise PermissionDenied(_("Your role does not include assigning and moving cases."))


def check_label(user: User) -> None:
    """Raise where *user* may put no labels on cases."""
    if not can_label(user):
        raise PermissionDenied(_("Your role does not include putting labels on cases."))


def can_label(user: User) -> bool:
    """May put labels on cases."""
    return can_decide(user) or can_arrange(user)


def can_share_views(user: User) -> bool:
    """May keep a view of the queue for everybody."""
    return user.has_perm("reviews.adjudicate_case")


def check_share_views(user: User) -> None:
    """Raise where *user* may keep views for themselves alone."""
    if not can_share_views(user):
        raise PermissionDenied(_("Your role does not include sharing views."))


def can_route(user: User) -> bool:
    """May make queues, and the rules that send cases there."""
    return user.has_perm("reviews.change_routingrule")


def check_route(user: User) -> None:
    """Raise where *user* may not change queues and rules."""
    if not can_route(user):
        raise PermissionDenied(_("Your role does not include queues and their rules."))


def can_reopen_held(user: User) -> bool:
    """May have the thread of a case on legal hold reopened: a qualified senior."""
    return user.has_perm("reviews.adjudicate_case")


def viewer_of(user: User) -> Viewer:
    """*user* as the visibility rules know them."""
    roles = (
        frozenset(Role)
        if user.is_superuser
        else frozenset(Role(name) for name in user.role_names & set(Role))
    )
    restricted = user.has_perm("reviews.view_restricted_case")
    return Viewer(user.pk, roles, restricted, closed_if_asked(user))


def facts_of(case: Case) -> CaseFacts:
    """*case* as the visibility rules know it."""
    return facts_of_each([case])[case.pk]


def facts_of_each(cases: Iterable[Case]) -> dict[UUID, CaseFacts]:
    """Each of *cases* as the visibility rules know it, in two queries at most."""
    listed = list(cases)
    given = _verdicts_on([case.pk for case in listed if case.state in PENDING])
    may_undo = _who_may_undo(listed, given)
    return {
        case.pk: CaseFacts(
            case.queue == Queue.CHILD_SAFETY,
            CaseState(case.state),
            frozenset(reviewer for reviewer, _ in given.get(case.pk, ())),
            case.contested,
            case.exercise,
            case.answerer or may_undo.get(case.pk, 0),
            "" if case.in_hand or case.queue in OPEN_TO_ALL else case.queue,
        )
        for case in listed
    }


#: Who gave a verdict, and when.
_Given = tuple[int, datetime]


def _verdicts_on(cases: list[UUID]) -> dict[UUID, list[_Given]]:
    """Who gave the verdicts on each of *cases* that stand, and when; oldest first."""
    given: dict[UUID, list[_Given]] = {key: [] for key in cases}
    if cases:
        found = Verdict.objects.filter(case__in=cases, withdrawal=None).order_by("at", "id")
        for key, reviewer, at in found.values_list("case_id", "reviewer_id", "at"):
            given[key].append((reviewer, at))
    return given


def _who_may_undo(cases: list[Case], given: dict[UUID, list[_Given]]) -> dict[UUID, int]:
    """Of each of *cases* whose last verdict can be taken back, whose that is.

    One that settles until it has; one that waits for another's as long as that takes at least,
    while nobody holds the case for it.
    """
    now = timezone.now()
    last = {case.pk: given[case.pk][-1] for case in cases if given.get(case.pk)}
    settling = {case.pk for case in cases if case.state == CaseState.SETTLING}
    waits = [
        case.pk
        for case in cases
        if case.state in WAITS_FOR_ANOTHER and case.pk in last and is_fresh(last[case.pk][1], now)
    ]
    if waits:
        held = set(Claim.objects.live().filter(case__in=waits).values_list("case", flat=True))
        settling.update(key for key in waits if key not in held)
    return {key: last[key][0] for key in settling if key in last}


#: The states in which another's verdict is asked for on a case that has one.
WAITS_FOR_ANOTHER: Final = (CaseState.SECOND_REVIEW, CaseState.ADJUDICATION)


def is_fresh(given_at: datetime, now: datetime) -> bool:
    """Whether a verdict is so new that it can be taken back though another's is asked for.

    A clock that is a little ahead of ours does not make it old.
    """
    return abs(now - given_at) < timedelta(seconds=settings.UNDO_SECONDS)


def own_fresh(user: User) -> list[UUID]:
    """The cases that wait for another's verdict while *user* can still take theirs back; few."""
    since = timezone.now() - timedelta(seconds=settings.UNDO_SECONDS)
    mine = Verdict.objects.filter(reviewer=user, at__gt=since, withdrawal=None)
    waiting = Case.objects.filter(pk__in=mine.values("case"), state__in=WAITS_FOR_ANOTHER)
    return [key for key, facts in facts_of_each(waiting).items() if facts.may_undo == user.pk]


def visible_texts(user: User, case: Case) -> frozenset[Text]:
    """The kinds of text of *case* that *user* may see."""
    return visible(viewer_of(user), facts_of(case))


def reads_text(user: User) -> bool:
    """Whether *user* reads conversations: what they want hidden means something."""
    return can_decide(user) or user.has_perm("reviews.train_on_case")


def may_manage_people(user: User) -> bool:
    """May say who works here, in which roles, qualified for what."""
    return user.has_perm("accounts.change_user")


def check_manage_people(user: User) -> None:
    """Raise where *user* may not."""
    if not may_manage_people(user):
        raise PermissionDenied(_("Your role does not include the people of this installation."))


def can_read_feedback(user: User) -> bool:
    """May read what users said, of ordinary cases at least."""
    ordinary = CaseFacts(restricted=False, state=CaseState.OPEN)
    return Text.FEEDBACK in visible(viewer_of(user), ordinary)


def check_read_feedback(user: User) -> None:
    """Raise where *user* may not read what users said."""
    if not can_read_feedback(user):
        raise PermissionDenied(_("Your role does not include what users said."))


def can_search(user: User) -> bool:
    """May look for words in transcripts, of ordinary cases at least."""
    ordinary = CaseFacts(restricted=False, state=CaseState.OPEN)
    return Text.TRANSCRIPT in visible(viewer_of(user), ordinary)


def check_search(user: User) -> None:
    """Raise where *user* may not look for words in transcripts."""
    if not can_search(user):
        raise PermissionDenied(_("Your role does not include transcripts."))


def can_see_outcomes(user: User) -> bool:
    """May see where outcomes go and what became of each: who may see sources."""
    return user.has_perm("conversations.view_source")


def check_see_outcomes(user: User) -> None:
    """Raise where *user* may not see where outcomes go."""
    if not can_see_outcomes(user):
        raise PermissionDenied(_("Your role does not include the outcomes of sources."))


def can_change_outcomes(user: User) -> bool:
    """May set endpoints up and send outcomes again: who may change sources."""
    return can_see_outcomes(user) and user.has_perm("conversations.change_source")


def check_change_outcomes(user: User) -> None:
    """Raise where *user* may change no endpoint and send nothing again."""
    if not can_change_outcomes(user):
        raise PermissionDenied(_("Your role does not include the outcomes of sources."))


def can_keep_rota(user: User) -> bool:
    """May say who is on call when, and try whether people are reached: seniors, administrators."""
    return user.has_perm("reviews.change_duty")


def check_keep_rota(user: User) -> None:
    """Raise where *user* may not change who is on call."""
    if not can_keep_rota(user):
        raise PermissionDenied(_("Your role does not include the rota of people on call."))


def can_answer(user: User) -> bool:
    """May acknowledge an alarm: whoever decides cases, or keeps the rota."""
    return can_decide(user) or can_keep_rota(user)


def check_answer(user: User) -> None:
    """Raise where *user* may acknowledge no alarm."""
    if not can_answer(user):
        raise PermissionDenied(_("Your role does not include answering alarms."))


def can_set_pagers(user: User) -> bool:
    """May say which pagers are told of alarms: who may change sources."""
    return can_keep_rota(user) and user.has_perm("conversations.change_source")


def check_set_pagers(user: User) -> None:
    """Raise where *user* may not change pagers."""
    if not can_set_pagers(user):
        raise PermissionDenied(_("Your role does not include pagers."))


def can_read_unclear(user: User) -> bool:
    """May read which cases were hard to judge by the policy: policy admins and seniors."""
    return user.has_perm("policies.change_policyversion") or user.has_perm(
        "reviews.adjudicate_case"
    )


def check_read_unclear(user: User) -> None:
    """Raise where *user* may not read which cases were hard to judge."""
    if not can_read_unclear(user):
        raise PermissionDenied(_("Your role does not include what is unclear in policies."))


def can_manage_notices(user: User) -> bool:
    """May see what stands behind notices, and take statements of reasons out."""
    return user.has_perm("conversations.change_source")


def check_manage_notices(user: User) -> None:
    """Raise where *user* may not."""
    if not can_manage_notices(user):
        raise PermissionDenied(_("Your role does not include what stands behind notices."))


def can_oversee(user: User) -> bool:
    """May see on one page what needs somebody: whoever keeps the rota, or reads policies."""
    return can_list(user) and (can_keep_rota(user) or can_view_policies(user))


def check_oversee(user: User) -> None:
    """Raise where *user* has nothing to do with the running of this installation."""
    if not can_oversee(user):
        raise PermissionDenied(_("Your role does not include the overview."))


def can_read_ledger(user: User) -> bool:
    """May read who did and saw what: seniors, auditors and administrators.

    Which lines of it is for ``reviews/services/ledger.py`` to say.
    """
    return user.has_perm("accounts.view_ledgerentry")


def check_read_ledger(user: User) -> None:
    """Raise where *user* may not read the ledger."""
    if not can_read_ledger(user):
        raise PermissionDenied(_("Your role does not include the ledger."))
