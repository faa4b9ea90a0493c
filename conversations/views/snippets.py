"""Programs to copy that send a first event. They run as they are printed."""

from __future__ import annotations

import json
from dataclasses import dataclass

from django.conf import settings
from django.urls import reverse

from conversations.services import trial

#: The environment variable from which each program takes the key: no key stands in a program.
KEY_VARIABLE = "RECOURSE_KEY"


@dataclass(frozen=True)
class Snippet:
    """One program, and what to run it with."""

    slug: str
    language: str
    needs: str
    text: str


_CURL = """\
curl --fail-with-body '{url}' \\
  -H "Authorization: Bearer ${variable}" \\
  -H 'Content-Type: application/cloudevents+json' \\
  -d '{event}'
"""

_PYTHON = """\
import os

import httpx

event = {event}

answer = httpx.post(
    "{url}",
    json=event,
    headers={{
        "Authorization": f"Bearer {{os.environ['{variable}']}}",
        "Content-Type": "application/cloudevents+json",
    }},
)
print(answer.status_code, answer.json())
answer.raise_for_status()
"""

_TYPESCRIPT = """\
const event = {event};

const answer = await fetch("{url}", {{
  method: "POST",
  headers: {{
    "Authorization": `Bearer ${{process.env.{variable}}}`,
    "Content-Type": "application/cloudevents+json",
  }},
  body: JSON.stringify(event),
}});
console.log(answer.status, await answer.text());
if (!answer.ok) throw new Error(`Recourse answered ${{answer.status}}`);
"""


def snippets() -> list[Snippet]:
    """The programs, with the address of this installation."""
    return [
        _snippet("curl", "curl", "curl 7.76 or later", _CURL, indent=2),
        _snippet("python", "Python", "httpx", _PYTHON, indent=4),
        _snippet(
            "typescript", "TypeScript", "Node 20 or later, as a module", _TYPESCRIPT, indent=2
        ),
    ]


def _snippet(slug: str, language: str, needs: str, text: str, *, indent: int) -> Snippet:
    # Without true, false and null, JSON is Python and TypeScript too.
    event = json.dumps(_event(slug), indent=indent)
    url = settings.RECOURSE_PUBLIC_URL + reverse("events")
    return Snippet(slug, language, needs, text.format(url=url, event=event, variable=KEY_VARIABLE))


def _event(slug: str) -> dict[str, object]:
    event_id = f"{trial.TEST_PREFIX}{slug}"
    return {
        "specversion": "1.0",
        "id": event_id,
        "source": "/chat/example",
        "type": "recourse.conversation.ended.v1",
        "data": {
            "conversation": {"id": event_id},
            "cutoff": {"initiator": "user", "category": "other"},
            "signals": {"risk_self": 0, "risk_others": 0},
            "transcript": {
                "format": "openai.chat",
                "messages": [
                    {"role": "user", "content": "Thanks. Please end our chat."},
                    {"role": "assistant", "content": "Goodbye, and good luck."},
                ],
            },
        },
    }
