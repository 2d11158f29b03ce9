"""Schemas that several resources share: ids, timestamps, cursors and pages."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, Generic, TypeVar

import jiter
from django.utils.translation import gettext as _
from ninja import Field, Schema
from pydantic import AwareDatetime, BaseModel, ConfigDict

from qunce.core import errors

if TYPE_CHECKING:
    from django.db.models import Model, QuerySet

MAX_ID = 2**32 - 1
"""The largest account id that a bitmap can hold; the ids of other rows stay below it."""
MAX_IDS_PER_REQUEST = 1_000
MAX_ROWS_SCANNED = 5_000
"""Rows that are read at most to fill one page of what the staff member may see."""

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
        description='A tree of clauses, such as `{"all": [{"tag": {"any": ["koc"]}}]}`.'
    ),
]
Limit = Annotated[int, Field(ge=1, le=200, description="Items per page.")]
Version = Annotated[
    str | None,
    Field(max_length=16, description="The `version` of what you have read."),
]
Cursor = Annotated[
    str | None,
    Field(max_length=200, description="The `next` value of the previous page."),
]


class InputSchema(BaseModel):
    """A request body. Unknown fields are rejected rather than ignored.

    This is not ninja's Schema, which inspects every object in Python and makes a batch
    of a thousand facts three times as slow.
    """

    model_config = ConfigDict(extra="forbid")


Item = TypeVar("Item")
Row = TypeVar("Row")
Stored = TypeVar("Stored", bound="Model")


class OutputSchema(Schema):
    """A response body."""


class Page(OutputSchema, Generic[Item]):
    """`next` is the cursor of the following page, or null on the last page."""

    items: list[Item]
    next: str | None = None


class CountOut(OutputSchema):
    count: int


class InvalidCursor(errors.Invalid):
    """A cursor must be the `next` value of a page."""


def encode_cursor(*position: int) -> str:
    text = ",".join(map(str, position)).encode()
    return base64.urlsafe_b64encode(text).decode().rstrip("=")


def decode_cursor(after: str | None, *, parts: int = 1) -> tuple[int, ...]:
    """Return the position that a cursor encodes; zeros for the first page."""
    if after is None:
        return (0,) * parts
    try:
        # Cursors are sent without padding, as `=` would have to be escaped in a URL.
        padded = after + "=" * (-len(after) % 4)
        text = base64.b64decode(padded.encode(), b"-_", validate=True).decode()
        position = tuple(int(part) for part in text.split(","))
    except (ValueError, binascii.Error, UnicodeError):
        position = ()
    # Databases reject larger numbers, and nobody has to get a 500 for a made-up cursor.
    if len(position) != parts or any(abs(part) >= 2**62 for part in position):
        raise InvalidCursor(_("“after” must be the “next” value of the previous page."))
    return position


def decode_id(after: str | None) -> int:
    """Return the id after which a page starts."""
    (start_id,) = decode_cursor(after)
    return min(max(start_id, 0), MAX_ID)


def paginate(
    fetch: Callable[[int, int], Sequence[Row]],
    *,
    after: str | None,
    limit: int,
    id_of: Callable[[Row], int],
    filter_visible: Callable[[Sequence[Row]], Sequence[Row]] | None = None,
) -> tuple[list[Row], str | None]:
    """Return a page of rows in ascending order of id, and the cursor of the next page.

    `fetch(after_id, size)` reads rows. `filter_visible` drops those that the staff
    member may not see; where that drops many rows the page may be short and still have
    a next one, so that no request scans a whole table.
    """
    start_id, page, scanned = decode_id(after), list[Row](), 0
    # Large reads if rows may be hidden, as each filter has a fixed cost.
    size = limit + 1 if filter_visible is None else max(limit + 1, 500)
    while len(page) <= limit:
        rows = fetch(start_id, size)
        page += rows if filter_visible is None else filter_visible(rows)
        scanned += len(rows)
        if len(rows) < size:
            break
        start_id = id_of(rows[-1])
        if scanned >= MAX_ROWS_SCANNED and len(page) <= limit:
            return page, encode_cursor(start_id)
    more = encode_cursor(id_of(page[limit - 1])) if len(page) > limit else None
    return page[:limit], more


def paginate_rows(
    query: QuerySet[Stored],
    *,
    after: str | None,
    limit: int,
    filter_visible: Callable[[Sequence[Stored]], Sequence[Stored]] | None = None,
) -> tuple[list[Stored], str | None]:
    """Return a page of the rows of a query by id, as `paginate` does."""
    rows = query.order_by("pk")
    return paginate(
        lambda start_id, size: list(rows.filter(pk__gt=start_id)[:size]),
        after=after,
        limit=limit,
        id_of=lambda row: row.pk,
        filter_visible=filter_visible,
    )


def parse_json(body: bytes) -> Any:
    """Parse JSON that can be stored: without lone surrogates, NaN and repeated keys."""
    return jiter.from_json(body, allow_inf_nan=False, catch_duplicate_keys=True)
