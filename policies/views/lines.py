"""What the tables of a backtest are made of: counts that open their cases, and rates."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.utils.translation import gettext as _

from policies.backtest_figures import Apart, Segment, Share
from policies.charts import Scale, Whisker, rate_scale, whisker

#: Gives the address of a list of cases for the parts of a ``policies.services.preview.Chosen``.
Link = Callable[..., str]


def nowhere(**_chosen: Any) -> str:
    """A :data:`Link` of figures whose cases are not listed."""
    return ""


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
        parts = ", ".join(f"{one.head} {one.value:,}" for one in self.numbers)
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
                "url": one.url,
            }
            for one in self.numbers
        ]


@dataclass(frozen=True)
class Evidence:
    """What a rate rests on: the audits that are decided, of all, and their share in percent."""

    decided: Number
    audited: Number
    completion: str


@dataclass(frozen=True)
class Estimate:
    """A rate or a difference in words, and a rate on a scale that its neighbours share.

    ``value`` is empty where only bounds are known, and ``interval`` too where nothing is; then
    ``words`` say why.
    """

    label: str
    value: str
    interval: str
    words: str = ""
    whisker: Whisker | None = None
    evidence: Evidence | None = None


@dataclass(frozen=True)
class SegmentLine:
    """One version, model and prompt version: counts as ``policies.backtest_figures.Segment``
    has them, and the overturn rates of all and of those that the candidate would have ended.
    """

    of: Segment
    label: str
    numbers: tuple[Number, ...]
    made: Estimate
    kept: Estimate


def count(head: str, value: int, link: Link, **chosen: Any) -> Number:
    """A count with the address of its cases, if it has any."""
    return Number(head, value, link(**chosen) if value else "")


def percent(value: float) -> str:
    """A share of 1 as it is read, with one decimal."""
    return f"{100 * value:.1f} %"


def estimate(label: str, share: Share, scale: Scale, link: Link = nowhere) -> Estimate:
    """*share* on *scale*; *link* leads to the cutoffs that it is a share of."""
    if share.kind == "none":
        return Estimate(label, "", "", share.words)
    value = "" if share.estimate is None else percent(share.estimate)
    interval = f"{100 * share.low:.1f} – {100 * share.high:.1f}"
    drawn = whisker((share.low, share.estimate, share.high), scale)
    return Estimate(label, value, interval, "", drawn, evidence(label, share, link))


def evidence(label: str, share: Share, link: Link) -> Evidence | None:
    """What *share* rests on; None where nothing was audited."""
    if not share.audited:
        return None
    return Evidence(
        decided=count(
            _("%(rate)s: audits decided") % {"rate": label}, share.decided, link, decided=1
        ),
        audited=count(_("%(rate)s: audits") % {"rate": label}, share.audited, link, audited=1),
        completion=f"{100 * (share.completion or 0):.0f} %",
    )


def segment_lines(segments: tuple[Segment, ...], link: Link) -> list[SegmentLine]:
    """*segments*, their rates all on one scale."""
    shares = [share for one in segments for share in (one.overturns_made, one.overturns_kept)]
    scale = rate_scale(share.high for share in shares if share.kind != "none")
    return [_segment_line(one, scale, link) for one in segments]


def _segment_line(one: Segment, scale: Scale, link: Link) -> SegmentLine:
    here = partial(link, version=one.version, model=one.model, prompt=one.prompt_version)
    return SegmentLine(
        of=one,
        label=" ".join(filter(None, (str(one.version), one.model, one.prompt_version))),
        numbers=(
            count(_("Made"), one.made, here, name="made"),
            count(_("Kept"), one.kept, here, name="ended"),
            count(_("Spared"), one.spared, here, name="spared"),
            count(_("Cannot tell"), one.cannot_tell, here, name="cannot_tell"),
        ),
        made=estimate(_("As it was"), one.overturns_made, scale, partial(here, name="made")),
        kept=estimate(_("Of those kept"), one.overturns_kept, scale, partial(here, name="ended")),
    )


def apart_line(label: str, apart: Apart, link: Link, by: str) -> Line:
    """Endings *by* a user or by staff, and what the candidate says of them."""
    here = partial(link, by=by)
    return Line(
        label,
        "",
        count(_("All"), apart.count, here, name="made"),
        (
            count(_("Not allowed by the candidate"), apart.refused, here, name="not_ended"),
            count(_("Cannot tell"), apart.cannot_tell, here, name="unknown"),
        ),
    )
