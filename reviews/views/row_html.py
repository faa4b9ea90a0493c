"""A row of the list of cases as HTML.

Fifty of them written by a template took sixteen milliseconds, more than all else on the page;
this takes two. Whatever comes from outside is escaped by :func:`html.escape`.
"""

from __future__ import annotations

from html import escape

from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from accounts.templatetags.moments import moment
from reviews.services.highlights import Highlight
from reviews.services.rows import QueueRow


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
    number, label = case.number, escape(case.label)
    classes = f"{'flagged' if case.breach else ''} {'' if case.selected else 'unselected'}".strip()
    box = (
        f'<td role="cell" class="pick"><input type="checkbox" id="pick-{number}" name="case"'
        f' value="{number}" aria-label="{escape(_("Choose"))} {label}"></td>'
        if may_choose
        else ""
    )
    return mark_safe(  # noqa: S308 - every value is a number or escaped
        f'<tr role="row" class="{classes}" data-case="{number}">{box}'
        f'<td role="cell" class="mono nowrap">{label}</td>'
        f'<td role="cell"><span class="tag {row.tag.kind}">{escape(row.tag.text)}</span></td>'
        f'<td role="cell" class="main"><a class="open" id="open-{number}" href="{url}"'
        f" data-walk-item>{escape(row.headline)}</a>{_labels(row)}"
        f"{''.join(_found(found, url) for found in highlights)}</td>"
        f'<td role="cell" class="more second-text nowrap">{escape(row.category)}</td>'
        f'<td role="cell" class="more quiet-text">{_origin(row)}</td>'
        f'<td role="cell" class="end nowrap">{_time(row, waiting_only=waiting_only)}</td>'
        f'<td role="cell" class="num wide-only">{_priority(row)}</td>'
        f'<td role="cell" class="more nowrap">{_holder(row)}</td></tr>'
    )


def _labels(row: QueueRow) -> str:
    return "".join(f' <span class="label">{escape(name)}</span>' for name in row.labels)


def _found(found: Highlight, url: str) -> str:
    """Where the searched words stand; hidden ones are named, not shown."""
    where = escape(found.where)
    place = f'<a href="{url}#turn-{found.turn}">{where}</a>' if found.turn else f"<b>{where}</b>"
    if found.warning:
        hidden = escape(_("Hidden: it %(warning)s.") % {"warning": found.warning})
        return f'<span class="found">{place} <i>{hidden}</i></span>'
    words = "".join(
        f"<mark>{escape(piece.text)}</mark>" if piece.found else escape(piece.text)
        for piece in found.pieces
    )
    return f'<span class="found">{place} {words}</span>'


def _origin(row: QueueRow) -> str:
    language = row.case.language or row.case.locale
    spoken = f" · <bdi>{escape(language)}</bdi>" if language else ""
    queue = f'<span class="in-queue">{escape(row.queue)}</span>' if row.queue else ""
    return f"{escape(row.source)}{spoken}{queue}"


def _time(row: QueueRow, *, waiting_only: bool) -> str:
    if not waiting_only:
        return moment(row.case.at)
    return f'<span class="due {row.due}">{moment(row.case.due_at, "due")}</span>'


def _priority(row: QueueRow) -> str:
    """The number, and what it is made of for whoever points at it, focuses it or touches it."""
    case = row.case
    if not row.parts:
        return str(case.priority)
    parts = "".join(
        f"<span>{escape(str(part.label))} <b>+{part.weight}</b></span>" for part in row.parts
    )
    return (
        f'<span class="why"><button type="button" aria-describedby="why-{case.number}">'
        f'{case.priority}</button><span class="explained" role="tooltip"'
        f' id="why-{case.number}">{parts}</span></span>'
    )


def _holder(row: QueueRow) -> str:
    if row.mine:
        return f"<b>{escape(_('you'))}</b>"
    if row.claim:
        name, until = escape(row.claim.reviewer.name), escape(_("until"))
        return f"{name} {until} {moment(row.claim.expires_at, 'clock')}"
    if row.assigned:
        kept = escape(_("for %(name)s") % {"name": row.assigned})
        return f'<span class="quiet-text">{kept}</span>'
    return ""
