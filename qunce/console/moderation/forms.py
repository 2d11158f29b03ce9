"""Forms of moderation: rules, ladders, limits, pasted messages, mass actions."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from qunce.console import http
from qunce.core import label_texts
from qunce.groups import visibility as group_visibility
from qunce.groups.moderation.judgements import pasted_messages
from qunce.groups.moderation.ladders import ladders
from qunce.groups.moderation.models import Ladder, Mode, ModerationSettings, Rule, Rung
from qunce.groups.moderation.moderation_settings import LABELS, LIMITS
from qunce.groups.moderation.rules import conditions
from qunce.groups.moderation.staff_decisions import mass_actions
from qunce.groups.moderation.staff_decisions.appeals import MAX_ANSWER
from qunce.members.layers import layers
from qunce.members.segments import segments

KEEP = "keep"
"""The choice of members that was set through the API and matches no choice."""
MAX_RUNGS_SHOWN = 6


class RuleForm(forms.Form):
    name = forms.CharField(label=gettext_lazy("Name"), max_length=80)
    ladder = forms.ChoiceField(label=gettext_lazy("Ladder"), required=False)
    groups = forms.MultipleChoiceField(
        label=gettext_lazy("Only these groups"),
        required=False,
        widget=forms.SelectMultiple(attrs={"size": 5}),
        help_text=gettext_lazy(
            "If none is chosen, it holds in every group. Ctrl chooses several."
        ),
    )
    newcomer_days = forms.IntegerField(
        label=gettext_lazy("Only newcomers of up to … days"),
        required=False,
        min_value=1,
        max_value=conditions.MAX_NEWCOMER_DAYS,
        help_text=gettext_lazy("Days in the group. Empty for everybody."),
    )
    hour_from = forms.TimeField(
        label=gettext_lazy("Only from"),
        required=False,
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
    )
    hour_until = forms.TimeField(
        label=pgettext_lazy("hour", "until"),
        required=False,
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
        help_text=gettext_lazy("They may span midnight."),
    )
    members = forms.ChoiceField(label=gettext_lazy("Only members"), required=False)
    text = forms.CharField(
        label=gettext_lazy("Try it on these messages"),
        required=False,
        max_length=10_000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=gettext_lazy(
            "One a line, or as the chat copies them. Nothing is saved or done."
        ),
    )
    days = forms.TypedChoiceField(
        label=gettext_lazy("Try it on the messages of the last"),
        coerce=int,
        choices=[
            (7, gettext_lazy("7 days")),
            (14, gettext_lazy("14 days")),
            (30, gettext_lazy("30 days")),
        ],
        initial=14,
        required=False,
    )
    despite_own_texts = forms.BooleanField(
        label=gettext_lazy("Save it although it hits our own texts"), required=False
    )

    def __init__(
        self, request: http.Request, data: Any = None, *, rule: Rule | None = None
    ) -> None:
        super().__init__(data, initial={} if rule is None else _initial(rule))
        self.request, self.rule = request, rule
        fields = dict[str, Any](self.fields)
        groups = group_visibility.list_visible(request.staff).exclude(state="dead")
        fields["groups"].choices = list(groups.values_list("key", "name"))
        fields["ladder"].choices = [
            (row.key, row.name) for row in ladders.list_all(request.staff)
        ] or [("", _("Standard"))]
        fields["members"].choices = self._members()

    def _members(self) -> list[tuple[str, Any]]:
        community = self.request.community
        found: list[tuple[str, Any]] = [("", _("everyone"))]
        stored = self.rule.conditions.get("members") if self.rule else None
        if choice_of(stored) == KEEP:
            found.append((KEEP, _("as set through the API")))
        found += [
            (f"segment:{segment.key}", segment.name)
            for segment in segments.list_active(community)
        ]
        return found + [
            (
                f"layer:{layering.key}:{layer['key']}",
                label_texts.with_label(
                    layering.name, layer.get("name") or layer["key"]
                ),
            )
            for layering in layers.list_active(community)
            for layer in layering.spec["layers"]
        ]

    def conditions(self) -> dict[str, Any]:
        """The conditions as the verbs take them."""
        values = self.cleaned_data
        wanted: dict[str, Any] = {
            "groups": values["groups"],
            "newcomer_days": values["newcomer_days"],
            "members": self._rule_of_members(values["members"]),
        }
        begin, end = values["hour_from"], values["hour_until"]
        if begin is not None or end is not None:
            wanted["hours"] = [
                "" if each is None else each.strftime("%H:%M") for each in (begin, end)
            ]
        return {name: value for name, value in wanted.items() if value}

    def _rule_of_members(self, choice: str) -> Any:
        if choice == KEEP and self.rule is not None:
            return self.rule.conditions.get("members")
        kind, _colon, rest = choice.partition(":")
        if kind == "segment":
            return {"segment": {"any": [rest]}}
        if kind == "layer":
            layering, _colon, layer = rest.rpartition(":")
            return {"layer": {"of": layering, "in": [layer]}}
        return None

    def find_ladder(self) -> Ladder | None:
        key = self.cleaned_data["ladder"]
        return ladders.get(by=self.request.staff, key=key) if key else None


def choice_of(rule: Any) -> str:
    """The choice of a rule over members, KEEP if there is none for it."""
    match rule:
        case None:
            return ""
        case {"segment": {"any": [str(key)]}}:
            return f"segment:{key}"
        case {"layer": {"of": str(layering), "in": [str(layer)]}}:
            return f"layer:{layering}:{layer}"
    return KEEP


def _initial(rule: Rule) -> dict[str, Any]:
    hours = rule.conditions.get("hours") or [None, None]
    return {
        "name": rule.name,
        "ladder": rule.ladder.key,
        "groups": rule.conditions.get("groups", []),
        "newcomer_days": rule.conditions.get("newcomer_days"),
        "hour_from": hours[0],
        "hour_until": hours[1],
        "members": choice_of(rule.conditions.get("members")),
    }


class LadderForm(forms.Form):
    name = forms.CharField(label=gettext_lazy("Name"), max_length=80)
    decay = forms.ChoiceField(
        label=gettext_lazy("Strikes"),
        choices=[
            ("after", gettext_lazy("decay after some days")),
            ("never", gettext_lazy("never decay")),
        ],
        initial="after",
    )
    window_days = forms.IntegerField(
        label=gettext_lazy("Days until a strike decays"),
        required=False,
        min_value=1,
        max_value=ladders.MAX_WINDOW_DAYS,
        initial=30,
    )

    def __init__(self, data: Any = None, *, ladder: Ladder | None = None) -> None:
        initial = {}
        if ladder is not None:
            initial = {
                "name": ladder.name,
                "decay": "never" if ladder.window_days is None else "after",
                "window_days": ladder.window_days,
            }
        super().__init__(data, initial=initial or None)
        rungs = ladders.DEFAULT_RUNGS if ladder is None else ladder.rungs
        for index in range(MAX_RUNGS_SHOWN):
            own: Any = rungs[index] if index < len(rungs) else {}
            self.fields[f"strikes_{index}"] = forms.IntegerField(
                label=_("From strike"),
                required=False,
                min_value=1,
                max_value=ladders.MAX_STRIKES,
                initial=own.get("strikes"),
            )
            self.fields[f"rung_{index}"] = forms.ChoiceField(
                label=_("What follows"),
                required=False,
                choices=[("", "—"), *Rung.choices],
                initial=own.get("rung"),
            )
            self.fields[f"minutes_{index}"] = forms.IntegerField(
                label=_("Minutes of a mute"),
                required=False,
                min_value=1,
                max_value=ladders.MAX_MINUTES,
                initial=own.get("minutes"),
            )

    def rows(self) -> list[tuple[Any, Any, Any]]:
        """The fields of each rung."""
        return [
            (self[f"strikes_{i}"], self[f"rung_{i}"], self[f"minutes_{i}"])
            for i in range(MAX_RUNGS_SHOWN)
        ]

    def to_arguments(self) -> dict[str, Any]:
        values = self.cleaned_data
        rungs = []
        for index in range(MAX_RUNGS_SHOWN):
            rung = {
                "strikes": values[f"strikes_{index}"],
                "rung": values[f"rung_{index}"],
                "minutes": values[f"minutes_{index}"],
            }
            if rung["rung"] or rung["strikes"] is not None:
                rungs.append(
                    {name: value for name, value in rung.items() if value is not None}
                )
        never = values["decay"] == "never"
        return {
            "name": values["name"],
            "window_days": None if never else values["window_days"] or 0,
            "rungs": rungs,
        }


MOST_LABELS = {
    "max_per_minute": gettext_lazy("At most so many a minute"),
    "max_percent": gettext_lazy("At most so many percent of its members"),
}
"""Of the number beside the word “at most”."""


class SettingsForm(forms.Form):
    """Limits as words: off, or at most a number."""

    mode = forms.ChoiceField(
        label=gettext_lazy("Rules may at most"), choices=Mode.choices
    )
    sends_notices = forms.BooleanField(
        label=gettext_lazy("Send members a notice of what was done and how to object"),
        required=False,
    )

    def __init__(self, row: ModerationSettings, data: Any = None) -> None:
        initial: dict[str, Any] = {
            "mode": row.mode,
            "sends_notices": row.sends_notices,
        }
        for name in LIMITS:
            value = getattr(row, name)
            initial[name] = value
            initial[f"{name}_word"] = "off" if value is None else "at_most"
        super().__init__(data, initial=initial)
        for name, (least, most) in LIMITS.items():
            if name in ("max_per_minute", "max_percent"):
                self.fields[f"{name}_word"] = forms.ChoiceField(
                    label=LABELS[name],
                    choices=[
                        ("off", pgettext_lazy("limit", "off")),
                        ("at_most", pgettext_lazy("limit", "at most")),
                    ],
                )
            is_word = f"{name}_word" in self.fields
            self.fields[name] = forms.IntegerField(
                label=MOST_LABELS[name] if is_word else LABELS[name],
                required=False,
                min_value=least,
                max_value=most,
            )

    def to_arguments(self) -> dict[str, Any]:
        values = dict(self.cleaned_data)
        for name in ("max_per_minute", "max_percent"):
            if values.pop(f"{name}_word") == "off":
                values[name] = None
            elif values[name] is None:
                values[name] = 0
        return values


def _list_groups(request: http.Request) -> list[tuple[Any, str]]:
    """The choices of a group; of many, the first would be chosen by mistake."""
    groups = group_visibility.list_visible(request.staff).exclude(state="dead")
    found: list[tuple[Any, str]] = list(
        groups.order_by("name").values_list("pk", "name")
    )
    return found if len(found) == 1 else [("", _("Choose a group")), *found]


class PasteForm(forms.Form):
    group = forms.TypedChoiceField(label=gettext_lazy("Group"), coerce=int)
    text = forms.CharField(
        label=gettext_lazy("Messages"),
        max_length=pasted_messages.MAX_PASTED,
        widget=forms.Textarea(attrs={"rows": 8}),
        help_text=gettext_lazy(
            "Paste what you copied from the chat, with names if it has them. "
            "Without names, leave an empty line between messages."
        ),
    )
    name = forms.CharField(
        label=gettext_lazy("Nickname, if the text has none"),
        required=False,
        max_length=60,
    )

    def __init__(
        self, request: http.Request, data: Any = None, *, group: int | None = None
    ) -> None:
        given = request.GET.get("group", "") if group is None else group
        super().__init__(data, initial={"group": given})
        field: Any = self.fields["group"]
        field.choices = _list_groups(request)


class AnswerForm(forms.Form):
    answer = forms.CharField(
        label=gettext_lazy("Answer"),
        max_length=MAX_ANSWER,
        widget=forms.Textarea(attrs={"rows": 2}),
    )


class MassActionForm(forms.Form):
    group = forms.TypedChoiceField(label=gettext_lazy("Group"), coerce=int)
    kind = forms.ChoiceField(
        label=gettext_lazy("What is done"),
        choices=[
            (key, label)
            for key, label in mass_actions.KINDS.items()
            if key != mass_actions.UNDO
        ],
    )
    minutes = forms.IntegerField(
        label=gettext_lazy("Minutes of a mute"),
        required=False,
        min_value=1,
        max_value=ladders.MAX_MINUTES,
    )
    keys = forms.CharField(
        label=gettext_lazy("Members"),
        max_length=50_000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy(
            "Keys, phone numbers or e-mail addresses, one per line or separated by commas."
        ),
    )
    reason = forms.CharField(
        label=gettext_lazy("Reason"), max_length=mass_actions.MAX_REASON
    )

    def __init__(self, request: http.Request, data: Any = None) -> None:
        super().__init__(data)
        field: Any = self.fields["group"]
        field.choices = _list_groups(request)

    def clean_keys(self) -> list[str]:
        parts = re.split(r"[,，、;；\n]", self.cleaned_data["keys"])
        return [part.strip() for part in parts if part.strip()]
