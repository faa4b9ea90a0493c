"""The rules of the look that a browser's policy or a reader's direction would punish later."""

import re
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]
TEMPLATES: Final = sorted((ROOT / "templates").rglob("*.html"))
STYLES: Final = sorted((ROOT / "static" / "css").glob("*.css"))
SCRIPTS: Final = sorted((ROOT / "static" / "js").glob("*.js"))

COMMENT: Final = re.compile(r"{% comment.*?endcomment %}|{#.*?#}", re.DOTALL)
REFUSED_MARKUP: Final = {
    "a style attribute": re.compile(r"<[^>]*\sstyle\s*="),
    "a style element": re.compile(r"<style\b"),
    "an inline script": re.compile(r"<script(?![^>]*\ssrc=)"),
    "an event attribute": re.compile(r"<[^>]*\son[a-z]+\s*="),
    "hx-on, which evaluates text": re.compile(r"\shx-on\b"),
    "something from another host": re.compile(r"\s(?:src|href)=[\"'](?:https?:)?//"),
}
PHYSICAL: Final = re.compile(
    r"^\s*(?:(?:margin|padding|border)-(?:left|right|top|bottom)|left|right|top|bottom"
    r"|width|height|(?:min|max)-(?:width|height)|text-align:\s*(?:left|right)|float)\b\s*:?",
    re.MULTILINE,
)


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_templates_keep_the_content_security_policy(path: Path) -> None:
    markup = COMMENT.sub("", path.read_text(encoding="utf-8"))
    assert [rule for rule, pattern in REFUSED_MARKUP.items() if pattern.search(markup)] == []


@pytest.mark.parametrize("path", STYLES, ids=lambda path: path.name)
def test_styles_follow_the_direction_of_reading(path: Path) -> None:
    assert PHYSICAL.findall(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("path", STYLES, ids=lambda path: path.name)
def test_styles_use_no_token_that_does_not_exist(path: Path) -> None:
    stated = {
        name for style in STYLES for name in re.findall(r"(--[\w-]+):", style.read_text("utf-8"))
    }
    assert set(re.findall(r"var\((--[\w-]+)\)", path.read_text("utf-8"))) <= stated


def test_every_icon_named_in_a_template_is_in_the_sprite() -> None:
    sprite = set(re.findall(r'<symbol id="([\w-]+)"', (ROOT / "static" / "icons.svg").read_text()))
    used = {
        name
        for path in TEMPLATES
        for name in re.findall(
            r'(?:icon\.html" with name|with icon)="([\w-]+)"', path.read_text("utf-8")
        )
    }
    assert used
    assert used <= sprite


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_scripts_never_make_code_or_markup_from_text(path: Path) -> None:
    refused = re.compile(r"\beval\(|new Function|innerHTML|outerHTML|insertAdjacentHTML|\.style\b")
    assert refused.findall(path.read_text(encoding="utf-8")) == []
