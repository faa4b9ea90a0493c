"""Drafts of verdicts: they outlive the lease, belong to one person, and go with the verdict."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from accounts.models import LedgerEntry, User
from accounts.roles import Role
from conversations.models import Cutoff
from reviews.models import Case, Claim, VerdictDraft
from reviews.reply_texts import Canned
from reviews.services import claims, drafting, replies
from reviews.tasks import forget_old_drafts
from tests.factories import NOW, give_verdict, make_case, make_user
from tests.reviews.pages import case_of, verdict

pytestmark = pytest.mark.django_db

WRITTEN = "It was plainly a story about dragons."


@pytest.fixture
def ana(client: Client) -> User:
    """A reviewer who is signed in."""
    user = make_user(Role.REVIEWER, name="Ana")
    client.force_login(user)
    return user


@pytest.fixture
def case(ana: User) -> Case:
    """A case that Ana holds."""
    case = case_of()
    claims.claim(case=case, user=ana)
    return case


def write(client: Client, case: Case, **changes: object) -> str:
    sent = {
        "decision": "overturn",
        "severity": "2",
        "rationale": WRITTEN,
        "reason_codes": ["roleplay"],
        "evidence": ["3"],
    }
    answer = client.post(f"/cases/{case.number}/draft", sent | changes)
    assert answer.status_code == 200
    return answer.text


def test_what_is_typed_comes_back_with_the_case(client: Client, case: Case, ana: User) -> None:
    assert "Draft saved" in write(client, case)
    claims.release(case=case, user=ana)
    assert WRITTEN not in client.get(f"/cases/{case.number}").text
    claims.claim(case=case, user=ana)

    text = client.get(f"/cases/{case.number}").text
    assert WRITTEN in text
    form = client.get(f"/cases/{case.number}").context["form"]
    assert form["decision"].value() == "overturn"
    assert form.cited == {3}
    ticked = [one["value"] for _, group in form.reason_groups for one in group if one["ticked"]]
    assert ticked == ["roleplay"]


def test_nobody_else_sees_it(client: Client, case: Case, ana: User) -> None:
    write(client, case)
    claims.release(case=case, user=ana)
    ben = make_user(Role.SENIOR)
    client.force_login(ben)
    claims.claim(case=case, user=ben)
    assert WRITTEN not in client.get(f"/cases/{case.number}").text
    assert WRITTEN not in str(list(LedgerEntry.objects.values()))


def test_it_goes_with_the_verdict_and_does_not_rise_again(
    client: Client, case: Case, ana: User
) -> None:
    write(client, case)
    client.post(f"/cases/{case.number}/verdict", verdict())

    assert not VerdictDraft.objects.exists()
    # What the page sent a moment before the verdict arrives after it.
    assert "not saved" in write(client, case)
    assert not VerdictDraft.objects.exists()


def test_what_is_taken_back_is_a_draft_again(client: Client, case: Case, ana: User) -> None:
    client.post(f"/cases/{case.number}/verdict", verdict(rationale=WRITTEN, severity="2"))
    client.post(f"/cases/{case.number}/undo")

    answer = client.get(f"/cases/{case.number}")
    assert WRITTEN in answer.text
    assert answer.context["form"]["severity"].value() == "2"


def test_the_reply_of_a_verdict_that_is_taken_back_is_too(
    client: Client, case: Case, ana: User
) -> None:
    reply = {"reply_canned": Canned.STANDS_KINDLY, "reply_words": "Thank you for writing."}
    sent = verdict(decision="uphold", remedy="keep_locked", reason_codes=["persistent_abuse"])
    client.post(f"/cases/{case.number}/verdict", sent | reply)
    assert replies.draft_of(case, ana) is not None
    client.post(f"/cases/{case.number}/undo")

    form = client.get(f"/cases/{case.number}").context["form"]
    assert {name: form[name].value() for name in reply} == reply
    assert replies.draft_of(case, ana) is None
    # As it was changed after the verdict.
    client.post(f"/cases/{case.number}/verdict", sent | reply)
    replies.write(case=case, user=ana, canned="", words="We read it again.", now=NOW)
    client.post(f"/cases/{case.number}/undo")
    form = client.get(f"/cases/{case.number}").context["form"]
    assert [form[name].value() for name in reply] == ["", "We read it again."]


def test_a_stale_page_is_told_and_still_loses_nothing(
    client: Client, case: Case, ana: User
) -> None:
    Claim.objects.update(ended_at=NOW, claimed_at=NOW)
    answer = client.post(f"/cases/{case.number}/draft", {"rationale": WRITTEN})

    assert answer.headers["HX-Trigger"] == "lease-lost"
    assert VerdictDraft.objects.get().content["rationale"] == WRITTEN


def test_whoever_never_held_the_case_keeps_no_draft_of_it(client: Client, ana: User) -> None:
    assert "not saved" in write(client, case_of())
    assert not VerdictDraft.objects.exists()


def test_an_empty_draft_is_none(client: Client, case: Case) -> None:
    write(client, case)
    client.post(f"/cases/{case.number}/draft", {"rationale": ""})
    assert not VerdictDraft.objects.exists()


def test_only_the_fields_of_a_verdict_are_kept(client: Client, case: Case) -> None:
    write(client, case, csrfmiddlewaretoken="t", rationale="a\x00b" + "x" * 30_000)
    content = VerdictDraft.objects.get().content
    assert set(content) == {*drafting.SINGLE, *drafting.SEVERAL}
    assert content["rationale"].startswith("a\ufffdb")
    assert len(content["rationale"]) == drafting.LONGEST


def test_drafts_left_lying_go(ana: User) -> None:
    old, decided, fresh = make_case(), make_case(), make_case()
    for case in (old, decided, fresh):
        claims.claim(case=case, user=ana)
        drafting.save_draft(case=case, user=ana, content={"rationale": ["x"]}, now=NOW)
        claims.release(case=case, user=ana)
    VerdictDraft.objects.update(saved_at=NOW)
    VerdictDraft.objects.filter(case=old).update(saved_at=NOW - timedelta(days=31))
    give_verdict(decided, make_user(Role.REVIEWER))
    Case.objects.filter(pk=decided.pk).update(state="settled", settle_at=None)

    assert drafting.forget_old_drafts(now=NOW) == 2
    assert VerdictDraft.objects.get().case == fresh
    assert forget_old_drafts() in (0, 1)


# --- What unfolds with it ---------------------------------------------------------------------

WHOLE = {"policy_followed": "no", "remedy": "reopen"}


def folded(client: Client, case: Case) -> tuple[bool, bool]:
    """Whether the reported severity is kept back, on the page and over the API."""
    text = client.get(f"/cases/{case.number}").text
    lines = client.get(f"/api/v1/cases/{case.pk}").json()["conformance"]["lines"]
    (severity,) = [line for line in lines if line["name"] == "severity"]
    return 'class="ask-severity"' in text, severity["finding"] == "folded"


@pytest.mark.parametrize(
    "missing", ["decision", "severity", "policy_followed", "remedy", "rationale", "reason_codes"]
)
def test_what_would_steer_is_folded_until_the_whole_verdict_is_drafted(
    missing: str, client: Client, case: Case, ana: User
) -> None:
    write(client, case, **WHOLE | {missing: ""})
    assert folded(client, case) == (True, True)
    write(client, case, **WHOLE)
    assert folded(client, case) == (False, False)
    write(client, case, **WHOLE | {missing: ""})
    assert folded(client, case) == (True, True)


def test_the_page_that_was_folded_is_told_when_the_draft_is_whole(
    client: Client, case: Case
) -> None:
    link = f'<a href="/cases/{case.number}">Your verdict is drafted: open what was folded</a>'
    assert 'name="folded"' in client.get(f"/cases/{case.number}").text
    assert link not in write(client, case, folded="1")
    assert link in write(client, case, folded="1", **WHOLE)
    assert link not in write(client, case, **WHOLE)
    assert 'name="folded"' not in client.get(f"/cases/{case.number}").text


def test_a_draft_unfolds_nothing_to_others_nor_once_the_case_is_given_back(
    client: Client, case: Case, ana: User
) -> None:
    write(client, case, **WHOLE)
    claims.release(case=case, user=ana)
    assert folded(client, case) == (True, True)
    ben = make_user(Role.REVIEWER)
    claims.claim(case=case, user=ben)
    assert folded(client, case) == (True, True)
    client.force_login(ben)
    assert folded(client, case) == (True, True)


def test_asking_before_it_is_drafted_is_noted_all_the_same(client: Client, case: Case) -> None:
    client.post(f"/cases/{case.number}/severity")
    assert LedgerEntry.objects.filter(action="severity.opened").count() == 1
    write(client, case, **WHOLE)
    client.get(f"/cases/{case.number}")
    assert LedgerEntry.objects.filter(action="severity.opened").count() == 1


def test_a_blind_reviewer_who_has_drafted_sees_what_a_first_one_sees(client: Client) -> None:
    """No field is missing, and no line of the timeline more or less, that would tell them apart."""
    seen = []
    for double in (False, True):
        case, ben = case_of(), make_user(Role.REVIEWER, name="Ben")
        if double:
            Cutoff.objects.filter(pk=case.pk).update(in_double=True)
            give_verdict(case, make_user(Role.REVIEWER), rationale=WRITTEN)
        claims.claim(case=case, user=ben)
        client.force_login(ben)
        write(client, case, **WHOLE)
        data = client.get(f"/api/v1/cases/{case.pk}").json()
        said = [(line["who"], line["what"]) for line in data["timeline"]]
        seen.append((sorted(data), data["state"], data["verdicts"], said))
    assert seen[0] == seen[1]
