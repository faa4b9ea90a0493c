"""What the columns of the workspace say of rows that were there before them."""

from __future__ import annotations

from importlib import import_module

import pytest
from django.apps import apps
from django.db import connection

from accounts.roles import Role
from reviews.models import Case, VerdictText
from tests.factories import give_verdict, make_case, make_user

pytestmark = pytest.mark.django_db

beside_work = import_module("reviews.migrations.0014_beside_work")


def test_old_cases_say_whether_they_are_severe(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(beside_work, "BATCH", 2)
    told = {
        make_case(signals={"severity": 0.95}): True,
        make_case(cutoff={"category": "sex_related_crimes"}): True,
        make_case(signals={"risk_self": 0.99}): True,
        make_case(signals={"severity": 0.5}): False,
        make_case(signals={"severity": None}): False,
    }
    assert {case: case.severe for case in told} == told
    Case.objects.update(severe=False)
    with connection.schema_editor() as editor:
        beside_work.tell_cases(apps, editor)
    assert {case: Case.objects.get(pk=case.pk).severe for case in told} == told


def test_old_rationales_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(beside_work, "BATCH", 1)
    for _ in range(3):
        give_verdict(make_case(), make_user(Role.REVIEWER))
    written = dict(VerdictText.objects.values_list("pk", "terms"))
    VerdictText.objects.update(terms="")
    with connection.schema_editor() as editor:
        beside_work.index_rationales(apps, editor)
    assert dict(VerdictText.objects.values_list("pk", "terms")) == written
    assert all(written.values())
