"""What other thresholds would have done: counts, splits, bounds and words."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.ledger import Actor
from conversations.models import Cutoff
from conversations.vocabulary import FirstReview, Mode
from policies.backtest import Filters
from policies.backtest_figures import Feedback, Figures, Verdicts
from policies.backtest_words import as_csv, limits
from policies.services.activations import activate
from policies.services.backtest_window import Piece, extent
from policies.services.preview import Chosen, cases, preview
from policies.services.sweeps import sweep
from policies.services.versions import create_version
from policies.thresholds import parse
from tests.factories import NOW, make_source
from tests.policies.backtests import AT, LAX, asking, make_cutoff, make_near_miss, question

pytestmark = pytest.mark.django_db

UPHELD, OVERTURNED = FirstReview.UPHELD, FirstReview.OVERTURNED
PROCEDURE = FirstReview.OVERTURNED_FOR_PROCEDURE


def said(figures: Figures) -> str:
    return " ".join(limits(figures))


def test_a_stricter_policy_spares_cutoffs_and_says_which_were_right() -> None:
    make_cutoff(0.6, review=UPHELD)
    make_cutoff(0.6, review=OVERTURNED)
    make_cutoff(0.6, review=PROCEDURE)
    make_cutoff(0.6)
    make_cutoff(0.9, review=UPHELD)
    cutoffs = preview(question(asking(0.8))).cutoffs
    assert (cutoffs.made.count, cutoffs.kept.count, cutoffs.spared.count) == (5, 1, 4)
    assert cutoffs.spared.verdicts == Verdicts(1, 1, 1, 1)
    assert cutoffs.flipped == {"severity": 4}


def test_no_version_ends_where_a_crisis_cue_was_found() -> None:
    cued, near = make_cutoff(0.9, review=OVERTURNED), make_near_miss(0.9)
    make_cutoff(0.9, review=UPHELD)
    Cutoff.objects.filter(pk__in=[cued.pk, near.pk]).update(crisis_cue=True)
    asked = question(asking(0.4))
    figures = preview(asked)
    assert (figures.cutoffs.kept.count, figures.cutoffs.refused.count) == (1, 1)
    assert figures.cutoffs.overturns_kept.all.events == 0
    assert (figures.near_misses.new, figures.near_misses.not_ended) == (0, 1)
    (case,) = cases(asked, Chosen("refused")).cases
    assert (case.cutoff_id, case.tests) == (cued.pk, ())
    points = sweep(asked, criterion="severity").points
    assert max(point.kept for point in points) == 1
    assert "no version may end" in said(figures)


def test_of_a_part_of_a_history_only_its_own_pages_are_read() -> None:
    make_cutoff(0.9, at=NOW - timedelta(days=50))
    make_cutoff(0.9, at=NOW - timedelta(days=2))
    first = Cutoff.objects.order_by("id").first()
    assert first is not None
    days = timedelta(days=1)
    table = extent()
    assert table.since == first.at
    for since, until, share in ((25, 0, 0.5), (60, 0, 1.0), (10, 5, 0.1)):
        piece = Piece(NOW - since * days, NOW - until * days, 1, open=False)
        assert table.share(piece, NOW) == pytest.approx(share)
    asked = question(asking(0.8), since=NOW - 10 * days, until=NOW)
    with CaptureQueriesContext(connection) as queries:
        assert preview(asked).cutoffs.made.count == 1
    settings = [one["sql"] for one in queries if "set_config" in one["sql"]]
    assert all("enable_seqscan" in one for one in settings)
    with CaptureQueriesContext(connection) as queries:
        preview(question(asking(0.8), since=NOW - 60 * days, until=NOW - 8 * days))
    assert not any("enable_seqscan" in one["sql"] for one in queries)


def test_an_empty_history_has_no_extent() -> None:
    piece = Piece(NOW - timedelta(days=1), NOW, 1, open=False)
    assert extent().since is None
    assert extent().share(piece, NOW) == 1.0


def test_overturns_for_procedure_alone_are_a_rate_of_their_own() -> None:
    for review in (UPHELD, UPHELD, OVERTURNED, PROCEDURE):
        make_cutoff(0.9, review=review)
    rates = preview(question(asking(0.8))).cutoffs.overturns_made
    assert (rates.all.estimate, rates.merits.estimate, rates.procedure.estimate) == (
        0.5,
        0.25,
        0.25,
    )


def test_the_rate_of_those_kept_rests_on_audits_alone() -> None:
    make_cutoff(0.9, review=UPHELD)
    make_cutoff(0.9, review=OVERTURNED, audited=False)
    make_cutoff(0.6, review=OVERTURNED)
    cutoffs = preview(question(asking(0.8))).cutoffs
    assert (cutoffs.overturns_kept.all.audited, cutoffs.overturns_kept.all.events) == (1, 0)
    assert (cutoffs.overturns_made.all.audited, cutoffs.overturns_made.all.events) == (2, 1)
    assert cutoffs.change.estimate == -0.5


def test_unfinished_audits_give_bounds_and_say_so() -> None:
    make_cutoff(0.9, review=UPHELD)
    make_cutoff(0.9)
    figures = preview(question(asking(0.8)))
    rate = figures.cutoffs.overturns_made.all
    assert (rate.kind, rate.completion, rate.estimate) == ("bounds", 0.5, None)
    assert "Only 1 of 2 audits are decided" in said(figures)


def test_unknown_signals_are_bounded_both_ways() -> None:
    make_cutoff(0.6)
    make_cutoff(0.9)
    make_cutoff(None)
    cutoffs = preview(question(asking(0.8))).cutoffs
    assert (cutoffs.spared.count, cutoffs.cannot_tell.count) == (1, 1)
    assert (cutoffs.spared_range.low, cutoffs.spared_range.high) == (1, 2)


def test_feedback_is_a_split_of_its_own() -> None:
    answers = {
        "surprised": {"surprised_at": AT + timedelta(days=6)},
        "too_late": {"surprised_at": AT + timedelta(days=8)},
        "unsurprised": {"unsurprised_at": AT + timedelta(days=1)},
        "silent": {},
    }
    for columns in answers.values():
        cutoff = make_cutoff(0.6)
        Cutoff.objects.filter(pk=cutoff.pk).update(**columns)
    young = make_cutoff(0.6, at=NOW - timedelta(days=1))
    Cutoff.objects.filter(pk=young.pk).update(surprised_at=NOW)
    figures = preview(question(asking(0.8)))
    assert figures.cutoffs.spared.feedback == Feedback(1, 1, 2, 1)
    assert "may still answer" in said(figures)


def test_a_looser_policy_ends_near_misses_anew_or_earlier() -> None:
    make_near_miss(0.7)
    make_near_miss(0.7, probability=0.1)
    make_near_miss(0.7, probability=None)
    make_near_miss(0.7, ended_later=True)
    make_near_miss(0.9)
    make_near_miss(0.3)
    make_near_miss(None)
    figures = preview(question(LAX, asking(0.8)))
    seen = figures.near_misses
    assert (seen.recorded, seen.new, seen.earlier, seen.alike) == (7, 3, 1, 1)
    assert (seen.not_ended, seen.cannot_tell) == (1, 1)
    assert (seen.new_range.low, seen.new_range.high) == (3, 4)
    assert seen.unknown_sampling == 1
    assert seen.weighted is not None
    assert seen.weighted.estimate == pytest.approx(12)
    assert "without a sampling probability" in said(figures)


def test_without_near_misses_a_looser_policy_has_no_number() -> None:
    make_cutoff(0.7)
    figures = preview(question(LAX, asking(0.8)))
    assert figures.cutoffs.allowed.count == 1
    assert figures.near_misses.weighted is None
    assert "has no number" in said(figures)


def test_endings_by_users_and_staff_are_apart() -> None:
    make_cutoff(0.1, initiator="user")
    make_cutoff(0.1, initiator="operator")
    figures = preview(question(asking(0.8)))
    assert figures.cutoffs.made.count == 0
    assert (figures.by_user.count, figures.by_operator.count) == (1, 1)


def test_each_cutoff_is_held_against_the_version_that_was_its_own() -> None:
    strict = create_version(thresholds=asking(0.8), note="", actor=Actor.task("test"))
    lax = create_version(thresholds=LAX, note="", actor=Actor.task("test"))
    activate(version=strict, now=AT - timedelta(days=3), actor=Actor.task("test"))
    activate(version=lax, now=AT, actor=Actor.task("test"))
    make_cutoff(0.6, at=AT - timedelta(milliseconds=1))
    make_cutoff(0.6, at=AT)
    make_cutoff(0.6, policy_version=strict.number)
    make_cutoff(0.6, policy_version=9999)
    figures = preview(question(asking(0.7), None))
    assert (figures.cutoffs.spared.count, figures.cutoffs.refused.count) == (2, 2)
    assert {(one.version, one.made) for one in figures.segments} == {
        (strict.number, 2),
        (lax.number, 2),
    }
    assert "mixes versions" in said(figures)


def test_a_scope_with_an_override_has_its_own_version() -> None:
    strict = create_version(thresholds=asking(0.8), note="", actor=Actor.task("test"))
    lax = create_version(thresholds=LAX, note="", actor=Actor.task("test"))
    before = AT - timedelta(days=3)
    activate(version=lax, now=before, actor=Actor.task("test"))
    activate(version=strict, now=before, actor=Actor.task("test"), scope="model=m-1")
    make_cutoff(0.6, model="m-1")
    make_cutoff(0.6, model="m-2")
    make_cutoff(0.6, model="m-1", policy_version=lax.number)
    cutoffs = preview(question(asking(0.7), None)).cutoffs
    assert (cutoffs.spared.count, cutoffs.refused.count) == (2, 1)


def test_filters_and_the_window_choose_cutoffs() -> None:
    here, there = make_source("here"), make_source("there")
    make_cutoff(0.6, source=here, model="m-1", locale="de")
    make_cutoff(0.6, source=here, model="m-2", locale="de")
    make_cutoff(0.6, source=there, model="m-1", locale="fr")
    make_cutoff(0.6, source=here, model="m-1", locale="de", at=NOW - timedelta(days=40))

    def made(**filters: tuple[str, ...]) -> int:
        chosen = Filters(**filters)
        return preview(question(asking(0.8), filters=chosen)).cutoffs.made.count

    assert made() == 3
    assert made(model=("m-1",)) == 2
    assert made(model=("m-1", "m-2"), locale=("de",)) == 2
    assert made(source=("there",)) == 1
    assert made(source=("nowhere",)) == 0
    assert made(category=("privacy",)) == 0


def test_the_window_ends_before_its_end() -> None:
    make_cutoff(0.6, at=AT)
    make_cutoff(0.6, at=AT + timedelta(days=1))
    asked = question(asking(0.8), since=AT, until=AT + timedelta(days=1))
    assert preview(asked).cutoffs.made.count == 1


def test_advisory_sources_would_have_been_asked() -> None:
    make_cutoff(0.6, source=make_source(mode=Mode.ENFORCING))
    enforcing = preview(question(asking(0.8)))
    make_cutoff(0.6, source=make_source(mode=Mode.ADVISORY))
    mixed = preview(question(asking(0.8)))
    assert (enforcing.advisory, mixed.advisory, mixed.enforcing) == (0, 1, 1)
    assert "would have asked" not in said(enforcing)
    assert "would have asked" in said(mixed)


def test_an_empty_history_says_so() -> None:
    figures = preview(question(asking(0.8)))
    assert figures.cutoffs.overturns_made.all.kind == "none"
    assert "nothing can be told" in said(figures)


def test_reviews_of_suspicious_cases_only_give_no_rate() -> None:
    make_cutoff(0.9, review=OVERTURNED, audited=False)
    figures = preview(question(asking(0.8)))
    assert figures.cutoffs.overturns_made.all.kind == "none"
    assert "none was drawn at random" in said(figures)


def test_verdicts_that_are_all_alike_say_so() -> None:
    for _ in range(3):
        make_cutoff(0.9, review=UPHELD)
    figures = preview(question(asking(0.8)))
    assert figures.cutoffs.overturns_made.all.low == 0
    assert figures.cutoffs.overturns_made.all.high > 0.3
    assert "All audits came out alike" in said(figures)


def test_each_number_lists_its_cases_with_what_flipped_them() -> None:
    spared = [make_cutoff(0.6, at=AT + timedelta(days=day)) for day in range(3)]
    make_cutoff(0.9)
    near_miss = make_near_miss(0.6)
    asked = question(asking(0.8))
    first = cases(asked, Chosen("spared"), size=2)
    second = cases(asked, Chosen("spared"), after=first.after, size=2)
    assert [one.cutoff_id for one in (*first.cases, *second.cases)] == [
        cutoff.pk for cutoff in reversed(spared)
    ]
    assert {one.tests for one in first.cases} == {("severity",)}
    assert second.after is None
    assert [one.cutoff_id for one in cases(asked, Chosen("spared", near_miss=True)).cases] == [
        near_miss.pk
    ]
    assert cases(asked, Chosen("spared", test="refusals")).cases == ()
    assert cases(asked, Chosen("spared", review=UPHELD.value)).cases == ()


def test_a_sweep_agrees_with_a_backtest_at_each_of_its_points() -> None:
    for severity in (0.55, 0.6, 0.7, 0.85, None):
        make_cutoff(severity, review=UPHELD)
    make_near_miss(0.65)
    swept = sweep(question(LAX), criterion="severity")
    assert swept.points[0].threshold == 0
    assert swept.points[0].kept == 5
    for point in swept.points[1:]:
        figures = preview(question(asking(point.threshold), LAX))
        cutoffs = figures.cutoffs
        assert point.kept == cutoffs.kept.count + cutoffs.allowed.count
        assert point.cannot_tell == cutoffs.cannot_tell.count
        assert point.spared == point.lost == 5 - point.kept - point.cannot_tell
        assert point.overturns == cutoffs.overturns_kept.all
        assert point.near_misses == int(point.threshold <= 0.65)


def test_a_sweep_is_of_the_categories_that_the_threshold_is_for() -> None:
    make_cutoff(0.6)
    own = parse({"categories": {"hate": {"severity": 0.1}}})
    assert sweep(question(own), criterion="severity").points[0].kept == 0
    with pytest.raises(ValueError, match="criterion"):
        sweep(question(own), criterion="nothing")
    with pytest.raises(ValueError, match="category"):
        sweep(question(own), criterion="severity", category="nothing")


def test_figures_are_exported_and_no_name_becomes_a_formula() -> None:
    make_cutoff(0.6, model="=1+1")
    make_cutoff(0.6, model="m-2")
    lines = as_csv(preview(question(asking(0.8))), code_version="1.0.0/1/0a").splitlines()
    assert lines[:2] == ["figure,value", "code_version,1.0.0/1/0a"]
    assert "cutoffs.spared.count,2" in lines
    assert "segments.1.model,'=1+1" in lines
