"""Consents: what members agreed to, and what they withdrew."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from ninja import Field, Router, Status

from qunce.api import schemas
from qunce.api.auth import ApiRequest, RequiresScope
from qunce.members.accounts import queries as account_queries
from qunce.members.consents import consents
from qunce.members.consents.consents import Consent
from qunce.members.people import visibility

router = Router(auth=RequiresScope("members"), tags=["members"])


class ConsentIn(schemas.InputSchema):
    """`given` is false if the member withdrew it; `evidence` is how they stated it."""

    purpose: Literal["data", "marketing", "profiling", "sharing"]
    given: bool
    evidence: Annotated[str, Field(max_length=consents.MAX_EVIDENCE_LENGTH)] = ""


class ConsentOut(schemas.OutputSchema):
    purpose: str
    given: bool
    evidence: str
    recorded_at: datetime
    recorded_by: str


class ConsentsOut(schemas.OutputSchema):
    items: list[ConsentOut]


def _serialize(consent: Consent) -> dict[str, Any]:
    return {
        "purpose": consent.purpose,
        "given": consent.is_given,
        "evidence": consent.evidence,
        "recorded_at": consent.at,
        "recorded_by": consent.by.login,
    }


@router.get("/members/{member_id}/consents", response=ConsentsOut)
def list_(request: ApiRequest, member_id: schemas.Id) -> dict[str, Any]:
    """List the statements of a member, the latest first. Of a purpose, it counts."""
    account = visibility.get(by=request.by, account=member_id, at=request.at)
    ids = account_queries.account_ids_of_person(account.pk)
    return {"items": [*map(_serialize, consents.list_of_person(ids))]}


@router.post("/members/{member_id}/consents", response={201: ConsentOut})
def record(request: ApiRequest, member_id: schemas.Id, data: ConsentIn) -> Any:
    """Record that a member agreed to a purpose, or took it back."""
    account = visibility.get(by=request.by, account=member_id, at=request.at)
    consent = consents.record(
        account=account,
        purpose=data.purpose,
        is_given=data.given,
        evidence=data.evidence,
        by=request.by,
        at=request.at,
    )
    return Status(201, _serialize(consent))
