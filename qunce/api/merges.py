"""Merges of members: what differs, what stays, and taking a merge back."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from django.utils.translation import gettext as _
from ninja import Field, Router, Status

from qunce.api import members, schemas
from qunce.api.auth import ApiRequest, RequiresScope
from qunce.core import errors, permissions
from qunce.core.staff import staff
from qunce.members.accounts import queries as account_queries
from qunce.members.people import merge_choices, merges, people
from qunce.members.people.merges import Merge

router = Router(auth=RequiresScope("members"), tags=["members"])


class MergeMemberIn(schemas.InputSchema):
    """`keep` chooses a side for keys of the differences, where not the default."""

    member_id: schemas.Id
    note: schemas.ShortText = ""
    keep: Annotated[
        dict[schemas.ShortText, Literal["left", "right"]], Field(max_length=200)
    ] = {}


class MergeOut(schemas.OutputSchema):
    """Two accounts that were found to be of one person.

    `reason` is the kind of identifier they share, or `manual`.
    """

    id: int
    left_id: int
    right_id: int
    reason: str
    note: str
    merged_at: datetime
    merged_by: str | None


class MergesOut(schemas.OutputSchema):
    items: list[MergeOut]


class DifferenceOut(schemas.OutputSchema):
    """A value that both have, but differently. `kept` is the side that stays by default.

    `key` names the value in `keep` of a merge.
    """

    key: str
    label: str
    left: str
    right: str
    kept: str


class MergeNotFound(errors.NotFound):
    """There is no such merge."""


@router.get("/members/{member_id}/merges", response=MergesOut)
def list_(request: ApiRequest, member_id: schemas.Id) -> dict[str, Any]:
    """List the merges between the accounts of a member that hold now."""
    account = members.get_account(request, member_id)
    ids = account_queries.account_ids_of_person(account.pk)
    found = merges.list_between(ids)
    logins = staff.logins_by_id(merge.by_id for merge in found)
    items = [
        {
            "id": merge.pk,
            "left_id": merge.left_id,
            "right_id": merge.right_id,
            "reason": merge.reason,
            "note": merge.note,
            "merged_at": merge.at,
            "merged_by": logins.get(merge.by_id),
        }
        for merge in found
    ]
    return {"items": items}


@router.post("/members/{member_id}/merges", response=members.MemberOut)
def merge(
    request: ApiRequest, member_id: schemas.Id, data: MergeMemberIn
) -> dict[str, Any]:
    """Merge two members who are the same person: the left one of the path, and another."""
    left, right = (
        members.get_account(request, pk) for pk in (member_id, data.member_id)
    )
    people.merge(
        left=left,
        right=right,
        note=data.note,
        keep=data.keep or None,
        by=request.by,
        at=request.at,
    )
    return members.serialize(request, people.get_by_account(left.pk))


@router.delete("/members/{member_id}/merges/{other_id}", response=members.MemberOut)
def unmerge(
    request: ApiRequest, member_id: schemas.Id, other_id: schemas.Id
) -> dict[str, Any]:
    """Undo the last merge between two accounts of one member."""
    left, right = (members.get_account(request, pk) for pk in (member_id, other_id))
    people.unmerge(left=left, right=right, by=request.by, at=request.at)
    return members.serialize(request, people.get_by_account(left.pk))


@router.get(
    "/members/{member_id}/merges/{other_id}/differences",
    response=list[DifferenceOut],
)
def list_differences(
    request: ApiRequest, member_id: schemas.Id, other_id: schemas.Id
) -> list[dict[str, Any]]:
    """List what two members have both, but differently, before they are merged."""
    permissions.check_may(request.by, people.MERGE)
    left, right = (
        account_queries.account_ids_of_person(members.get_account(request, pk).pk)
        for pk in (member_id, other_id)
    )
    found = merge_choices.list_differences(left, right, by=request.by, at=request.at)
    names = ("key", "label", "left", "right", "kept")
    return [{name: str(getattr(each, name)) for name in names} for each in found]


@router.delete("/merges/{merge_id}", response={204: None})
def undo(request: ApiRequest, merge_id: schemas.Id) -> Any:
    """Undo a merge. Both members are as they were before it."""
    rows = Merge.objects.filter(community=request.community, pk=merge_id)
    merge = rows.select_related("community").first()
    if merge is None:
        raise MergeNotFound(_("There is no such merge."))
    people.undo_merge(merge=merge, by=request.by, at=request.at)
    return Status(204, None)
