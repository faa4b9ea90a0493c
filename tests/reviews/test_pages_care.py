"""Every surface that shows words hides what its reader wants hidden; one's own settings."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.test import Client, override_settings
from django.utils import timezone

from accounts.models import LedgerEntry, User
from accounts.roles import Role
from reviews.models import CareSettings, Case, Claim
from reviews.services import claims
from reviews.vocabulary import Area
from tests.factories import SIGNALS, make_case, make_user
from tests.reviews.pages import actions, case_of, verdict

pytestmark = pytest.mark.django_db

WORDS = "a quiet sentence about tulips"
MESSAGES = [
    {"id": "m0", "role": "user", "content": WORDS},
    {"id": "m1", "role": "assistant", "content": "Tell me more about them."},
]
#: What the forms of the page send where nothing is chosen.
HIDDEN = {"section": "hidden", "hidden_from": "0.7"}


@pytest.fixture
def ana(client: Client) -> User:
    """A reviewer who is signed in."""
    user = make_user(Role.REVIEWER, name="Ana")
    client.force_login(user)
    return user


def wants(user: User, **settings: object) -> None:
    CareSettings.objects.update_or_create(user=user, defaults=settings)


def mild_case() -> Case:
    """One of which the house hides nothing."""
    return case_of(MESSAGES)


def first_words(client: Client, case: Case) -> str:
    """What the page of *case* says in its first section, without the tags."""
    section = client.get(f"/cases/{case.number}").text.split('id="conformance"')[1]
    said = re.sub(r"<[^>]+>", " ", section.split('<div class="in">')[1])
    return re.sub(r"\s+([.:,])", r"\1", " ".join(said.split()))


@pytest.mark.parametrize(
    ("category", "said"),
    [
        ("sex_related_crimes", "Severe content: the transcript may describe sexual violence."),
        ("violent_crimes", "Harmful content: the transcript may describe violence."),
        ("other", "Nothing severe is expected. No turn is hidden. The model ended"),
    ],
)
def test_how_severe_a_case_is_stands_before_all_else(
    client: Client, ana: User, category: str, said: str
) -> None:
    words = first_words(client, case_of(MESSAGES, cutoff={"category": category}))
    assert words.startswith(said)
    assert ("1 turn is hidden until you ask." in words) is (category != "other")


def test_danger_is_severe_whatever_the_category_and_the_list_says_so(client: Client) -> None:
    client.force_login(make_user(Role.REVIEWER, qualified=[Area.CRISIS]))
    risky, mild = make_case(signals=SIGNALS | {"risk_self": 0.9}), mild_case()
    for case, is_said in ((risky, True), (mild, False)):
        listed = client.get(f"/review?source={case.source.slug}").text
        assert ("<b>Severe content.</b>" in listed) is is_said
    assert first_words(client, risky).startswith("Severe content")


def test_the_reported_severity_is_told_by_none_of_it(client: Client, ana: User) -> None:
    high, low = (
        first_words(
            client, case_of(MESSAGES, cutoff={"category": "hate"}, signals={"severity": rated})
        )
        for rated in (0.99, 0.01)
    )
    assert high == low


# --- Surfaces -----------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["folded", "blurred"])
def test_the_case_page_hides_what_one_wants_hidden(client: Client, ana: User, form: str) -> None:
    case = mild_case()
    page = f"/cases/{case.number}"
    assert WORDS in client.get(page).text
    wants(ana, **{form: [case.category]})
    text = client.get(page).text
    assert WORDS not in text
    assert ("▆" in text) is (form == "blurred")
    assert "of a kind that you want hidden" in text


def test_so_does_a_part_of_a_fold(client: Client, ana: User) -> None:
    case = case_of(20)
    wants(ana, folded=[case.category])
    text = client.get(f"/cases/{case.number}/turns?from=5&to=8").text
    assert "#5#" in text
    assert "#4#" not in text
    assert "#6#" not in text


def test_the_api_says_what_its_reader_wants_hidden(client: Client, ana: User) -> None:
    case = mild_case()
    assert client.get(f"/api/v1/cases/{case.pk}").json()["hidden"]["turns"] == []
    wants(ana, blurred=[case.category])
    hidden = client.get(f"/api/v1/cases/{case.pk}").json()["hidden"]
    assert (hidden["turns"], hidden["form"]) == ([1], "blurred")
    assert hidden["warning"]


@pytest.mark.parametrize("path", ["/feedback", "/review", "/review?q=tulips"])
def test_no_list_shows_hidden_words(client: Client, ana: User, path: str) -> None:
    case = mild_case()
    wants(ana, folded=[case.category])
    assert WORDS not in client.get(path).text


def test_nobody_elses_settings_reach_one(client: Client, ana: User) -> None:
    case = mild_case()
    wants(make_user(Role.REVIEWER), folded=[case.category], opted_out=[case.category])
    assert WORDS in client.get(f"/cases/{case.number}").text


def test_what_is_always_hidden_stays_hidden_whatever_one_wants(client: Client, ana: User) -> None:
    case = case_of(MESSAGES, cutoff={"category": "hate"}, signals=SIGNALS | {"severity": 0.8})
    wants(ana, shown=["hate", "unrated"])
    assert WORDS not in client.get(f"/cases/{case.number}").text
    milder = case_of(MESSAGES, cutoff={"category": "hate"})
    assert WORDS in client.get(f"/cases/{milder.number}").text


def test_words_that_were_searched_for_are_hidden_like_the_text(client: Client, ana: User) -> None:
    case = mild_case()
    assert "quiet sentence" in client.get("/review?q=tulips").text
    wants(ana, folded=[case.category])
    text = client.get("/review?q=tulips").text
    assert case.label in text
    assert "quiet sentence" not in text
    assert "of a kind that you want hidden" in text


def test_finding_words_within_a_case_shows_none_of_them(client: Client, ana: User) -> None:
    case = mild_case()
    wants(ana, folded=[case.category])
    sent = {"find": "tulips"}
    for headers in ({"HX-Request": "true"}, {}):
        text = client.post(f"/cases/{case.number}/find", sent, headers=headers).text
        assert "quiet sentence" not in text


def test_similar_cases_show_no_words(client: Client, ana: User) -> None:
    case, other = mild_case(), mild_case()
    wants(ana, folded=[case.category])
    text = client.post(f"/cases/{case.number}/similar", follow=True).text
    assert other.label in text
    assert WORDS not in text


# --- Showing and hiding again -------------------------------------------------------------------


def hidden_case(user: User) -> Case:
    case = case_of(4)
    wants(user, folded=[case.category])
    return case


def test_a_turn_is_shown_and_hidden_again(client: Client, ana: User) -> None:
    case = hidden_case(ana)
    page = f"/cases/{case.number}"
    swapped = client.post(f"{page}/reveal/1", headers={"HX-Request": "true"}).text
    assert "#0#" in swapped
    assert f"{page}/hide/1" in swapped
    assert "#2#" not in client.get(page).text
    hidden = client.post(f"{page}/hide/1", headers={"HX-Request": "true"}).text
    assert "#0#" not in hidden
    assert f"{page}/reveal/1" in hidden
    assert "#0#" not in client.get(page).text
    assert actions(case).count("transcript.revealed") == 1


def test_one_of_all_that_are_shown_is_hidden_again(client: Client, ana: User) -> None:
    case = hidden_case(ana)
    page = f"/cases/{case.number}"
    client.post(f"{page}/reveal")
    client.post(f"{page}/hide/1")
    text = client.get(page).text
    assert "#0#" not in text
    assert "#2#" in text
    client.post(f"{page}/hide")
    assert "#2#" not in client.get(page).text


def test_there_is_nothing_to_hide_in_what_was_never_hidden(client: Client, ana: User) -> None:
    case = mild_case()
    assert client.post(f"/cases/{case.number}/hide/1").status_code == 404
    assert client.post(f"/cases/{case.number}/hide/9").status_code == 404


def test_a_verdict_needs_no_turn_to_be_shown(client: Client, ana: User) -> None:
    case = hidden_case(ana)
    client.post(f"/cases/{case.number}/claim")
    client.get(f"/cases/{case.number}")
    client.post(f"/cases/{case.number}/verdict", verdict())
    case.refresh_from_db()
    assert case.state == "settling"
    assert "transcript.revealed" not in actions(case)


# --- One's own settings -------------------------------------------------------------------------


def test_each_section_is_saved_by_itself(client: Client, ana: User) -> None:
    client.post("/profile/care", HIDDEN | {"hidden_from": "0.4", "form_privacy": "blurred"})
    answer = client.post(
        "/profile/care",
        {"section": "dealt", "opted_out": ["hate"], "languages": ["de"], "severe_per_shift": "3"},
        follow=True,
    )
    assert "Saved: what you are dealt." in answer.text
    client.post("/profile/care", {"section": "pauses", "pause_after_minutes": "30"})
    kept = CareSettings.objects.get(user=ana)
    assert (kept.hidden_from, kept.blurred) == (0.4, ["privacy"])
    assert (kept.opted_out, kept.languages, kept.severe_per_shift) == (["hate"], ["de"], 3)
    assert kept.pause_after_minutes == 30
    text = client.get("/profile/care").text
    assert 'value="hate"' in text
    assert text.count("selected") >= 1


@pytest.mark.parametrize(
    "sent",
    [
        HIDDEN | {"form_suicide_self_harm": "shown"},
        HIDDEN | {"hidden_from": "0.9"},
        {"section": "dealt", "severe_per_shift": "25"},
        {"section": "dealt", "opted_out": ["mondays"]},
        {"section": "pauses", "pause_after_minutes": "1"},
    ],
)
def test_what_the_house_does_not_allow_is_refused(
    client: Client, ana: User, sent: dict[str, object]
) -> None:
    answer = client.post("/profile/care", sent)
    assert answer.status_code == 422
    assert "errorlist" in answer.text
    assert not CareSettings.objects.exists()


@pytest.mark.parametrize("role", [Role.AUDITOR, Role.ADMINISTRATOR, Role.POLICY_ADMIN])
def test_who_reads_no_conversations_has_no_such_settings(client: Client, role: Role) -> None:
    client.force_login(make_user(role))
    assert client.get("/profile/care").status_code == 403
    assert "/profile/care" not in client.get("/profile").text


def test_the_settings_lead_to_each_other(client: Client, ana: User) -> None:
    assert 'href="/profile/care"' in client.get("/profile").text
    assert 'href="/profile"' in client.get("/profile/care").text


# --- Severe cases and pauses --------------------------------------------------------------------


def severe_case() -> Case:
    return make_case(signals=SIGNALS | {"severity": 0.95})


def rested(user: User, case: Case, minutes: int) -> None:
    ended = timezone.now() - timedelta(minutes=minutes)
    Claim.objects.create(
        case=case,
        reviewer=user,
        claimed_at=ended - timedelta(minutes=5),
        ended_at=ended,
        expires_at=ended,
        severe=case.severe,
    )


@override_settings(SEVERE_PER_SHIFT=1)
def test_at_the_cap_a_severe_case_is_refused_with_the_reason(client: Client, ana: User) -> None:
    rested(ana, severe_case(), 60)
    case = severe_case()
    answer = client.post(f"/cases/{case.number}/claim", follow=True)
    assert "your limit for a shift is 1" in answer.text
    refused = client.post(f"/api/v1/cases/{case.pk}/claim")
    assert refused.status_code == 409
    assert refused.json()["type"] == "urn:recourse:problem:severe_limit"


@override_settings(SEVERE_PER_SHIFT=1)
def test_claim_next_says_gently_that_it_passed_over_severe_cases(client: Client, ana: User) -> None:
    rested(ana, severe_case(), 60)
    severe_case()
    answer = client.post("/review/claim-next", follow=True)
    assert "Nothing waits for you here at the moment." in answer.text
    assert "severe" in answer.text
    assert not Claim.objects.live().exists()


def test_after_a_severe_case_nothing_opens_by_itself(client: Client, ana: User) -> None:
    case = case_of(MESSAGES, signals=SIGNALS | {"severity": 0.95})
    make_case()
    client.post(f"/cases/{case.number}/claim")
    sent = client.post(f"/cases/{case.number}/verdict", verdict())
    assert sent.headers["Location"] == f"/cases/{case.number}"
    assert not Claim.objects.live().exists()


def test_a_pause_is_suggested_beside_the_page_and_can_be_put_off(client: Client, ana: User) -> None:
    assert "pause" not in client.get("/profile/pause").text
    case = severe_case()
    claims.claim(case=case, user=ana)
    claims.release(case=case, user=ana)
    assert "That was a severe one." in client.get("/profile/pause").text
    entries = LedgerEntry.objects.count()
    client.post("/profile/pause/put-off", headers={"HX-Request": "true"})
    assert "severe" not in client.get("/profile/pause").text
    assert LedgerEntry.objects.count() == entries


def test_an_auditor_is_suggested_nothing(client: Client) -> None:
    client.force_login(make_user(Role.AUDITOR))
    assert "/profile/pause" not in client.get("/review").text
