"""Types of values that a caller passes on from JSON.

Verbs that compare a value, use it as a key or go through it check its type before, so that
another shape is refused with the name of the field.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from qunce.core import errors

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


class WrongType(errors.Invalid):
    """A value is of another type than its field."""


def check_text(value: Any, field: StrOrPromise) -> str:
    if not isinstance(value, str):
        raise WrongType(_("“%(field)s” is a text.") % {"field": field})
    return value


def check_texts(values: Any, field: StrOrPromise) -> list[str]:
    """The texts of a list or of another collection, which is no text itself."""
    texts = _list(values)
    if texts is None or not all(isinstance(text, str) for text in texts):
        raise WrongType(_("“%(field)s” is a list of texts.") % {"field": field})
    return texts


def check_whole_number(value: Any, field: StrOrPromise) -> int:
    # `type`, because True is an instance of int.
    if type(value) is not int:
        raise WrongType(_("“%(field)s” is a whole number.") % {"field": field})
    return value


def check_whole_numbers(values: Any, field: StrOrPromise) -> list[int]:
    numbers = _list(values)
    if numbers is None or not all(type(number) is int for number in numbers):
        raise WrongType(_("“%(field)s” is a list of whole numbers.") % {"field": field})
    return numbers


def check_day(value: Any, field: StrOrPromise) -> date:
    if not isinstance(value, date) or isinstance(value, datetime):
        raise WrongType(_("“%(field)s” is a day.") % {"field": field})
    return value


def _list(values: Any) -> list[Any] | None:
    if isinstance(values, str | bytes | dict) or not isinstance(values, Iterable):
        return None
    return list(values)
