"""The forms of a series and of an episode."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from qunce.channels import channel_contract
from qunce.console import http
from qunce.console.materials import picker_views
from qunce.console.playbooks import fields
from qunce.core.staff.models import Staff
from qunce.groups import labels as group_labels
from qunce.groups import visibility as group_visibility
from qunce.groups.groups import Audience, Stage
from qunce.outreach import task_permissions
from qunce.outreach.content.materials.models import ContentType
from qunce.outreach.playbooks.working_days import Only
from qunce.outreach.series.models import Episode, Poster, Series
from qunce.outreach.series.rhythm import MAX_LABEL, MAX_SLOTS, Rhythm

LIST, FILTER = "list", "filter"
TYPES = [("", pgettext_lazy("content type", "any")), *ContentType.choices]


class SlotForm(forms.Form):
    """One time of the day; an empty time is none."""

    time = fields.time_field(gettext_lazy("At"))
    label = forms.CharField(
        label=gettext_lazy("What is posted then"), required=False, max_length=MAX_LABEL
    )
    content_type = forms.ChoiceField(
        label=gettext_lazy("Content type"), required=False, choices=TYPES
    )


SlotForms = forms.formset_factory(SlotForm, extra=1, max_num=MAX_SLOTS)


class SeriesForm(fields.CalendarForm):
    field_order = ("name",)

    name = forms.CharField(label=gettext_lazy("Name"), max_length=80)
    only = forms.ChoiceField(
        label=gettext_lazy("Of these days"), choices=Only.choices, initial=Only.ANY
    )
    skipped = forms.CharField(
        label=gettext_lazy("Dates to leave out"),
        required=False,
        max_length=8_000,
        help_text=gettext_lazy("Such as 2026-10-01, 2026-10-02."),
    )
    to = forms.ChoiceField(
        label=gettext_lazy("Groups"),
        choices=[
            (FILTER, gettext_lazy("all that match, new ones as well")),
            (LIST, gettext_lazy("these groups")),
        ],
        widget=forms.RadioSelect,
        initial=FILTER,
    )
    kinds = forms.MultipleChoiceField(
        label=gettext_lazy("Kinds"), required=False, widget=forms.CheckboxSelectMultiple
    )
    audiences = forms.MultipleChoiceField(
        label=gettext_lazy("For"),
        required=False,
        choices=Audience.choices,
        widget=forms.CheckboxSelectMultiple,
    )
    stages = forms.MultipleChoiceField(
        label=gettext_lazy("Stages"),
        required=False,
        choices=[each for each in Stage.choices if each[0] != Stage.DEAD],
        widget=forms.CheckboxSelectMultiple,
    )
    groups = forms.TypedMultipleChoiceField(
        label=gettext_lazy("These groups"),
        required=False,
        coerce=int,
        widget=forms.CheckboxSelectMultiple,
    )
    channel = forms.ChoiceField(label=gettext_lazy("Channel"))
    poster = forms.ChoiceField(
        label=gettext_lazy("Posted by hand by"), choices=Poster.choices
    )
    staff = forms.TypedChoiceField(
        label=gettext_lazy("Person who posts where nobody else does"),
        required=False,
        coerce=int,
        empty_value=None,
    )
    late_minutes = forms.IntegerField(
        label=gettext_lazy("Late after so many minutes"),
        min_value=1,
        max_value=1440,
        initial=30,
    )
    window_minutes = forms.IntegerField(
        label=gettext_lazy("Not posted any more after so many minutes"),
        min_value=15,
        max_value=1440,
        initial=240,
    )

    def __init__(
        self, request: http.Request, data: Any = None, *, series: Series | None = None
    ) -> None:
        super().__init__(data, initial=_initial(series, request.staff))
        fields_of: Any = self.fields
        groups = group_visibility.list_visible(request.staff).exclude(state=Stage.DEAD)
        fields_of["groups"].choices = list(groups.values_list("pk", "name"))
        kinds = groups.exclude(kind="").order_by("kind").values_list("kind", flat=True)
        fields_of["kinds"].choices = [
            (kind, group_labels.label_of(group_labels.KINDS, kind))
            for kind in dict.fromkeys(kinds)
        ]
        if request.staff.groups is not None:
            # They see only some groups, so a filter might match others.
            fields_of["to"].choices = fields_of["to"].choices[1:]
        fields_of["channel"].choices = [
            (each.name, each.label)
            for each in channel_contract.list_channels(request.community.pk)
            if each.capabilities.to_group
        ]
        able = task_permissions.list_assignable_staff(request.community)
        fields_of["staff"].choices = [
            ("", _("nobody")),
            *((each.pk, each.name) for each in able),
        ]

    def to_arguments(self, slots: list[dict[str, Any]]) -> dict[str, Any]:
        """The arguments of `series.create` and `series.update`."""
        values = self.cleaned_data
        is_filter = values["to"] == FILTER
        names = ("kinds", "audiences", "stages")
        chosen = {name: values[name] for name in names if values[name]}
        able = values["staff"]
        return {
            "name": values["name"],
            "rhythm": {
                "days": self.to_days(),
                "slots": slots,
                "only": values["only"],
                "except": fields.split(values["skipped"]),
            },
            "group_filter": chosen if is_filter else None,
            "groups": [] if is_filter else values["groups"],
            "channel": values["channel"],
            "poster": values["poster"],
            "staff": None if able is None else Staff.objects.get(pk=able),
            "late_minutes": values["late_minutes"],
            "window_minutes": values["window_minutes"],
        }


def slots_of(forms_of: Any) -> list[dict[str, Any]]:
    """The times of the day of a valid formset."""
    return [
        {
            "time": f"{row.cleaned_data['time']:%H:%M}",
            "label": row.cleaned_data["label"],
            "content_type": row.cleaned_data["content_type"],
        }
        for row in forms_of
        if row.cleaned_data.get("time") is not None
    ]


def initial_slots(rhythm: Rhythm) -> list[dict[str, Any]]:
    return [
        {"time": s.time, "label": s.label, "content_type": s.content_type}
        for s in rhythm.slots
    ]


def _initial(series: Series | None, staff: Staff) -> dict[str, Any]:
    if series is None:
        return {
            "weekdays": [0, 1, 2, 3, 4],
            "staff": staff.pk,
            "poster": Poster.OWNER,
            "to": FILTER if staff.groups is None else LIST,
        }
    rhythm = series.parse_rhythm()
    left_out = sorted(day.isoformat() for day in rhythm.allowed.except_for)
    return {
        **SeriesForm.initial_of(rhythm.days),
        **(series.group_filter or {}),
        "name": series.name,
        "only": rhythm.allowed.only,
        "skipped": ", ".join(left_out),
        "to": LIST if series.group_filter is None else FILTER,
        "groups": series.groups,
        "channel": series.channel,
        "poster": series.poster,
        "staff": series.staff_id,
        "late_minutes": series.late_minutes,
        "window_minutes": series.window_minutes,
    }


class EpisodeForm(forms.Form):
    text = forms.CharField(
        label=gettext_lazy("Text"),
        required=False,
        strip=False,
        max_length=10_000,
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text=gettext_lazy("{group} is the name of the group."),
    )
    materials = picker_views.MaterialsField()
    content_type = forms.ChoiceField(
        label=gettext_lazy("Content type"),
        required=False,
        choices=[("", gettext_lazy("that of its material")), *ContentType.choices],
    )
    place = forms.ChoiceField(
        label=gettext_lazy("Use it"),
        required=False,
        help_text=gettext_lazy(
            "In the order of the queue, or for one occurrence only."
        ),
    )

    def __init__(
        self,
        data: Any = None,
        *,
        slots: list[tuple[str, str]],
        places: list[tuple[str, str]],
        episode: Episode | None = None,
        place: str = "",
    ) -> None:
        initial: dict[str, Any] = {"place": place}
        if episode is not None:
            initial = {
                "text": episode.text,
                "materials": episode.materials,
                "content_type": episode.content_type,
                "place": place,
            }
        super().__init__(data, initial=initial)
        choices: Any = self.fields["place"]
        choices.choices = [
            ("", _("for the next occurrence without one")),
            *slots,
            *places,
        ]
