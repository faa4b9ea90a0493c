"""What a backtest tells, and what it cannot, in sentences; and its figures as a table. Pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any

import msgspec
from django.utils.translation import gettext

from accounts.spreadsheets import harmless
from policies.backtest_figures import Figures

#: A row of the table: where the figure stands, and the figure.
Row = tuple[str, str]


def limits(figures: Figures) -> list[str]:
    """What these figures cannot tell, most important first."""
    return [
        gettext(
            "The thresholds are applied again at the recorded moment, and no further. How the user"
            " and the model would have gone on is not modelled."
        ),
        *_of_cutoffs(figures),
        *_of_near_misses(figures),
        *_of_the_window(figures),
        gettext(
            "Where a crisis cue was found in the transcript, no version may end: such a cutoff"
            " counts as allowed by neither. A transcript that was not, or not yet, assessed counts"
            " as one without."
        ),
    ]


def _of_cutoffs(figures: Figures) -> Iterator[str]:
    cutoffs = figures.cutoffs
    if not cutoffs.made.count:
        yield gettext("There is no cutoff by the model in this window: nothing can be told.")
        return
    spared = {"low": f"{cutoffs.spared_range.low:,}", "high": f"{cutoffs.spared_range.high:,}"}
    if cutoffs.spared_range.high:
        yield (
            gettext(
                "Whether a spared conversation would have been ended later is unknown: none to"
                " %(high)s of them."
            )
            % spared
        )
    if cutoffs.cannot_tell.count:
        yield gettext(
            "For %(number)s cutoffs an unknown signal decides: between %(low)s and %(high)s are"
            " spared."
        ) % (spared | {"number": f"{cutoffs.cannot_tell.count:,}"})
    yield from _of_reviews(figures)
    if cutoffs.made.feedback.open:
        yield gettext(
            "The users of %(number)s cutoffs may still answer: their seven days are not over."
        ) % {"number": f"{cutoffs.made.feedback.open:,}"}


def _of_reviews(figures: Figures) -> Iterator[str]:
    audited = figures.cutoffs.overturns_made.all
    reviewed = figures.cutoffs.made.count - figures.cutoffs.made.verdicts.undecided
    if audited.kind == "none" and reviewed:
        yield gettext(
            "Only cutoffs that somebody had a reason to look at were reviewed, and none was drawn"
            " at random: there is no overturn rate."
        )
    elif audited.kind == "none":
        yield gettext("No cutoff was drawn for an audit: there is no overturn rate.")
    elif audited.kind == "bounds":
        yield gettext(
            "Only %(decided)s of %(audited)s audits are decided: the rates are bounds, whatever"
            " the missing verdicts will be."
        ) % {"decided": f"{audited.decided:,}", "audited": f"{audited.audited:,}"}
    elif audited.events in (0, audited.decided):
        yield gettext("All audits came out alike; the interval rests on their number alone.")
    if figures.cutoffs.made.verdicts.overturned_for_procedure:
        yield gettext(
            "Overturns for a missing warning or too few redirects alone are counted apart: tuning"
            " on them would be circular."
        )


def _of_near_misses(figures: Figures) -> Iterator[str]:
    seen = figures.near_misses
    if not seen.recorded:
        yield gettext(
            "No near miss is recorded in this window: what a looser policy would have ended has"
            " no number."
        )
        return
    yield gettext(
        "Near misses tell of what the source's capture rule caught, and of nothing beyond it."
    )
    if seen.unknown_sampling:
        yield gettext(
            "Of the near misses that would have been ended, %(number)s came without a sampling"
            " probability: how many they stand for is unknown."
        ) % {"number": f"{seen.unknown_sampling:,}"}
    if seen.new_range.low != seen.new_range.high:
        yield gettext(
            "With unknown signals either way, between %(low)s and %(high)s recorded near misses"
            " would have been ended."
        ) % {"low": f"{seen.new_range.low:,}", "high": f"{seen.new_range.high:,}"}


def _of_the_window(figures: Figures) -> Iterator[str]:
    if figures.advisory and not figures.enforcing:
        yield gettext(
            "For all of these cutoffs the source decides alone: “ended” reads “the policy would"
            " have asked to end”."
        )
    elif figures.advisory:
        yield gettext(
            "For %(number)s of these cutoffs the source decides alone: “ended” reads “the policy"
            " would have asked to end”."
        ) % {"number": f"{figures.advisory:,}"}
    if figures.segments:
        yield gettext(
            "The window mixes versions, models or prompt versions. A common figure hides what"
            " differs between them; each stands below by itself."
        )
    if figures.segments_left_out:
        yield gettext("The %(number)s smallest of them are left out of the table.") % {
            "number": f"{figures.segments_left_out:,}"
        }


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
