"""Prizes with their stock, and what members were awarded."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from ninja import Field, Router, Status
from pydantic import WithJsonSchema

from qunce.activities.prizes import awards, claims, codes, delivery, prizes
from qunce.activities.prizes.addresses import Address
from qunce.activities.prizes.models import (
    Award,
    ClaimedBy,
    PrizeStock,
    State,
    Unclaimed,
)
from qunce.api import schemas
from qunce.api.auth import ApiRequest, RequiresScope

router = Router(auth=RequiresScope("activities", shows_members=True), tags=["prizes"])
Name = Annotated[str, Field(min_length=1, max_length=prizes.MAX_NAME)]
Amount = Annotated[int, Field(ge=1, le=1_000_000)]
Count = Annotated[int, Field(ge=1, le=prizes.MAX_TOTAL)]
Money = Annotated[int, Field(ge=0, le=prizes.MAX_MONEY)]
Days = Annotated[int, Field(ge=prizes.MIN_CLAIM_DAYS, le=prizes.MAX_CLAIM_DAYS)]
Instructions = Annotated[str, Field(max_length=prizes.MAX_INSTRUCTIONS)]
UnclaimedOption = Annotated[
    Unclaimed, WithJsonSchema({"type": "string", "enum": Unclaimed.values})
]
AwardState = Annotated[State, WithJsonSchema({"type": "string", "enum": State.values})]


class PrizeUpdateIn(schemas.InputSchema):
    """Fields that are missing stay as they are.

    `value` is what one is worth and `cost` what you pay for it. An unclaimed prize returns
    to the stock or goes to the next winner.
    """

    name: Name | None = None
    amount: Amount | None = None
    instructions: Instructions | None = None
    value: Money | None = None
    cost: Money | None = None
    claim_days: Days | None = None
    unclaimed: UnclaimedOption | None = None


class PrizeIn(PrizeUpdateIn):
    name: Name
    kind: Annotated[str, Field(max_length=30)]
    total: Count


class PrizeOut(schemas.OutputSchema):
    id: int
    name: str
    kind: str
    amount: int | None
    instructions: str
    value: int
    cost: int
    total: int
    left: int
    claim_days: int
    unclaimed: str
    is_archived: bool


class PrizeListOut(schemas.Page[PrizeOut]):
    """A page of prizes."""


class StockIn(schemas.InputSchema):
    """How many more there are."""

    count: Count


class CodesIn(schemas.InputSchema):
    """Codes that are there already are refused."""

    codes: Annotated[
        list[Annotated[str, Field(min_length=1, max_length=codes.MAX_LENGTH)]],
        Field(min_length=1, max_length=codes.MAX_PER_UPLOAD),
    ]


class CodesOut(schemas.OutputSchema):
    """`duplicates` are positions in the request, from 1; `given` went to waiting winners."""

    added: int
    duplicates: list[int]
    given: int


class AwardOut(schemas.OutputSchema):
    """What a member was awarded. Codes and addresses are never shown here.

    `task_request_id` is the request for the staff task to hand it over.
    """

    id: int
    prize_id: int
    member_id: int
    source: str
    source_key: str
    state: str
    is_held: bool
    awarded_at: datetime
    claim_until: datetime
    claimed_at: datetime | None
    carrier: str
    parcel_number: str
    sent_at: datetime | None
    delivered_at: datetime | None
    returned_at: datetime | None
    task_request_id: int | None


class AwardListOut(schemas.Page[AwardOut]):
    """A page of awards."""


class ClaimIn(schemas.InputSchema):
    """An address is needed for goods only."""

    recipient: Annotated[str, Field(max_length=50)] = ""
    phone: Annotated[str, Field(max_length=20)] = ""
    address: Annotated[str, Field(max_length=200)] = ""


class ParcelIn(schemas.InputSchema):
    carrier: Annotated[str, Field(max_length=delivery.MAX_CARRIER)] = ""
    parcel_number: Annotated[str, Field(min_length=4, max_length=delivery.MAX_PARCEL)]


class ReturnIn(schemas.InputSchema):
    reason: Annotated[str, Field(min_length=1, max_length=delivery.MAX_REASON)]


def _serialize(prize: PrizeStock) -> dict[str, Any]:
    names = (
        *("name", "kind", "amount", "instructions", "value", "cost", "total"),
        *("left", "claim_days", "unclaimed"),
    )
    return {
        "id": prize.pk,
        **{name: getattr(prize, name) for name in names},
        "is_archived": prize.archived_at is not None,
    }


def _serialize_award(award: Award) -> dict[str, Any]:
    names = (
        *("source", "source_key", "state", "is_held", "awarded_at", "claim_until"),
        *("claimed_at", "carrier", "parcel_number", "sent_at", "delivered_at"),
    )
    return {
        "id": award.pk,
        "prize_id": award.stock_id,
        "member_id": award.account_id,
        "returned_at": award.returned_at,
        "task_request_id": award.staff_task,
        **{name: getattr(award, name) for name in names},
    }


def _fields(data: PrizeUpdateIn) -> dict[str, Any]:
    """The fields that were sent; only `amount` has a null, which is no amount."""
    given = data.model_dump(exclude_unset=True)
    return {k: v for k, v in given.items() if v is not None or k == "amount"}


@router.get("/prizes", response=PrizeListOut)
def list_(
    request: ApiRequest, after: schemas.Cursor = None, limit: schemas.Limit = 50
) -> dict[str, Any]:
    """List prizes."""
    rows = prizes.list_visible(request.by, with_archived=True)
    page, more = schemas.paginate_rows(rows, after=after, limit=limit)
    return {"items": [_serialize(row) for row in page], "next": more}


@router.post("/prizes", response={201: PrizeOut})
def create(request: ApiRequest, data: PrizeIn) -> Any:
    """Add a prize with its stock."""
    prize = prizes.create(
        community=request.community,
        by=request.by,
        at=request.at,
        **_fields(data),
    )
    return Status(201, _serialize(prize))


@router.get("/prizes/{prize_id}", response=PrizeOut)
def get(request: ApiRequest, prize_id: schemas.Id) -> dict[str, Any]:
    """Get a prize."""
    return _serialize(prizes.get(pk=prize_id, by=request.by))


@router.patch("/prizes/{prize_id}", response=PrizeOut)
def update(
    request: ApiRequest, prize_id: schemas.Id, data: PrizeUpdateIn
) -> dict[str, Any]:
    """Change a prize. What draws have published of it stays."""
    prize = prizes.get(pk=prize_id, by=request.by)
    prizes.update(prize=prize, by=request.by, at=request.at, **_fields(data))
    return get(request, prize_id)


@router.delete("/prizes/{prize_id}", response={204: None})
def archive(request: ApiRequest, prize_id: schemas.Id) -> Any:
    """Archive a prize. What was awarded stays."""
    prize = prizes.get(pk=prize_id, by=request.by)
    prizes.archive(prize=prize, by=request.by, at=request.at)
    return Status(204, None)


@router.post("/prizes/{prize_id}/stock", response=PrizeOut)
def add_stock(
    request: ApiRequest, prize_id: schemas.Id, data: StockIn
) -> dict[str, Any]:
    """Raise the stock of a prize."""
    prize = prizes.get(pk=prize_id, by=request.by)
    prizes.add_stock(prize=prize, count=data.count, by=request.by, at=request.at)
    return _serialize(prize)


@router.post("/prizes/{prize_id}/codes", response=CodesOut)
def upload_codes(
    request: ApiRequest, prize_id: schemas.Id, data: CodesIn
) -> dict[str, Any]:
    """Upload codes. Winners who wait for one get it immediately."""
    prize = prizes.get(pk=prize_id, by=request.by)
    # One per line, as a code has no line break.
    text = "\n".join(" ".join(code.split()) for code in data.codes)
    found = codes.upload(prize=prize, text=text, by=request.by, at=request.at)
    return {
        "added": found.added,
        "duplicates": found.duplicates,
        "given": found.given,
    }


@router.get("/awards", response=AwardListOut)
def list_awards(
    request: ApiRequest,
    state: AwardState | None = None,
    prize_id: schemas.Id | None = None,
    after: schemas.Cursor = None,
    limit: schemas.Limit = 50,
) -> dict[str, Any]:
    """List what visible members were awarded."""
    rows = awards.list_visible(by=request.by, at=request.at)
    if state is not None:
        rows = rows.filter(state=state)
    if prize_id is not None:
        rows = rows.filter(stock=prizes.get(pk=prize_id, by=request.by))
    page, more = schemas.paginate_rows(rows, after=after, limit=limit)
    return {"items": [_serialize_award(row) for row in page], "next": more}


@router.get("/awards/{award_id}", response=AwardOut)
def get_award(request: ApiRequest, award_id: schemas.Id) -> dict[str, Any]:
    """Get an award."""
    return _serialize_award(awards.get(pk=award_id, by=request.by, at=request.at))


@router.post("/awards/{award_id}/claim", response=AwardOut)
def claim(request: ApiRequest, award_id: schemas.Id, data: ClaimIn) -> dict[str, Any]:
    """Enter the claim of a winner."""
    award = awards.get(pk=award_id, by=request.by, at=request.at)
    address = Address(**data.model_dump()) if any(data.model_dump().values()) else None
    claims.claim(
        award=award,
        way=ClaimedBy.STAFF,
        address=address,
        by=request.by,
        at=request.at,
    )
    return get_award(request, award_id)


@router.post("/awards/{award_id}/release", response=AwardOut)
def release(request: ApiRequest, award_id: schemas.Id) -> dict[str, Any]:
    """Let the winner claim a prize that was held for review."""
    award = awards.get(pk=award_id, by=request.by, at=request.at)
    claims.release(award=award, by=request.by, at=request.at)
    return get_award(request, award_id)


@router.post("/awards/{award_id}/send", response=AwardOut)
def send(request: ApiRequest, award_id: schemas.Id, data: ParcelIn) -> dict[str, Any]:
    """Record that a claimed prize was sent."""
    award = awards.get(pk=award_id, by=request.by, at=request.at)
    delivery.send(award=award, by=request.by, at=request.at, **data.model_dump())
    return get_award(request, award_id)


@router.post("/awards/{award_id}/hand-over", response=AwardOut)
def hand_over(request: ApiRequest, award_id: schemas.Id) -> dict[str, Any]:
    """Record that a prize reached the winner."""
    award = awards.get(pk=award_id, by=request.by, at=request.at)
    delivery.hand_over(award=award, by=request.by, at=request.at)
    return get_award(request, award_id)


@router.post("/awards/{award_id}/return", response=AwardOut)
def take_back(
    request: ApiRequest, award_id: schemas.Id, data: ReturnIn
) -> dict[str, Any]:
    """Return a prize to the stock."""
    award = awards.get(pk=award_id, by=request.by, at=request.at)
    delivery.take_back(award=award, reason=data.reason, by=request.by, at=request.at)
    return get_award(request, award_id)
