"""The form of the macro `segment`."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import Q
from django.utils.translation import gettext_lazy

from qunce.console.segments import builder_choices
from qunce.console.segments.builder_choices import Choices, Option
from qunce.console.segments.clause_forms import fields
from qunce.console.segments.clause_forms.base import ClauseForm
from qunce.members.segments.frozen import FrozenSegment
from qunce.members.segments.segments import Segment


class SegmentForm(ClauseForm):
    name = "segment"
    label = gettext_lazy("Segment")
    icon = "user-group"
    order = 60
    first_field = "segments"
    how = forms.ChoiceField(
        label=gettext_lazy("Is in"),
        choices=[*fields.QUANTIFIERS, ("frozen", gettext_lazy("a frozen segment"))],
    )
    segments = fields.PickField(label=gettext_lazy("Segments"), required=False)
    frozen = fields.PickField(label=gettext_lazy("Frozen segments"), required=False)

    def set_up(self) -> None:
        self.use_picker("segments", "segment")
        self.use_picker("frozen", "frozen")

    @classmethod
    def to_fields(cls, args: Any) -> dict[str, Any]:
        ((how, keys),) = args.items()
        return {"how": how, ("frozen" if how == "frozen" else "segments"): keys}

    def from_fields(self, cleaned: dict[str, Any]) -> Any:
        field = "frozen" if cleaned["how"] == "frozen" else "segments"
        return {cleaned["how"]: fields.require(cleaned, field)}


@builder_choices.register_finder("segment")
def find_segments(choices: Choices, query: str) -> list[Option]:
    rows = Segment.objects.filter(community=choices.community, state="active")
    matches = rows.filter(Q(name__icontains=query) | Q(key__icontains=query))
    limit = builder_choices.max_options(query)
    return [Option(each.key, each.name) for each in matches.order_by("name")[:limit]]


@builder_choices.register_finder("frozen")
def find_frozen_segments(choices: Choices, query: str) -> list[Option]:
    rows = FrozenSegment.objects.filter(community=choices.community)
    matches = rows.filter(key__icontains=query).order_by("-at", "key")
    limit = builder_choices.max_options(query)
    return [Option(each.key, each.key) for each in matches[:limit]]
