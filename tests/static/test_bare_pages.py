"""Pages that have to render when there is no context: errors, and the style guide's parts."""

import re
from pathlib import Path
from typing import Final

import pytest
from django.template import Context, Engine
from pytest_django import Settings

ROOT: Final = Path(__file__).parents[2]
UNDEFINED: Final = "undefined:"


def render(name: str) -> str:
    """Render a template with an empty context; an undefined variable that is printed shows."""
    engine = Engine(
        dirs=[str(ROOT / "templates")],
        string_if_invalid=UNDEFINED + "%s",
        libraries={
            "static": "django.templatetags.static",
            "i18n": "django.templatetags.i18n",
            "l10n": "django.templatetags.l10n",
        },
    )
    return engine.get_template(name).render(Context())


@pytest.fixture(autouse=True)
def plain_static_files(settings: Settings) -> None:
    """Give static files their plain addresses, so that no manifest has to be collected."""
    backend = "django.contrib.staticfiles.storage.StaticFilesStorage"
    settings.STORAGES = {"staticfiles": {"BACKEND": backend}}


@pytest.mark.parametrize(
    "name",
    [
        "400.html",
        "403.html",
        "403_csrf.html",
        "404.html",
        "500.html",
        "accounts/logged_out.html",
        "components/styleguide.html",
    ],
)
def test_page_renders_without_any_context(name: str) -> None:
    page = render(name)
    assert "<h1" in page
    assert UNDEFINED not in page


def test_every_file_that_the_frames_load_exists() -> None:
    page = render("components/styleguide.html") + render("404.html")
    loaded = set(re.findall(r'(?:src|href)="/?static/([^"#]+)', page))
    assert {"js/theme.js", "css/tokens.css", "vendor/htmx.min.js"} <= loaded
    assert [path for path in loaded if not (ROOT / "static" / path).exists()] == []


def test_the_theme_is_set_before_any_style_is_loaded() -> None:
    head = render("404.html")
    assert head.index("js/theme.js") < head.index("css/tokens.css")
