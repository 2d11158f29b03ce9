"""The field of forms for a time, within years that every time zone has."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms

YEARS = range(1900, 2200)
"""As in the API. The first and last times of all do not exist in some zones."""


class MomentField(forms.DateTimeField):
    """A time that can be stored and shown in any time zone."""

    def to_python(self, value: Any) -> datetime | None:
        found: datetime | None = super().to_python(value)
        if found is not None and found.year not in YEARS:
            raise forms.ValidationError(self.error_messages["invalid"], code="invalid")
        return found
