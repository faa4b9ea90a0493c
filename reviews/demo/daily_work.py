"""What lies on the desks of the demo: its own queue, questions, notes, and what waits for whom."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from itertools import islice
from uuid import UUID

from django.db import transaction

from accounts.models import User
from conversations.models import Source
from conversations.services.evidence import transcript_of
from conversations.vocabulary import Category, Kind
from reviews.models import Case, CaseQuerySet, CaseQueue, Endpoint, Exercise, Label, Verdict
from reviews.outcome_vocabulary import OutcomeType
from reviews.services import (
    arranging,
    bulk,
    canned,
    claims,
    deferring,
    endpoints,
    escalating,
    gold,
    notes,
    queues,
    routing_rules,
    saved_views,
    skipping,
    training,
    verdicts,
)
from reviews.vocabulary import Area, CaseState, Doubt, Queue, ReasonCode

People = Mapping[str, User]

QUEUE = "advice"
ENDPOINT = "https://chat.example/recourse/outcomes"
#: Title, text and the reason it is offered first for.
SHARED_TEXTS = (
    (
        "Calm after the warning",
        "The user calmed down after the warning and came back to the task.",
        ReasonCode.EMOTIONAL_INTENSITY,
    ),
    (
        "Went on after the warning",
        "The warning was clear, and the user went on as before.",
        ReasonCode.PERSISTENT_ABUSE,
    ),
    (
        "No way out was offered",
        "The assistant refused again and again, and never offered another way to help.",
        ReasonCode.TOO_FEW_REDIRECTS,
    ),
)
OWN_TEXT = "Rude words, none of them aimed at anybody; the request itself was an ordinary one."
QUESTIONS = (
    ("reviewer3", Area.LEGAL, "Is the letter that is asked for here a threat in the legal sense?"),
    ("reviewer4", Area.CRISIS, "The last answer sounds tired. Should somebody reach out to them?"),
    ("reviewer1", Area.SECURITY, "Does this ask for a way around a login, or for help with one?"),
)


@transaction.atomic
def make_queue(*, by: User, now: datetime) -> None:
    """A queue of its own for one category. Made before the evidence, which sends cases there."""
    if CaseQueue.objects.filter(slug=QUEUE).exists():
        return
    queue = queues.make(slug=QUEUE, name="Advice", by=by, now=now)
    rule = routing_rules.NewRule(
        name="Advice on health, money and the law",
        queue=queue,
        categories=(Category.SPECIALIZED_ADVICE,),
    )
    routing_rules.make(rule=rule, by=by, now=now)


@transaction.atomic
def add_endpoint(*, source: Source, by: User, now: datetime) -> None:
    """Where outcomes would go: paused, so that nothing leaves the machine."""
    if Endpoint.objects.exists():
        return
    types = (OutcomeType.SETTLED, OutcomeType.ANSWERED, OutcomeType.FLAGGED)
    made, _secret = endpoints.create(source=source, url=ENDPOINT, types=types, user=by, now=now)
    endpoints.pause(endpoint=made, user=by, now=now)


@transaction.atomic
def tell(*, people: People, now: datetime) -> None:
    """Everything else, once, however often it is asked for."""
    if Label.objects.exists():
        return
    _keep_texts(people, now)
    _arrange(people, _waiting(), now)
    others = _not_selected()
    _write_notes(people, others, now)
    _ask_teams(people, others, now)
    _put_off(people, others, now)
    _doubt(people, others, now)
    _choose_gold(people["senior"], now)
    _train(people, now)


def _plain() -> CaseQuerySet:
    """Cases that anybody may work on, and nothing urgent."""
    return Case.objects.filter(queue__in=[Queue.GENERAL, QUEUE], breach=False, crisis=False)


def _waiting() -> Iterator[Case]:
    return iter(_plain().waiting().unclaimed().in_order_of_work().reverse())


def _not_selected() -> Iterator[Case]:
    """The latest that no draw has selected: to work on one of them leaves the queue as it is."""
    found = _plain().filter(state=CaseState.UNSELECTED, cutoff__kind=Kind.CUTOFF)
    return iter(found.order_by("-at", "pk"))


def _keep_texts(people: People, now: datetime) -> None:
    for title, text, code in SHARED_TEXTS:
        canned.keep(
            user=people["senior"], title=title, text=text, reason_code=code, shared=True, now=now
        )
    canned.keep(
        user=people["reviewer0"],
        title="Rude, not aimed",
        text=OWN_TEXT,
        reason_code=ReasonCode.PROFANITY,
        shared=False,
        now=now,
    )


def _arrange(people: People, waiting: Iterator[Case], now: datetime) -> None:
    """Labels, views of the queue, and two cases that are kept for a colleague."""
    senior = people["senior"]
    bulk.assign(case_ids=_next(waiting, 2), to=people["reviewer1"], by=senior, now=now)
    for name, count in (("For the Tuesday meeting", 3), ("Tone only", 2)):
        label = arranging.label_named(name=name, by=senior, now=now)
        bulk.label(case_ids=_next(waiting, count), label=label, by=senior, now=now)
    for owner, name, filters, shared in (
        (senior, "Users who were surprised", "surprised=true", True),
        (people["reviewer0"], "Harassment of the model", "category=harassment_of_model", False),
    ):
        saved_views.save(owner=owner, name=name, filters=filters, shared=shared, now=now)


def _next(waiting: Iterator[Case], count: int) -> list[UUID]:
    """The ids of as many as are wanted, or as there are."""
    return [case.pk for case in islice(waiting, count)]


def _write_notes(people: People, others: Iterator[Case], now: datetime) -> None:
    case = next(others)
    for key, words in (
        ("reviewer3", "The same thread came up last week; the tone was calmer there."),
        ("senior", "Thank you. Please look at the first warning again: is it one?"),
    ):
        notes.write(case=case, user=people[key], text=words, now=now - timedelta(hours=2))


def _ask_teams(people: People, others: Iterator[Case], now: datetime) -> None:
    """Questions that wait; one of them the senior has answered."""
    for key, area, question in QUESTIONS:
        case, user = next(others), people[key]
        claims.claim(case=case, user=user)
        asked = now - timedelta(minutes=20)
        escalating.escalate(case=case, user=user, area=area, question=question, now=asked)
    escalating.answer(
        case=case, user=people["senior"], text="For help with one: the account is theirs.", now=now
    )


def _put_off(people: People, others: Iterator[Case], now: datetime) -> None:
    for key, hours, words in (
        ("reviewer0", 20, "Wait for the parent thread, which a colleague is at."),
        ("reviewer4", 44, ""),
    ):
        case, user = next(others), people[key]
        claims.claim(case=case, user=user)
        until = now + timedelta(hours=hours)
        deferring.defer(case=case, user=user, until=until, now=now, text=words)


def _doubt(people: People, others: Iterator[Case], now: datetime) -> None:
    for key, doubt in (("reviewer2", Doubt.THRESHOLD), ("reviewer3", Doubt.SILENT)):
        case, user = next(others), people[key]
        claims.claim(case=case, user=user)
        skipping.signal_unclear(case=case, user=user, doubt=doubt, now=now, pass_on=True)


def _last_verdict(case: Case) -> Verdict:
    return case.verdicts.order_by("at", "id")[::-1][0]


def _choose_gold(senior: User, now: datetime) -> None:
    """Three settled cases; the latest verdict on each is the right answer."""
    settled = _plain().filter(state=CaseState.SETTLED, queue=Queue.GENERAL)
    latest = settled.select_related("cutoff").order_by("-at", "pk")[:30]
    for case in [one for one in latest if transcript_of(one.cutoff)][:3]:
        said = _last_verdict(case)
        gold.make(
            case=case,
            decisions=[said.decision],
            reason_codes=said.reason_codes,
            explanation="Read the warning and what came after it; the counts alone mislead here.",
            by=senior,
            now=now,
        )


def _train(people: People, now: datetime) -> None:
    """Two exercises are answered, the second with a mentor's comment; a third one is open."""
    trainee = people["trainee"]
    for hours in (26, 3):
        at = now - timedelta(hours=hours)
        exercise = _exercise(trainee, at)
        said = _last_verdict(exercise.case)
        answered = training.answer(
            exercise=exercise,
            user=trainee,
            verdict=verdicts.NewVerdict(
                decision=said.decision,
                remedy=said.remedy,
                policy_followed=said.policy_followed,
                severity=said.severity,
                reason_codes=tuple(said.reason_codes),
                rationale="The warning is there, and I see what the user did after it.",
            ),
            now=at + timedelta(minutes=9),
        )
    comment = "Well seen. Say which turn you mean: the next reader looks there first."
    training.comment(exercise=answered, by=people["senior"], text=comment, now=now)
    _exercise(trainee, now)


def _exercise(trainee: User, now: datetime) -> Exercise:
    found = training.next_exercise(user=trainee, queue=Queue.GENERAL, now=now)
    if found is None:
        raise ValueError("The demo has no settled case to practise on.")
    return found
