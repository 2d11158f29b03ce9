"""Forms of the inbox: its settings, and automatic replies."""

from __future__ import annotations

from datetime import time
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from qunce.console import http
from qunce.groups import visibility as group_visibility
from qunce.outreach.content import templates
from qunce.outreach.replies import reply_rules, reply_settings
from qunce.outreach.replies.models import MAX_RULE_NAME, Match, ReplyRule
from qunce.outreach.replies.reply_settings import Settings


def split_words(text: str) -> list[str]:
    return text.replace("，", ",").replace("、", ",").replace("\n", ",").split(",")


class SettingsForm(forms.Form):
    answer_minutes = forms.IntegerField(
        label=gettext_lazy("Minutes to answer"),
        min_value=1,
        max_value=reply_settings.MAX_MINUTES,
        help_text=gettext_lazy("Where the style of service of a member sets no other."),
    )
    assigns_in_turn = forms.BooleanField(
        label=gettext_lazy("Members without staff in charge go to all staff in turn"),
        required=False,
        help_text=gettext_lazy("Otherwise they wait until somebody takes them."),
    )
    mention_words = forms.CharField(
        label=gettext_lazy("Names by which members call us in groups"),
        required=False,
        max_length=4_000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy(
            "Without the @, separated by commas. Calls of staff accounts count anyway."
        ),
    )

    def __init__(self, data: Any = None, *, settings: Settings) -> None:
        super().__init__(
            data,
            initial={
                "answer_minutes": settings.answer_minutes,
                "assigns_in_turn": settings.assigns_in_turn,
                "mention_words": "，".join(settings.mention_words),
            },
        )

    def to_arguments(self) -> dict[str, Any]:
        values = dict(self.cleaned_data)
        values["mention_words"] = split_words(values["mention_words"])
        return values


def _hour(label: Any) -> forms.TimeField:
    widget = forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
    return forms.TimeField(label=label, required=False, widget=widget)


class RuleForm(forms.Form):
    name = forms.CharField(
        label=reply_rules.LABELS["name"], max_length=2 * MAX_RULE_NAME
    )
    match = forms.ChoiceField(
        label=reply_rules.LABELS["match"],
        choices=Match.choices,
        widget=forms.RadioSelect,
        initial=Match.CONTAINS,
    )
    words = forms.CharField(
        label=reply_rules.LABELS["words"],
        max_length=4_000,
        help_text=gettext_lazy("Separated by commas."),
    )
    text = forms.CharField(
        label=reply_rules.LABELS["text"],
        max_length=2 * templates.MAX_LENGTH,
        widget=forms.Textarea(attrs={"rows": 5}),
    )
    in_direct = forms.BooleanField(
        label=reply_rules.LABELS["in_direct"], required=False, initial=True
    )
    in_groups = forms.BooleanField(
        label=reply_rules.LABELS["in_groups"], required=False, initial=True
    )
    groups = forms.TypedMultipleChoiceField(
        label=reply_rules.LABELS["groups"],
        coerce=int,
        required=False,
        widget=forms.SelectMultiple(attrs={"size": 5}),
        help_text=gettext_lazy(
            "If none is chosen, any group fits. Ctrl chooses several."
        ),
    )
    hour_from = _hour(reply_rules.LABELS["hour_from"])
    hour_until = _hour(reply_rules.LABELS["hour_until"])
    member_pause = forms.IntegerField(
        label=reply_rules.LABELS["member_pause"],
        min_value=0,
        max_value=reply_rules.MAX_PAUSE,
        initial=10,
    )
    group_pause = forms.IntegerField(
        label=reply_rules.LABELS["group_pause"],
        min_value=0,
        max_value=reply_rules.MAX_PAUSE,
        initial=1,
    )
    per_hour = forms.IntegerField(
        label=reply_rules.LABELS["per_hour"],
        min_value=1,
        max_value=reply_rules.MAX_PER_HOUR,
        initial=30,
    )

    def __init__(
        self, request: http.Request, data: Any = None, *, rule: ReplyRule | None = None
    ) -> None:
        super().__init__(data, initial=_initial(rule) if rule else None)
        groups = group_visibility.list_visible(request.staff).exclude(state="dead")
        fields = dict[str, Any](self.fields)
        fields["groups"].choices = list(groups.values_list("pk", "name"))

    def to_arguments(self) -> dict[str, Any]:
        values = dict(self.cleaned_data)
        values["words"] = split_words(values["words"])
        for name in ("hour_from", "hour_until"):
            hour = values[name]
            values[name] = None if hour is None else hour.hour * 60 + hour.minute
        return values


def _initial(rule: ReplyRule) -> dict[str, Any]:
    values = {name: getattr(rule, name) for name in reply_rules.FIELDS}
    for name in ("hour_from", "hour_until"):
        minute = values[name]
        values[name] = None if minute is None else time(minute // 60, minute % 60)
    return values | {"words": "，".join(rule.words)}
