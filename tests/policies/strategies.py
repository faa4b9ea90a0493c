"""Random policies and observations."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from conversations.vocabulary import Category, Initiator
from policies.evaluation import Observation
from policies.services.conformance import SIGNALS
from policies.thresholds import HIGHEST_RISK_CEILING, Thresholds, parse

_UNIT = st.floats(0, 1)
_FEW = st.integers(0, 4)

RISKS = st.sampled_from([0.0, 0.05, 0.1, 0.2, 0.2000001, 0.3, 1.0]) | _UNIT


def category_thresholds() -> st.SearchStrategy[dict[str, Any]]:
    """The thresholds of one category, as plain objects."""
    return st.fixed_dictionaries(
        {},
        optional={
            "enabled": st.booleans(),
            "severity": _UNIT,
            "refusals": _FEW,
            "redirects": _FEW,
            "warnings": st.integers(1, 4),
            "turns_after_warning": _FEW,
            "distress": _UNIT,
        },
    )


def review_settings() -> st.SearchStrategy[dict[str, Any]]:
    """What people look at, as plain objects."""
    return st.fixed_dictionaries(
        {},
        optional={
            "audit_share": st.floats(0, 1, exclude_min=True),
            "audit_shares": st.dictionaries(
                st.sampled_from(Category.values), st.floats(0, 1, exclude_min=True), max_size=3
            ),
            "double_share": _UNIT,
            "near_miss_share": _UNIT,
            "due_hours": st.fixed_dictionaries(
                {}, optional={"breach": st.integers(1, 24), "appeal": st.integers(1, 720)}
            ),
        },
    )


def thresholds() -> st.SearchStrategy[Thresholds]:
    """Any policy that can be read."""
    return st.fixed_dictionaries(
        {},
        optional={
            "imminent_risk_ceiling": st.floats(0, HIGHEST_RISK_CEILING),
            "confirm_user_request": st.booleans(),
            "default": category_thresholds(),
            "categories": st.dictionaries(
                st.sampled_from(Category.values), category_thresholds(), max_size=3
            ),
            "review": review_settings(),
        },
    ).map(parse)


def signals() -> st.SearchStrategy[dict[str, float | int | None]]:
    """Signals, each of which may be unknown."""
    kinds: dict[str, st.SearchStrategy[Any]] = {
        name: _UNIT if name in ("severity", "distress") else _FEW for name in SIGNALS
    }
    kinds |= {"risk_self": RISKS, "risk_others": RISKS}
    return st.fixed_dictionaries({name: st.none() | kind for name, kind in kinds.items()})


def observations() -> st.SearchStrategy[Observation]:
    """Anything that may be known when somebody asks."""
    return st.builds(
        Observation,
        initiator=st.sampled_from(Initiator.values),
        category=st.sampled_from(Category.values),
        signals=signals(),
        user_confirmed=st.none() | st.booleans(),
        crisis_cue=st.booleans(),
        paused=st.booleans(),
    )
