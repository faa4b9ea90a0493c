"""Contrast of the design tokens, computed from static/css/tokens.css for both themes.

Source: WCAG 2.2, success criteria 1.4.3 (text, 4.5:1) and 1.4.11 (controls and graphics, 3:1), with
its definitions of relative luminance and contrast ratio.
"""

import re
from pathlib import Path
from typing import Final

import pytest

TOKENS: Final = Path(__file__).parents[2] / "static" / "css" / "tokens.css"
TOKEN: Final = re.compile(
    r"--([\w-]+):\s*light-dark\((#[0-9a-f]{6}),\s*(#[0-9a-f]{6})\)", re.IGNORECASE
)
THEMES: Final = ("light", "dark")
SURFACES: Final = ("bg", "surface", "sunken", "hover")

TEXT: Final = [
    *((ink, ground) for ink in ("ink", "ink-2", "ink-3") for ground in SURFACES),
    *((ink, ground) for ink in ("accent", "accent-2") for ground in (*SURFACES, "accent-soft")),
    *((tone, ground) for tone in ("ok", "warn", "bad", "calm") for ground in SURFACES),
    *((tone, f"{tone}-soft") for tone in ("ok", "warn", "bad", "calm")),
    *(
        (ink, f"{tone}-soft")
        for ink in ("ink", "ink-2", "accent", "accent-2")
        for tone in ("ok", "warn", "bad", "calm", "accent")
    ),
    *((ink, "mark") for ink in ("ink", "ink-2")),
    ("on-accent", "accent"),
    ("on-accent", "accent-2"),
    ("on-bad", "bad"),
]
GRAPHICS: Final = [
    *((line, ground) for line in ("edge", "focus") for ground in SURFACES),
    *((f"c{n}", ground) for n in range(1, 7) for ground in ("bg", "surface", "sunken")),
]


def tokens() -> dict[str, dict[str, str]]:
    """Return {theme: {token: "#rrggbb"}} as tokens.css states them."""
    found = TOKEN.findall(TOKENS.read_text(encoding="utf-8"))
    return {
        "light": {name: light for name, light, _ in found},
        "dark": {name: dark for name, _, dark in found},
    }


def luminance(colour: str) -> float:
    """Return the relative luminance of "#rrggbb", 0 (black) to 1 (white)."""
    channels = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    red, green, blue = (
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours, 1 to 21."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_the_formula_agrees_with_known_ratios() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21.0)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize(
    ("pairs", "least"), [(TEXT, 4.5), (GRAPHICS, 3.0)], ids=["text", "graphics"]
)
def test_every_pair_has_enough_contrast(
    theme: str, pairs: list[tuple[str, str]], least: float
) -> None:
    colours = tokens()[theme]
    ratios = {pair: contrast(colours[pair[0]], colours[pair[1]]) for pair in pairs}
    short = {pair: round(ratio, 2) for pair, ratio in ratios.items() if ratio < least}
    assert not short


def test_every_colour_token_is_in_some_pair() -> None:
    named = {name for pair in (*TEXT, *GRAPHICS) for name in pair}
    hairlines = {"line", "line-2"}
    assert set(tokens()["light"]) - named == hairlines
