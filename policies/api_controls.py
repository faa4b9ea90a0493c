"""The staff's side of the API: what is in force, going back, and stopping."""

from __future__ import annotations

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from policies import versions_schema
from policies.api_staff import PolicyView, sent
from policies.models import Activation, Pause, PlannedActivation
from policies.serializers import (
    RollbackSerializer,
    ScopeSerializer,
    activation_data,
    pause_data,
    plan_data,
    unreviewed_data,
)
from policies.services import activations, break_glass, pauses, plans, rollbacks
from policies.services.versions import person


class InForceView(PolicyView):
    """``GET /api/v1/policies/in-force``."""

    @versions_schema.get_in_force
    def get(self, request: Request) -> Response:
        """What holds where, what is planned and paused, and what a second person must look at."""
        now = timezone.now()
        live = Activation.objects.live().select_related("activated_by", "ended_by")
        planned = PlannedActivation.objects.pending().select_related("planned_by", "cancelled_by")
        paused = Pause.objects.live().told()
        return Response(
            {
                "activations": [activation_data(one) for one in live.order_by("scope")],
                "planned": [plan_data(one) for one in planned],
                "pauses": [pause_data(one) for one in paused],
                "unreviewed": [
                    unreviewed_data(one, within=break_glass.REVIEW_WITHIN, now=now)
                    for one in break_glass.unreviewed()
                ],
            }
        )


class RollbackView(PolicyView):
    """``POST /api/v1/policies/rollback``."""

    @versions_schema.rollback
    def post(self, request: Request) -> Response:
        """Back to the version before, or to one that is named."""
        said = sent(RollbackSerializer, request)
        activation = rollbacks.rollback(
            scope=said["scope"],
            to=said.get("to"),
            reason=said["reason"],
            actor=person(self.person),
            now=timezone.now(),
        )
        data = activation_data(activation) if activation else None
        return Response({"scope": said["scope"], "activation": data})


class EndOverrideView(PolicyView):
    """``POST /api/v1/policies/end-override``."""

    @versions_schema.end_override
    def post(self, request: Request) -> Response:
        """Take the override of a scope away."""
        said = sent(ScopeSerializer, request)
        ended = activations.end_override(actor=person(self.person), now=timezone.now(), **said)
        return Response(activation_data(ended))


class CancelPlanView(PolicyView):
    """``POST /api/v1/policies/cancel-plan``."""

    @versions_schema.cancel_plan
    def post(self, request: Request) -> Response:
        """Cancel what is planned in a scope."""
        said = sent(ScopeSerializer, request)
        planned = plans.cancel(user=self.person, now=timezone.now(), **said)
        return Response(plan_data(planned))


class PauseView(PolicyView):
    """``POST /api/v1/policies/pause``."""

    @versions_schema.pause
    def post(self, request: Request) -> Response:
        """Stop all ending in a scope, or everywhere, at once."""
        said = sent(ScopeSerializer, request)
        return _told(pauses.pause(user=self.person, now=timezone.now(), **said))


class ResumeView(PolicyView):
    """``POST /api/v1/policies/resume``."""

    @versions_schema.resume
    def post(self, request: Request) -> Response:
        """Ask to go on; 403 for the one who asked first."""
        said = sent(ScopeSerializer, request)
        return _told(pauses.resume(user=self.person, now=timezone.now(), **said))


def _told(pause: Pause) -> Response:
    return Response(pause_data(Pause.objects.told().get(pk=pause.pk)))
