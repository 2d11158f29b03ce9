"""Progress and recipients of campaigns."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from ninja import Router
from pydantic import WithJsonSchema

from qunce.api import schemas
from qunce.api.auth import ApiRequest, RequiresScope
from qunce.outreach.campaigns import campaigns, results
from qunce.outreach.sending import ledger
from qunce.outreach.sending.ledger import Origin

router = Router(auth=RequiresScope("campaigns"), tags=["campaigns"])
READ_MEMBERS = RequiresScope("campaigns", shows_members=True)
# The enums of all modules would share the name State in the document.
RecipientState = Annotated[
    ledger.State,
    WithJsonSchema({"type": "string", "enum": ledger.State.values}),
]


class ProgressOut(schemas.OutputSchema):
    """`counts` is by state of the recipients; `unclaimed` of `total` have
    no state yet.

    `remaining` are not done yet. `reached` got the message.
    """

    total: int
    remaining: int
    reached: int
    unclaimed: int
    counts: dict[str, int]


class RecipientOut(schemas.OutputSchema):
    """`target_id` is a member or a group, depending on the target of the campaign."""

    target_id: int
    name: str
    staff_name: str
    state: str
    reason: str
    changed_at: datetime


@router.get("/campaigns/{campaign_id}/progress", response=ProgressOut)
def get_progress(request: ApiRequest, campaign_id: schemas.Id) -> dict[str, Any]:
    """Count the recipients of a campaign by state."""
    progress = results.progress(campaigns.get(by=request.by, pk=campaign_id))
    return {
        "total": progress.total,
        "remaining": progress.left,
        "reached": progress.reached,
        "unclaimed": progress.unclaimed_count,
        "counts": progress.counts,
    }


@router.get(
    "/campaigns/{campaign_id}/recipients",
    response=schemas.Page[RecipientOut],
    auth=READ_MEMBERS,
)
def list_recipients(
    request: ApiRequest,
    campaign_id: schemas.Id,
    state: RecipientState | None = None,
    after: schemas.Cursor = None,
    limit: schemas.Limit = 50,
) -> dict[str, Any]:
    """List the recipients who have a state by id.

    A page may be short, as recipients whom the staff member does not see are left out.
    """
    campaign = campaigns.get(by=request.by, pk=campaign_id)
    start_id = schemas.decode_id(after)
    # The cursor follows all rows, as the lines below lack those that are hidden.
    query = ledger.list_of(Origin.CAMPAIGN, campaign.pk)
    query = query.filter(target_id__gt=start_id)
    if state is not None:
        query = query.filter(state=state.value)
    target_ids = list(
        query.order_by("target_id").values_list("target_id", flat=True)[: limit + 1]
    )
    lines = results.list_recipients(
        campaign=campaign,
        by=request.by,
        at=request.at,
        state="" if state is None else state.value,
        after=start_id,
        limit=limit,
    )
    items = [
        {
            "target_id": line.row.target_id,
            "name": line.name,
            "staff_name": line.staff,
            "state": line.row.state,
            "reason": line.reason,
            "changed_at": line.row.changed_at,
        }
        for line in lines
    ]
    more = schemas.encode_cursor(target_ids[limit - 1]) if target_ids[limit:] else None
    return {"items": items, "next": more}
