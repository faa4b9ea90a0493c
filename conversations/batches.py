"""Splitting the body of a batch into its events, undecoded, in bounded memory."""

from __future__ import annotations

import re
from functools import lru_cache

import msgspec


class MalformedBody(ValueError):
    """A body that is not what its content type says."""


class TooManyItems(ValueError):
    """A batch of more items than allowed."""


def split(body: bytes, *, most: int) -> list[bytes]:
    """The items of a JSON array, as sent. Raises :class:`MalformedBody`, :class:`TooManyItems`."""
    try:
        return _split(body, most)
    except msgspec.DecodeError:
        return _split_around_surrogates(body, most)


@lru_cache(maxsize=2)
def _array(most: int) -> type[msgspec.Struct]:
    """An array of up to *most* items of any kind.

    As a list, a body of 16 MiB with eight million items would take 700 MB before its length was
    looked at; this stops at the first item too many.
    """
    fields = [(f"item_{number}", msgspec.Raw, msgspec.Raw()) for number in range(most)]
    return msgspec.defstruct("Batch", fields, array_like=True, forbid_unknown_fields=True)


def _split(body: bytes, most: int) -> list[bytes]:
    try:
        array = msgspec.json.decode(body, type=_array(most))
    except RecursionError:
        raise MalformedBody("The body is nested too deeply.") from None
    except msgspec.ValidationError as error:
        if "length" in str(error):
            raise TooManyItems(f"A batch has at most {most} events.") from None
        raise MalformedBody("The body is not a JSON array.") from None
    return [bytes(item) for item in msgspec.structs.astuple(array) if item]


_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F][0-9a-fA-F]{2}")


def _split_around_surrogates(body: bytes, most: int) -> list[bytes]:
    """The same for a body with lone surrogates, which the contract lets in and msgspec does not.

    A copy in which spaces stand for them, as long as the original, tells where each item is.
    """
    copy = _SURROGATE.sub(rb"\\u0020", body)
    items, place = [], 0
    try:
        found = _split(copy, most)
    except msgspec.DecodeError:
        raise MalformedBody("The body is not a JSON array in UTF-8.") from None
    for item in found:
        # Before an item stand only brackets, commas and white space, with which none begins ...
        place = copy.index(item, place)
        items.append(body[place : place + len(item)])
        place += len(item)
    return items
