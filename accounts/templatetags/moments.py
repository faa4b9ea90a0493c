"""How every page shows a moment: relative, exact on hover, in the reader's time zone.

``static/js/times.js`` says the same words and keeps them true while a page stays open.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

from django import template
from django.utils import timezone
from django.utils.dates import MONTHS
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language, get_language_bidi, gettext, ngettext

register = template.Library()

Style = Literal["relative", "due", "countdown", "clock", "date", "full"]

_MINUTE = timedelta(minutes=1)
_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)
_FAR = timedelta(days=30)

#: The attribute by which times.js knows what to keep true.
_ATTRIBUTES: dict[Style, str] = {
    "relative": " data-relative",
    "due": ' data-relative="due"',
    "countdown": " data-countdown",
}


@register.simple_tag
def moment(when: datetime | None, style: Style = "relative", lease: bool = False) -> str:
    """``<time>`` for *when*, an aware datetime; nothing for None.

    ``relative`` reads "3 h ago", ``due`` "12 min overdue", ``countdown`` "8:41", ``clock``
    "10:42", ``date`` "20 November 2026" and ``full`` both. *lease* marks the time that a
    heartbeat moves.
    """
    if when is None:
        return ""
    local = timezone.localtime(when)
    return format_html(
        '<time datetime="{}" title="{}"{}{}>{}</time>',
        when.isoformat(),
        _exact(local),
        SafeString(_ATTRIBUTES.get(style, "")),
        SafeString(" data-lease" if lease else ""),
        words(local, style, timezone.now()),
    )


def words(when: datetime, style: Style, now: datetime) -> str:
    """*when*, in the zone in which it is to be read, in words."""
    match style:
        case "clock":
            return date_format(when, "H:i")
        case "date":
            return date_format(when, "j F Y" if get_language() == "en" else None)
        case "full":
            return _exact(when)
        case "countdown":
            left = max(0, int((when - now).total_seconds()))
            return f"{left // 60}:{left % 60:02d}"
        case _:
            return _relative(when, now, due=style == "due")


def _exact(when: datetime) -> str:
    """As ``date_format`` writes "j F Y, H:i T", in a tenth of the time: lists have many of them.

    A page that is not in English, and has one or two, writes it as its language does.
    """
    if get_language() != "en":
        comma = "،" if get_language_bidi() else ","
        return f"{date_format(when)}{comma} {date_format(when, 'TIME_FORMAT')} {when.tzname()}"
    return f"{when.day} {MONTHS[when.month]} {when.year}, {when:%H:%M} {when.tzname()}"


def _relative(when: datetime, now: datetime, *, due: bool) -> str:
    away = when - now
    if abs(away) > _FAR and not (due and away < timedelta(0)):
        return date_format(when, "M j, Y" if get_language() == "en" else "SHORT_DATE_FORMAT")
    if away >= _MINUTE:
        return _ahead(away)
    if due:
        return gettext("due now") if away > timedelta(0) else _overdue(-away)
    return gettext("just now") if away > -_MINUTE else _ago(-away)


# Whole sentences, though they differ by a word: a language may order and inflect them otherwise.
def _ahead(length: timedelta) -> str:
    count, unit = _counted(length)
    match unit:
        case "min":
            said = ngettext("in %(count)s min", "in %(count)s min", count)
        case "h":
            said = ngettext("in %(count)s h", "in %(count)s h", count)
        case _:
            said = ngettext("in %(count)s d", "in %(count)s d", count)
    return said % {"count": count}


def _overdue(length: timedelta) -> str:
    count, unit = _counted(length)
    match unit:
        case "min":
            said = ngettext("%(count)s min overdue", "%(count)s min overdue", count)
        case "h":
            said = ngettext("%(count)s h overdue", "%(count)s h overdue", count)
        case _:
            said = ngettext("%(count)s d overdue", "%(count)s d overdue", count)
    return said % {"count": count}


def _ago(length: timedelta) -> str:
    count, unit = _counted(length)
    match unit:
        case "min":
            said = ngettext("%(count)s min ago", "%(count)s min ago", count)
        case "h":
            said = ngettext("%(count)s h ago", "%(count)s h ago", count)
        case _:
            said = ngettext("%(count)s d ago", "%(count)s d ago", count)
    return said % {"count": count}


def _counted(length: timedelta) -> tuple[int, str]:
    if length < _HOUR:
        return max(1, length // _MINUTE), "min"
    if length < _DAY:
        return length // _HOUR, "h"
    return length // _DAY, "d"
