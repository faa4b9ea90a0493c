"""What a rule says, a constraint holds: each one is violated here, past all services.

The last test lists every constraint and trigger of the models and fails on one without a test.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.db import DatabaseError, IntegrityError, connection, models, transaction

from accounts.models import LedgerEntry, PersonalToken, User
from accounts.roles import Role
from conversations.models import (
    AuditSettings,
    Conversation,
    ErasureRequest,
    Event,
    HeldTranscript,
    LegalHold,
    ParkedEvent,
    Source,
    SourceKey,
    SourceSecret,
    Transcript,
    TranscriptSearch,
)
from policies.models import PolicyVersion
from reviews.models import Claim, Selection, Verdict
from tests.factories import (
    NOW,
    give_verdict,
    make_case,
    make_cutoff,
    make_key,
    make_near_miss_case,
    make_source,
    make_user,
)
from tests.policies import asked
from tests.policies import violations as of_policies
from tests.violating import APPEND_ONLY, GUARDED, VIOLATIONS, kept_tables, violates

APPS = ("accounts", "conversations", "policies", "reviews")

pytestmark = pytest.mark.django_db

for _module in sorted(Path(__file__).parent.glob("*/violations*.py")):
    import_module(f"tests.{_module.parent.name}.{_module.stem}")
VIOLATIONS.update(asked.VIOLATIONS)


def copy(row: models.Model, **changes: Any) -> None:
    """Insert *row* once more, under a new key and with *changes*."""
    if row._meta.pk.attname in changes or isinstance(row._meta.pk, models.UUIDField):
        row.pk = changes.pop(row._meta.pk.attname, uuid.uuid4())
    else:
        row.pk = None
    for field, value in changes.items():
        setattr(row, field, value)
    row.save(force_insert=True)


def update(row: models.Model, **changes: Any) -> None:
    """Change *row* in the database, past its model."""
    assert type(row)._default_manager.filter(pk=row.pk).update(**changes) == 1


@violates("user_email_unique_without_case")
def _user_email() -> None:
    user = make_user()
    User(email=user.email.upper(), name="Another").save()


@violates("accounts_user.email")
def _user_email_as_it_is() -> None:
    User(email=make_user().email, name="Another").save()


@violates("accounts_personaltoken.public_id")
def _token_id() -> None:
    row = {
        "user": make_user(),
        "name": "t",
        "public_id": "a" * 16,
        "digest": b"",
        "expires_at": NOW,
    }
    PersonalToken.objects.create(**row)
    PersonalToken.objects.create(**row)


@violates("conversations_source.slug")
def _source_slug() -> None:
    Source.objects.create(slug=make_source().slug, name="Another")


@violates("conversations_sourcekey.public_id")
def _key_id() -> None:
    make_key(make_source())
    copy(SourceKey.objects.get())


def _secret(**changes: Any) -> None:
    row = {"source": make_source(), "slot": 1, "secret": "whsec_x"} | changes
    SourceSecret.objects.create(**row)


@violates("source_secret_two_live")
def _two_secrets_in_a_slot() -> None:
    source = make_source()
    _secret(source=source)
    _secret(source=source)


@violates("source_secret_slot_is_1_or_2")
def _third_secret() -> None:
    _secret(slot=3)


@violates("source_terms_outlast_appeals")
def _forgotten_before_the_appeal() -> None:
    update(make_source(), transcript_days=182)


@violates("transcript_erased_is_empty")
def _erased_with_words() -> None:
    update(Transcript.objects.get(pk=make_cutoff().pk), erased_at=NOW)


@violates("held_transcript_erased_is_empty")
def _held_and_erased_with_words() -> None:
    HeldTranscript.objects.create(
        cutoff_id=uuid.uuid4(), format="recourse", messages="[1]", erased_at=NOW
    )


def _hold(**changes: Any) -> None:
    row = {"source": make_source(), "subject": "s", "matter": "M", "placed_by": make_user()}
    terms = {"placed_at": NOW, "expires_at": NOW + timedelta(days=1)}
    LegalHold.objects.create(**row | terms | changes)


@violates("hold_on_case_or_subject")
def _hold_on_both() -> None:
    _hold(cutoff=make_cutoff())


@violates("hold_expires_after_it_begins")
def _hold_expires_before() -> None:
    _hold(expires_at=NOW)


@violates("hold_released_by_somebody")
def _hold_released_by_nobody() -> None:
    _hold(released_at=NOW)


@violates("erasure_done_at_a_time")
def _erased_at_no_time() -> None:
    ErasureRequest.objects.create(source=make_source(), subject="s", state="done")


@violates("audit_shares_are_probabilities")
def _shares() -> None:
    AuditSettings.objects.create(audit_share=0, double_share=0.1, near_miss_share=0.1)


@violates("audit_category_shares_are_probabilities")
def _category_shares() -> None:
    shares = {"audit_share": 0.1, "double_share": 0.1, "near_miss_share": 0.1}
    AuditSettings.objects.create(**shares, category_shares={"hate": 0.3, "privacy": 0})


@violates("conversation_unique_in_source")
def _conversation_twice() -> None:
    make_cutoff()
    copy(Conversation.objects.get())


@violates("conversation_ended_has_cutoff")
def _ended_without_cutoff() -> None:
    make_cutoff()
    update(Conversation.objects.get(), latest_cutoff=None)


@violates("event_unique_in_source")
def _event_twice() -> None:
    make_cutoff()
    copy(Event.objects.get())


@violates("conversations_cutoff.notice_token")
def _notice_twice() -> None:
    update(make_cutoff(), notice_token=make_cutoff().notice_token)


@violates("cutoff_settled_with_standing")
def _settled_without_standing() -> None:
    update(make_cutoff(), settled_at=NOW)


@violates("near_miss_without_notice")
def _near_miss_with_notice() -> None:
    update(make_near_miss_case().cutoff, notice_token="t")


@violates("cutoff_audit_probability_above_zero")
def _never_audited() -> None:
    update(make_cutoff(), audit_probability=0)


@violates("cutoff_signals_in_range")
def _signal_out_of_range() -> None:
    update(make_cutoff(), risk_self=1.01)


@violates("cutoff_first_review_of_its_kind")
def _cutoff_reviewed_as_near_miss() -> None:
    update(make_cutoff(), first_review=4)


@violates("cutoff_first_reviewed_with_review")
def _reviewed_at_a_time_and_not_reviewed() -> None:
    update(make_cutoff(), first_reviewed_at=NOW)


@violates("cutoff_trial_never_drawn")
def _test_event_that_was_drawn() -> None:
    update(make_cutoff(), trial=True, in_audit=True)


@violates("parked_event_once")
def _parked_twice() -> None:
    row = {"source": make_source(), "ce_source": "/c", "ce_id": "1", "raw": b"", "failure": "x"}
    ParkedEvent.objects.create(**row)
    ParkedEvent.objects.create(**row)


@violates("search_chunk_once")
def _chunk_twice() -> None:
    row = {"cutoff_id": make_cutoff().pk, "chunk": 0, "words": "tomatoes"}
    TranscriptSearch.objects.create(**row)
    TranscriptSearch.objects.create(**row)


@violates("reviews_case.number")
def _case_number_twice() -> None:
    update(make_case(), number=make_case().number)


@violates("case_settles_at_a_time")
def _settling_without_a_time() -> None:
    update(make_case(), state="settling")


@violates("case_unselected_only_in_two_states")
def _open_and_unselected() -> None:
    update(make_case(), selected=False)


@violates("selection_once_a_reason")
def _selected_twice() -> None:
    case = make_case(signals={"warnings": 0})
    Selection.objects.create(case=case, reason="breach", at=NOW)


@violates("claim_one_live_a_case")
def _two_claims() -> None:
    case = make_case()
    for _ in range(2):
        Claim.objects.create(case=case, reviewer=make_user(), claimed_at=NOW, expires_at=NOW)


@violates("claim_expires_after_it_begins")
def _expires_before() -> None:
    Claim.objects.create(
        case=make_case(), reviewer=make_user(), claimed_at=NOW, expires_at=NOW - timedelta(1)
    )


def _verdict() -> Verdict:
    return give_verdict(make_case(), make_user(Role.REVIEWER))


@violates("verdict_severity_0_to_4")
def _severity_of_five() -> None:
    copy(_verdict(), severity=5)


@violates("verdict_remedy_for_cutoffs")
def _remedy_of_a_near_miss() -> None:
    copy(_verdict(), decision="right_to_continue")


@violates("verdict_once_a_key")
def _key_twice() -> None:
    verdict = _verdict()
    copy(verdict, idempotency_key="k")
    copy(verdict, idempotency_key="k")


@pytest.mark.parametrize("name", VIOLATIONS)
def test_a_violation_is_refused_by_its_constraint(name: str) -> None:
    with pytest.raises(IntegrityError) as refused, transaction.atomic():
        VIOLATIONS[name]()
    diagnosis = getattr(refused.value.__cause__, "diag", None)
    assert diagnosis is not None
    stands_for = {diagnosis.constraint_name, _of_the_field(diagnosis.constraint_name or "")}
    assert name in stands_for, diagnosis.constraint_name


def _of_the_field(constraint: str) -> str:
    """The ``table.column`` of a constraint that the field's ``unique`` made."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.conrelid::regclass || '.' || a.attname FROM pg_constraint c"
            " JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = ANY(c.conkey)"
            " WHERE c.conname = %s AND cardinality(c.conkey) = 1",
            [constraint],
        )
        row = cursor.fetchone()
    return row[0] if row else ""


def _rows_of_append_only_tables() -> dict[str, Callable[[], models.Model]]:
    return {
        "ledger": lambda: make_user() and LedgerEntry.objects.latest("id"),
        "audit_settings": AuditSettings.objects.get,
        "policy_version": lambda: PolicyVersion.objects.get(number=1),
        "guard_reading": of_policies.guard_reading,
        "selection": lambda: make_case(signals={"warnings": 0}).selections.get(reason="breach"),
        "verdict": _verdict,
        **APPEND_ONLY,
    }


@pytest.mark.parametrize("name", _rows_of_append_only_tables())
def test_rows_of_append_only_tables_stay_as_they_are(name: str) -> None:
    row = _rows_of_append_only_tables()[name]()
    table, key = row._meta.db_table, row._meta.pk.column
    for statement in (
        f"UPDATE {table} SET {key} = {key} WHERE {key} = %s",  # noqa: S608 - from the model
        f"DELETE FROM {table} WHERE {key} = %s",  # noqa: S608 - likewise
    ):
        with (
            pytest.raises(DatabaseError, match="Cannot update or delete"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement, [row.pk])
    assert type(row)._default_manager.filter(pk=row.pk).exists()


@pytest.mark.parametrize("name", GUARDED)
def test_what_a_trigger_guards_is_refused(name: str) -> None:
    with pytest.raises(DatabaseError, match="pgtrigger: Cannot"), transaction.atomic():
        GUARDED[name]()


@pytest.mark.parametrize(
    "name", [*_rows_of_append_only_tables(), *of_policies.KEPT, *kept_tables()]
)
def test_append_only_tables_are_not_emptied_where_it_is_no_test(name: str) -> None:
    """The trigger lets a test database through: its own words are read."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_get_triggerdef(t.oid), p.prosrc FROM pg_trigger t"
            " JOIN pg_proc p ON p.oid = t.tgfoid WHERE t.tgname LIKE %s",
            [f"pgtrigger_{name}_no_truncate%"],
        )
        ((definition, body),) = cursor.fetchall()
    assert "BEFORE TRUNCATE" in definition
    assert "left(current_database(), 5) <> 'test_'" in body
    assert "RAISE EXCEPTION" in body


def test_every_constraint_of_the_models_is_violated_here() -> None:
    stated = set()
    triggers = set()
    for app in APPS:
        for model in apps.get_app_config(app).get_models():
            stated |= {constraint.name for constraint in model._meta.constraints}
            stated |= {
                f"{model._meta.db_table}.{field.column}"
                for field in model._meta.concrete_fields
                if field.unique and not field.primary_key
            }
            triggers |= {trigger.name for trigger in getattr(model._meta, "triggers", [])}
    assert stated == set(VIOLATIONS)
    append_only = _rows_of_append_only_tables()
    assert triggers == {
        f"{name}_{what}" for name in append_only for what in ("append_only", "no_truncate")
    } | {f"{name}_{what}" for name in of_policies.KEPT for what in of_policies.GUARDS} | {
        # Retention deletes them; tests/policies/test_evaluations.py tries to change one.
        "asked_evaluation_read_only"
    } | {*GUARDED} | {f"{name}_no_truncate" for name in kept_tables()}
