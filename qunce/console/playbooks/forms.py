"""The form of what a playbook is besides its steps: entry, re-entry, exits, conditions."""

from __future__ import annotations

import json
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.console.playbooks import fields
from qunce.console.playbooks.choices import Choices, with_empty
from qunce.outreach.playbooks import entries, questions, reentry
from qunce.outreach.playbooks.definitions import Checked, Definition, Subject
from qunce.outreach.playbooks.entries import (
    CalendarEntry,
    DateEntry,
    FactEntry,
    FoundingEntry,
    LayerEntry,
    SegmentEntry,
    SizeEntry,
)
from qunce.outreach.playbooks.working_days import Only

ENTRIES: list[tuple[str, Any]] = [
    *dict.fromkeys(
        (kind.on, kind.label) for kind in (*entries.OF_MEMBERS, *entries.OF_GROUPS)
    )
]


class SettingsForm(fields.CalendarForm):
    """Fields of entries that are not chosen are ignored."""

    field_order = (
        "name",
        "on",
        "fact",
        "where",
        "key",
        "segment",
        "layer",
        "attribute",
        "yearly",
        "lunar",
        "members",
    )

    name = forms.CharField(label=gettext_lazy("Name"), max_length=80)
    on = forms.ChoiceField(
        label=gettext_lazy("Begins when"), choices=ENTRIES, widget=forms.RadioSelect
    )
    fact = forms.ChoiceField(label=gettext_lazy("Event"), required=False)
    where = forms.CharField(
        label=gettext_lazy("Only with these values"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=gettext_lazy("One field per line, such as: shop = north"),
    )
    key = forms.CharField(
        label=gettext_lazy("Field that distinguishes runs"),
        required=False,
        max_length=40,
        help_text=gettext_lazy("For one run per key, such as: order"),
    )
    segment = forms.ChoiceField(label=gettext_lazy("Segment"), required=False)
    layer = forms.ChoiceField(label=gettext_lazy("Layer"), required=False)
    attribute = forms.ChoiceField(label=gettext_lazy("Date"), required=False)
    yearly = forms.BooleanField(
        label=gettext_lazy("Each year"), required=False, initial=True
    )
    lunar = forms.BooleanField(
        label=gettext_lazy("By the lunar calendar"), required=False
    )
    members = forms.IntegerField(
        label=gettext_lazy("Members of the group"),
        required=False,
        min_value=1,
        max_value=1_000_000,
        initial=100,
    )
    offset = forms.IntegerField(
        label=gettext_lazy("Days later (before it with a minus)"),
        required=False,
        min_value=-entries.MAX_OFFSET,
        max_value=entries.MAX_OFFSET,
        initial=0,
    )
    time = fields.time_field(gettext_lazy("At"))
    again = forms.ChoiceField(
        label=gettext_lazy("Again"),
        choices=reentry.Mode.choices,
        widget=forms.RadioSelect,
    )
    again_days = forms.IntegerField(
        label=gettext_lazy("Days until they may enter again"),
        required=False,
        min_value=0,
        max_value=reentry.MAX_DAYS,
        initial=30,
    )
    exits = forms.MultipleChoiceField(
        label=gettext_lazy("Ends immediately when"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    condition = forms.ChoiceField(
        label=gettext_lazy("Only members in the segment"), required=False
    )
    checked = forms.ChoiceField(
        label=gettext_lazy("Checked"),
        choices=Checked.choices,
        initial=Checked.ENTRY,
        required=False,
    )
    grace_minutes = forms.IntegerField(
        label=gettext_lazy("Minutes to wait for the condition at the start"),
        min_value=0,
        initial=30,
    )
    late_hours = forms.IntegerField(
        label=gettext_lazy("Ignore events older than this many hours"),
        min_value=0,
        initial=24,
    )
    lane = forms.CharField(
        label=gettext_lazy("Lane"),
        required=False,
        max_length=40,
        help_text=gettext_lazy(
            "A member is in one playbook of a lane only; the lowest rank wins."
        ),
    )
    rank = forms.IntegerField(
        label=gettext_lazy("Rank in the lane"), min_value=0, max_value=100, initial=0
    )
    only = forms.ChoiceField(label=gettext_lazy("Acts"), choices=Only.choices)
    skipped = forms.CharField(
        label=gettext_lazy("Dates to leave out"), required=False, max_length=5_000
    )

    def __init__(self, choices: Choices, data: Any = None, *, name: str = "") -> None:
        self.definition = choices.definition
        initial = {"name": name, **_initial(choices.definition)}
        super().__init__(data, initial=initial)
        self._offer(choices)

    def _offer(self, choices: Choices) -> None:
        of_groups = self.definition.subject == Subject.GROUP
        chosen = entries.OF_GROUPS if of_groups else entries.OF_MEMBERS
        labels = [(kind.on, kind.label) for kind in chosen]
        rules = [
            (json.dumps(questions.segment_rule(key)), label)
            for key, label in choices.segments
        ]
        known = {value for value, _label in rules}
        for condition in self.definition.conditions[:1]:
            text = json.dumps(condition.rule)
            if text not in known:
                rules.append((text, _("the rule as it is")))
        exits = [(json.dumps({"fact": k}), label) for k, label in choices.fact_kinds]
        for match in self.definition.exits:
            if match.where:
                exits.append((json.dumps(match.to_json()), match.phrase()))
        offered = {
            "on": labels,
            "fact": with_empty(choices.fact_kinds),
            "segment": with_empty(choices.segments),
            "layer": with_empty(choices.layers),
            "attribute": with_empty(choices.dates),
            "exits": exits,
            "condition": [("", _("everybody")), *rules],
        }
        for name, pairs in offered.items():
            field: Any = self.fields[name]
            field.choices = pairs
        if of_groups:
            for name in ("condition", "checked", "grace_minutes", "lane", "rank"):
                del self.fields[name]

    def clean_where(self) -> dict[str, str]:
        return dict(fields.parse_where(self.cleaned_data["where"]))

    def to_json(self) -> dict[str, Any]:
        """The definition with the fields of the form, and the steps as they are."""
        values, old = self.cleaned_data, self.definition.to_json()
        new = {
            "entry": self._entry(),
            "again": {"mode": values["again"], "days": values["again_days"] or 0},
            "exit": [json.loads(text) for text in values["exits"]],
            "late_hours": values["late_hours"],
            "only": values["only"],
            "except": fields.split(values["skipped"]),
        }
        if "condition" in self.fields:
            first = values["condition"]
            conditions = (
                [{"rule": json.loads(first), "checked": values["checked"]}]
                if first
                else []
            )
            new |= {
                # Further ones, which the form does not show, are kept.
                "conditions": [*conditions, *old["conditions"][1:]],
                "grace_minutes": values["grace_minutes"],
                "lane": {"name": values["lane"], "rank": values["rank"]},
            }
        return {**old, **new}

    def _entry(self) -> dict[str, Any]:
        values = self.cleaned_data
        on, time = values["on"], values["time"]
        at = f"{time:%H:%M}" if time else "09:00"
        if on == "fact":
            key = {"key": values["key"]} if values["key"] else {}
            return {"on": on, "fact": values["fact"], "where": values["where"], **key}
        if on == "segment":
            return {"on": on, "segment": values["segment"]}
        if on == "layer":
            layering, _bar, layer = values["layer"].partition("|")
            return {"on": on, "layering": layering, "layer": layer}
        if on == "size":
            return {"on": on, "members": values["members"] or 1}
        common = {"on": on, "time": at}
        offset = values["offset"] or 0
        if on == "founding":
            return {**common, "offset": offset}
        if on == "calendar":
            days = {**self.to_days(), "offset": offset}
            return {**common, "days": days}
        return {
            **common,
            "attribute": values["attribute"],
            "offset": offset,
            "yearly": values["yearly"],
            "lunar": values["lunar"],
        }


def _initial(definition: Definition) -> dict[str, Any]:
    condition = definition.conditions[0] if definition.conditions else None
    return {
        **_entry_initial(definition.entry),
        "again": definition.again.mode,
        "again_days": definition.again.days or 30,
        "exits": [json.dumps(match.to_json()) for match in definition.exits],
        "condition": json.dumps(condition.rule) if condition else "",
        "checked": condition.checked if condition else Checked.ENTRY,
        "grace_minutes": definition.grace_minutes,
        "late_hours": definition.late_hours,
        "lane": definition.lane.name,
        "rank": definition.lane.rank,
        "only": definition.days.only,
        "skipped": ", ".join(sorted(d.isoformat() for d in definition.days.except_for)),
    }


def _entry_initial(entry: entries.Entry) -> dict[str, Any]:
    values: dict[str, Any] = {"on": entry.on}
    if isinstance(entry, FactEntry):
        values |= {
            "fact": entry.match.kind,
            "where": fields.where_text(entry.match.where),
            "key": entry.key_field,
        }
    if isinstance(entry, SegmentEntry):
        values["segment"] = entry.segment
    if isinstance(entry, LayerEntry):
        values["layer"] = f"{entry.layering}|{entry.layer}"
    if isinstance(entry, DateEntry):
        values |= {
            "attribute": entry.attribute,
            "yearly": entry.yearly,
            "lunar": entry.lunar,
        }
    if isinstance(entry, DateEntry | FoundingEntry):
        values["offset"] = entry.offset
    if isinstance(entry, DateEntry | FoundingEntry | CalendarEntry):
        values["time"] = entry.time
    if isinstance(entry, SizeEntry):
        values["members"] = entry.members
    if isinstance(entry, CalendarEntry):
        values |= fields.CalendarForm.initial_of(entry.calendar)
        values["offset"] = entry.calendar.offset
    return values
