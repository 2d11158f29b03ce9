"""The settings of a kind: typed values from what forms and programs give."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from qunce.activities.activities.kind_contract import (
    InvalidSetting,
    Kind,
    SettingField,
)
from qunce.core import communities, errors, money, text_validation

if TYPE_CHECKING:
    from qunce.core.staff.models import Staff

MAX_ITEMS = 400


def clean(
    kind: Kind,
    raw: Mapping[str, Any],
    *,
    by: Staff,
    current: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """All settings of a kind, with the defaults of those that are missing.

    What `by` chooses from is what they see, and what is chosen in `current` already.
    Raises InvalidSetting with the field and what it can hold.
    """
    known = {field.name: field for field in kind.settings_form}
    if unknown := set(raw) - known.keys():
        raise InvalidSetting(
            _("“%(kind)s” has no setting “%(name)s”.")
            % {"kind": kind.label, "name": min(unknown)}
        )
    stored = current or {}
    values = {
        name: _clean_value(field, raw[name], by, stored.get(name))
        if name in raw
        else field.default
        for name, field in known.items()
    }
    if kind.check_settings is not None:
        kind.check_settings(values)
    return values


def _list_chosen(stored: Any) -> list[Any]:
    """What a setting, or all rows of a column, have chosen already."""
    return stored if isinstance(stored, list) else [stored]


def _list_column(stored: Any, column: SettingField) -> list[Any]:
    """What the stored rows have in a column, and not the same text of another one."""
    rows = stored if isinstance(stored, list) else []
    return [
        item
        for row in rows
        if isinstance(row, dict)
        for item in _list_chosen(row.get(column.name))
    ]


def _clean_value(field: SettingField, value: Any, by: Staff, stored: Any) -> Any:
    if field.type == "number":
        return _clean_number(field, value)
    if field.type == "money":
        return _clean_money(field, value, by)
    if field.type == "yes_no":
        return _expect(field, value, bool, _("yes or no"))
    if field.type == "text":
        return _clean_text(field, value)
    if field.type == "time":
        return _clean_time(field, value, by)
    if field.type == "choice":
        return _clean_choice(field, value, by, _list_chosen(stored))
    items = _expect(field, value, list, _("a list"))
    most = field.most_rows if field.type == "rows" else MAX_ITEMS
    if len(items) > most:
        raise _invalid(field, _("at most %(n)s lines") % {"n": most})
    if field.type == "rows":
        return _clean_rows(field, items, by, stored)
    if field.type == "choices":
        chosen = _list_chosen(stored)
        return [_clean_choice(field, item, by, chosen) for item in items]
    clean_item = {"lines": _clean_text, "dates": _clean_date}[field.type]
    return [clean_item(field, item) for item in items]


def _clean_rows(
    field: SettingField, rows: list[Any], by: Staff, stored: Any
) -> list[dict[str, Any]]:
    """Rows with a value in each column; an error names the row and the column."""
    if len(rows) < field.least_rows:
        raise _invalid(field, _("at least %(n)s lines") % {"n": field.least_rows})
    cleaned = []
    for number, row in enumerate(rows, start=1):
        given = _expect(field, row, dict, _("a list of objects"))
        names = {column.name for column in field.columns}
        if set(given) - names:
            raise _invalid(
                field, _("rows with: %(names)s") % {"names": ", ".join(sorted(names))}
            )
        cleaned.append(
            {
                column.name: _clean_value(
                    _name_place(field, column, number),
                    given.get(column.name, column.default),
                    by,
                    _list_column(stored, column),
                )
                for column in field.columns
            }
        )
    return cleaned


def _name_place(field: SettingField, column: SettingField, row: int) -> SettingField:
    place = _("%(field)s, row %(row)s: %(column)s") % {
        "field": field.label,
        "row": row,
        "column": column.label,
    }
    return replace(column, label=place)


def _invalid(field: SettingField, expected: str) -> InvalidSetting:
    return InvalidSetting(
        _("“%(field)s” has to be %(expected)s.")
        % {"field": field.label, "expected": expected}
    )


def _expect(field: SettingField, value: Any, kind: type, expected: str) -> Any:
    if not isinstance(value, kind):
        raise _invalid(field, expected)
    return value


def _clean_number(field: SettingField, value: Any) -> int | None:
    if value is None and field.none_label:
        return None
    span = _("a whole number from %(least)s to %(most)s") % {
        "least": f"{field.least:,}",
        "most": f"{field.most:,}",
    }
    if isinstance(value, bool) or not isinstance(value, int):
        raise _invalid(field, span)
    if not field.least <= value <= field.most:
        raise _invalid(field, span)
    return value


def _clean_money(field: SettingField, value: Any, by: Staff) -> int | None:
    """A text is an amount such as 88.00, a number is in the smallest unit already."""
    if value in (None, "") and field.none_label:
        return None
    if isinstance(value, str):
        try:
            value = money.parse_units(value, by.community.currency)
        except errors.Invalid as error:
            raise InvalidSetting(
                _("“%(field)s”: %(why)s") % {"field": field.label, "why": error}
            ) from None
    return _clean_number(field, value)


def _clean_text(field: SettingField, value: Any) -> str:
    text: str = _expect(field, value, str, _("a text")).strip()
    if len(text) > field.max_length or not text_validation.is_valid(text):
        raise _invalid(
            field, _("a text of at most %(n)s characters") % {"n": field.max_length}
        )
    if field.is_required and not text:
        raise InvalidSetting(_("“%(field)s” is required.") % {"field": field.label})
    return text


def _clean_choice(
    field: SettingField, value: Any, by: Staff, current: list[Any]
) -> str:
    """A key that can be chosen, "" where that is possible, or what is chosen already."""
    keys = [key for key, _label in field.list_choices(by)]
    if value == "" and field.none_label:
        return ""
    is_kept = isinstance(value, str) and value in current and callable(field.choices)
    if value not in keys and not is_kept:
        if callable(field.choices):
            # Names of what they do not see would be among them.
            raise InvalidSetting(
                _("“%(field)s”: choose something that there is.")
                % {"field": field.label}
            )
        raise _invalid(field, _("one of: %(keys)s") % {"keys": ", ".join(keys)})
    return str(value)


def _clean_time(field: SettingField, value: Any, by: Staff) -> str:
    """A time without an offset is one of the community's clock."""
    if value in (None, ""):
        if field.is_required:
            raise InvalidSetting(_("“%(field)s” is required.") % {"field": field.label})
        return ""
    try:
        time = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise _invalid(field, _("a time such as 2026-03-05T20:00")) from None
    # Before it is converted, as other zones have no first and last year.
    if not 1970 < time.year < 9999:
        raise _invalid(field, _("a time such as 2026-03-05T20:00"))
    if time.tzinfo is None:
        time = _to_utc(field, time, by)
    return time.astimezone(UTC).isoformat()


def _to_utc(field: SettingField, time: datetime, by: Staff) -> datetime:
    """Refuse a time that the clock does not show, or shows twice, when clocks change."""
    zone = communities.zone(by.community)
    first = time.replace(tzinfo=zone, fold=0)
    values = {"field": field.label, "zone": zone.key}
    if first.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != time:
        text = _(
            "“%(field)s” does not exist in %(zone)s, as clocks are set forward then. "
            "Choose another time."
        )
        raise InvalidSetting(text % values)
    if first.utcoffset() != first.replace(fold=1).utcoffset():
        text = _(
            "“%(field)s” is there twice in %(zone)s, as clocks are set back then. Choose "
            "another time, or write it with its offset."
        )
        raise InvalidSetting(text % values)
    return first


def _clean_date(field: SettingField, value: Any) -> str:
    try:
        return date.fromisoformat(str(value)).isoformat()
    except ValueError:
        raise _invalid(field, _("a date such as 2026-03-05")) from None
