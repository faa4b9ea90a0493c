"""The staff's side of the API: the life of policy versions."""

from __future__ import annotations

import re
from typing import IO, Any

import msgspec
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, JsonResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.views.decorators.http import require_safe
from rest_framework import parsers, renderers, serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import problems
from accounts.api_lists import page_response
from accounts.parsers import JSONParser
from accounts.problems import Problem
from policies import documents, versions_schema
from policies.api_staff import YAML, PolicyView, sent
from policies.differences import differences, stricter_in_every_threshold
from policies.models import Activation, Draft, PlannedActivation, PolicyVersion, State
from policies.serializers import (
    ActivateSerializer,
    DraftEditSerializer,
    DraftSerializer,
    ReasonSerializer,
    RemarkSerializer,
    SubmitSerializer,
    activation_data,
    draft_data,
    numbered_data,
    plan_data,
    version_data,
)
from policies.services import activations, approvals, break_glass, drafts, plans
from policies.services.drafts import OtherBacktest, StaleRevision
from policies.services.versions import NotPossible, person, thresholds_of
from policies.thresholds import InvalidPolicy, Thresholds, read

#: The stretches of a version that its page tells of, the latest first.
MOST_ACTIVATIONS = 100


class YamlParser(parsers.BaseParser):
    """A policy as YAML: the body is the content."""

    media_type = YAML

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Any = None
    ) -> dict[str, Any]:
        """As JSON would say it. Raises ``InvalidPolicy``."""
        thresholds = documents.load(stream.read(documents.LARGEST + 1))
        return {"content": msgspec.to_builtins(thresholds)}


class YamlRenderer(renderers.JSONRenderer):
    """A policy as YAML; problems are JSON, whatever was asked for."""

    media_type = YAML
    format = "yaml"
    charset = "utf-8"

    def render(self, data: Any, *args: Any, **more: Any) -> Any:
        """The document as it was written."""
        return data if isinstance(data, str) else super().render(data, *args, **more)


def _listed_versions() -> Any:
    return PolicyVersion.objects.with_state().select_related("author")


def _response(number: int, status: int = 200) -> Response:
    """The draft or version in full; a draft with the ETag that an edit names."""
    draft = Draft.objects.filter(number=number).select_related("author", "updated_by").first()
    if draft:
        return Response(draft_data(draft), status=status, headers={"ETag": _etag(draft)})
    version = get_object_or_404(
        _listed_versions().select_related("submission__submitted_by", "submission__decided_by"),
        number=number,
    )
    had = Activation.objects.filter(version=version).select_related("activated_by", "ended_by")
    planned = PlannedActivation.objects.filter(version=version)
    data = version_data(
        version,
        activations=list(had[:MOST_ACTIVATIONS]),
        planned=list(planned.select_related("planned_by", "cancelled_by")[:MOST_ACTIVATIONS]),
    )
    return Response(data, status=status)


def _etag(draft: Draft) -> str:
    return f'"{draft.number}-{draft.revision}"'


def _check_number(number: int) -> None:
    if not any(kind._default_manager.filter(pk=number).exists() for kind in (Draft, PolicyVersion)):
        raise Http404


def _read_revision(request: Request, number: int) -> int | None:
    """The revision that ``If-Match`` names; 0, which no draft has, for any other; None without."""
    said = request.headers.get("If-Match")
    if said is None:
        return None
    # A proxy that compresses what it hands on makes a tag weak.
    known = re.fullmatch(r'(?:W/)?"([0-9]{1,9})-([0-9]{1,9})"', said.strip())
    return int(known[2]) if known and known[1] == str(number) else 0


def _stale(request: Request, stale: StaleRevision) -> Response:
    """412 with what somebody else made of the draft."""
    members = problems.body(
        request._request, status_code=412, code="stale_revision", detail=str(stale)
    )
    return Response(
        {**members, "current": draft_data(stale.current)},
        status=412,
        content_type=problems.CONTENT_TYPE,
        headers={"ETag": _etag(stale.current)},
    )


class VersionsView(PolicyView):
    """``GET`` and ``POST /api/v1/policy-versions``."""

    parser_classes = [JSONParser, YamlParser]

    @versions_schema.list_versions
    def get(self, request: Request) -> Response:
        """One page of drafts and versions, the highest number first."""
        state = request.query_params.get("state")
        if state is not None and state not in State.values:
            raise serializers.ValidationError({"state": f"One of {', '.join(State.values)}."})
        querysets: list[Any] = []
        if state in (None, State.DRAFT):
            querysets.append(Draft.objects.select_related("author"))
        if state != State.DRAFT:
            versions = _listed_versions()
            querysets.append(versions.filter(state=state) if state else versions)
        return page_response(
            request,
            *querysets,
            ordering=["-number"],
            data=lambda rows: [numbered_data(row) for row in rows],
        )

    @versions_schema.create_draft
    def post(self, request: Request) -> Response:
        """Begin a draft."""
        said = sent(DraftSerializer, request)
        base = None
        if number := said.get("based_on"):
            base = PolicyVersion.objects.filter(number=number).first()
            if base is None:
                raise serializers.ValidationError({"based_on": "There is no such version."})
        draft = drafts.create_draft(
            user=self.person,
            now=timezone.now(),
            content=said.get("content"),
            based_on=base,
            note=said.get("note", ""),
        )
        return _response(draft.number, 201)


class VersionView(PolicyView):
    """``GET`` and ``PATCH /api/v1/policy-versions/{n}``."""

    @versions_schema.get_version
    def get(self, request: Request, number: int) -> Response:
        """The draft or version with its content; one that can no longer be read, as it is."""
        return _response(number)

    @versions_schema.edit_draft
    def patch(self, request: Request, number: int) -> Response:
        """Save over the revision that ``If-Match`` names."""
        _check_number(number)
        said = sent(DraftEditSerializer, request)
        revision = _read_revision(request, number)
        if revision is None:
            raise Problem(428, "if_match_missing", "Name the ETag that you read, in If-Match.")
        try:
            drafts.edit_draft(
                number=number,
                revision=revision,
                user=self.person,
                now=timezone.now(),
                content=said.get("content"),
                note=said.get("note"),
            )
        except StaleRevision as stale:
            return _stale(request, stale)
        return _response(number)


class SubmitView(PolicyView):
    """``POST /api/v1/policy-versions/{n}/submit``."""

    @versions_schema.submit
    def post(self, request: Request, number: int) -> Response:
        """Lay the draft before somebody else."""
        _check_number(number)
        said = sent(SubmitSerializer, request)
        revision = _read_revision(request, number)
        try:
            drafts.submit(
                number=number,
                revision=revision,
                user=self.person,
                now=timezone.now(),
                backtest_id=said["backtest"],
            )
        except StaleRevision as stale:
            return _stale(request, stale)
        except OtherBacktest as refused:
            raise serializers.ValidationError({"backtest": str(refused)}) from None
        return _response(number)


class ApproveView(PolicyView):
    """``POST /api/v1/policy-versions/{n}/approve``."""

    @versions_schema.approve
    def post(self, request: Request, number: int) -> Response:
        """Let it be activated; 403 for those who had a hand in it."""
        _check_number(number)
        said = sent(RemarkSerializer, request)
        approvals.approve(number=number, user=self.person, now=timezone.now(), **said)
        return _response(number)


class RejectView(PolicyView):
    """``POST /api/v1/policy-versions/{n}/reject``."""

    @versions_schema.reject
    def post(self, request: Request, number: int) -> Response:
        """Refuse it; where one person alone activated it, take it back."""
        _check_number(number)
        said = sent(ReasonSerializer, request)
        approvals.reject(number=number, user=self.person, now=timezone.now(), **said)
        return _response(number)


class ActivateView(PolicyView):
    """``POST /api/v1/policy-versions/{n}/activate``."""

    @versions_schema.activate
    def post(self, request: Request, number: int) -> Response:
        """Now, at a time (202), or by one person alone, over the draft that ``If-Match`` names."""
        _check_number(number)
        body = ActivateSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        said, now = body.validated_data, timezone.now()
        where = {"scope": said["scope"], "reason": said["reason"]}
        if said["break_glass"]:
            return self._alone(request, number, where)
        version = PolicyVersion.objects.filter(number=number).first()
        if version is None:
            raise NotPossible(f"Policy {number} is a draft. Submit it first.")
        terms = {"percent": said["percent"], "guard": body.guard(), **where}
        if said.get("at"):
            planned = plans.plan(version=version, at=said["at"], user=self.person, now=now, **terms)
            return Response(plan_data(planned), status=202)
        activation = activations.activate(
            version=version, actor=person(self.person), now=now, **terms
        )
        return Response(activation_data(activation))

    def _alone(self, request: Request, number: int, where: dict[str, Any]) -> Response:
        revision = _read_revision(request, number)
        try:
            activation = break_glass.break_glass(
                number=number, user=self.person, now=timezone.now(), revision=revision, **where
            )
        except StaleRevision as stale:
            return _stale(request, stale)
        return Response(activation_data(activation))


class DocumentView(PolicyView):
    """``GET /api/v1/policy-versions/{n}/document``."""

    renderer_classes = [YamlRenderer]

    @versions_schema.get_document
    def get(self, request: Request, number: int) -> Response:
        """The policy as YAML."""
        text = documents.write(_thresholds(number), title=f"version {number}")
        name = f'inline; filename="policy-{number}.yaml"'
        return Response(text, headers={"Content-Disposition": name})


class DifferencesView(PolicyView):
    """``GET /api/v1/policy-versions/{n}/differences?to=``."""

    @versions_schema.get_differences
    def get(self, request: Request, number: int) -> Response:
        """What changes from this one to another one."""
        to = request.query_params.get("to", "")
        if not (to.isascii() and to.isdecimal() and len(to) < 10):
            raise serializers.ValidationError({"to": "The number of a draft or version."})
        before, after = _thresholds(number), _thresholds(int(to))
        return Response(
            {
                "from": number,
                "to": int(to),
                "stricter_in_every_threshold": stricter_in_every_threshold(after, before),
                "differences": msgspec.to_builtins(differences(before, after)),
            }
        )


def _thresholds(number: int) -> Thresholds:
    """What it says. Raises ``NotPossible`` where it was written under other bounds."""
    draft = Draft.objects.filter(number=number).first()
    if draft is None:
        return thresholds_of(get_object_or_404(PolicyVersion, number=number))
    try:
        return read(draft.content)
    except InvalidPolicy:
        raise NotPossible(f"Draft {number} can no longer be read: begin another one.") from None


@login_not_required
@require_safe
def policy_schema(_request: HttpRequest) -> JsonResponse:
    """``GET /api/policy.schema.json``: what a policy may say. Public, as the API's document is."""
    return JsonResponse(documents.json_schema(), content_type="application/schema+json")
