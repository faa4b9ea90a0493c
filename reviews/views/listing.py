"""One page of the list of cases, as an address asks for it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from html import escape
from typing import Any, Final
from urllib.parse import urlencode

from django.forms import BoundField, Form, Select
from django.forms.utils import flatatt
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.keyset import Page, page
from accounts.models import User
from reviews.filters import WAITING, QueueFilter
from reviews.models import Case
from reviews.permissions import can_search
from reviews.services.highlights import Highlight, highlights
from reviews.services.rows import QueueRow, rows
from reviews.views.row_html import row_html

PAGE_SIZE: Final = 50

#: What waits stands in the order of work, everything else newest first: each has its index.
_ORDER_OF_WORK: Final = ("-priority", "due_at")
_NEWEST: Final = ("-at",)
#: Of an address, what says where one is and not what is listed.
_PLACE: Final = frozenset({"cursor", "seen"})


@dataclass(frozen=True)
class Listed:
    """A row, and where the words that were searched for stand in it."""

    row: QueueRow
    highlights: list[Highlight]


@dataclass(frozen=True)
class Listing:
    """A page of cases. ``plain`` is what the address asks for, without the place in the list.

    ``token`` is another one once anything on the page has changed.
    """

    filtered: QueueFilter
    plain: dict[str, str]
    lines: list[Listed]
    newer_url: str
    older_url: str
    here: str
    token: str

    @property
    def valid(self) -> bool:
        """Whether every filter could be read."""
        return bool(self.filtered.is_valid())

    def html(self, *, may_choose: bool) -> Iterator[SafeString]:
        """The rows as HTML."""
        # One address worked out, not fifty.
        before, _, after = reverse("case", kwargs={"number": 0}).rpartition("0")
        for line in self.lines:
            yield row_html(
                line.row,
                line.highlights,
                url=f"{before}{line.row.case.number}{after}",
                waiting_only=self.filtered.waiting_only,
                may_choose=may_choose,
            )

    @property
    def searched(self) -> bool:
        """Whether words were searched for: the list is then as it was found."""
        return bool(self.plain.get("q"))


def list_cases(request: HttpRequest, user: User, *, now: datetime) -> Listing:
    """The page that the address asks for; nothing where a filter cannot be read.

    Raises ``CursorMismatch``.
    """
    listed = Case.objects.listed_for(user)
    filtered = QueueFilter(request.GET, queryset=listed, request=request)
    plain = {key: str(value) for key, value in sorted(request.GET.items()) if key not in _PLACE}
    found: Page[Case] = Page([], None, None)
    if filtered.is_valid():
        found = page(
            filtered.qs,
            ordering=_ORDER_OF_WORK if filtered.waiting_only else _NEWEST,
            cursor=request.GET.get("cursor"),
            page_size=PAGE_SIZE,
            bound_to=urlencode(plain),
            beside=filtered.gold_beside(),
        )
    made = rows(
        found.items,
        user=user,
        now=now,
        queues=dict(_choices(filtered.form["queue"])),
        gold=filtered.gold if found.items else {},
    )
    marked = {}
    if plain.get("q") and found.items:
        marked = highlights(found.items, user=user, query=plain["q"], now=now)
    return Listing(
        filtered=filtered,
        plain=plain,
        lines=[Listed(row, marked.get(row.case.pk, [])) for row in made],
        newer_url=_link(plain, found.previous_cursor),
        older_url=_link(plain, found.next_cursor),
        here=urlencode({key: value for key, value in request.GET.items() if key != "seen"}),
        token=_token(made),
    )


def _link(plain: dict[str, str], cursor: str | None) -> str:
    return f"{reverse('queue')}?{urlencode(plain | {'cursor': cursor})}" if cursor else ""


def _token(made: Iterable[QueueRow]) -> str:
    shown = repr([row.fingerprint for row in made])
    return hashlib.sha256(shown.encode()).hexdigest()[:20]


@dataclass(frozen=True)
class Control:
    """One field of the filters, and its control as HTML.

    ``chosen`` tells whether it makes the list another one than that of what waits.
    """

    field: BoundField
    html: SafeString
    chosen: bool


def controls(form: Form, user: User) -> tuple[list[Control], list[Control]]:
    """The fields that are always shown, and the others."""
    main, more = [], []
    for name in form.fields:
        if name in QueueFilter.MAIN:
            if name != "q" or can_search(user):
                main.append(_control(form[name]))
        else:
            more.append(_control(form[name]))
    return sorted(main, key=lambda control: QueueFilter.MAIN.index(control.field.name)), more


def _control(field: BoundField) -> Control:
    """As templates would write it, which for all fields and options took a fifth of the page."""
    value = _said(field.value())
    chosen = bool(value) and (field.name, value) != ("state", WAITING)
    if not isinstance(field.field.widget, Select):
        return Control(field, _input(field), chosen)
    named = {"name": field.html_name, "id": field.id_for_label}
    marked = {"class": "set"} if chosen else {}
    options = SafeString("".join(_option(*one, value) for one in _choices(field)))
    html = format_html("<select{}>{}</select>", flatatt(named | marked), options)
    return Control(field, html, chosen)


def _said(value: object) -> str:
    """*value* as addresses and options write it."""
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)


def _input(field: BoundField) -> SafeString:
    widget: Any = field.field.widget
    attributes = field.build_widget_attrs({"id": field.id_for_label}, widget)
    made = widget.get_context(field.html_name, field.value(), attributes)["widget"]
    value = {} if made["value"] is None else {"value": made["value"]}
    named = {"type": made["type"], "name": made["name"], **value, **made["attrs"]}
    return format_html("<input{}>", flatatt(named))


def _option(key: str, words: str, chosen: str) -> str:
    selected = " selected" if key == chosen else ""
    return f'<option value="{escape(key)}"{selected}>{escape(words)}</option>'


def _choices(field: BoundField) -> list[tuple[str, str]]:
    widget: Any = field.field.widget
    return [(str(key if key is not None else ""), str(words)) for key, words in widget.choices]
