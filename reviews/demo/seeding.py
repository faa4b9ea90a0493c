"""Telling the demo's story through the services that the real thing uses.

Each step finds what is there already, so that an interrupted seeding goes on where it was.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

import msgspec
from django.db import transaction

from accounts.ledger import Actor, record
from accounts.models import LedgerEntry, User
from accounts.roles import Role
from accounts.services import create_user
from conversations import parsing
from conversations.api import limits
from conversations.models import Event, Source
from conversations.services import intake, sources
from conversations.vocabulary import Category, Mode
from policies.models import Activation, PolicyVersion
from policies.services.activations import activate
from policies.services.versions import create_version
from policies.thresholds import BUILT_IN, CategoryThresholds, ReviewSettings
from reviews.demo import aftermath, daily_work, policy_work, story
from reviews.demo.people import REVIEWERS
from reviews.models import Case, Claim
from reviews.services import (
    claims,
    enrichment,
    feedback,
    qualifications,
    settlement,
    transparency,
    verdicts,
)
from reviews.transitions import Forbidden
from reviews.vocabulary import Area, CaseState, Channel, Reason

SEED = 20
SOURCE = "demo-chat"
SENIOR = ("Mira Lindqvist", "mira@example.org")
POLICY_ADMIN = ("Tom Okafor", "tom@example.org")
POLICY_COLLEAGUE = ("Rosa Marin", "rosa@example.org")
ADMINISTRATOR = ("Ines Albrecht", "ines@example.org")
AUDITOR = ("Yusuf Demir", "yusuf@example.org")
TRAINEE = ("Leila Novak", "leila@example.org")

STRICTER_FOR = timedelta(days=40)
#: Older cases were decided; younger ones wait, and some of them are overdue.
OLDEST_WAITING = timedelta(days=9)
BEGAN = "demo.began"
SEEDED = "demo.seeded"

#: Told after each step: what is being done, how many are done, of how many.
Progress = Callable[[str, int, int], None]


def is_seeded() -> bool:
    """Whether the story was told to its end."""
    return LedgerEntry.objects.filter(action=SEEDED).exists()


def seed(*, now: datetime, progress: Progress) -> None:
    """Tell the story of the 90 days before *now*, or of the moment at which it was begun."""
    began = _begin(now)
    people = _people(began)
    source = _source()
    _policies(people["policy_admin"], began)
    policy_work.tell(
        admin=people["policy_admin"], colleague=people["policy_colleague"], began=began
    )
    daily_work.make_queue(by=people["administrator"], now=began)
    events = list(story.events(seed=SEED, now=began))
    _send(source, events, progress)
    _enrich(began, progress)
    _what_came_of_it(source, events, people, began, progress)
    daily_work.add_endpoint(source=source, by=people["administrator"], now=began)
    _work_off(source, events, people, began, progress)
    daily_work.tell(people=people, now=began)
    _hold_some(people)
    transparency.make(now=began)
    with transaction.atomic():
        record(actor=Actor.task("demo"), action=SEEDED, obj="source", object_id=SOURCE)


def _begin(now: datetime) -> datetime:
    """The moment that the story is told from: kept, so that its events stay the same."""
    entry = LedgerEntry.objects.filter(action=BEGAN).order_by("id").first()
    if entry is None:
        with transaction.atomic():
            entry = record(
                actor=Actor.task("demo"), action=BEGAN, obj="source", object_id=SOURCE, at=now
            )
    return entry.at


def _people(began: datetime) -> dict[str, User]:
    cast = {
        f"reviewer{index}": (one.name, one.email, Role.REVIEWER)
        for index, one in enumerate(REVIEWERS)
    }
    cast |= {
        "senior": (*SENIOR, Role.SENIOR),
        "policy_admin": (*POLICY_ADMIN, Role.POLICY_ADMIN),
        "policy_colleague": (*POLICY_COLLEAGUE, Role.POLICY_ADMIN),
        "administrator": (*ADMINISTRATOR, Role.ADMINISTRATOR),
        "auditor": (*AUDITOR, Role.AUDITOR),
        "trainee": (*TRAINEE, Role.TRAINEE),
    }
    people = {key: _person(name, email, role) for key, (name, email, role) in cast.items()}
    for key, user in people.items():
        for area in _areas(key):
            qualifications.grant(user=user, area=area, by=people["administrator"], at=began)
    return people


def _areas(key: str) -> Iterable[Area]:
    """Every reviewer of the demo works crisis cases; the senior is qualified for all areas."""
    if key == "senior":
        return Area
    return [Area.CRISIS] if key.startswith("reviewer") else []


def _person(name: str, email: str, role: Role) -> User:
    found = User.objects.filter(email=email).first()
    return found or create_user(email=email, name=name, password=None, roles=[role])


def _source() -> Source:
    found = Source.objects.filter(slug=SOURCE).first()
    return found or sources.create_source(
        slug=SOURCE, name="Demo chat", mode=Mode.ADVISORY, actor=Actor.task("demo")
    )


def _policies(admin: User, began: datetime) -> None:
    """Two versions in succession: the built-in one, then one of the demo's own.

    It asks for more attempts to redirect, and for the severity that mild invented talks have: by
    the built-in one hardly any of them would have been ended.
    """
    if Activation.objects.exists():
        return
    actor = Actor(user=admin)
    built_in = PolicyVersion.objects.get(number=1)
    activate(version=built_in, now=began - timedelta(days=91), actor=actor)
    harassment = BUILT_IN.of(Category.HARASSMENT_OF_MODEL)
    mild = CategoryThresholds(severity=0.3)
    stricter = msgspec.structs.replace(
        BUILT_IN,
        default=mild,
        categories=BUILT_IN.categories
        | {
            Category.HARASSMENT_OF_MODEL: msgspec.structs.replace(
                harassment,
                severity=0.25,
                refusals=1,
                redirects=harassment.redirects + 1,
                turns_after_warning=2,
            ),
            Category.SPECIALIZED_ADVICE: mild,
            Category.OTHER: mild,
        },
        # A larger share of audits than an installation begins with: the demo is small.
        review=ReviewSettings(audit_share=0.3, double_share=0.1, near_miss_share=0.03),
    )
    version = create_version(
        thresholds=stricter,
        note="Harassment of the model: one more redirect and one more turn before ending; less"
        " severity asked for, as reviewers see it.",
        actor=actor,
    )
    activate(version=version, now=began - STRICTER_FOR, actor=actor)


def _time(event: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(event["time"])


def _send(source: Source, events: list[dict[str, Any]], progress: Progress) -> None:
    """Store the events in the order of time, up to ten hours together."""
    done = Event.objects.filter(source=source).count()
    for hours, together in groupby(events[done:], key=lambda event: event["time"][:12]):
        batch = list(together)
        received = _time(batch[-1])
        items = parsing.parse_events(
            [msgspec.json.encode(event) for event in batch],
            limits=limits(),
            now=received,
            in_batch=True,
        )
        results = intake.record(source=source, items=items, now=received + timedelta(seconds=2))
        if refused := [result for result in results if result.status == "rejected"]:
            raise ValueError(f"The demo's own event was refused at {hours}: {refused[0].errors}")
        done += len(batch)
        progress("Conversations", done, len(events))


def _enrich(began: datetime, progress: Progress) -> None:
    todo = enrichment.waiting(now=began + timedelta(days=365), limit=100_000)
    for start in range(0, len(todo), enrichment.BATCH):
        batch = todo[start : start + enrichment.BATCH]
        enrichment.enrich(cutoff_ids=batch)
        progress("Evidence", start + len(batch), len(todo))


Deed = aftermath.Review | aftermath.Feedback


def _what_came_of_it(
    source: Source,
    events: list[dict[str, Any]],
    people: dict[str, User],
    began: datetime,
    progress: Progress,
) -> None:
    """Reviews and feedback in the order in which they happened."""
    at = {event["id"]: datetime.fromisoformat(event["time"]) for event in events}
    deeds: list[Deed] = [
        *aftermath.reviews(seed=SEED, now=began, events=events),
        *aftermath.feedback(seed=SEED, now=began, events=events),
    ]
    deeds.sort(key=lambda deed: at[deed.event_id] + deed.after)
    cases = _cases(source, {deed.event_id for deed in deeds})
    for number, deed in enumerate(deeds, 1):
        moment = at[deed.event_id] + deed.after
        case_id = cases[deed.event_id]
        if isinstance(deed, aftermath.Review):
            _review(Case.objects.get(pk=case_id), deed, people, moment)
        else:
            _hear(Case.objects.select_related("cutoff").get(pk=case_id), deed, moment)
        progress("Reviews and feedback", number, len(deeds))


def _work_off(
    source: Source,
    events: list[dict[str, Any]],
    people: dict[str, User],
    began: datetime,
    progress: Progress,
) -> None:
    """Decide what was selected and is older than a few days, but for the appeal that waits."""
    old = Case.objects.waiting().filter(at__lt=began - OLDEST_WAITING, source=source)
    old = old.exclude(selections__reason=Reason.APPEAL)
    # Told again after an interruption: what the daily work has begun stays as it is.
    old = old.exclude(state=CaseState.OPEN, selections__reason=Reason.CHOSEN)
    waiting = set(old.values_list("pk", flat=True))
    ids = dict(
        Event.objects.filter(source=source, cutoff_id__in=waiting).values_list("ce_id", "cutoff_id")
    )
    late = [event for event in events if event["id"] in ids]
    for number, said in enumerate(aftermath.late_reviews(seed=SEED, events=late), 1):
        case = Case.objects.get(pk=ids[said.event_id])
        _review(case, said, people, case.at + said.after)
        progress("The rest of the queue", number, len(late))


def _cases(source: Source, event_ids: set[str]) -> dict[str, Any]:
    found = Event.objects.filter(source=source, ce_id__in=event_ids)
    return dict(found.values_list("ce_id", "cutoff_id"))


def _review(case: Case, said: aftermath.Review, people: dict[str, User], now: datetime) -> None:
    """One verdict; a colleague agrees soon after where two are needed, and a senior where three."""
    if case.verdicts.filter(at=now).exists():
        return
    if case.state != CaseState.ADJUDICATION:
        _decide(case, said, people[f"reviewer{said.reviewer}"], now)
        case.refresh_from_db()
    if case.state == CaseState.SECOND_REVIEW:
        now += timedelta(hours=3)
        _decide(case, aftermath.second(case.number, said), _colleague(case, said, people), now)
        case.refresh_from_db()
    if case.state == CaseState.ADJUDICATION:
        now += timedelta(hours=1)
        _decide(case, said, people["senior"], now)
    settlement.settle_due(now=now + timedelta(minutes=1))


def _colleague(case: Case, said: aftermath.Review, people: dict[str, User]) -> User:
    """The next one along who has taken no part in *case*; the senior where all have."""
    for step in range(1, len(REVIEWERS)):
        user = people[f"reviewer{(said.reviewer + step) % len(REVIEWERS)}"]
        if Case.objects.filter(pk=case.pk).decidable_by(user).exists():
            return user
    return people["senior"]


def _decide(case: Case, said: aftermath.Review, reviewer: User, now: datetime) -> None:
    try:
        claim = claims.claim(case=case, user=reviewer, at=now - timedelta(minutes=4))
    except Forbidden:
        return
    verdicts.decide(
        case=case,
        user=reviewer,
        verdict=verdicts.NewVerdict(
            decision=said.decision,
            remedy=said.remedy,
            policy_followed=said.policy_followed,
            severity=said.severity,
            reason_codes=said.reason_codes,
            rationale=said.rationale,
        ),
        now=now,
    )
    Claim.objects.filter(pk=claim.pk).update(
        claimed_at=now - timedelta(minutes=4), expires_at=now, ended_at=now
    )


def _hear(case: Case, said: aftermath.Feedback, now: datetime) -> None:
    if case.feedback.filter(at=now).exists():
        return
    feedback.submit(
        cutoff=case.cutoff,
        surprised=said.surprised,
        reason=said.reason or "",
        comment=said.comment,
        appeal=said.appeal,
        channel=Channel.NOTICE,
        now=now,
    )


def _hold_some(people: dict[str, User]) -> None:
    """Two colleagues are at work: each holds one of the waiting cases, for a long while."""
    for key in ("reviewer1", "reviewer2"):
        waiting = _third_waiting(people[key])
        for case in waiting:
            claim = claims.claim(case=case, user=people[key])
            Claim.objects.filter(pk=claim.pk).update(
                expires_at=claim.claimed_at + timedelta(hours=8)
            )


def _third_waiting(user: User) -> Iterator[Case]:
    if claims.held_by(user):
        return iter(())
    waiting = Case.objects.waiting().listed_for(user).decidable_by(user).unclaimed()
    return iter(waiting.in_order_of_work()[2:3])
