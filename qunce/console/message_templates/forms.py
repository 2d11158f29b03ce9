"""The form of a message template: a text for each of up to four variants."""

from __future__ import annotations

from typing import Any

from django import forms
from django.forms.boundfield import BoundField
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.outreach.content import message_templates, templates
from qunce.outreach.content.message_templates import (
    LETTERS,
    MessageTemplate,
    Purpose,
    Target,
)

MAX_TEXT_SENT = templates.MAX_LENGTH * 2
"""Line breaks of a form are two characters."""


class TemplateForm(forms.Form):
    name = forms.CharField(label=gettext_lazy("Name"), max_length=80)
    purpose = forms.ChoiceField(label=gettext_lazy("Purpose"), choices=Purpose.choices)
    target = forms.ChoiceField(
        label=gettext_lazy("How it is sent"),
        choices=Target.choices,
        widget=forms.RadioSelect,
        initial=Target.MEMBERS,
    )
    notes = forms.CharField(
        label=gettext_lazy("Notes for staff"),
        required=False,
        max_length=message_templates.MAX_NOTES_LENGTH * 2,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=gettext_lazy("When and how to use it. Members never see this."),
    )

    def __init__(
        self, data: Any = None, *, template: MessageTemplate | None = None
    ) -> None:
        super().__init__(data, initial=_initial_values(template))
        for letter in LETTERS:
            self.fields[f"text_{letter}"] = forms.CharField(
                label=_("Variant %(letter)s") % {"letter": letter},
                required=False,
                strip=False,
                max_length=MAX_TEXT_SENT,
                widget=forms.Textarea(attrs={"rows": 5}),
            )

    @property
    def text_fields(self) -> list[BoundField]:
        return [self[f"text_{letter}"] for letter in LETTERS]

    @property
    def extra_count(self) -> int:
        """How many of the variants after the first have a text."""
        return sum(bool(field.value()) for field in self.text_fields[1:])

    def to_arguments(self) -> dict[str, Any]:
        """The arguments of `message_templates.create` and `update`."""
        values = {
            name: self.cleaned_data[name]
            for name in ("name", "purpose", "target", "notes")
        }
        texts = {letter: self.cleaned_data[f"text_{letter}"] for letter in LETTERS}
        return values | {"texts": texts}


def _initial_values(template: MessageTemplate | None) -> dict[str, Any]:
    if template is None:
        return {}
    names = ("name", "purpose", "target", "notes")
    return {
        **{name: getattr(template, name) for name in names},
        **{
            f"text_{letter}": version.text for letter, version in template.texts.items()
        },
    }
