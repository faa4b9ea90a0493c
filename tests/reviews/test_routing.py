"""Which queue a case goes to: by rule at intake, again once its language is known, and why."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from accounts.models import LedgerEntry, User
from accounts.roles import Role
from conversations.models import Source
from conversations.vocabulary import Category
from policies import conformance
from reviews.models import Case, CaseQueue, RoutingRule
from reviews.routes import Facts, Rule, first_met
from reviews.services import bulk, claims, enrichment, queues, routing, routing_rules
from reviews.services.routing_rules import NewRule
from reviews.vocabulary import Queue
from tests.factories import NOW, give_verdict, hear, make_case, make_source, make_user, settle

pytestmark = pytest.mark.django_db

SPANISH = {
    "format": "openai.chat",
    "messages": [
        {"id": "m1", "role": "user", "content": "No me gusta lo que dices, eres muy tonto."},
        {"id": "m2", "role": "assistant", "content": "No puedo hacer eso, pero estoy para ayudar."},
        {"id": "m3", "role": "user", "content": "Quiero que me lo digas tú mismo, por favor."},
    ],
}
CHILD = {"category": "child_sexual_exploitation"}


@pytest.fixture
def admin() -> User:
    return make_user(Role.ADMINISTRATOR, name="Ada")


def make_queue(admin: User, slug: str = "spanish", **more: Any) -> CaseQueue:
    return queues.make(slug=slug, name=slug.title(), by=admin, now=NOW, **more)


def make_rule(admin: User, queue: CaseQueue, **asks: Any) -> RoutingRule:
    return routing_rules.make(
        rule=NewRule(name=f"To {queue.slug}", queue=queue, **asks), by=admin, now=NOW
    )


def again(case: Case) -> Case:
    return Case.objects.get(pk=case.pk)


def enriched(case: Case) -> Case:
    assert enrichment.enrich(cutoff_ids=[case.pk], now=NOW) == 1
    return again(case)


# --- At intake ----------------------------------------------------------------------------------


def test_the_first_rule_that_is_met_decides(admin: User) -> None:
    hate, unwarned = make_queue(admin, "hate"), make_queue(admin, "unwarned")
    make_rule(admin, hate, categories=("hate", "privacy"))
    second = make_rule(admin, unwarned, flags=("no_warning",))
    both = make_case(cutoff={"category": "hate"}, signals={"warnings": 0})
    other = make_case(signals={"warnings": 0})
    assert (both.queue, other.queue, other.rule) == ("hate", "unwarned", second)
    routing_rules.move_up(rule=second, by=admin, now=NOW)
    turned = make_case(cutoff={"category": "hate"}, signals={"warnings": 0})
    assert turned.queue == "unwarned"
    assert again(both).queue == "hate"


def test_a_rule_of_one_source_meets_no_other(admin: User) -> None:
    mine = make_source()
    make_rule(admin, make_queue(admin), source=mine)
    assert make_case(mine).queue == "spanish"
    assert make_case().queue == Queue.GENERAL


@pytest.mark.parametrize(
    ("changes", "queue"),
    [({"cutoff": CHILD}, Queue.CHILD_SAFETY), ({"signals": {"risk_self": 0.9}}, Queue.CRISIS)],
)
def test_no_rule_moves_a_restricted_case_out(
    admin: User, changes: dict[str, Any], queue: Queue
) -> None:
    source = make_source()
    make_rule(admin, make_queue(admin), source=source)
    case = make_case(source, **changes)
    assert (case.queue, case.rule) == (queue, None)
    assert enriched(case).queue == queue


def test_a_retired_rule_routes_nothing_and_still_explains(admin: User) -> None:
    rule = make_rule(admin, make_queue(admin), categories=("hate",))
    before = make_case(cutoff={"category": "hate"})
    routing_rules.retire(rule=rule, by=admin, now=NOW)
    assert make_case(cutoff={"category": "hate"}).queue == Queue.GENERAL
    assert routing.why_there(again(before)) == routing.Placed("To spanish", "category Hate")


# --- Once the transcript was read -----------------------------------------------------------------


def test_the_language_moves_a_case_once_it_is_known(admin: User) -> None:
    rule = make_rule(admin, make_queue(admin), languages=("es",))
    case = make_case(transcript=SPANISH)
    assert (case.queue, case.language) == (Queue.GENERAL, "")
    case = enriched(case)
    assert (case.queue, case.language, case.rule) == ("spanish", "es", rule)
    assert routing.why_there(case).why == "language es"
    assert enriched(make_case()).queue == Queue.GENERAL


def test_what_somebody_has_claimed_decided_or_placed_stays(admin: User) -> None:
    ana, senior = make_user(Role.REVIEWER), make_user(Role.SENIOR)
    elsewhere = make_queue(admin, "elsewhere")
    make_rule(admin, make_queue(admin), languages=("es",))
    claimed, decided, placed, appealed = (make_case(transcript=SPANISH) for _ in range(4))
    give_verdict(decided, make_user(Role.REVIEWER))
    claims.claim(case=claimed, user=ana)
    bulk.move(case_ids=[placed.pk], to=elsewhere, by=senior, now=NOW)
    hear(appealed, appeal=True)
    stayed = [enriched(case).queue for case in (claimed, decided, placed, appealed)]
    assert stayed == [Queue.GENERAL, Queue.GENERAL, "elsewhere", Queue.APPEALS]
    assert again(claimed).language == "es"


def test_a_flag_that_the_transcript_shows_is_asked_for_too(admin: User) -> None:
    make_rule(admin, make_queue(admin, "unwarned"), flags=("no_warning",))
    unmarked = [
        {"id": "m1", "role": "user", "content": "You are useless. Answer me now!"},
        {"id": "m2", "role": "assistant", "content": "No, no.", "annotations": ["refusal"]},
    ]
    told = {"format": "openai.chat", "messages": unmarked}
    case = make_case(transcript=told, signals={"warnings": None})
    assert case.queue == Queue.GENERAL
    case = enriched(case)
    assert (case.flags, case.queue) == (["no_warning"], "unwarned")


def test_an_appeal_leaves_a_queue_of_ones_own(admin: User) -> None:
    make_rule(admin, make_queue(admin), categories=("hate",))
    case = make_case(cutoff={"category": "hate"})
    give_verdict(case, make_user(Role.REVIEWER))
    settle(case)
    hear(case, appeal=True)
    assert (case.queue, again(case).rule) == (Queue.APPEALS, None)
    assert routing.why_there(case).why == "the user asked for another look"


# --- The two sides agree ------------------------------------------------------------------------

_FLAGS = sorted(routing.FLAGS)
_LANGUAGES = ["en", "es", "de"]


def some(values: list[str]) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(st.sampled_from(values), unique=True, max_size=2).map(tuple)


ASKS = st.fixed_dictionaries(
    {
        "categories": some(Category.values[:3]),
        "flags": some(_FLAGS),
        "languages": some(_LANGUAGES),
        "source": st.sampled_from([None, 0, 1]),
    }
).filter(lambda asks: any(value not in ((), None) for value in asks.values()))
FACTS = st.tuples(
    st.sampled_from(Category.values[:3]),
    some(_FLAGS),
    st.sampled_from(["", *_LANGUAGES]),
    st.sampled_from([0, 1]),
)


class TwoSides(TestCase):
    """What SQL routes is what Python explains."""

    @settings(max_examples=30)
    @given(rules=st.lists(ASKS, max_size=4), facts=FACTS)
    def test_sql_and_python_agree(
        self, rules: list[dict[str, Any]], facts: tuple[str, tuple[str, ...], str, int]
    ) -> None:
        """For any rules and any case."""
        admin, sources = make_user(Role.ADMINISTRATOR), [make_source(), make_source()]
        made = [self._rule(admin, sources, asks) for asks in rules]
        category, flags, language, source = facts
        case = make_case(sources[source], opened=False)
        Case.objects.filter(pk=case.pk).update(
            category=category, flags=list(flags), language=language
        )
        routing.learn_language_and_route(cutoff_ids=[case.pk])
        place = first_met(
            [routing.rule_of(rule) for rule in made],
            Facts(category, frozenset(flags), language, sources[source].pk),
        )
        found = again(case)
        assert found.rule == (None if place is None else made[place])
        assert found.queue == (Queue.GENERAL if place is None else made[place].queue_id)

    @staticmethod
    def _rule(admin: User, sources: list[Source], asks: dict[str, Any]) -> RoutingRule:
        number = RoutingRule.objects.count()
        source = None if asks["source"] is None else sources[asks["source"]]
        return make_rule(admin, make_queue(admin, f"q{number}"), **asks | {"source": source})


def test_a_case_meets_a_rule_by_any_value_of_every_condition() -> None:
    rule = Rule("q", categories=frozenset({"hate", "privacy"}), languages=frozenset({"es"}))
    assert rule.meets(Facts("hate", frozenset(), "es", 1))
    assert not rule.meets(Facts("hate", frozenset(), "", 1))
    assert not rule.meets(Facts("defamation", frozenset(), "es", 1))


# --- Trying -------------------------------------------------------------------------------------


def test_a_rule_is_tried_on_the_last_30_days(admin: User) -> None:
    spanish = make_queue(admin)
    waits, decided, child = (
        make_case(cutoff={"category": category}) for category in ("hate", "hate", CHILD["category"])
    )
    old = make_case(cutoff={"category": "hate"})
    Case.objects.filter(pk=old.pk).update(at=NOW - timedelta(days=31))
    give_verdict(decided, make_user(Role.REVIEWER))
    rule = Rule("spanish", categories=frozenset({"hate", child.category}))
    tried = routing.try_rule(rule=rule, position=1, now=NOW)
    assert tried == routing.Tried(met=2, moved=2, waiting=1, all_seen=True)
    assert again(waits).queue == Queue.GENERAL
    earlier = make_rule(admin, spanish, categories=("hate",))
    assert routing.try_rule(rule=rule, position=2, now=NOW).met == 0
    instead = routing.try_rule(rule=rule, position=2, instead_of=earlier.pk, now=NOW)
    assert instead == tried


# --- Making and changing --------------------------------------------------------------------------


def test_rules_and_queues_are_for_administrators(admin: User) -> None:
    senior = make_user(Role.SENIOR)
    queue = make_queue(admin)
    rule = NewRule("Mine", queue, categories=("hate",))
    for refused in (
        lambda: make_queue(senior, "theirs"),
        lambda: queues.rename(queue=queue, name="Theirs", by=senior, now=NOW),
        lambda: queues.close(queue=queue, by=senior, now=NOW),
        lambda: routing_rules.make(rule=rule, by=senior, now=NOW),
    ):
        with pytest.raises(PermissionDenied):
            refused()


def test_a_changed_rule_is_a_new_one_in_the_same_place(admin: User) -> None:
    queue = make_queue(admin)
    old, last = make_rule(admin, queue, categories=("hate",)), make_rule(admin, queue, flags=("a",))
    wanted = NewRule("Better", queue, categories=("privacy",))
    new = routing_rules.change(old=old, rule=wanted, by=admin, now=NOW)
    assert list(RoutingRule.objects.live()) == [new, last]
    with pytest.raises(ValidationError, match="meanwhile"):
        routing_rules.change(old=old, rule=wanted, by=admin, now=NOW)
    entry = LedgerEntry.objects.get(action="routing_rule.changed")
    assert entry.details == {
        "name": "Better",
        "queue": "spanish",
        "categories": ["privacy"],
        "instead_of": old.pk,
    }


def test_a_rule_that_asks_for_nothing_is_refused(admin: User) -> None:
    with pytest.raises(ValidationError, match="at least one"):
        make_rule(admin, make_queue(admin))


def test_a_queue_closes_when_it_is_empty_and_no_rule_leads_there(admin: User) -> None:
    queue = make_queue(admin)
    rule = make_rule(admin, queue, categories=("hate",))
    case = make_case(cutoff={"category": "hate"})
    with pytest.raises(ValidationError, match="rule"):
        queues.close(queue=queue, by=admin, now=NOW)
    routing_rules.retire(rule=rule, by=admin, now=NOW)
    with pytest.raises(ValidationError, match="cases in it"):
        queues.close(queue=queue, by=admin, now=NOW)
    give_verdict(case, make_user(Role.REVIEWER))
    settle(case)
    assert queues.close(queue=queue, by=admin, now=NOW).closed_at == NOW
    with pytest.raises(ValidationError, match="closed"):
        make_rule(admin, queue, categories=("hate",))
    with pytest.raises(ValidationError, match="Every installation"):
        queues.close(queue=CaseQueue.objects.get(pk=Queue.GENERAL), by=admin, now=NOW)
    assert make_queue(admin, "spanish-2").name == "Spanish-2"


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"slug": "Not a slug", "name": "A"}, "slug"),
        ({"slug": "general", "name": "A"}, "slug"),
        ({"slug": "a", "name": "GENERAL"}, "__all__"),
        ({"slug": "a", "name": " "}, "name"),
        ({"slug": "a", "name": "A", "area": "child_safety"}, "__all__"),
    ],
)
def test_what_cannot_be_a_queue_is_refused(admin: User, said: dict[str, Any], field: str) -> None:
    with pytest.raises(ValidationError) as refused:
        queues.make(by=admin, now=NOW, **said)
    assert field in refused.value.message_dict


def test_the_built_in_queues_come_back_and_keep_their_names(admin: User) -> None:
    queues.rename(
        queue=CaseQueue.objects.get(pk=Queue.GENERAL), name="Everything", by=admin, now=NOW
    )
    queues.create_built_in()
    found = list(CaseQueue.objects.values_list("slug", "name", "area"))
    assert found == [
        ("general", "Everything", ""),
        ("appeals", "Appeals", ""),
        ("crisis", "Crisis", "crisis"),
        ("child_safety", "Child safety", "child_safety"),
    ]


def test_the_flags_that_rules_ask_for_are_those_that_cases_have() -> None:
    known = {conformance.RISK_ABOVE_CEILING, conformance.RISK_UNKNOWN, conformance.NO_WARNING}
    assert set(routing.FLAGS) == {*known, conformance.CRISIS_CUE}
