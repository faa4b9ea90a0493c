"""A row of the list of cases as HTML.

Fifty of them written by a template took sixteen milliseconds, more than all else on the page;
this takes an eighth. :func:`_filled` escapes whatever comes from outside.
"""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from accounts.templatetags.moments import moment
from reviews.services.highlights import Highlight
from reviews.services.rows import QueueRow

_ROW = (
    '<tr role="row" class="{classes}" data-case="{number}">{box}'
    '<td role="cell" class="mono nowrap">{label}</td>'
    '<td role="cell"><span class="{kind}">{tag}</span></td>'
    '<td role="cell" class="main"><a class="open" id="open-{number}" href="{url}"'
    " data-walk-item>{hazard}{headline}</a>{labels}{found}</td>"
    '<td role="cell" class="more second-text nowrap">{category}</td>'
    '<td role="cell" class="more quiet-text">{origin}</td>'
    '<td role="cell" class="end nowrap">{time}</td>'
    '<td role="cell" class="num wide-only">{priority}</td>'
    '<td role="cell" class="more nowrap">{holder}</td></tr>'
)
_BOX = (
    '<td role="cell" class="pick"><input type="checkbox" id="pick-{}" name="case" value="{}"'
    ' aria-label="{} {}"></td>'
)
_WHY = (
    '<span class="why"><button type="button" aria-describedby="why-{}">{}</button>'
    '<span class="explained" role="tooltip" id="why-{}">{}</span></span>'
)
_DUE = '<span>{} <b>{}</b></span><span class="quiet-text">{}</span>'
_DUE_AT = '<span class="due {}">{}</span>'
_NOTHING = SafeString("")


def _filled(html: str, *values: object, **named: object) -> SafeString:
    """As ``format_html``, which for each value asks first whether it is to be translated later."""
    return SafeString(
        html.format(*map(_safe, values), **{name: _safe(named[name]) for name in named})
    )


def _safe(value: object) -> str:
    return value if isinstance(value, SafeString) else escape(str(value))


def _joined(parts: Iterable[SafeString]) -> SafeString:
    return SafeString("".join(parts))


def row_html(
    row: QueueRow,
    highlights: list[Highlight],
    *,
    url: str,
    waiting_only: bool,
    may_choose: bool,
) -> SafeString:
    """``<tr>`` for one case; *may_choose* puts a box before it."""
    case = row.case
    classes = [name for name, holds in _classes(row) if holds]
    # Said twice, written once: moments are the dearest part of a row.
    due = moment(case.due_at, "due") if waiting_only or row.is_due else ""
    return _filled(
        _ROW,
        classes=" ".join(classes),
        number=case.number,
        box=_filled(_BOX, case.number, case.number, _("Choose"), case.label)
        if may_choose
        else _NOTHING,
        label=case.label,
        kind=f"tag {row.tag.kind}".strip(),
        tag=row.tag.text,
        url=url,
        hazard=_filled("<b>{}.</b> ", row.hazard) if row.hazard else _NOTHING,
        headline=row.headline,
        labels=_joined(_filled(' <span class="label">{}</span>', label) for label in row.labels),
        found=_joined(_found(found, url) for found in highlights),
        category=row.category,
        origin=_origin(row),
        time=_filled(_DUE_AT, row.due, due) if waiting_only else moment(case.at),
        priority=_priority(row, due),
        holder=_holder(row),
    )


def _classes(row: QueueRow) -> tuple[tuple[str, bool], ...]:
    return ("flagged", row.case.breach), ("unselected", not row.case.selected)


def _found(found: Highlight, url: str) -> SafeString:
    """Where the searched words stand; hidden ones are named, not shown."""
    place = (
        _filled('<a href="{}#turn-{}">{}</a>', url, found.turn, found.where)
        if found.turn
        else _filled("<b>{}</b>", found.where)
    )
    if found.warning:
        hidden = _("Hidden: it %(warning)s.") % {"warning": found.warning}
        return _filled('<span class="found">{} <i>{}</i></span>', place, hidden)
    words = _joined(
        _filled("<mark>{}</mark>" if piece.found else "{}", piece.text) for piece in found.pieces
    )
    return _filled('<span class="found">{} {}</span>', place, words)


def _origin(row: QueueRow) -> SafeString:
    language = row.case.language or row.case.locale
    spoken = _filled(" · <bdi>{}</bdi>", language) if language else _NOTHING
    queue = _filled('<span class="in-queue">{}</span>', row.queue) if row.queue else _NOTHING
    return _filled('<span class="nowrap">{}{}</span>{}', row.source, spoken, queue)


def _priority(row: QueueRow, due: str) -> str:
    """The number, and what it is made of for whoever points at it, focuses it or touches it."""
    case = row.case
    if not row.parts:
        return str(case.priority)
    parts = _joined(
        _filled("<span>{} <b>+{}</b></span>", part.label, part.weight) for part in row.parts
    )
    return _filled(_WHY, case.number, case.priority, case.number, parts + _when_due(due))


def _when_due(due: str) -> SafeString:
    """When it is due, which has no weight: the nearest comes first among equals."""
    if not due:
        return _NOTHING
    return _filled(_DUE, _("when due"), due, _("among equals, the nearest comes first"))


def _holder(row: QueueRow) -> SafeString:
    if row.mine:
        return _filled("<b>{}</b>", _("you"))
    if row.claim:
        until = moment(row.claim.expires_at, "clock")
        return _filled("{} {} {}", row.claim.reviewer.name, _("until"), until)
    if row.assigned:
        kept = _("for %(name)s") % {"name": row.assigned}
        return _filled('<span class="quiet-text">{}</span>', kept)
    return _NOTHING
