"""Which policy a conversation would have, and why."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from django.http import HttpRequest
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from policies.forms import WhichForm
from policies.models import Activation
from policies.scopes import DEFAULT, Scope, candidates, label_of
from policies.services.in_force import Arm, InForce, in_force
from policies.services.known_conversations import Known, known

#: What a conversation's scopes are made of.
PARTS: Final = ("model", "surface", "locale")


def which(request: HttpRequest) -> dict[str, Any]:
    """The question, and its answer where it was asked."""
    asked = any(name in request.GET for name in WhichForm.base_fields)
    form = WhichForm(request.GET if asked else None, auto_id="which_%s")
    if not (asked and form.is_valid()):
        return {"which": form, "which_number": None}
    said = form.cleaned_data
    found = known(said["conversation_id"]) if said["conversation_id"] else None
    parts = {name: said[name] or getattr(found, name, "") for name in PARTS}
    now = timezone.now()
    holding = in_force(**parts, conversation_id=said["conversation_id"], at=now)
    # What was looked up stands in the fields: it can be read there, and changed.
    form.data = {**dict(request.GET.items()), **parts}
    return {
        "which": form,
        "which_number": holding.version,
        "which_known": _known(said, found),
        "which_why": _why(holding, said["conversation_id"]),
        "which_lost": _lost(holding, candidates(**parts), now),
    }


def _known(said: dict[str, str], found: Known | None) -> str:
    """What was looked up; empty where no conversation was named."""
    if not said["conversation_id"]:
        return ""
    if found is None:
        return _(
            "No cutoff or near miss of this conversation is known, so nothing was looked up: what"
            " is empty above counts as unknown, and an override for it is passed over."
        )
    filled = [name for name in PARTS if not said[name] and getattr(found, name)]
    unknown = [name for name in PARTS if not said[name] and not getattr(found, name)]
    at = date_format(timezone.localtime(found.at), "DATETIME_FORMAT")
    where = {"source": found.source, "at": at}
    sentences = [_("It was last told of by %(source)s, %(at)s.") % where]
    if filled:
        sentences.append(_("Filled in from there: %(parts)s.") % {"parts": ", ".join(filled)})
    if unknown:
        sentences.append(_("Not known there either: %(parts)s.") % {"parts": ", ".join(unknown)})
    if found.sources > 1:
        sentences.append(
            _("%(count)d sources have a conversation of this id; this is the latest of them.")
            % {"count": found.sources}
        )
    return " ".join(sentences)


def _why(found: InForce, conversation_id: str) -> list[str]:
    """Why that one: the scope, the side of a rollout, and a pause."""
    if found.activated_at is None:
        said = [_("Nothing was activated for it, so the built-in policy holds.")]
    elif found.scope == DEFAULT:
        said = [_("No override is for it, so what holds by default holds.")]
    else:
        scope = label_of(found.scope)
        said = [_("The override for %(scope)s is the most specific one.") % {"scope": scope}]
    if found.arm == Arm.SHARE:
        said.append(_("Of the rollout there, it is on the side of the new version."))
    elif found.arm == Arm.BESIDE and conversation_id:
        said.append(_("Of the rollout there, it is on the side that keeps the former version."))
    elif found.arm == Arm.BESIDE:
        said.append(_("A rollout is under way there: without an id, the former version holds."))
    if not found.readable:
        said.append(
            _(
                "It can no longer be read: whatever it says, nothing is ended until another one"
                " is in force."
            )
        )
    elif not found.enabled:
        said.append(_("Ending is paused there: whatever the policy says, nothing is ended."))
    return said


def _lost(found: InForce, wanted: tuple[str, ...], now: datetime) -> list[str]:
    """The other scopes that it is in and that have a version, each with why it lost."""
    held = Activation.objects.live().filter(scope__in=wanted, activated_at__lte=now)
    numbers = dict(held.values_list("scope", "version_id"))
    return [
        _("%(scope)s, policy %(number)d: %(why)s")
        % {
            "scope": label_of(scope),
            "number": numbers[scope],
            "why": _why_lost(Scope.parse(found.scope), Scope.parse(scope)),
        }
        for scope in wanted
        if scope in numbers and scope != found.scope
    ]


def _why_lost(winner: Scope, loser: Scope) -> str:
    """What makes *loser* the less specific one (``policies.scopes.candidates``)."""
    named = [name for name in PARTS if getattr(loser, name)]
    if not named:
        return _("holds where no override does.")
    if len(named) < len([name for name in PARTS if getattr(winner, name)]):
        return _("names fewer of model, surface and locale.")
    if winner.model and not loser.model:
        return _("names no model, which goes before surface and locale.")
    if winner.surface and not loser.surface:
        return _("names no surface, which goes before locale.")
    return _("names a shorter locale.")
