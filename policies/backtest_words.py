"""What a backtest tells, and what it cannot, in sentences; and its figures as a table. Pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any, Final

import msgspec

from accounts.spreadsheets import harmless
from policies.backtest_figures import Figures

NOT_MODELLED: Final = (
    "The thresholds are applied again at the recorded moment, and no further. How the user and the"
    " model would have gone on is not modelled."
)
CUES: Final = (
    "Where a crisis cue was found in the transcript, no version may end: such a cutoff counts as"
    " allowed by neither. A transcript that was not, or not yet, assessed counts as one without."
)

#: A row of the table: where the figure stands, and the figure.
Row = tuple[str, str]


def limits(figures: Figures) -> list[str]:
    """What these figures cannot tell, most important first."""
    return [
        NOT_MODELLED,
        *_of_cutoffs(figures),
        *_of_near_misses(figures),
        *_of_the_window(figures),
        CUES,
    ]


def _of_cutoffs(figures: Figures) -> Iterator[str]:
    cutoffs = figures.cutoffs
    if not cutoffs.made.count:
        yield "There is no cutoff by the model in this window: nothing can be told."
        return
    if cutoffs.spared_range.high:
        yield (
            "Whether a spared conversation would have been ended later is unknown: none to"
            f" {cutoffs.spared_range.high:,} of them."
        )
    if cutoffs.cannot_tell.count:
        yield (
            f"For {cutoffs.cannot_tell.count:,} cutoffs an unknown signal decides: between"
            f" {cutoffs.spared_range.low:,} and {cutoffs.spared_range.high:,} are spared."
        )
    yield from _of_reviews(figures)
    if cutoffs.made.feedback.open:
        yield (
            f"The users of {cutoffs.made.feedback.open:,} cutoffs may still answer: their seven"
            " days are not over."
        )


def _of_reviews(figures: Figures) -> Iterator[str]:
    audited = figures.cutoffs.overturns_made.all
    reviewed = figures.cutoffs.made.count - figures.cutoffs.made.verdicts.undecided
    if audited.kind == "none" and reviewed:
        yield (
            "Only cutoffs that somebody had a reason to look at were reviewed, and none was drawn"
            " at random: there is no overturn rate."
        )
    elif audited.kind == "none":
        yield "No cutoff was drawn for an audit: there is no overturn rate."
    elif audited.kind == "bounds":
        yield (
            f"Only {audited.decided:,} of {audited.audited:,} audits are decided: the rates are"
            " bounds, whatever the missing verdicts will be."
        )
    elif audited.events in (0, audited.decided):
        yield "All audits came out alike; the interval rests on their number alone."
    if figures.cutoffs.made.verdicts.overturned_for_procedure:
        yield (
            "Overturns for a missing warning or too few redirects alone are counted apart: tuning"
            " on them would be circular."
        )


def _of_near_misses(figures: Figures) -> Iterator[str]:
    seen = figures.near_misses
    if not seen.recorded:
        yield (
            "No near miss is recorded in this window: what a looser policy would have ended has"
            " no number."
        )
        return
    yield ("Near misses tell of what the source's capture rule caught, and of nothing beyond it.")
    if seen.unknown_sampling:
        yield (
            f"Of the near misses that would have been ended, {seen.unknown_sampling:,} came without"
            " a sampling probability: how many they stand for is unknown."
        )
    if seen.new_range.low != seen.new_range.high:
        yield (
            f"With unknown signals either way, between {seen.new_range.low:,} and"
            f" {seen.new_range.high:,} recorded near misses would have been ended."
        )


def _of_the_window(figures: Figures) -> Iterator[str]:
    if figures.advisory:
        sources = "all" if not figures.enforcing else f"{figures.advisory:,}"
        yield (
            f"For {sources} of these cutoffs the source decides alone: “ended” reads “the policy"
            " would have asked to end”."
        )
    if figures.segments:
        yield (
            "The window mixes versions, models or prompt versions. A common figure hides what"
            " differs between them; each stands below by itself."
        )
    if figures.segments_left_out:
        yield f"The {figures.segments_left_out:,} smallest of them are left out of the table."


def rows(figures: Figures) -> Iterator[Row]:
    """Every figure with its place, ``cutoffs.spared.verdicts.upheld``; segments by number."""
    yield from _flat("", msgspec.to_builtins(figures))


def _flat(place: str, value: Any) -> Iterator[Row]:
    if isinstance(value, dict | list | tuple):
        items = value.items() if isinstance(value, dict) else enumerate(value, 1)
        for name, inner in items:
            yield from _flat(f"{place}.{name}" if place else str(name), inner)
    else:
        yield place, "" if value is None else str(value)


def as_csv(figures: Figures, *, code_version: str) -> str:
    """The figures as CSV (RFC 4180): a header, which code computed them, then a place and a
    figure in each row.

    Model and prompt names are the sources' own text.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(("figure", "value"))
    writer.writerow(("code_version", code_version))
    writer.writerows((place, harmless(value)) for place, value in rows(figures))
    return out.getvalue()
