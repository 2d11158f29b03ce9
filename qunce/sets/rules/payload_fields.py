"""Fields of payloads: their names, which facts have them, their exact numbers in SQL.

DuckDB reads a JSON number with a decimal point as a binary fraction, which is exact
enough only up to 15 digits. Longer numbers and those with an exponent are rare; they are
recognised by their text and read by Python, so that no digit is lost.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from qunce.core.decimals import EXACT
from qunce.core.facts import facts
from qunce.sets import amounts
from qunce.sets.rules import comparisons
from qunce.sets.rules.comparisons import DecimalComparison

if TYPE_CHECKING:
    import pyarrow as pa

    from qunce.sets.rules.base import RulePath
    from qunce.sets.rules.snapshots import Snapshot

MAX_NAME_LENGTH = 100
NUMBER_TEXT = r"-?[0-9]+(\.[0-9]+)?"
LONG_NUMBER = r"[:,\[]\s*-?(?:[0-9.]{17,}|[0-9.]+[eE])"
"""Matches a payload with a number that DuckDB does not read exactly."""
SCALE = 16
"""Decimal places of every other number: fewer than 17 characters, one of them a point."""
MAX_DECIMAL = 10**38 - 1
_found_fields: set[tuple[int, int, str, bool]] = set()
"""(community, kind, field, whether it is a number) of fields that this process has found in a fact."""


# Names


def check_name(name: Any, path: RulePath) -> str:
    """The name of a field, in any script, as payloads have it."""
    if (
        not isinstance(name, str)
        or not name.strip()
        or len(name) > MAX_NAME_LENGTH
        or not name.isprintable()
    ):
        path.fail(_("“%(name)s” is not the name of a field.") % {"name": name})
    return name


def check_exists(
    name: str, *, kind: str, path: RulePath, is_number: bool = False
) -> None:
    """Fail if no fact of the kind has the field, or has a number in it.

    A field that the kind declares exists before the first fact does. Nothing is known of
    a kind that neither declares its fields nor has a fact.
    """
    declared = facts.list_fields(kind)
    community, kind_id = path.community.pk, facts.find_kind(kind) or -1
    key = (community, kind_id, name, is_number)
    if name in declared or key in _found_fields:
        return
    if not is_number and facts.declares_field(kind, name):
        # Programs report facts of this kind, too, perhaps without the field.
        return
    of_kind = "FROM facts WHERE community = ? AND kind = ?"
    params = [community, kind_id]
    has_field = f"json_exists(payload, {pointer(name)})"
    if is_number:
        has_field = f"{number_type_of(name)} IS NOT NULL"
    if _rows(f"SELECT 1 {of_kind} AND {has_field} LIMIT 1", params):
        _found_fields.add(key)
        return
    if declared or _rows(f"SELECT 1 {of_kind} LIMIT 1", params):
        names = "SELECT DISTINCT unnest(json_keys(payload))"
        known = {str(row[0]) for row in _rows(f"{names} {of_kind}", params)}
        if name in known:
            path.fail(
                _("No fact of the kind %(kind)s has a number in the field “%(name)s”.")
                % {"kind": kind, "name": name}
            )
        path.fail(_unknown_field(name, kind, sorted({*known, *declared})))


def _unknown_field(name: str, kind: str, known: list[str]) -> str:
    folded = {other.casefold(): other for other in reversed(known)}
    near = difflib.get_close_matches(name.casefold(), list(folded), n=1, cutoff=0.5)
    text = _("No fact of the kind %(kind)s has a field “%(name)s”.")
    if near:
        text = _(
            "No fact of the kind %(kind)s has a field “%(name)s”. Did you mean"
            " “%(nearest)s”?"
        )
    elif known:
        text = _(
            "No fact of the kind %(kind)s has a field “%(name)s”. It has these"
            " fields: %(all)s."
        )
    return text % {
        "kind": kind,
        "name": name,
        "nearest": folded[near[0]] if near else "",
        "all": ", ".join(known[:20]),
    }


# SQL


def pointer(name: str) -> str:
    """A JSON pointer to the field as an SQL literal, for `json_extract` and the like."""
    escaped = name.replace("~", "~0").replace("/", "~1").replace("'", "''")
    return f"'/{escaped}'"


def type_of(name: str) -> str:
    """SQL of the JSON type of a field, or NULL."""
    json_type = f"json_type(payload, {pointer(name)})"
    if name != amounts.FIELD:
        return json_type
    # A column of its own, for which no payload has to be parsed.
    return f"CASE WHEN amount IS NOT NULL THEN 'BIGINT' ELSE {json_type} END"


def text_of(name: str) -> str:
    text = f"(payload ->> {pointer(name)})"
    if name != amounts.FIELD:
        return text
    return f"CASE WHEN amount IS NOT NULL THEN CAST(amount AS VARCHAR) ELSE {text} END"


def is_foreign(snap: Snapshot, name: str) -> str:
    """SQL of whether a field is money of another currency, which has to be converted."""
    return amounts.is_foreign(snap.community) if name == amounts.FIELD else "FALSE"


def number_type_of(name: str) -> str:
    """SQL of whether a field is a number: 'BIGINT', 'DOUBLE' with a point, or NULL.

    A text that is nothing but a number counts as one, since programs write decimals as
    texts to keep them exact.
    """
    text = text_of(name)
    return (
        f"CASE {type_of(name)} WHEN 'BIGINT' THEN 'BIGINT' WHEN 'UBIGINT' THEN 'BIGINT'"
        f" WHEN 'DOUBLE' THEN 'DOUBLE' WHEN 'VARCHAR' THEN"
        f" CASE WHEN NOT regexp_full_match({text}, '{NUMBER_TEXT}') THEN NULL"
        f" WHEN contains({text}, '.') OR length({text}) > 18 THEN 'DOUBLE'"
        " ELSE 'BIGINT' END END"
    )


def is_long(name: str) -> str:
    """SQL of whether DuckDB cannot read the numbers of a field exactly."""
    # The type first: the search is slow, and most numbers are whole.
    return (
        f"CASE WHEN {type_of(name)} IN ('DOUBLE', 'ARRAY')"
        f" THEN regexp_matches(payload, '{LONG_NUMBER}')"
        f" WHEN {type_of(name)} = 'VARCHAR' AND length({text_of(name)}) > 16"
        f" THEN regexp_full_match({text_of(name)}, '{NUMBER_TEXT}') ELSE FALSE END"
    )


# Conditions


@dataclass(frozen=True)
class Values:
    """The field equals one of these or is a list with one of them.

    `texts` are texts and booleans as JSON.
    """

    texts: tuple[str, ...] = ()
    numbers: tuple[Decimal, ...] = ()

    def format(
        self, format_number: Callable[[Decimal], str] = comparisons.format_number
    ) -> Iterator[str]:
        yield from (str(json.loads(text)) for text in self.texts)
        yield from map(format_number, self.numbers)


Condition = DecimalComparison | Values


def parse_condition(value: Any, path: RulePath) -> Condition:
    if isinstance(value, dict):
        return comparisons.parse_decimals(value, path)
    texts, numbers = [], []
    for literal in value if isinstance(value, list) else [value]:
        if isinstance(literal, str | bool):
            texts.append(json.dumps(literal, ensure_ascii=False))
        elif isinstance(literal, int | float):
            numbers.append(comparisons.parse_decimal(literal, path))
        else:
            path.fail(_("Compare with a text, a number, true or false."))
    return Values(tuple(sorted(texts)), tuple(sorted(numbers)))


def condition_sql(
    snap: Snapshot, kind: int, name: str, condition: Condition
) -> tuple[str, list[Any]]:
    """The condition as SQL, and its parameters."""
    params: list[Any]
    if isinstance(condition, DecimalComparison):
        # Two branches, as a whole number may have more digits than a decimal leaves for it.
        whole, whole_params = _between(text_of(name), 0, condition)
        decimal, decimal_params = _between(text_of(name), SCALE, condition)
        sql = (
            f"CASE {number_type_of(name)} WHEN 'BIGINT' THEN {whole}"
            f" WHEN 'DOUBLE' THEN NOT {is_long(name)} AND {decimal} ELSE FALSE END"
        )
        params = [*whole_params, *decimal_params]
        if name == amounts.FIELD:
            value = amounts.value(snap.community)
            foreign, more = _between(f"({value})", 0, condition)
            is_money = is_foreign(snap, name)
            sql = f"CASE WHEN {is_money} THEN {foreign} ELSE {sql} END"
            params = [*more, *params]
    else:
        sql, params = _values_sql(name, condition)
        if not condition.numbers:
            return sql, params
    long_ids = [
        fact
        for fact, value in _long_values(snap, kind, name)
        if holds(condition, value)
    ]
    sql = f"({sql} AND NOT {is_long(name)})"
    if long_ids:
        sql, params = f"({sql} OR id IN (SELECT unnest(?)))", [*params, long_ids]
    return sql, params


def _between(
    text: str, scale: int, condition: DecimalComparison
) -> tuple[str, list[str | int]]:
    """SQL that compares a text as a number with this many decimal places."""
    number = f"DECIMAL(38, {scale})"
    parts, params = [], []
    for sign, bound in zip((">=", "<="), condition.bounds(10**scale), strict=True):
        if bound is not None:
            # Tried, as a long number does not fit; those are not compared here.
            parts.append(f"TRY_CAST({text} AS {number}) {sign} CAST(? AS {number})")
            clipped = max(-MAX_DECIMAL, min(MAX_DECIMAL, bound))
            params.append(f"{Decimal(clipped).scaleb(-scale, EXACT):f}")
    return f"coalesce({' AND '.join(parts)}, FALSE)", [*params]


def _values_sql(name: str, condition: Values) -> tuple[str, list[str | int]]:
    params = [*condition.texts]
    for number in condition.numbers:
        text = comparisons.format_number(number)
        if "." not in text:
            # 2 and 2.0 are the same number, but not for `json_contains`.
            params += [text, f"{text}.0"]
        elif len(text.lstrip("-")) < 17:
            params.append(text)
    contains = f"json_contains(json_extract(payload, {pointer(name)}), ?)"
    # An empty list of values matches nothing.
    return f"({' OR '.join([contains] * len(params)) or 'FALSE'})", [*params]


def _long_values(snap: Snapshot, kind: int, name: str) -> list[tuple[int, Any]]:
    """(id, value) of the facts whose numbers only Python reads exactly."""

    def read() -> list[tuple[int, Any]]:
        rows = _rows(
            "SELECT id, payload FROM facts WHERE community = ? AND kind = ?"  # noqa: S608
            f" AND {is_long(name)}",
            [snap.community.pk, kind],
        )
        return [(fact, load(payload).get(name)) for fact, payload in rows]

    version = (snap.token(), snap.reached())
    return snap.memoize(("long numbers", kind, name), version, read)


def holds(condition: Condition, value: Any) -> bool:
    if isinstance(condition, DecimalComparison):
        number = to_number(value)
        return number is not None and condition.holds(number)
    items = value if isinstance(value, list) else [value]
    return any(
        item in condition.numbers
        if is_number(item)
        else json.dumps(item, ensure_ascii=False) in condition.texts
        for item in items
    )


def load(payload: str) -> dict[str, Any]:
    """The payload with exact numbers."""
    value = json.loads(payload, parse_float=Decimal)
    return value if isinstance(value, dict) else {}


def is_number(value: Any) -> bool:
    return isinstance(value, int | Decimal) and not isinstance(value, bool)


def to_number(value: Any) -> Decimal | None:
    """The number that a value of a payload counts as; None if it is none."""
    if isinstance(value, str) and re.fullmatch(NUMBER_TEXT, value, re.ASCII):
        return Decimal(value)
    return Decimal(value) if is_number(value) else None


def query(sql: str, params: Sequence[Any] = ()) -> pa.Table:
    """The result of a query over the mirror's view `facts`."""
    # Loads DuckDB, which most questions do without.
    from qunce.sets.mirror import mirror

    return mirror.query(sql, params)


def _rows(sql: str, params: Sequence[Any]) -> list[tuple[Any, ...]]:
    return [tuple(row.values()) for row in query(sql, params).to_pylist()]
