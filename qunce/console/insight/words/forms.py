"""Forms of the pages of words: the choice of group and days, and the settings."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy

from qunce.console.insight.span_form import SpanForm
from qunce.insight.words import word_settings
from qunce.insight.words.word_settings import Settings
from qunce.members.message_texts import message_texts

MAX_TEXT = 60_000


class WordsForm(SpanForm):
    everything = gettext_lazy("all groups")
    group = forms.ChoiceField(label=gettext_lazy("Of"), required=False)


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
