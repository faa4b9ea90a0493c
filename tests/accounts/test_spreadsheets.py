"""What is written for spreadsheets holds no formula, whatever people call themselves."""

from __future__ import annotations

import csv
import io

import pytest

from accounts.spreadsheets import harmless
from reviews.services import agreement
from reviews.services.agreement import PersonRow


@pytest.mark.parametrize(
    "text",
    ["=1+1", "+1+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1+1", "＋1-1", "－1+1", "＠x"],
)
def test_a_formula_is_told_to_be_text(text: str) -> None:
    assert harmless(text) == f"'{text}"


@pytest.mark.parametrize("value", ["", "plain", "-0.25", "-3", "+1e5", 7, None, "a=b", "'=1"])
def test_everything_else_stays(value: object) -> None:
    assert harmless(value) == value


def test_a_cell_is_one_cell_whatever_parts_lines_and_columns() -> None:
    out = io.StringIO()
    csv.writer(out).writerow([harmless('a,"b"\n=1;c'), harmless("\r\n=1")])
    assert next(csv.reader(io.StringIO(out.getvalue(), newline=""))) == ['a,"b"\n=1;c', "'\r\n=1"]


def test_a_reviewer_named_like_a_formula() -> None:
    named = [PersonRow(name="=1+1 (a@example.com)", n=0, percent="", gold=0, gold_right=0)]
    lines = agreement.as_rows(agreement.report([]), named)
    assert [str(harmless(line[1])) for line in lines if line[0] == "reviewer"] == [
        "'=1+1 (a@example.com)"
    ] * 2
