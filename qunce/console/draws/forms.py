"""Forms of a draw: its prizes, and which public value is mixed in."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from qunce.activities.draws import draws
from qunce.activities.draws.models import Draw, Source
from qunce.activities.prizes import prizes
from qunce.activities.prizes.models import PrizeStock
from qunce.console.moments import MomentField
from qunce.core.staff.models import Staff

ROWS = 6
MINUTE_FORMAT = "%Y-%m-%dT%H:%M"


class PrizesForm(forms.Form):
    """Rows of a prize and how many of it; empty rows are left out."""

    def __init__(self, data: Any = None, *, draw: Draw, by: Staff) -> None:
        self.stocks = {row.pk: row for row in prizes.list_visible(by)[:500]}
        super().__init__(data)
        current = list(draw.prizes.order_by("position"))
        choices = [("", "–"), *((pk, str(row)) for pk, row in self.stocks.items())]
        for n in range(max(ROWS, len(current) + 1)):
            row = current[n] if n < len(current) else None
            self.fields[f"stock_{n}"] = forms.ChoiceField(
                label=_("Prize"),
                choices=choices,
                required=False,
                initial=row.stock_id if row else "",
            )
            self.fields[f"count_{n}"] = forms.IntegerField(
                label=pgettext_lazy("prizes", "How many"),
                required=False,
                min_value=1,
                max_value=draws.MAX_WINNERS,
                initial=row.count if row else None,
            )

    @property
    def rows(self) -> list[tuple[forms.BoundField, forms.BoundField]]:
        count = len(self.fields) // 2
        return [(self[f"stock_{n}"], self[f"count_{n}"]) for n in range(count)]

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        for n in range(len(self.fields) // 2):
            has_stock, count = values.get(f"stock_{n}"), values.get(f"count_{n}")
            if has_stock and not count and f"count_{n}" not in self.errors:
                self.add_error(f"count_{n}", _("Say how many there are."))
        return values

    def to_prizes(self) -> list[tuple[PrizeStock, int]]:
        return [
            (
                self.stocks[int(self.cleaned_data[f"stock_{n}"])],
                self.cleaned_data[f"count_{n}"],
            )
            for n in range(len(self.fields) // 2)
            if self.cleaned_data[f"stock_{n}"]
        ]


class PublicValueForm(forms.Form):
    """A drand round needs nothing else; a figure is named exactly."""

    source = forms.ChoiceField(
        label=_("Public value"), choices=Source.choices, widget=forms.RadioSelect
    )
    figure_name = forms.CharField(
        label=_("Which figure, of what day"),
        required=False,
        max_length=2 * draws.MAX_FIGURE_NAME,
        help_text=_("Such as: Shanghai Composite Index, close of 6 March 2026"),
    )
    figure_digits = forms.IntegerField(
        label=_("How many digits count"),
        required=False,
        min_value=draws.MIN_DIGITS,
        max_value=draws.MAX_DIGITS,
    )
    figure_at = MomentField(
        label=_("Published at"),
        required=False,
        widget=forms.DateTimeInput(
            attrs={"type": "datetime-local"}, format=MINUTE_FORMAT
        ),
        help_text=_("At least 2 minutes after the draw ends."),
    )

    def __init__(self, data: Any = None, *, draw: Draw) -> None:
        names = ("source", "figure_name", "figure_digits")
        initial = {name: getattr(draw, name) for name in names}
        if draw.figure_at is not None:
            initial["figure_at"] = timezone.localtime(draw.figure_at)
        super().__init__(data, initial=initial)
