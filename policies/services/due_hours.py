"""How soon people should look, as the version in force says."""

from __future__ import annotations

import msgspec

from policies.models import DEFAULT_SCOPE, Activation
from policies.thresholds import DueHours


def due_hours() -> DueHours:
    """The due times of what is in force by default; of a rollout, those that the others have.

    In one query. The first ones where nothing was activated, or it can no longer be read.
    """
    said = (
        Activation.objects.live()
        .filter(scope=DEFAULT_SCOPE)
        .values_list(
            "version__content__review__due_hours", "beside__content__review__due_hours", "beside"
        )
        .first()
    )
    if said is None:
        return DueHours()
    version, beside, number = said
    hours = version if number is None else beside
    try:
        return msgspec.convert(hours or {}, DueHours)
    except msgspec.ValidationError:
        return DueHours()
