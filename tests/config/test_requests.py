"""What every answer carries: the request's id and the headers that keep a browser in bounds."""

import re

import pytest
from django.test import Client, override_settings


@pytest.mark.parametrize("sane", ["a", "A-1.b_2", "x" * 128])
def test_a_sane_request_id_is_taken(client: Client, sane: str) -> None:
    assert client.get("/healthz", headers={"X-Request-ID": sane}).headers["X-Request-ID"] == sane


@pytest.mark.parametrize("odd", ["", "x" * 129, "two words", "<script>", "é", "a\nb"])
def test_any_other_is_replaced(client: Client, odd: str) -> None:
    given = client.get("/healthz", headers={"X-Request-ID": odd}).headers["X-Request-ID"]

    assert re.fullmatch(r"[0-9a-f-]{36}", given)


def test_two_requests_have_two_ids(client: Client) -> None:
    ids = {client.get("/healthz").headers["X-Request-ID"] for _ in range(2)}

    assert len(ids) == 2


def test_pages_may_load_only_what_is_ours(client: Client) -> None:
    policy = client.get("/healthz").headers["Content-Security-Policy"]

    assert set(policy.split("; ")) == {
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    }


@override_settings(SECURE_SSL_REDIRECT=True)
def test_probes_need_no_tls_and_everything_else_does(client: Client) -> None:
    assert client.get("/healthz").status_code == 200
    assert client.get("/metrics").status_code == 200
    assert client.get("/anything").headers["Location"] == "https://testserver/anything"
