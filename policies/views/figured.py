"""The figures of a backtest as lines of tables; each number with the address of its cases."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext

from conversations.vocabulary import FirstReview
from policies.backtest import OPERATOR, USER, Answer
from policies.backtest_figures import Change, Figures, Part
from policies.backtest_sql import TESTS
from policies.backtest_words import limits
from policies.charts import rate_scale
from policies.evaluation import CONFIRMATION, CRITERIA, ENABLED, IMMINENT_RISK
from policies.services.preview import Name
from policies.views.lines import (
    Estimate,
    Line,
    Link,
    Number,
    SegmentLine,
    apart_line,
    estimate,
    segment_lines,
)

TEST_LABELS: Final = {
    ENABLED: gettext_noop("Whether ending is allowed at all"),
    IMMINENT_RISK: gettext_noop("Ceiling of imminent risk"),
    CONFIRMATION: gettext_noop("The user’s confirmation"),
    **{criterion.name: criterion.label for criterion in CRITERIA},
}
assert {*TEST_LABELS} == {*TESTS}  # noqa: S101 - each has its words

VERDICT_HEADS: Final = (
    gettext_noop("Upheld"),
    gettext_noop("Overturned"),
    gettext_noop("For procedure"),
    gettext_noop("Undecided"),
)
ANSWER_HEADS: Final = (
    gettext_noop("Surprised"),
    gettext_noop("Not surprised"),
    gettext_noop("No answer"),
    gettext_noop("Still open"),
)
#: The shapes of the parts of a bar (``components/meter.html``).
VERDICT_KINDS: Final = ("ok", "bad", "warn", "")
ANSWER_KINDS: Final = ("bad", "ok", "", "calm")


@dataclass(frozen=True)
class Told:
    """Everything that the figures tell, for a page.

    ``apart`` are the endings that are not the model's; ``continued`` is the share that was right
    to continue of the near misses that only the candidate would have ended.
    """

    figures: Figures
    summary: str
    verdicts: list[Line]
    answers: list[Line]
    near: list[Line]
    continued: Estimate
    weighted: str
    flipped: list[Number]
    rates: list[Estimate]
    change: list[Estimate]
    apart: list[Line]
    segments: list[SegmentLine]
    limits: list[str]

    @property
    def spared(self) -> Line:
        """The first line."""
        return self.verdicts[0]

    @property
    def made(self) -> Line:
        """The last line."""
        return self.verdicts[-1]

    @property
    def empty(self) -> bool:
        """Whether nothing at all is recorded in the window."""
        return not _recorded(self.figures)


def test_label(test: str) -> str:
    """What flipped a case, in words; a name that is not known stays what it is."""
    return _(TEST_LABELS[test]) if test in TEST_LABELS else test


def told(figures: Figures, link: Link) -> Told:
    """*figures* with *link* for each number that has cases."""
    cutoffs, near = figures.cutoffs, figures.near_misses
    flipped = [
        Number(test_label(name), count, link(name="spared", test=name))
        for name, count in cutoffs.flipped.items()
    ]
    return Told(
        figures=figures,
        summary=summary(figures),
        verdicts=[_by_verdict(*line, link) for line in _lines(figures)],
        answers=[_by_answer(*line, link) for line in _lines(figures)],
        near=_near(figures, link),
        continued=estimate(
            _("Right to continue"),
            near.right_to_continue,
            rate_scale([near.right_to_continue.high]),
            partial(link, near=1, name="allowed"),
        ),
        weighted=_weighted(figures),
        flipped=flipped,
        rates=_rates(figures, link),
        change=[
            _change(_("Difference"), cutoffs.change),
            _change(_("Difference on the merits"), cutoffs.change_on_merits),
        ],
        apart=[
            apart_line(_("At the user’s request"), figures.by_user, link, USER),
            apart_line(_("By staff"), figures.by_operator, link, OPERATOR),
        ],
        segments=segment_lines(figures.segments, link),
        limits=limits(figures),
    )


def _recorded(figures: Figures) -> int:
    """How much the window has of anything."""
    apart = figures.by_user.count + figures.by_operator.count
    return figures.cutoffs.made.count + figures.near_misses.recorded + apart


def summary(figures: Figures) -> str:
    """The outcome in a sentence, short enough to be read aloud after each change."""
    cutoffs, near = figures.cutoffs, figures.near_misses
    if not _recorded(figures):
        return _("Nothing is recorded in this window.")
    said = ngettext(
        "%(spared)s of %(made)s cutoff spared, %(kept)s kept.",
        "%(spared)s of %(made)s cutoffs spared, %(kept)s kept.",
        cutoffs.made.count,
    ) % {
        "spared": f"{cutoffs.spared.count:,}",
        "made": f"{cutoffs.made.count:,}",
        "kept": f"{cutoffs.kept.count:,}",
    }
    if near.recorded:
        said += " " + ngettext(
            "%(new)s near miss ended anew.", "%(new)s near misses ended anew.", near.new
        ) % {"new": f"{near.new:,}"}
    if refused := figures.by_user.refused:
        said += " " + ngettext(
            "%(refused)s ending at the user’s request not allowed.",
            "%(refused)s endings at the user’s request not allowed.",
            refused,
        ) % {"refused": f"{refused:,}"}
    return said


def _lines(figures: Figures) -> Iterable[tuple[str, str, Name, Part]]:
    cutoffs = figures.cutoffs
    yield _("Spared"), _("would not have been made then"), "spared", cutoffs.spared
    yield _("Kept"), _("would have been made just as well"), "kept", cutoffs.kept
    yield _("Cannot tell"), _("an unknown signal decides"), "cannot_tell", cutoffs.cannot_tell
    if cutoffs.allowed.count:
        words = _("were made against the policy then; this one would have made them")
        yield _("Only now allowed"), words, "allowed", cutoffs.allowed
    if cutoffs.refused.count:
        words = _("were made against the policy then, and against this one")
        yield _("Allowed by neither"), words, "refused", cutoffs.refused
    yield _("All made"), _("by the model, in this window"), "made", cutoffs.made


_REVIEWS: Final = (
    FirstReview.UPHELD.value,
    FirstReview.OVERTURNED.value,
    FirstReview.OVERTURNED_FOR_PROCEDURE.value,
    0,
)
_ANSWERS: Final = (Answer.SURPRISED, Answer.UNSURPRISED, Answer.SILENT, Answer.OPEN)


def _by_verdict(label: str, words: str, name: Name, part: Part, link: Link) -> Line:
    found = part.verdicts
    counts = (
        found.upheld,
        found.overturned,
        found.overturned_for_procedure,
        found.undecided,
    )
    urls = [link(name=name, review=review) for review in _REVIEWS]
    numbers = _parts(VERDICT_HEADS, counts, urls, VERDICT_KINDS)
    return Line(label, words, _all(part, name, link), numbers)


def _by_answer(label: str, words: str, name: Name, part: Part, link: Link) -> Line:
    found = part.feedback
    counts = (found.surprised, found.unsurprised, found.silent, found.open)
    urls = [link(name=name, answer=answer.value) for answer in _ANSWERS]
    numbers = _parts(ANSWER_HEADS, counts, urls, ANSWER_KINDS)
    return Line(label, words, _all(part, name, link), numbers)


def _all(part: Part, name: Name, link: Link) -> Number:
    return Number(_("All"), part.count, link(name=name) if part.count else "")


def _parts(
    heads: Iterable[str], counts: tuple[int, ...], urls: Iterable[str], kinds: Iterable[str]
) -> tuple[Number, ...]:
    total = sum(counts) or 1
    numbers, start = [], 0
    for head, value, url, kind in zip(heads, counts, urls, kinds, strict=True):
        place, share = round(100 * start / total, 2), round(100 * value / total, 2)
        numbers.append(Number(_(head), value, url if value else "", kind, place, share))
        start += value
    return tuple(numbers)


def _near(figures: Figures, link: Link) -> list[Line]:
    near = figures.near_misses

    def line(label: str, words: str, value: int, **chosen: Any) -> Line:
        url = link(near=True, **chosen) if value else ""
        return Line(label, words, Number(label, value, url))

    return [
        line(_("Ended anew"), _("went on, and would not have"), near.new, name="allowed", later=0),
        line(
            _("Ended earlier"),
            _("was ended later anyhow"),
            near.earlier,
            name="allowed",
            later=1,
        ),
        line(_("Alike"), _("the policy then would have ended it too"), near.alike, name="kept"),
        line(_("Go on"), _("would not have been ended"), near.not_ended, name="not_ended"),
        line(
            _("Cannot tell"), _("an unknown signal decides"), near.cannot_tell, name="may_be_ended"
        ),
    ]


def _rates(figures: Figures, link: Link) -> list[Estimate]:
    cutoffs = figures.cutoffs
    made, kept = cutoffs.overturns_made, cutoffs.overturns_kept
    of_made, of_kept = partial(link, name="made"), partial(link, name="ended")
    found = [(_("As it was"), made.all, of_made), (_("Of those kept"), kept.all, of_kept)]
    if cutoffs.cannot_tell.count:
        words = _("Of those kept, unknown signals either way")
        # Where nothing that is kept was audited, the bounds are those of what may be kept.
        of_range = of_kept if kept.all.audited else partial(link, name="may_be_ended")
        found.append((words, cutoffs.overturns_kept_range, of_range))
    found += [
        (_("On the merits, as it was"), made.merits, of_made),
        (_("On the merits, of those kept"), kept.merits, of_kept),
        (_("For procedure alone, as it was"), made.procedure, of_made),
        (_("For procedure alone, of those kept"), kept.procedure, of_kept),
    ]
    scale = rate_scale(share.high for _label, share, _link in found if share.kind != "none")
    return [estimate(label, share, scale, of) for label, share, of in found]


def _weighted(figures: Figures) -> str:
    """How many new endings those recorded stand for; empty where no sampling is known."""
    found = figures.near_misses.weighted
    if found is None:
        return ""
    return _("Those ended anew stand for %(estimate)s (%(low)s to %(high)s) endings.") % {
        "estimate": f"{found.estimate:,.0f}",
        "low": f"{found.low:,.0f}",
        "high": f"{found.high:,.0f}",
    }


def _change(label: str, change: Change) -> Estimate:
    if change.kind == "none":
        return Estimate(label, "", "")
    ends = {"low": _signed(change.low), "high": _signed(change.high)}
    value = "" if change.estimate is None else _signed(change.estimate)
    return Estimate(label, value, _("%(low)s to %(high)s") % ends)


def _signed(share: float) -> str:
    return f"{100 * share:+.1f}".replace("-", "−")
