"""Staff accounts: the accounts of people who work here, whom no number counts."""

from __future__ import annotations

from typing import Any

from ninja import Router, Status

from qunce.api import schemas
from qunce.api.auth import ApiRequest, RequiresScope
from qunce.core.staff import staff
from qunce.groups import staff_lists
from qunce.members.people import staff_accounts, visibility

router = Router(auth=RequiresScope("members"), tags=["members"])


class StaffAccountIn(schemas.InputSchema):
    """`staff_login` is the login of the person, if it is known."""

    staff_login: schemas.ShortText | None = None


class StaffAccountOut(schemas.OutputSchema):
    """Why the member is not counted: a mark, or roles in groups."""

    member_id: int
    is_marked: bool
    staff_login: str | None
    group_ids: list[int]


class StaffAccountsOut(schemas.OutputSchema):
    items: list[StaffAccountOut]


def _serialize(row: staff_lists.StaffPerson) -> dict[str, Any]:
    return {
        "member_id": row.account.pk,
        "is_marked": row.is_marked,
        "staff_login": row.staff.login if row.staff else None,
        "group_ids": [membership.group_id for membership in row.memberships],
    }


@router.get("/staff-accounts", response=StaffAccountsOut)
def list_(request: ApiRequest) -> dict[str, Any]:
    """List the visible people who work here."""
    rows = staff_lists.list_people(by=request.by, at=request.at)
    return {"items": [_serialize(row) for row in rows]}


@router.put("/members/{member_id}/staff-account", response=StaffAccountOut)
def mark(
    request: ApiRequest, member_id: schemas.Id, data: StaffAccountIn
) -> dict[str, Any]:
    """Mark a member as somebody who works here, so that no number counts them."""
    by, at = request.by, request.at
    owner = staff.get_by_login(by, data.staff_login) if data.staff_login else None
    staff_accounts.mark(accounts=[member_id], staff=owner, by=by, at=at)
    return _serialize(staff_lists.get_person(account=member_id, by=by, at=at))


@router.delete("/members/{member_id}/staff-account", response={204: None})
def unmark(request: ApiRequest, member_id: schemas.Id) -> Any:
    """Count the member again, unless a role in a group makes them a staff account."""
    visibility.check_visible(by=request.by, accounts=[member_id], at=request.at)
    staff_accounts.unmark(account=member_id, by=request.by, at=request.at)
    return Status(204, None)
