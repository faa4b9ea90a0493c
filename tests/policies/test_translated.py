"""What staff read of policies follows the language of the page; the API does not."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Final

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import translation
from pytest_django import Settings

from accounts.roles import Role
from policies.differences import AS_DEFAULT, differences
from policies.feedback_rates import missed_crisis
from policies.permissions import check_view
from policies.scopes import label_of
from policies.services.reading import State
from policies.services.shadows import start
from policies.services.versions import NotPossible
from policies.thresholds import CategoryThresholds, Thresholds
from policies.views.fields import label
from policies.views.figured import test_label as words_of_test
from policies.views.shown import said
from tests.factories import NOW, make_user
from tests.policies.test_api_versions import VERSIONS, Caller
from tools import catalogues

#: No country has this code, and no other test speaks it.
LANGUAGE: Final = "xw"
SAID: Final = {
    "Your role does not include policies.": "Sen reguloj.",
    "There is no policy %(number)s.": "Neniu %(number)s.",
    "Policy %(number)s does not wait for anybody's decision.": "Ne %(number)s.",
    "Default": "Kutima",
    "%(category)s: severity": "severeco (%(category)s)",
    "as the default": "kiel kutime",
    "Ceiling of imminent risk": "Plafono",
    "yes": "jes",
    "model %(value)s": "modelo %(value)s",
    "all conversations": "ĉiuj",
    "in force, not reviewed": "valida, ne kontrolita",
    "%(found)s of %(n)s, at most %(most)s %% (95 %%).": (
        "neniu aŭ %(found)s el %(n)s, ĝis %(most)s %% (95 %%)"
    ),
}


@pytest.fixture(autouse=True)
def _speaking(settings: Settings, tmp_path: Path) -> Iterator[None]:
    """Serve everything in a language of our own."""
    header = "Content-Type: text/plain; charset=UTF-8\nPlural-Forms: nplurals=2; plural=(n != 1);\n"
    folder = tmp_path / LANGUAGE / "LC_MESSAGES"
    folder.mkdir(parents=True)
    (folder / "django.mo").write_bytes(catalogues.compiled({"": header} | SAID))
    settings.LOCALE_PATHS = [tmp_path]
    settings.LANGUAGES = [(LANGUAGE, "Ours"), *settings.LANGUAGES]
    settings.LANGUAGE_CODE = LANGUAGE
    with translation.override(LANGUAGE):
        yield


def test_what_differs_is_said_in_its_order_of_words() -> None:
    stricter = Thresholds(default=CategoryThresholds(severity=0.99))
    (found,) = differences(Thresholds(), stricter)
    assert found.label == "severeco (Kutima)"
    assert label("/default/severity") == "severeco (Kutima)"
    with translation.override("en"):
        assert differences(Thresholds(), stricter)[0].label == "Default: severity"


def test_values_that_are_no_numbers_are_said() -> None:
    assert said("/categories/hate", AS_DEFAULT) == "kiel kutime"
    assert said("/confirm_user_request", True) == "jes"


def test_what_flipped_a_case_is_said_and_an_unknown_name_stays() -> None:
    assert words_of_test("imminent_risk") == "Plafono"
    assert words_of_test("of another version") == "of another version"


def test_scopes_states_and_figures_are_said() -> None:
    assert label_of("model=m-1;locale=de") == "modelo m-1, locale de"
    assert label_of("default") == "ĉiuj"
    assert State.ALONE.words == "valida, ne kontrolita"
    assert State.ALONE.value == "in force, not reviewed"
    assert missed_crisis(n=300, found=0).words == "neniu aŭ 0 el 300, ĝis 1.0 % (95 %)"


@pytest.mark.django_db
def test_refusals_are_said() -> None:
    with pytest.raises(PermissionDenied, match=r"^Sen reguloj\.$"):
        check_view(make_user(Role.REVIEWER))
    ida = make_user(Role.POLICY_ADMIN)
    with pytest.raises(NotPossible, match=r"^Neniu 77\.$"):
        start(number=77, length=timedelta(days=1), user=ida, now=NOW)


@pytest.mark.django_db
def test_the_api_is_english_whatever_the_pages_speak() -> None:
    ida, omar = Caller(), Caller()
    content = {"default": {"severity": 0.99}}
    number = ida.post(VERSIONS, {"content": content}).json()["number"]
    refused = ida.post(f"{VERSIONS}/{number}/approve", {"reason": "Fine"})
    assert refused.status_code == 409
    assert refused.json()["detail"] == f"Policy {number} does not wait for anybody's decision."
    assert omar.get(f"{VERSIONS}/{number}").status_code == 200
    assert translation.get_language() == LANGUAGE
