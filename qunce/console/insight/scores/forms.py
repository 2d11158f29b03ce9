"""The form of a score: its parts as fields, and back."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from qunce.core import json_values
from qunce.core.facts import facts
from qunce.core.staff.models import Staff
from qunce.groups import visibility
from qunce.members.scores import definitions, presets
from qunce.members.scores.definitions import FADING, SUM, TENURE, TIMES
from qunce.sets import audiences

MAX_GROUPS = 500
EXTRA_PARTS = 2
"""Empty parts of the page, which may stay empty."""
KEPT = ("where", "hours", "weekdays")
"""What the fields hold only a part of: one group."""


class PartForm(forms.Form):
    """What a part of the API has beyond the fields is kept in `more`."""

    name = forms.CharField(
        label=pgettext_lazy("part of a score", "Name"), max_length=definitions.MAX_NAME
    )
    area = forms.ChoiceField(
        label=gettext_lazy("Area"),
        choices=list(definitions.AREAS.items()),
        initial=next(iter(definitions.AREAS)),
    )
    by = forms.ChoiceField(
        label=gettext_lazy("What counts"),
        choices=list(definitions.MEASURES.items()),
        initial=TIMES,
    )
    kind = forms.ChoiceField(label=gettext_lazy("Of what"), required=False)
    within = forms.IntegerField(
        label=gettext_lazy("In the last days"),
        required=False,
        min_value=1,
        max_value=definitions.MAX_WITHIN,
    )
    weight = forms.DecimalField(
        label=gettext_lazy("Points for each"),
        min_value=Decimal("0.01"),
        max_value=definitions.MAX_WEIGHT,
        decimal_places=2,
    )
    cap = forms.IntegerField(
        label=gettext_lazy("At most"), min_value=1, max_value=definitions.MAX_CAP
    )
    half_life = forms.IntegerField(
        label=gettext_lazy("Counts half after days"),
        required=False,
        min_value=1,
        max_value=definitions.MAX_HALF_LIFE,
    )
    field = forms.CharField(
        label=gettext_lazy("Field to add up"), required=False, max_length=100
    )
    group = forms.ChoiceField(label=gettext_lazy("Only in the group"), required=False)
    more = forms.CharField(required=False, max_length=4_000, widget=forms.HiddenInput)

    def __init__(
        self,
        *args: Any,
        kinds: list[tuple[str, str]],
        groups: list[tuple[str, str]],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        shown: Any = self.fields
        chosen = self._chosen("kind")
        own = [] if chosen in dict(kinds) else [(chosen, facts.label_of(chosen))]
        shown["kind"].choices = [("", "–"), *(own if chosen else []), *kinds]
        group = self._chosen("group")
        kept = [(group, group)] if group and group not in dict(groups) else []
        shown["group"].choices = [("", _("any group")), *kept, *groups]

    def _chosen(self, name: str) -> str:
        if self.is_bound:
            return str(self.data.get(self.add_prefix(name)) or "")
        return str(self.initial.get(name) or "")

    @property
    def has_more(self) -> bool:
        return bool(self._chosen("more"))

    @property
    def is_unfolded(self) -> bool:
        """Whether one of the fields that are seldom needed is filled in."""
        names = ("half_life", "field", "group")
        has_errors = self.is_bound and any(name in self.errors for name in names)
        return has_errors or any(self._chosen(name) for name in names)

    def to_part(self) -> dict[str, Any]:
        """The part; only after `is_valid`."""
        data = self.cleaned_data
        part: dict[str, Any] = {name: data[name] for name in ("name", "area", "by")}
        if data["by"] != TENURE:
            more = json_values.parse_or_empty(dict, data["more"])
            same = more.pop("kind", data["kind"]) == data["kind"]
            part |= {"kind": data["kind"], **(more if same else {})}
            where = part.get("where") or {}
            if data["group"] and isinstance(where, dict):
                where = where | {"group": [data["group"]]}
            part |= {"where": where} if where else {}
            part["within"] = f"{data['within']}d" if data["within"] else None
        if data["by"] == SUM:
            part["field"] = data["field"]
        part |= {"weight": f"{data['weight']:f}", "cap": data["cap"]}
        # What a hidden field still has from another measure is not an error.
        if data["half_life"] and data["by"] in FADING:
            part["half_life"] = data["half_life"]
        return part


def to_initial(part: dict[str, Any]) -> dict[str, Any]:
    """The values of the fields of a part."""
    names = ("name", "area", "by", "kind", "weight", "cap", "half_life", "field")
    initial = {name: part[name] for name in names if name in part}
    initial["within"] = str(part.get("within") or "").removesuffix("d")
    kept = {name: part[name] for name in KEPT if name in part}
    where = dict(kept.get("where") or {})
    group = where.get("group")
    keys = [group] if isinstance(group, str) else group or []
    if len(keys) == 1:
        initial["group"] = keys[0]
        del where["group"]
    kept = {**kept, "where": where} if where else kept
    if not where:
        kept.pop("where", None)
    if kept:
        kept["kind"] = part["kind"]
        initial["more"] = json.dumps(kept, ensure_ascii=False)
    return initial


class NameForm(forms.Form):
    name = forms.CharField(
        label=gettext_lazy("Name of the score"), max_length=definitions.MAX_NAME
    )


PartFormSet = forms.formset_factory(
    PartForm,
    extra=EXTRA_PARTS,
    can_delete=True,
    max_num=definitions.MAX_PARTS,
    absolute_max=definitions.MAX_PARTS,
    validate_max=True,
)


class ScoreForm:
    """The name and the parts of a score; `spec` is what valid fields stand for."""

    def __init__(
        self,
        data: Any = None,
        *,
        staff: Staff,
        name: str = "",
        spec: dict[str, Any] | None = None,
    ) -> None:
        self.name = NameForm(data, initial={"name": name})
        parts = [] if spec is None else spec["parts"]
        groups = visibility.list_visible(staff).order_by("name", "pk")
        self.parts = PartFormSet(
            data,
            initial=[to_initial(part) for part in parts],
            prefix="parts",
            form_kwargs={
                "kinds": list_kinds(staff),
                "groups": list(groups.values_list("key", "name")[:MAX_GROUPS]),
            },
        )
        self.errors: list[str] = []

    def is_valid(self) -> bool:
        is_named, has_parts = self.name.is_valid(), self.parts.is_valid()
        self.errors += [str(error) for error in self.parts.non_form_errors()]
        return is_named and has_parts

    @property
    def title(self) -> str:
        return str(self.name.cleaned_data["name"])

    def spec(self) -> dict[str, Any]:
        forms_with_data = [
            form
            for form in self.parts.forms
            if form.has_changed() or form.initial
            if not form.cleaned_data.get("DELETE")
        ]
        return {"parts": [form.to_part() for form in forms_with_data]}


def list_kinds(staff: Staff) -> list[tuple[str, str]]:
    """The kinds of facts of the community, and those of ready-made scores."""
    known = set(audiences.list_fact_kinds(staff.community))
    for score in presets.PRESETS.values():
        known |= {part["kind"] for part in score.parts if "kind" in part}
    labelled = ((kind, facts.label_of(kind)) for kind in known)
    return sorted(labelled, key=lambda choice: choice[1])
