"""The form of the clause `group`."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import Q
from django.utils.translation import gettext_lazy

from qunce.console.segments import builder_choices
from qunce.console.segments.builder_choices import Choices, Option
from qunce.console.segments.clause_forms import fields
from qunce.console.segments.clause_forms.base import ClauseForm
from qunce.groups import visibility


class GroupForm(ClauseForm):
    name = "group"
    label = gettext_lazy("Group")
    icon = "chat-bubble-left-right"
    order = 40
    first_field = "groups"
    how = forms.ChoiceField(label=gettext_lazy("Is now in"), choices=fields.QUANTIFIERS)
    groups = fields.PickField(label=gettext_lazy("Groups"), required=False)

    def set_up(self) -> None:
        self.use_picker("groups", "group")

    @classmethod
    def to_fields(cls, args: Any) -> dict[str, Any]:
        ((how, keys),) = args.items()
        return {"how": how, "groups": keys}

    def from_fields(self, cleaned: dict[str, Any]) -> Any:
        return {cleaned["how"]: fields.require(cleaned, "groups")}


@builder_choices.register_finder("group")
def find_groups(choices: Choices, query: str) -> list[Option]:
    groups = visibility.list_visible(choices.by)
    if query:
        groups = groups.filter(Q(name__icontains=query) | Q(key__icontains=query))
    limit = builder_choices.max_options(query)
    return [Option(group.key, group.name) for group in groups.order_by("name")[:limit]]
