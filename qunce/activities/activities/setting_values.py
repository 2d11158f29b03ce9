"""The settings of a kind: typed values from what forms and programs give."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from qunce.activities.activities.kind_contract import (
    InvalidSetting,
    Kind,
    SettingField,
)
from qunce.core import text_validation

MAX_ITEMS = 400


def clean(kind: Kind, raw: Mapping[str, Any]) -> dict[str, Any]:
    """All settings of a kind, with the defaults of those that are missing.

    Raises InvalidSetting with the field and what it can hold.
    """
    known = {field.name: field for field in kind.settings_form}
    if unknown := set(raw) - known.keys():
        raise InvalidSetting(
            _("“%(kind)s” has no setting “%(name)s”.")
            % {"kind": kind.label, "name": min(unknown)}
        )
    values = {
        name: _clean_value(field, raw[name]) if name in raw else field.default
        for name, field in known.items()
    }
    if kind.check_settings is not None:
        kind.check_settings(values)
    return values


def _clean_value(field: SettingField, value: Any) -> Any:
    if field.type == "number":
        return _clean_number(field, value)
    if field.type == "yes_no":
        return _expect(field, value, bool, _("yes or no"))
    if field.type == "text":
        return _clean_text(field, value)
    if field.type == "choice":
        return _clean_choice(field, value)
    items = _expect(field, value, list, _("a list"))
    if len(items) > MAX_ITEMS:
        raise _invalid(field, _("at most %(n)s lines") % {"n": MAX_ITEMS})
    clean_item = {"lines": _clean_text, "choices": _clean_choice, "dates": _clean_date}
    return [clean_item[field.type](field, item) for item in items]


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


def _clean_text(field: SettingField, value: Any) -> str:
    text: str = _expect(field, value, str, _("a text")).strip()
    if len(text) > field.max_length or not text_validation.is_valid(text):
        raise _invalid(
            field, _("a text of at most %(n)s characters") % {"n": field.max_length}
        )
    return text


def _clean_choice(field: SettingField, value: Any) -> str:
    keys = [key for key, _label in field.choices]
    if value not in keys:
        raise _invalid(field, _("one of: %(keys)s") % {"keys": ", ".join(keys)})
    return str(value)


def _clean_date(field: SettingField, value: Any) -> str:
    try:
        return date.fromisoformat(str(value)).isoformat()
    except ValueError:
        raise _invalid(field, _("a date such as 2026-03-05")) from None
