"""Cells of CSV files, which people open in spreadsheets. Pure."""

from __future__ import annotations

from typing import Final

#: What a spreadsheet takes for the beginning of a formula (OWASP, "CSV Injection"), also by the
#: full-width characters of East Asian keyboards.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def harmless(value: object) -> object:
    """*value* as a cell: a text that would be read as a formula begins with an apostrophe.

    Numbers stay numbers, also negative ones.
    """
    if isinstance(value, str) and value.startswith(_FORMULA) and not _is_number(value):
        return f"'{value}"
    return value


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return text.isascii() and text.strip() == text
