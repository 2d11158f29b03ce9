"""The form of a span of days and a group, above numbers that are counted on demand."""

from __future__ import annotations

from datetime import date
from typing import Any, ClassVar

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from qunce.console import form_errors
from qunce.core.staff.models import Staff
from qunce.groups import visibility

DAY_INPUT = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


class SpanForm(forms.Form):
    """`everything` is what the span is counted for if no group is chosen."""

    everything: ClassVar[str | Promise]
    first = forms.DateField(label=gettext_lazy("First day"), widget=DAY_INPUT)
    last = forms.DateField(label=gettext_lazy("Last day"), widget=DAY_INPUT)
    group = forms.ChoiceField(required=False)

    def __init__(self, data: Any, *, staff: Staff, default: tuple[date, date]) -> None:
        given = {
            "first": data.get("first", default[0].isoformat()),
            "last": data.get("last", default[1].isoformat()),
            "group": data.get("group", ""),
        }
        super().__init__(given)
        groups = visibility.list_visible(staff).order_by("name", "pk")
        self.group_keys = dict(groups.values_list("pk", "key"))
        fields: Any = self.fields
        fields["group"].choices = [
            ("", self.everything),
            *((str(pk), name) for pk, name in groups.values_list("pk", "name")),
        ]

    def span(self) -> dict[str, Any]:
        """`first`, `last` and the key of the `group` or None; raises Invalid."""
        form_errors.check_valid(self)
        data = self.cleaned_data
        group = self.group_keys[int(data["group"])] if data["group"] else None
        return {"first": data["first"], "last": data["last"], "group": group}
