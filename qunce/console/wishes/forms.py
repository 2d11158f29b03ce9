"""The form of a wish."""

from __future__ import annotations

from typing import Any

from django import forms

from qunce.groups.wishes import wishes
from qunce.groups.wishes.models import MAX_TEXT, MAX_TITLE, Kind, Wish


class WishForm(forms.Form):
    kind = forms.ChoiceField(label=wishes.LABELS["kind"], choices=Kind.choices)
    title = forms.CharField(label=wishes.LABELS["title"], max_length=2 * MAX_TITLE)
    text = forms.CharField(
        label=wishes.LABELS["text"],
        # Line breaks of a form are two characters.
        max_length=2 * MAX_TEXT,
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    answer = forms.CharField(
        label=wishes.LABELS["answer"],
        max_length=2 * MAX_TEXT,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def __init__(self, data: Any = None, *, wish: Wish | None = None) -> None:
        names = ("kind", "title", "text", "answer")
        initial = {name: getattr(wish, name) for name in names} if wish else None
        super().__init__(data, initial=initial)
        if wish is None:
            del self.fields["answer"]
