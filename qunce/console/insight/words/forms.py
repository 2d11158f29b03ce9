"""Forms of the pages of words: the choice of group and days, and the settings."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.core import errors
from qunce.core.staff.models import Staff
from qunce.groups import visibility
from qunce.insight.words import word_settings
from qunce.insight.words.word_settings import Settings
from qunce.members.message_texts import message_texts

DAY_INPUT = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
MAX_TEXT = 60_000


class SpanForm(forms.Form):
    group = forms.ChoiceField(label=gettext_lazy("Of"), required=False)
    first = forms.DateField(label=gettext_lazy("First day"), widget=DAY_INPUT)
    last = forms.DateField(label=gettext_lazy("Last day"), widget=DAY_INPUT)

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
            ("", _("all groups")),
            *((str(pk), name) for pk, name in groups.values_list("pk", "name")),
        ]

    def span(self) -> dict[str, Any]:
        """The arguments of `topics.compute`; raises Invalid for a field that is not valid."""
        if not self.is_valid():
            name, messages = next(iter(self.errors.items()))
            raise errors.Invalid(f"{self[name].label}: {messages[0]}")
        data = self.cleaned_data
        group = self.group_keys[int(data["group"])] if data["group"] else None
        return {"first": data["first"], "last": data["last"], "group": group}


class SettingsForm(forms.Form):
    brands = forms.CharField(
        label=gettext_lazy("Brands"),
        required=False,
        max_length=MAX_TEXT,
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text=gettext_lazy(
            "One a line, as “Name: word, word”. A * before the name marks your own brand."
        ),
    )
    stop_words = forms.CharField(
        label=gettext_lazy("Words that are left out"),
        required=False,
        max_length=MAX_TEXT,
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text=gettext_lazy(
            "Separated by spaces or lines. Common words of Chinese and English are left"
            " out already."
        ),
    )

    @classmethod
    def of(cls, settings: Settings) -> SettingsForm:
        return cls(
            initial={
                "brands": word_settings.format_brands(settings.brands),
                "stop_words": "\n".join(settings.stop_words),
            }
        )


class RetentionForm(forms.Form):
    days = forms.IntegerField(
        label=gettext_lazy("Days for which texts are kept"),
        min_value=message_texts.MIN_RETENTION,
        max_value=message_texts.MAX_RETENTION,
        help_text=gettext_lazy(
            "Older texts are deleted within the hour. The counts of their words stay,"
            " without who said them."
        ),
    )
