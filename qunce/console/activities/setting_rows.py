"""A setting of a kind that is a table: its rows as fields of the form of an activity."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django import forms
from django.forms.utils import ErrorDict
from django.utils.translation import gettext as _

from qunce.activities.activities.kind_contract import SettingField
from qunce.core import money

EMPTY_ROWS, FIRST_ROWS, MORE_ROWS = 1, 3, 5


def shown(setting: SettingField, value: Any, currency: str) -> Any:
    """What the field of a form begins with for a stored value."""
    if setting.type == "money":
        return "" if value is None else money.format_amount(value, currency)
    if setting.type == "time":
        return datetime.fromisoformat(value) if value else None
    return value


class SettingRows(forms.Form):
    """The rows that there are and some empty ones, which are left out when it is saved."""

    def __init__(
        self,
        setting: SettingField,
        make_field: Callable[[SettingField], forms.Field],
        *,
        prefix: str,
        currency: str,
        data: Any = None,
        rows: Sequence[Mapping[str, Any]] = (),
    ) -> None:
        super().__init__(data, prefix=prefix)
        self.setting = setting
        self.count_name = f"{prefix}-rows"
        if data is None:
            self.count = max(len(rows) + EMPTY_ROWS, FIRST_ROWS)
        else:
            text = str(data.get(self.count_name, ""))[:4]
            self.count = int(text) if text.isascii() and text.isdigit() else 0
            # What has more rows than there can be is refused with their number.
            self.count = min(self.count, setting.most_rows + MORE_ROWS)
        self._make_field = make_field
        self._stored = rows
        self._currency = currency
        for row in range(self.count):
            self._add_row(row)

    def _add_row(self, row: int) -> None:
        stored = self._stored[row] if row < len(self._stored) else {}
        for column in self.setting.columns:
            field = self._make_field(column)
            field.required = False
            field.initial = shown(
                column, stored.get(column.name, column.default), self._currency
            )
            if column.type == "choice" and callable(column.choices):
                self._keep_chosen(field, column)
                if not column.none_label:
                    # Without it, each empty row would choose the first of them.
                    self._add_no_choice(field)
            self.fields[f"{row}-{column.name}"] = field

    def _keep_chosen(self, field: Any, column: SettingField) -> None:
        """What is chosen already stays possible, also for staff who do not see it."""
        offered = {str(key) for key, _label in field.choices}
        chosen = {str(stored.get(column.name, "")) for stored in self._stored}
        kept = [(key, _("as it is")) for key in sorted(chosen - offered - {""})]
        field.choices = [*field.choices, *kept]

    def _add_no_choice(self, field: Any) -> None:
        field.choices = [("", _("not chosen yet")), *field.choices]

    @property
    def label(self) -> str:
        return str(self.setting.label)

    @property
    def rows(self) -> list[list[forms.BoundField]]:
        return [
            [self[f"{row}-{column.name}"] for column in self.setting.columns]
            for row in range(self.count)
        ]

    @property
    def may_have_more(self) -> bool:
        return self.count < self.setting.most_rows

    def add_empty(self) -> None:
        """Show some more empty rows; what is typed stays, and nothing is judged yet."""
        self._errors = ErrorDict()
        more = min(self.count + MORE_ROWS, self.setting.most_rows)
        data: Any = self.data.copy()  # type: ignore[attr-defined]
        for row in range(self.count, more):
            self._add_row(row)
            for column in self.setting.columns:
                if column.default not in (None, "", False):
                    name = self.add_prefix(f"{row}-{column.name}")
                    data[name] = str(column.default)
        self.data, self.count = data, more

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        for row in range(self.count):
            if self._is_empty(row, values):
                continue
            for column in self.setting.columns:
                name = f"{row}-{column.name}"
                if name in self.errors or values.get(name) not in (None, ""):
                    continue
                if column.is_required or (
                    column.type in ("number", "choice") and not column.none_label
                ):
                    self.add_error(name, _("This is needed."))
        return values

    def _is_empty(self, row: int, values: Mapping[str, Any]) -> bool:
        names = [f"{row}-{column.name}" for column in self.setting.columns]
        return not any(name in self.errors for name in names) and all(
            values.get(name) in (None, "", False, [], column.default)
            for name, column in zip(names, self.setting.columns, strict=True)
        )

    def to_rows(self) -> list[dict[str, Any]]:
        """The rows with something in them."""
        return [
            {
                column.name: self.cleaned_data[f"{row}-{column.name}"]
                for column in self.setting.columns
            }
            for row in range(self.count)
            if not self._is_empty(row, self.cleaned_data)
        ]
