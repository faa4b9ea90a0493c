"""What the OpenAPI document says of backtests."""

from __future__ import annotations

from typing import Any

import msgspec
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema

from accounts.api_schema import (
    ANYTHING,
    MOMENT,
    NUMBER,
    TEXT,
    listed,
    nullable,
    problems,
    ref,
    shape,
)
from policies.backtest import Filters
from policies.backtest_figures import Figures
from policies.backtest_models import BacktestState

_, _STRUCTS = msgspec.json.schema_components(
    [Figures, Filters], ref_template="#/components/schemas/{name}"
)
_NAMES = {name: f"Backtest{name}" for name in _STRUCTS}


def _renamed(part: Any) -> Any:
    """*part* with the structs under names of their own: others have a Range and a Share too."""
    if isinstance(part, dict):
        return {key: _renamed(value) for key, value in part.items()}
    if isinstance(part, list):
        return [_renamed(value) for value in part]
    if isinstance(part, str) and part.startswith("#/components/schemas/"):
        return f"#/components/schemas/{_NAMES[part.rsplit('/', 1)[1]]}"
    return part


_WINDOW: dict[str, Any] = {"since": MOMENT, "until": MOMENT}

COMPONENTS: dict[str, Any] = {
    **{_NAMES[name]: _renamed(schema) for name, schema in _STRUCTS.items()},
    "BacktestRequest": shape(
        {
            "candidate": NUMBER,
            "content": ANYTHING,
            "baseline": nullable(NUMBER),
            **_WINDOW,
            "filters": ref("BacktestFilters"),
        },
        optional=("candidate", "content", "baseline", "filters"),
    ),
    "BacktestPreview": shape({"figures": ref("BacktestFigures"), "cannot_tell": listed(TEXT)}),
    "Backtest": shape(
        {
            "id": {**TEXT, "format": "uuid"},
            "state": {"enum": BacktestState.values},
            "progress": NUMBER,
            "candidate": nullable(NUMBER),
            "content": ANYTHING,
            "baseline": nullable(NUMBER),
            **_WINDOW,
            "filters": ref("BacktestFilters"),
            "requested_at": MOMENT,
            "started_at": nullable(MOMENT),
            "finished_at": nullable(MOMENT),
            "error": TEXT,
            "code_version": {
                **TEXT,
                "description": (
                    "Version of Recourse, form of the figures, and the first 12 digits of the"
                    " SHA-256 of the code that computed them; empty before there are any."
                ),
            },
            "figures": nullable(ref("BacktestFigures")),
            "cannot_tell": listed(TEXT),
        }
    ),
}

_ID = OpenApiParameter("id", OpenApiTypes.UUID, OpenApiParameter.PATH)

start_backtest = extend_schema(
    operation_id="backtests_start",
    tags=["Policies"],
    summary="Ask what other thresholds would have done",
    description=(
        "`candidate` names a draft or version, `content` holds thresholds that are only tried; one"
        " of the two. Without `baseline` each cutoff is held against the version that was its own."
        " The window runs from `since` to before `until`."
    ),
    request={"application/json": ref("BacktestRequest")},
    responses={
        202: OpenApiResponse(ref("Backtest"), description="It is noted, and will be computed."),
        **problems(400, 415),
    },
)

preview_backtest = extend_schema(
    operation_id="backtests_preview",
    tags=["Policies"],
    summary="The same at once, kept nowhere",
    request={"application/json": ref("BacktestRequest")},
    responses={
        200: OpenApiResponse(ref("BacktestPreview"), description="The figures."),
        **problems(400, 409, 415),
    },
)

read_backtest = extend_schema(
    operation_id="backtests_read",
    tags=["Policies"],
    summary="How far a backtest is, and its figures",
    parameters=[_ID],
    responses={
        200: OpenApiResponse(ref("Backtest"), description="The record."),
        **problems(404),
    },
)

cancel_backtest = extend_schema(
    operation_id="backtests_cancel",
    tags=["Policies"],
    summary="Stop a backtest",
    parameters=[_ID],
    request=None,
    responses={
        202: OpenApiResponse(ref("Backtest"), description="It writes nothing more."),
        **problems(404, 409),
    },
)

export_backtest = extend_schema(
    operation_id="backtests_export",
    tags=["Policies"],
    summary="The figures of a backtest as CSV",
    parameters=[_ID],
    responses={
        (200, "text/csv"): OpenApiResponse(OpenApiTypes.STR, description="A row for each figure."),
        **problems(404, 409),
    },
)
