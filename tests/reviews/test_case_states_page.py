"""The page about case states says what the table says."""

from pathlib import Path

from tools.draw_case_states import draw

PAGE = Path(__file__).parents[2] / "docs/explanation/case-states.md"


def test_the_page_is_drawn_from_the_table() -> None:
    assert PAGE.read_text() == draw(), "run: python tools/draw_case_states.py > " + PAGE.name
