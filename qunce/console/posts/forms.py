"""The form for a post that a member sent to staff elsewhere."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy, pgettext_lazy

from qunce.activities.posts.models import MAX_PRODUCT, MAX_RATING, MAX_TEXT, Use
from qunce.console.moments import MomentField
from qunce.console.outreach import forms as campaign_forms

RECEIVED = gettext_lazy("Consents received")


class ReceivedField(MomentField):
    """When staff received a consent."""

    def __init__(self, **fields: Any) -> None:
        super().__init__(
            input_formats=[campaign_forms.MINUTE_FORMAT, "%Y-%m-%d %H:%M"],
            widget=campaign_forms.MinuteInput,
            **fields,
        )


class PicturesInput(forms.ClearableFileInput):
    allow_multiple_selected = True


class PostForm(forms.Form):
    """Pictures are read from the request, as they are several."""

    member = forms.CharField(
        label=pgettext_lazy("post", "Author"),
        max_length=200,
        help_text=gettext_lazy("Name, phone or number of a member"),
    )
    text = forms.CharField(
        label=gettext_lazy("Text"),
        # Line breaks of a form are two characters.
        max_length=2 * MAX_TEXT,
        widget=forms.Textarea(attrs={"rows": 6}),
    )
    product = forms.CharField(
        label=pgettext_lazy("post", "Product"), max_length=MAX_PRODUCT, required=False
    )
    rating = forms.ChoiceField(
        label=pgettext_lazy("post", "Rating"),
        required=False,
        choices=[("", "–"), *((str(n), str(n)) for n in range(MAX_RATING, 0, -1))],
    )
    uses = forms.MultipleChoiceField(
        label=gettext_lazy("The author consents to"),
        choices=Use.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy(
            "Only what the member has said to you. You confirm it with your name."
        ),
    )
    received_at = ReceivedField(
        label=RECEIVED,
        required=False,
        help_text=gettext_lazy("When the member said it; now if it is empty."),
    )


class ConfirmForm(forms.Form):
    """Consents that staff received later."""

    uses = forms.MultipleChoiceField(
        label=gettext_lazy("The author consents to"),
        choices=Use.choices,
        widget=forms.CheckboxSelectMultiple,
    )
    received_at = ReceivedField(label=RECEIVED)
