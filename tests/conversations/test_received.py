"""What stays of a body once it was read."""

from __future__ import annotations

from django.test import RequestFactory

from conversations.received import body_as_sent, decompressed_body


def test_a_body_is_kept_for_the_signature_and_no_longer() -> None:
    sent = b"[" + b"1," * 50_000 + b"1]"
    request = RequestFactory().post("/", sent, content_type="application/json")
    assert body_as_sent(request) == sent
    assert body_as_sent(request) is body_as_sent(request)

    assert decompressed_body(request, limit=1_000_000) == sent

    held = [value for value in vars(request).values() if isinstance(value, bytes)]
    assert sent not in held
