"""The figures of a backtest as lines of tables; each number with the address of its cases."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from conversations.vocabulary import FirstReview
from policies.backtest import Answer
from policies.backtest_figures import Change, Figures, Part, Share
from policies.backtest_sql import TESTS
from policies.backtest_words import limits
from policies.charts import Scale, Whisker, rate_scale, whisker
from policies.evaluation import CONFIRMATION, CRITERIA, ENABLED, IMMINENT_RISK
from policies.services.preview import Name

#: Gives the address of a list of cases for the parts of a ``policies.services.preview.Chosen``.
Link = Callable[..., str]

TEST_LABELS: Final = {
    ENABLED: "Whether ending is allowed at all",
    IMMINENT_RISK: "Ceiling of imminent risk",
    CONFIRMATION: "The user’s confirmation",
    **{criterion.name: criterion.label for criterion in CRITERIA},
}
assert {*TEST_LABELS} == {*TESTS}  # noqa: S101 - each has its words

VERDICT_HEADS: Final = ("Upheld", "Overturned", "For procedure", "Undecided")
ANSWER_HEADS: Final = ("Surprised", "Not surprised", "No answer", "Still open")
#: The shapes of the parts of a bar (``components/meter.html``).
VERDICT_KINDS: Final = ("ok", "bad", "warn", "")
ANSWER_KINDS: Final = ("bad", "ok", "", "calm")


@dataclass(frozen=True)
class Number:
    """A count, and where its cases are listed; ``url`` is empty where there is none to list."""

    head: str
    value: int
    url: str
    kind: str = ""
    start: float = 0.0
    percent: float = 0.0

    @property
    def shown(self) -> str:
        """The count as it is read."""
        return f"{self.value:,}"


@dataclass(frozen=True)
class Line:
    """A figure and its split: *numbers* add up to *all*."""

    label: str
    words: str
    all: Number
    numbers: tuple[Number, ...] = ()

    @property
    def bar(self) -> str:
        """The split in a sentence."""
        parts = ", ".join(f"{one.value:,} {one.head.lower()}" for one in self.numbers)
        return f"{self.label}: {parts}"

    @property
    def meter(self) -> list[dict[str, object]]:
        """The split as parts of a bar (``components/meter.html``)."""
        return [
            {
                "label": one.head,
                "value": one.shown,
                "start": one.start,
                "percent": one.percent,
                "kind": one.kind,
                "url": "",
            }
            for one in self.numbers
        ]


@dataclass(frozen=True)
class Estimate:
    """A rate or a difference in words, and a rate on a scale that its neighbours share.

    ``value`` is empty where only bounds are known, and ``interval`` too where nothing is.
    """

    label: str
    value: str
    interval: str
    words: str = ""
    whisker: Whisker | None = None


@dataclass(frozen=True)
class Told:
    """Everything that the figures tell, for a page."""

    figures: Figures
    summary: str
    verdicts: list[Line]
    answers: list[Line]
    near: list[Line]
    weighted: str
    flipped: list[Number]
    rates: list[Estimate]
    scale: Scale
    change: list[Estimate]
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
        return not (self.figures.cutoffs.made.count or self.figures.near_misses.recorded)


def told(figures: Figures, link: Link) -> Told:
    """*figures* with *link* for each number that has cases."""
    cutoffs = figures.cutoffs
    rates = _rates(figures)
    scale = rate_scale(share.high for _, share in rates if share.kind != "none")
    flipped = [
        Number(TEST_LABELS.get(name, name), count, link(name="spared", test=name))
        for name, count in cutoffs.flipped.items()
    ]
    return Told(
        figures=figures,
        summary=summary(figures),
        verdicts=[_by_verdict(*line, link) for line in _lines(figures)],
        answers=[_by_answer(*line, link) for line in _lines(figures)],
        near=_near(figures, link),
        weighted=_weighted(figures),
        flipped=flipped,
        rates=estimates(rates, scale),
        scale=scale,
        change=[
            _change(_("Difference"), cutoffs.change),
            _change(_("Difference on the merits"), cutoffs.change_on_merits),
        ],
        limits=limits(figures),
    )


def summary(figures: Figures) -> str:
    """The outcome in a sentence, short enough to be read aloud after each change."""
    cutoffs, near = figures.cutoffs, figures.near_misses
    if not (cutoffs.made.count or near.recorded):
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
    if not near.recorded:
        return said
    return f"{said} " + ngettext(
        "%(new)s near miss ended anew.", "%(new)s near misses ended anew.", near.new
    ) % {"new": f"{near.new:,}"}


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
        numbers.append(Number(head, value, url if value else "", kind, place, share))
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


def _rates(figures: Figures) -> list[tuple[str, Share]]:
    cutoffs = figures.cutoffs
    made, kept = cutoffs.overturns_made, cutoffs.overturns_kept
    found = [(_("As it was"), made.all), (_("Of those kept"), kept.all)]
    if cutoffs.cannot_tell.count:
        words = _("Of those kept, unknown signals either way")
        found.append((words, cutoffs.overturns_kept_range))
    return [
        *found,
        (_("On the merits, as it was"), made.merits),
        (_("On the merits, of those kept"), kept.merits),
        (_("For procedure alone, as it was"), made.procedure),
        (_("For procedure alone, of those kept"), kept.procedure),
    ]


def estimates(rates: Iterable[tuple[str, Share]], scale: Scale) -> list[Estimate]:
    """*rates* by their labels, all on one scale."""
    return [_estimate(label, share, scale) for label, share in rates]


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


def percent(value: float) -> str:
    """A share of 1 as it is read, with one decimal."""
    return f"{100 * value:.1f} %"


def _estimate(label: str, share: Share, scale: Scale) -> Estimate:
    if share.kind == "none":
        return Estimate(label, "", "", share.words)
    value = "" if share.estimate is None else percent(share.estimate)
    interval = f"{100 * share.low:.1f} – {100 * share.high:.1f}"
    drawn = whisker((share.low, share.estimate, share.high), scale)
    return Estimate(label, value, interval, _evidence(share), drawn)


def _evidence(share: Share) -> str:
    """What a rate rests on."""
    said = {
        "decided": f"{share.decided:,}",
        "audited": f"{share.audited:,}",
        "completion": f"{100 * (share.completion or 0):.0f} %",
    }
    return _("%(decided)s of %(audited)s audits decided (%(completion)s)") % said


def _change(label: str, change: Change) -> Estimate:
    if change.kind == "none":
        return Estimate(label, "", "")
    ends = {"low": _signed(change.low), "high": _signed(change.high)}
    value = "" if change.estimate is None else _signed(change.estimate)
    return Estimate(label, value, _("%(low)s to %(high)s") % ends)


def _signed(share: float) -> str:
    return f"{100 * share:+.1f}".replace("-", "−")
