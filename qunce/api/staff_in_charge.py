"""Staff in charge of members: how many each has, and handing them over."""

from __future__ import annotations

from typing import Annotated, Any

from ninja import Field, Router

from qunce.api import schemas
from qunce.api.auth import ApiRequest, RequiresScope
from qunce.members.staff_in_charge import assignments, hand_overs

router = Router(auth=RequiresScope("members"), tags=["members"])


class StaffLoadOut(schemas.OutputSchema):
    """`member_count` counts the members whom the owner of the key sees."""

    login: str
    name: str
    member_count: int


class HandOverIn(schemas.InputSchema):
    """`staff` is a login or a name, null for nobody.

    `expected_count` is the number of members who match the rule, as it was confirmed.
    """

    rule: schemas.Rule
    staff: schemas.ShortText | None
    expected_count: Annotated[int, Field(ge=0, le=schemas.MAX_ID)]


class HandOverResult(schemas.OutputSchema):
    """How many members have somebody else in charge now; `id` is needed to undo it."""

    id: int
    members_changed: int


class HandOverUndoResult(schemas.OutputSchema):
    """`members_kept` have somebody else since, or are not seen by the owner of the key."""

    members_restored: int
    members_kept: int


@router.get("/staff-in-charge", response=list[StaffLoadOut])
def list_(request: ApiRequest) -> list[dict[str, Any]]:
    """List the staff who may be in charge of members, with how many each has."""
    return [
        {
            "login": staff.login,
            "name": staff.name,
            "member_count": assignments.count_members(
                staff=staff, by=request.by, at=request.at
            ),
        }
        for staff in assignments.list_assignable(request.community)
    ]


@router.post("/staff-in-charge/hand-over", response=HandOverResult)
def hand_over(request: ApiRequest, data: HandOverIn) -> dict[str, int]:
    """Put somebody in charge of all members who match a rule.

    Refused if they are not as many as expected, so that nobody is handed over unseen.
    """
    community, name = request.community, data.staff
    hand_over = hand_overs.create_by_rule(
        rule=data.rule,
        expected=data.expected_count,
        staff=assignments.get_staff(community, name) if name else None,
        by=request.by,
        at=request.at,
    )
    return {"id": hand_over.pk, "members_changed": hand_over.changed}


@router.post(
    "/staff-in-charge/hand-over/{hand_over_id}/undo", response=HandOverUndoResult
)
def undo(request: ApiRequest, hand_over_id: schemas.Id) -> dict[str, int]:
    """Put back who was in charge before, except of members who have somebody else since."""
    context: dict[str, Any] = {"by": request.by, "at": request.at}
    hand_over = hand_overs.get(pk=hand_over_id, **context)
    undone = hand_overs.undo(hand_over=hand_over, **context)
    return {"members_restored": undone.restored, "members_kept": undone.kept}
