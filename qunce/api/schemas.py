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

LARGEST = 2**32 - 1
"""The largest number of an account that a set can hold; nothing else goes further."""
MOST_AT_ONCE = 1_000
LOOKED_AT = 5_000
"""Rows that are read at most to fill one page of what an operator may see."""

Number = Annotated[int, Field(ge=1, le=LARGEST)]
Key = Annotated[str, Field(min_length=1, max_length=200)]
Short = Annotated[str, Field(max_length=200)]
Long = Annotated[str, Field(max_length=5_000)]
Moment = Annotated[
    AwareDatetime,
    Field(ge=datetime(1900, 1, 1, tzinfo=UTC), le=datetime(2200, 1, 1, tzinfo=UTC)),
]
Numbers = Annotated[list[Number], Field(min_length=1, max_length=MOST_AT_ONCE)]
Rule = Annotated[
    dict[str, Any],
    Field(
        description="A tree of clauses, such as `{“all”: [{“tag”: {“any”: [“koc”]}}]}`."
    ),
]
Limit = Annotated[int, Field(ge=1, le=200, description="Entries a page.")]
After = Annotated[
    str | None,
    Field(max_length=200, description="`next` of the page before; opaque."),
]


class Given(BaseModel):
    """What a program sends: a field nobody knows is refused, not passed over.

    Not ninja's Schema, which looks at each object in Python: three times the cost.
    """

    model_config = ConfigDict(extra="forbid")


Item = TypeVar("Item")
Row = TypeVar("Row")


class Shown(Schema):
    """What a program is told."""


class Page(Shown, Generic[Item]):
    """`next` is the cursor of the following page, null at the end."""

    items: list[Item]
    next: str | None = None


class Count(Shown):
    count: int


class InvalidCursor(errors.Invalid):
    """A cursor is what a page gave as `next`."""


def cursor(*place: int) -> str:
    said = ",".join(map(str, place)).encode()
    return base64.urlsafe_b64encode(said).decode().rstrip("=")


def place(after: str | None, *, parts: int = 1) -> tuple[int, ...]:
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


def start(after: str | None) -> int:
    """The number after which a page begins."""
    (number,) = place(after)
    return min(max(number, 0), LARGEST)


def walk(
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
    begin, found, looked = start(after), list[Row](), 0
    size = limit + 1 if keep is None else max(limit + 1, 500)
    while len(found) <= limit:
        rows = read(begin, size)
        found += rows if keep is None else keep(rows)
        looked += len(rows)
        if len(rows) < size:
            break
        begin = number(rows[-1])
        if looked >= LOOKED_AT and len(found) <= limit:
            return found, cursor(begin)
    more = cursor(number(found[limit - 1])) if len(found) > limit else None
    return found[:limit], more


def parsed(body: bytes) -> Any:
    """JSON that can be kept: no lone surrogates, no NaN, no NUL."""
    try:
        return pydantic_core.from_json(body, allow_inf_nan=False)
    except ValueError as error:
        raise ValueError(str(error)) from None
