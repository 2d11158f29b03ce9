"""The form of the clause `staff`: who is in charge of the member."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.console.segments import builder_choices
from qunce.console.segments.builder_choices import Choices, Option
from qunce.console.segments.clause_forms import fields
from qunce.console.segments.clause_forms.base import ClauseForm
from qunce.core.staff import staff


class StaffForm(ClauseForm):
    name = "staff"
    label = gettext_lazy("Staff in charge")
    icon = "user-circle"
    order = 85
    people = fields.PickField(label=gettext_lazy("Any of these staff"), required=False)
    me = forms.BooleanField(label=gettext_lazy("or whoever looks"), required=False)
    nobody = forms.BooleanField(label=gettext_lazy("or nobody"), required=False)

    def set_up(self) -> None:
        self.use_picker("people", "staff")

    @classmethod
    def to_fields(cls, args: Any) -> dict[str, Any]:
        values: dict[str, Any] = {"people": args["any"]} if "any" in args else {}
        return values | {name: True for name in ("me", "nobody") if name in args}

    def from_fields(self, cleaned: dict[str, Any]) -> Any:
        args = {"any": cleaned["people"]} if cleaned["people"] else {}
        args |= {name: True for name in ("me", "nobody") if cleaned[name]}
        if not args:
            raise forms.ValidationError({"people": _("Fill in this field.")})
        return args


@builder_choices.register_finder("staff")
def find_staff(choices: Choices, query: str) -> list[Option]:
    rows = staff.list_all(choices.community).filter(is_active=True)
    matches = rows.filter(Q(name__icontains=query) | Q(login__icontains=query))
    limit = builder_choices.max_options(query)
    return [Option(each.login, each.name) for each in matches.order_by("name")[:limit]]
