"""Shapes that several nouns share: numbers, times, pages."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Generic, TypeVar

import pydantic_core
from django.utils.translation import gettext as _
from ninja import Field, Schema
from pydantic import AwareDatetime, BaseModel, ConfigDict

from qunce.core import errors

MAX_ID = 2**32 - 1
"""The largest number of an account that a set can hold; nothing else goes further."""
MAX_IDS_PER_REQUEST = 1_000
MAX_ROWS_SCANNED = 5_000
"""Rows that are read at most to fill one page of what an operator may see."""

Id = Annotated[int, Field(ge=1, le=MAX_ID)]
Key = Annotated[str, Field(min_length=1, max_length=200)]
ShortText = Annotated[str, Field(max_length=200)]
LongText = Annotated[str, Field(max_length=5_000)]
Timestamp = Annotated[
    AwareDatetime,
    Field(ge=datetime(1900, 1, 1, tzinfo=UTC), le=datetime(2200, 1, 1, tzinfo=UTC)),
]
IdList = Annotated[list[Id], Field(min_length=1, max_length=MAX_IDS_PER_REQUEST)]
Rule = Annotated[
    dict[str, Any],
    Field(
        description="A tree of clauses, such as `{“all”: [{“tag”: {“any”: [“koc”]}}]}`."
    ),
]
Limit = Annotated[int, Field(ge=1, le=200, description="Entries a page.")]
Cursor = Annotated[
    str | None,
    Field(max_length=200, description="`next` of the page before; opaque."),
]


class InputSchema(BaseModel):
    """What a program sends: a field nobody knows is refused, not passed over.

    Not ninja's Schema, which looks at each object in Python: three times the cost.
    """

    model_config = ConfigDict(extra="forbid")


Item = TypeVar("Item")
Row = TypeVar("Row")


class OutputSchema(Schema):
    """What a program is told."""


class Page(OutputSchema, Generic[Item]):
    """`next` is the cursor of the following page, null at the end."""

    items: list[Item]
    next: str | None = None


class CountOut(OutputSchema):
    count: int


class InvalidCursor(errors.Invalid):
    """A cursor is what a page gave as `next`."""


def encode_cursor(*place: int) -> str:
    said = ",".join(map(str, place)).encode()
    return base64.urlsafe_b64encode(said).decode().rstrip("=")


def decode_cursor(after: str | None, *, parts: int = 1) -> tuple[int, ...]:
    """Where a page begins; zeros for the first one."""
    if after is None:
        return (0,) * parts
    try:
        padded = after + "=" * (-len(after) % 4)
        found = base64.b64decode(padded.encode(), b"-_", validate=True).decode()
        numbers = tuple(int(number) for number in found.split(","))
    except (ValueError, binascii.Error, UnicodeError):
        numbers = ()
    if len(numbers) != parts or any(abs(number) >= 2**62 for number in numbers):
        raise InvalidCursor(_("“after” must be the “next” value of the previous page."))
    return numbers


def decode_id(after: str | None) -> int:
    """The number after which a page begins."""
    (number,) = decode_cursor(after)
    return min(max(number, 0), MAX_ID)


def paginate(
    read: Callable[[int, int], Sequence[Row]],
    *,
    after: str | None,
    limit: int,
    number: Callable[[Row], int],
    keep: Callable[[Sequence[Row]], Sequence[Row]] | None = None,
) -> tuple[list[Row], str | None]:
    """A page of rows by ascending number; `keep` leaves those that are in sight.

    Who sees little may get a short page with a `next`: the rest is not read at once.
    """
    begin, found, looked = decode_id(after), list[Row](), 0
    size = limit + 1 if keep is None else max(limit + 1, 500)
    while len(found) <= limit:
        rows = read(begin, size)
        found += rows if keep is None else keep(rows)
        looked += len(rows)
        if len(rows) < size:
            break
        begin = number(rows[-1])
        if looked >= MAX_ROWS_SCANNED and len(found) <= limit:
            return found, encode_cursor(begin)
    more = encode_cursor(number(found[limit - 1])) if len(found) > limit else None
    return found[:limit], more


def parse_json(body: bytes) -> Any:
    """JSON that can be kept: no lone surrogates, no NaN, no NUL."""
    try:
        return pydantic_core.from_json(body, allow_inf_nan=False)
    except ValueError as error:
        raise ValueError(str(error)) from None
