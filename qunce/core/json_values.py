"""JSON that is read and written exactly: decimals keep all their digits."""

from __future__ import annotations

import functools
import json
import re
from decimal import Decimal
from typing import Any, TypeVar

import jiter
from django.utils.translation import gettext as _

from qunce.core import errors

Kind = TypeVar("Kind")
ESCAPED_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
DUPLICATE_KEY = re.compile(r'duplicate key "(.*)" at line')
NOT_A_NUMBER = re.compile(rb"[:\[,]\s*-?(NaN|Infinity)")


class InvalidJson(errors.Invalid):
    """This is not JSON that can be stored; the text is the remedy."""


class NotAnObject(InvalidJson):
    """This is not a JSON object."""


def check_storable(text: bytes) -> None:
    """Raise InvalidJson if the JSON has a NUL, which PostgreSQL cannot store."""
    # The regex takes as long as the parser. Searching the fixed text takes almost
    # nothing, so the regex runs only where the text occurs.
    if b"\\u0000" in text and ESCAPED_NUL.search(text):
        raise InvalidJson(_("Remove the NUL character."))


def parse(text: bytes) -> Any:
    """Parse JSON: decimals as Decimal, no NaN and no field twice in an object.

    Raises InvalidJson.
    """
    try:
        return jiter.from_json(
            text, allow_inf_nan=False, catch_duplicate_keys=True, float_mode="decimal"
        )
    except ValueError as error:
        raise _explain(text, str(error)) from None


parse_fast = functools.partial(
    jiter.from_json, allow_inf_nan=False, catch_duplicate_keys=True
)
"""Like `parse`, but decimals are floats, and it raises ValueError without a sentence."""


def parse_text(text: str) -> Any:
    """Parse JSON from a form or a file, decimals as floats. Raises ValueError.

    Python's own parser reads lone surrogates and NUL, which no database stores, and has
    another error for what is nested too deeply.
    """
    encoded = text.encode()
    if ESCAPED_NUL.search(encoded):
        raise ValueError("NUL cannot be stored")
    return parse_fast(encoded)


def parse_or_empty(expected: type[Kind], text: str | None) -> Kind:
    """What `parse_text` reads, or an empty value if that fails or has another type."""
    try:
        value = parse_text(text or "null")
    except ValueError:
        return expected()
    return value if isinstance(value, expected) else expected()


def _explain(text: bytes, error: str) -> InvalidJson:
    duplicate = DUPLICATE_KEY.search(error)
    if duplicate:
        remedy = _("“%(name)s” occurs twice in one object. Keep one of them.")
        return InvalidJson(remedy % {"name": duplicate[1]})
    if NOT_A_NUMBER.search(text):
        return InvalidJson(
            _("NaN and Infinity are not numbers. Leave the field out instead.")
        )
    return _not_an_object()


def _not_an_object() -> NotAnObject:
    return NotAnObject(_('This is not a JSON object; write it like {"amount": 5}.'))


def parse_object(text: bytes) -> dict[str, Any]:
    """Parse a JSON object like `parse`."""
    value = parse(text)
    if not isinstance(value, dict):
        raise _not_an_object()
    return value


def dump_exactly(value: Any) -> str:
    """Compact JSON with sorted keys, in which decimals keep all their digits."""
    try:
        return EXACT_ENCODER.encode(value)
    except _HasDecimals:
        return _dump_decimals(value)


class _HasDecimals(Exception):
    """Python's encoder cannot write a Decimal as a number."""


def _refuse_decimals(value: Any) -> str:
    if isinstance(value, Decimal):
        raise _HasDecimals
    return str(value)


EXACT_ENCODER = json.JSONEncoder(
    ensure_ascii=False,
    sort_keys=True,
    separators=(",", ":"),
    default=_refuse_decimals,
)


def _dump_decimals(value: Any) -> str:
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, dict):
        fields = sorted(value.items())
        parts = (f"{_dump_decimals(k)}:{_dump_decimals(v)}" for k, v in fields)
        return "{" + ",".join(parts) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(_dump_decimals, value)) + "]"
    return EXACT_ENCODER.encode(value)
