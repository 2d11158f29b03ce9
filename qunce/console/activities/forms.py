"""The form of an activity: its own fields, and the settings of its kind."""

from __future__ import annotations

from typing import Any

from django import forms
from django.forms.utils import ErrorDict
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from qunce.activities.activities import fields as activity_fields
from qunce.activities.activities.kind_contract import Kind, SettingField
from qunce.activities.activities.models import (
    MAX_NAME,
    MAX_SENTENCE,
    MAX_TEXT,
    OPEN,
    Activity,
    Announcement,
)
from qunce.console import http
from qunce.console.activities.setting_rows import SettingRows, shown
from qunce.console.moments import MomentField
from qunce.console.outreach import forms as campaign_forms
from qunce.console.outreach import labels
from qunce.core import errors, money
from qunce.core.staff.models import Staff
from qunce.groups import visibility as group_visibility
from qunce.insight.goals import goals
from qunce.members.rule_text import contact_masks
from qunce.members.segments import segments
from qunce.sets.rules import tree

NONE, NO_LIMIT, AT_MOST = "none", "no_limit", "at_most"
LIMITS = (
    (NO_LIMIT, gettext_lazy("no limit")),
    (NONE, pgettext_lazy("budget", "none")),
    (AT_MOST, gettext_lazy("at most")),
)
SETTING = "setting_"
AHEAD = {Announcement.Moment.BEFORE: 60, Announcement.Moment.LAST_CALL: 30}
LABELS = activity_fields.LABELS


class ActivityForm(forms.Form):
    """`may_join` and `notified` choose everyone, a segment, or the rule it has already."""

    name = forms.CharField(label=LABELS["name"], max_length=MAX_NAME)
    text = forms.CharField(
        label=LABELS["text"],
        # Line breaks of a form are two characters.
        max_length=2 * MAX_TEXT,
        required=False,
        widget=forms.Textarea(attrs={"rows": 5}),
    )
    starts_at = MomentField(
        label=LABELS["starts_at"],
        input_formats=[campaign_forms.MINUTE_FORMAT, "%Y-%m-%d %H:%M"],
        widget=campaign_forms.MinuteInput,
    )
    ends_at = MomentField(
        label=LABELS["ends_at"],
        required=False,
        input_formats=[campaign_forms.MINUTE_FORMAT, "%Y-%m-%d %H:%M"],
        widget=campaign_forms.MinuteInput,
        help_text=gettext_lazy("Empty for an activity that you close yourself."),
    )
    may_join = forms.ChoiceField(label=LABELS["may_join"])
    may_join_rule = forms.CharField(required=False, widget=forms.HiddenInput)
    refusal = forms.CharField(
        label=LABELS["refusal"],
        max_length=MAX_SENTENCE,
        required=False,
        help_text=gettext_lazy(
            "Members who may not join read this sentence, and never the name of a tag."
        ),
    )
    notified = forms.ChoiceField(label=LABELS["notified"], required=False)
    notified_rule = forms.CharField(required=False, widget=forms.HiddenInput)
    groups = forms.TypedMultipleChoiceField(
        label=LABELS["groups"],
        coerce=int,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("None for the whole community."),
    )
    goal = forms.TypedChoiceField(
        label=LABELS["goal"], required=False, coerce=int, empty_value=None
    )
    points = forms.ChoiceField(label=LABELS["points_limit"], choices=LIMITS)
    points_limit = forms.IntegerField(
        label=pgettext_lazy("budget", "Points at most"),
        required=False,
        min_value=0,
        max_value=activity_fields.MAX_LIMIT,
    )
    money = forms.ChoiceField(label=LABELS["money_limit"], choices=LIMITS)
    money_limit = forms.CharField(
        label=gettext_lazy("Money at most"), required=False, max_length=20
    )

    def __init__(
        self,
        request: http.Request,
        kind: Kind,
        data: Any = None,
        *,
        activity: Activity | None = None,
        copied: Activity | None = None,
    ) -> None:
        self.request, self.kind, self.activity = request, kind, activity
        source = activity or copied
        super().__init__(data, initial=_initial(source, kind, request, activity))
        fields: Any = self.fields
        nobody = (campaign_forms.NONE, gettext_lazy("nobody"))
        fields["may_join"].choices = self._rule_choices("may_join")
        fields["notified"].choices = [nobody, *self._rule_choices("notified")]
        groups = group_visibility.list_visible(request.staff).exclude(state="dead")
        fields["groups"].choices = list(groups.values_list("pk", "name"))
        found = goals.list_visible(request.staff)
        fields["goal"].choices = [("", "–"), *((row.pk, str(row)) for row in found)]
        self.rows: dict[str, SettingRows] = {}
        for setting in kind.settings_form:
            if setting.type == "rows":
                self._add_rows(setting, data, source)
            else:
                field = _field_of(setting, request.staff)
                self.fields[f"{SETTING}{setting.name}"] = field
        for moment in Announcement.Moment:
            self._add_announcement(moment)
        if activity is not None and activity.state in OPEN:
            # They cannot change once members have read them.
            del self.fields["name"]

    def _rule_choices(self, name: str) -> list[tuple[str, Any]]:
        own = self[f"{name}_rule"].value()
        choices: list[tuple[str, Any]] = [
            (campaign_forms.EVERYONE, _("all members")),
            *(
                (f"{campaign_forms.SEGMENT_PREFIX}{segment.key}", segment.name)
                for segment in segments.list_active(self.request.community)
            ),
        ]
        if own:
            try:
                text = labels.describe_rule(self.request.staff, tree.parse_json(own))
            except (errors.QunceError, RecursionError):
                text = _("a rule that cannot be read")
            choices.append((campaign_forms.OWN_RULE, text[:80]))
        current = str(self.initial.get(name, ""))
        if current and current not in dict(choices):
            choices.append((current, current))
        return choices

    def _add_announcement(self, moment: Announcement.Moment) -> None:
        if moment in AHEAD:
            self.fields[f"minutes_{moment}"] = forms.IntegerField(
                label=_("Minutes ahead"),
                min_value=0,
                max_value=activity_fields.MAX_MINUTES,
                initial=AHEAD[moment],
                required=False,
            )
        self.fields[f"text_{moment}"] = forms.CharField(
            label=capfirst(moment.label),
            required=False,
            max_length=2 * MAX_TEXT,
            widget=forms.Textarea(attrs={"rows": 2}),
        )

    def _add_rows(
        self, setting: SettingField, data: Any, source: Activity | None
    ) -> None:
        stored = source.settings if source is not None else {}
        self.rows[setting.name] = SettingRows(
            setting,
            lambda column: _field_of(column, self.request.staff),
            prefix=f"{SETTING}{setting.name}",
            currency=self.request.community.currency,
            data=data,
            rows=stored.get(setting.name, setting.default or ()),
        )

    def add_empty_rows(self, name: str) -> None:
        """Show more empty rows of a setting; what is typed stays, nothing is judged."""
        self._errors = ErrorDict()
        for key, rows in self.rows.items():
            if key == name:
                rows.add_empty()
            else:
                rows._errors = ErrorDict()

    def is_valid(self) -> bool:
        are_valid = [rows.is_valid() for rows in self.rows.values()]
        return super().is_valid() and all(are_valid)

    @property
    def has_errors(self) -> bool:
        return bool(self.errors) or any(rows.errors for rows in self.rows.values())

    @property
    def settings(self) -> list[tuple[forms.BoundField | None, SettingRows | None]]:
        """The settings of the kind for the template: a field each, or rows."""
        return [
            (None, self.rows[each.name])
            if each.name in self.rows
            else (self[f"{SETTING}{each.name}"], None)
            for each in self.kind.settings_form
        ]

    @property
    def announcements(self) -> list[tuple[forms.BoundField, forms.BoundField | None]]:
        return [
            (
                self[f"text_{moment}"],
                self[f"minutes_{moment}"] if moment in AHEAD else None,
            )
            for moment in Announcement.Moment
        ]

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or {}
        for name, limit in (("points", "points_limit"), ("money", "money_limit")):
            is_empty = values.get(limit) in (None, "")
            if values.get(name) == AT_MOST and is_empty:
                self.add_error(limit, _("Give a number, or choose “no limit”."))
            elif values.get(name) in (NONE, NO_LIMIT) and not is_empty:
                self.add_error(limit, _("Choose “at most”, or remove the number."))
        if values.get("money") == AT_MOST and values.get("money_limit"):
            try:
                values["money_limit"] = money.parse_units(
                    values["money_limit"], self.request.community.currency
                )
            except errors.QunceError as error:
                self.add_error("money_limit", str(error))
        return values

    def to_arguments(self) -> dict[str, Any]:
        """The arguments of `activities.create` and `change`; raises RuleError."""
        cleaned = self.cleaned_data
        names = ("name", "text", "starts_at", "ends_at", "refusal", "groups", "goal")
        values = {name: cleaned[name] for name in names if name in self.fields}
        for name in ("may_join", "notified"):
            values[name] = campaign_forms.parse_choice(
                cleaned[name], cleaned[f"{name}_rule"]
            )
        for name, limit in (("points", "points_limit"), ("money", "money_limit")):
            chosen = {NO_LIMIT: None, NONE: 0}
            values[limit] = chosen.get(cleaned[name], cleaned[limit])
        values["settings"] = {
            each.name: self.rows[each.name].to_rows()
            if each.name in self.rows
            else _value_of(each, cleaned[f"{SETTING}{each.name}"])
            for each in self.kind.settings_form
        }
        values["announcements"] = {
            moment.value: (
                cleaned.get(f"minutes_{moment}") or 0,
                cleaned[f"text_{moment}"],
            )
            for moment in Announcement.Moment
            if cleaned[f"text_{moment}"].strip()
        }
        return values


def _field_of(setting: SettingField, by: Staff) -> forms.Field:
    common: dict[str, Any] = {
        "label": setting.label,
        "help_text": setting.help,
        "required": False,
    }
    if setting.type == "number":
        if setting.none_label:
            common["help_text"] = setting.help or _("Empty for “%(word)s”.") % {
                "word": setting.none_label
            }
        return forms.IntegerField(
            min_value=setting.least,
            max_value=setting.most,
            **common | {"required": not setting.none_label},
        )
    if setting.type == "yes_no":
        return forms.BooleanField(**common)
    if setting.type == "choice":
        choices = list(setting.list_choices(by))
        if setting.none_label:
            choices.insert(0, ("", setting.none_label))
        return forms.ChoiceField(choices=choices, **common)
    if setting.type == "choices":
        return forms.MultipleChoiceField(
            choices=list(setting.list_choices(by)),
            widget=forms.CheckboxSelectMultiple,
            **common,
        )
    if setting.type == "time":
        return MomentField(
            input_formats=[campaign_forms.MINUTE_FORMAT, "%Y-%m-%d %H:%M"],
            widget=campaign_forms.MinuteInput,
            **common,
        )
    if setting.type in ("text", "money"):
        return forms.CharField(max_length=setting.max_length, **common)
    return forms.CharField(
        max_length=50_000, widget=forms.Textarea(attrs={"rows": 4}), **common
    )


def _value_of(setting: SettingField, value: Any) -> Any:
    if setting.type in ("lines", "dates"):
        lines = str(value).replace("\r\n", "\n").split("\n")
        return [line.strip() for line in lines if line.strip()]
    if setting.type == "time" and value is None:
        return ""
    return value


def _shown(setting: SettingField, value: Any, currency: str) -> Any:
    if setting.type in ("lines", "dates"):
        return "\n".join(value)
    return shown(setting, value, currency)


def _initial(
    source: Activity | None, kind: Kind, request: http.Request, own: Activity | None
) -> dict[str, Any]:
    """The values of an activity, or of the former one that the new one copies."""
    settings = source.settings if source is not None else {}
    values: dict[str, Any] = {
        f"{SETTING}{each.name}": _shown(
            each, settings.get(each.name, each.default), request.community.currency
        )
        for each in kind.settings_form
        if each.type != "rows"
    }
    if source is None:
        return values | {"may_join": campaign_forms.EVERYONE, "notified": ""}
    for name in ("may_join", "notified"):
        rule = getattr(source, name)
        contact_masks.check_readable(rule, request.staff)
        values[name], values[f"{name}_rule"] = campaign_forms.choice_of(rule)
    for name, limit in (("points", "points_limit"), ("money", "money_limit")):
        amount = getattr(source, limit)
        values[name] = {None: NO_LIMIT, 0: NONE}.get(amount, AT_MOST)
        if amount:
            values[limit] = amount
    if source.money_limit:
        values["money_limit"] = str(
            money.to_exact_amount(source.money_limit, request.community.currency)
        )
    for row in source.announcements.all():
        values[f"text_{row.moment}"] = row.text
        values[f"minutes_{row.moment}"] = row.minutes
    values |= {
        "name": source.name,
        "text": source.text,
        "refusal": source.refusal,
        "groups": list(source.groups.values_list("pk", flat=True)),
    }
    if own is None:
        return values
    local = timezone.localtime
    return values | {
        "starts_at": local(own.starts_at),
        "ends_at": local(own.ends_at) if own.ends_at else None,
        "goal": own.goal_id,
    }


class PasteForm(forms.Form):
    group = forms.TypedChoiceField(
        label=gettext_lazy("The chat is of the group"), coerce=int
    )
    text = forms.CharField(
        label=gettext_lazy("Lines of the chat"),
        max_length=400_000,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 10}),
    )

    def __init__(
        self, request: http.Request, activity: Activity, data: Any = None
    ) -> None:
        super().__init__(data)
        groups = group_visibility.list_visible(request.staff)
        if activity.groups.exists():
            groups = groups.filter(pk__in=activity.groups.values("pk"))
        field: Any = self.fields["group"]
        field.choices = list(groups.values_list("pk", "name"))
