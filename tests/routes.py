"""Every address of the project, asked of the resolver, with values that exist where they can."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.urls import NoReverseMatch, URLPattern, URLResolver, get_resolver, reverse


def routes() -> Iterator[URLPattern]:
    """All routes that have a name."""
    yield from _within(get_resolver().url_patterns)


def _within(patterns: list[URLPattern | URLResolver]) -> Iterator[URLPattern]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from _within(pattern.url_patterns)
        elif pattern.name:
            yield pattern


def addresses(known: dict[str, Any]) -> dict[str, str]:
    """The address of each route by its name. *known* are values by the route's own words for
    them, for one route alone as ``route:word``; what is not known is a key that no row has.
    """
    found = {}
    for route in routes():
        values = {
            word: known.get(f"{route.name}:{word}", known.get(word, _nobodys(converter)))
            for word, converter in route.pattern.converters.items()
        }
        try:
            found[str(route.name)] = reverse(str(route.name), kwargs=values)
        except NoReverseMatch as unknown:
            raise AssertionError(f"{route.name}: {unknown}") from None
    return found


def _nobodys(converter: Any) -> object:
    match type(converter).__name__:
        case "UUIDConverter":
            return "00000000-0000-7000-8000-000000000000"
        case "IntConverter":
            return 999_999
        case _:
            return "nobodys"
