"""The plain views."""

from __future__ import annotations

import json
from typing import Any

from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from django.utils.dateparse import parse_datetime

from bench.plain.models import PlainEvent


def events(request: HttpRequest) -> HttpResponse:
    """Store a batch as most would write it: ``json.loads`` and ``bulk_create``."""
    sent = json.loads(request.read())
    PlainEvent._default_manager.bulk_create([_row(event) for event in sent], ignore_conflicts=True)
    answer = JsonResponse({"accepted": len(sent)}, status=202)
    answer["Content-Length"] = str(len(answer.content))
    return answer


def _row(event: dict[str, Any]) -> PlainEvent:
    data = event["data"]
    conversation, cutoff, signals = data["conversation"], data["cutoff"], data["signals"]
    return PlainEvent(
        ce_source=event["source"],
        ce_id=event["id"],
        type=event["type"],
        time=parse_datetime(event["time"]),
        conversation_id=conversation["id"],
        user_id=conversation["user_id"],
        model=conversation["model"],
        prompt_version=conversation["prompt_version"],
        surface=conversation["surface"],
        locale=conversation["locale"],
        country=conversation["country"],
        started_at=parse_datetime(conversation["started_at"]),
        initiator=cutoff["initiator"],
        category=cutoff["category"],
        message_id=cutoff["message_id"],
        explanation=cutoff["explanation"],
        rationale=cutoff["rationale"],
        policy_version=cutoff["policy_version"],
        transcript=data["transcript"],
        **signals,
    )


def one(_request: HttpRequest, external_id: str) -> HttpResponse:
    """One indexed read and nothing else: the least that a status call could be."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT 1 FROM conversations_conversation WHERE source_id = 1 AND external_id = %s",
            [external_id],
        )
        found = b"1" if cursor.fetchone() else b"0"
    return HttpResponse(found, headers={"Content-Length": "1"})


urlpatterns = [
    path("one/<str:external_id>", one),
    path("events", events),
    path("healthz", lambda _request: HttpResponse("ok")),
]
