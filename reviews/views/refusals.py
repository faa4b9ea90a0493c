"""What a service refused, on the form that it was sent with."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.forms import Form


def explain(form: Form, refused: ValidationError) -> None:
    """Put what the service refused beside the field that it is about, where there is one."""
    for name, errors in getattr(refused, "message_dict", {None: refused.messages}).items():
        form.add_error(name if name in form.fields else None, errors)
